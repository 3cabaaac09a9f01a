#version 330 core
uniform mat4 clip_from_world;
invariant gl_Position;              // passes must agree on depths
in vec3 position;
in vec2 texel;
out vec2 uv;
void main() {
    uv = texel;
    gl_Position = clip_from_world * vec4(position, 1.0);
}
