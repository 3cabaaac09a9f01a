uniform sampler2D diffuse;
in vec2 uv;
void main() {
#ifdef CUT_OUT
    if (texture(diffuse, uv).a < 0.5) discard;
#endif
}
