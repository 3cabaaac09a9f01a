#version 330 core
uniform mat4 clip_from_world;
in vec3 position;
in vec2 texel;
out vec2 uv;
void main() {
    uv = texel;
    gl_Position = clip_from_world * vec4(position, 1.0);
}
