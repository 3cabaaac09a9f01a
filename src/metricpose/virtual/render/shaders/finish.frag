uniform sampler2D picture;
uniform sampler2D warp;            // pixels of the picture, where it is bent
uniform bool bent;
in vec2 unit;
out vec4 result;
void main() {
    vec2 at = unit;
    if (bent) at = (texelFetch(warp, ivec2(gl_FragCoord.xy), 0).rg + 0.5) / vec2(textureSize(picture, 0));
    vec3 x = clamp(textureLod(picture, at, 0.0).rgb, 0.0, 1.0);
    vec3 code = mix(1.055 * pow(max(x, vec3(0.0031308)), vec3(1.0 / 2.4)) - 0.055, x * 12.92, lessThanEqual(x, vec3(0.0031308)));
    result = vec4(code, 1.0);
}
