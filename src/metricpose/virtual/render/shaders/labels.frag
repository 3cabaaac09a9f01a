uniform sampler2D diffuse;
uniform int person;
in vec2 uv;
layout(location = 0) out vec2 result;  // whose it is, and the depth z in metres (the clip space's w)
void main() {
#ifdef CUT_OUT
    if (texture(diffuse, uv).a < 0.5) discard;
#endif
    result = vec2(float(person), 1.0 / gl_FragCoord.w);
}
