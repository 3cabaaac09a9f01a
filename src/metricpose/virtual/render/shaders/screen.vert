#version 330 core
out vec2 unit;                     // 0 to 1, (0, 0) at the top left of the picture
void main() {
    unit = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(unit * 2.0 - 1.0, 0.0, 1.0);
}
