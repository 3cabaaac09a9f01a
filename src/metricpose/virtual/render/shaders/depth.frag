#version 330 core
uniform sampler2D diffuse;
uniform bool cut_out;
in vec2 uv;
void main() {
    if (cut_out && texture(diffuse, uv).a < 0.5) discard;
}
