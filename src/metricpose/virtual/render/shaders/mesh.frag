uniform sampler2D diffuse;
uniform bool textured;
uniform int kind;                  // 0 prop; 1 skin; 2 cloth; 3 hair; 4 eye; 5 ground
uniform float roughness;
uniform vec3 eye_world;
in vec3 world;
in vec3 facing;
in vec2 uv;
in vec3 tint;
out vec4 result;

// Cook-Torrance with the GGX distribution (Walter 2007) and Schlick's Fresnel term, for one light.
float gloss(vec3 n, vec3 v, vec3 l, float rough, float f0) {
    vec3 h = normalize(v + l);
    float nl = max(dot(n, l), 0.0), nv = max(dot(n, v), 0.05), nh = max(dot(n, h), 0.0), a = rough * rough, k = a * 0.5;
    float d = a * a / (3.14159 * pow(nh * nh * (a * a - 1.0) + 1.0, 2.0));
    float g = nl * nv / ((nl * (1.0 - k) + k) * (nv * (1.0 - k) + k));
    float f = f0 + (1.0 - f0) * pow(1.0 - max(dot(v, h), 0.0), 5.0);
    return d * g * f / (4.0 * nv);
}

void main() {
    vec4 base = textured ? texture(diffuse, uv) : vec4(1.0);
    float alpha = 1.0;
#ifdef CUT_OUT
    alpha = clamp((base.a - 0.5) / max(fwidth(base.a), 0.02) + 0.5, 0.0, 1.0);
    if (alpha < 0.02) discard;
#endif
    vec3 albedo = base.rgb * tint;
    vec3 v = normalize(eye_world - world);
    vec3 n = normalize(facing);
    if (!gl_FrontFacing) n = -n;
    float open = 1.0;
    if (kind != 5) open = smooth_open(world, n);
    else if (n.z > 0.7) open = ground_open(world.xy);
    float arrives = main_visible(world, n);
    float nl = dot(n, main_direction);
    vec3 smooth_light = smooth_irradiance(n) * open;
    vec3 main_light = main_irradiance * max(nl, 0.0) * arrives;
    float f0 = 0.04, rough = roughness, sheen = 0.0;
    if (kind == 1) {
        // Light that went under the skin comes out beyond the shadow's edge, red the farthest.
        vec3 wrap = vec3(0.20, 0.10, 0.07);
        vec3 soft = clamp((vec3(nl) + wrap) / ((1.0 + wrap) * (1.0 + wrap)), 0.0, 1.0);
        main_light = main_irradiance * soft * mix(vec3(arrives), sqrt(vec3(arrives)), vec3(0.5, 0.15, 0.1));
        f0 = 0.028;
    } else if (kind == 2) {
        sheen = 0.18;
        f0 = 0.02;
    } else if (kind == 3) {
        main_light = main_irradiance * clamp((nl + 0.35) / 1.82, 0.0, 1.0) * arrives;
        smooth_light *= 0.85;
    }
    vec3 light = albedo / 3.14159 * (smooth_light + main_light);
    float rim = pow(1.0 - max(dot(n, v), 0.0), 4.0);
    light += sheen * rim * mix(vec3(0.3), albedo, 0.7) / 3.14159 * (smooth_light + main_light);
    vec3 mirrored = reflect(-v, n);
    float fresnel = f0 + (1.0 - f0) * rim * (1.0 - rough);
    light += fresnel * (1.0 - 0.6 * rough) * open * smooth_irradiance(mirrored) / 3.14159;
    if (kind == 4) rough = 0.12;
    light += main_irradiance * arrives * gloss(n, v, main_direction, clamp(rough, 0.1, 1.0), f0);
    result = vec4(exposed(light), alpha);
}
