uniform sampler2D diffuse;
uniform vec4 channel;
in vec2 uv;
out vec4 result;
void main() {
#ifdef CUT_OUT
    if (texture(diffuse, uv).a < 0.5) discard;
#endif
    result = channel;
}
