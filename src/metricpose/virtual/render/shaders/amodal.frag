#version 330 core
uniform sampler2D diffuse;
uniform bool cut_out;
uniform vec4 channel;
in vec2 uv;
out vec4 result;
void main() {
    if (cut_out && texture(diffuse, uv).a < 0.5) discard;
    result = channel;
}
