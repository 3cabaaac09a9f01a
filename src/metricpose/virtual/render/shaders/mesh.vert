#version 330 core
uniform mat4 clip_from_world;
invariant gl_Position;              // passes must agree on depths
in vec3 position;
in vec3 normal;
in vec2 texel;
in vec3 colour;
out vec3 world;
out vec3 facing;
out vec2 uv;
out vec3 tint;
void main() {
    world = position;
    facing = normal;
    uv = texel;
    tint = colour;
    gl_Position = clip_from_world * vec4(position, 1.0);
}
