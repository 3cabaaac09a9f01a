// Light at a point of the world, the same for meshes and for the ground under a panorama.
uniform vec3 smooth_sh[9];
uniform vec3 main_direction;
uniform vec3 main_irradiance;
uniform float main_tan;            // of the main light's angular radius
uniform sampler2D shadow_map;      // depth seen from the main light
uniform mat4 shadow_from_world;    // to [0, 1] of that map
uniform vec3 shadow_metres;        // width, height and depth of that map
uniform sampler2D top_map;         // depth seen from straight above
uniform sampler2D sky_map;         // open sky over the ground, of the same area
uniform vec4 top_box;              // x, y of its corner, 1 / width, 1 / height
uniform vec2 top_heights;          // its greatest height, and how far it looks down
uniform float ground_z;
uniform float exposure;
uniform float curve[5];

const float TURN = 2.399963;       // golden angle

vec3 smooth_irradiance(vec3 n) {
    vec3 e = smooth_sh[0] * 0.282095;
    e += 0.488603 * (smooth_sh[1] * n.y + smooth_sh[2] * n.z + smooth_sh[3] * n.x);
    e += 1.092548 * (smooth_sh[4] * n.x * n.y + smooth_sh[5] * n.y * n.z + smooth_sh[7] * n.x * n.z);
    e += smooth_sh[6] * 0.315392 * (3.0 * n.z * n.z - 1.0) + smooth_sh[8] * 0.546274 * (n.x * n.x - n.y * n.y);
    return max(e, vec3(0.0));
}

// Jimenez 2014: a turn per pixel that neighbours even out.
float pixel_turn() {
    return 6.2831853 * fract(52.9829189 * fract(dot(floor(gl_FragCoord.xy), vec2(0.06711056, 0.00583715))));
}

vec2 disc(int i, int count, float turn) {
    float r = sqrt((float(i) + 0.5) / float(count)), a = float(i) * TURN + turn;
    return r * vec2(cos(a), sin(a));
}

// Fetches, not samples: the software driver takes several times as long for a filtered texel.
float blocker(vec2 q) {
    ivec2 size = textureSize(shadow_map, 0);
    return texelFetch(shadow_map, clamp(ivec2(q * vec2(size)), ivec2(0), size - 1), 0).r;
}

// Share of the main light that arrives (Fernando 2005: the penumbra grows with the distance to what blocks).
float main_visible(vec3 p, vec3 n) {
    vec2 texel = shadow_metres.xy / vec2(textureSize(shadow_map, 0));
    float reach = max(texel.x, texel.y);
    vec3 q = (shadow_from_world * vec4(p + n * (1.5 * reach + 0.004), 1.0)).xyz;
    if (any(lessThan(q.xy, vec2(0.0))) || any(greaterThan(q.xy, vec2(1.0)))) return 1.0;
    float limit = min(q.z, 0.99999) - 0.002 / shadow_metres.z;
    float turn = pixel_turn();
    float search = clamp(main_tan * 0.8, 1.5 * reach, 0.25);
    float sum = 0.0, found = 0.0;
    for (int i = 0; i < 6; ++i) {
        float z = blocker(q.xy + disc(i, 6, turn) * search / shadow_metres.xy);
        if (z < limit) { sum += z; found += 1.0; }
    }
    if (found == 0.0) return 1.0;
    float gap = (limit - sum / found) * shadow_metres.z;
    float wide = clamp(gap * main_tan, 1.2 * reach, 0.3);
    float lit = 0.0;
    for (int i = 0; i < 10; ++i) {
        float z = blocker(q.xy + disc(i, 10, turn) * wide / shadow_metres.xy);
        lit += step(limit, z);
    }
    return lit / 10.0;
}

float top_height(vec2 p) {
    ivec2 size = textureSize(top_map, 0);
    ivec2 q = clamp(ivec2((p - top_box.xy) * top_box.zw * vec2(size)), ivec2(0), size - 1);  // the rim is empty
    return top_heights.x - texelFetch(top_map, q, 0).r * top_heights.y;
}

// Share of the sky that is open over the ground, worked out beforehand.
float ground_open(vec2 p) {
    vec2 q = (p - top_box.xy) * top_box.zw;
    if (any(lessThan(q, vec2(0.0))) || any(greaterThan(q, vec2(1.0)))) return 1.0;
    return textureLod(sky_map, q, 0.0).r;
}

// Share of the sky that is open over a point of a body: the horizon of a height field in a few directions (Max 1988).
float open_sky(vec3 p, vec3 n) {
    vec2 q = (p.xy - top_box.xy) * top_box.zw;
    if (any(lessThan(q, vec2(0.0))) || any(greaterThan(q, vec2(1.0)))) return 1.0;
    float turn = 0.167 * pixel_turn(), blocked = 0.0, all = 0.0;
    for (int i = 0; i < 6; ++i) {
        float a = float(i) * 1.0471976 + turn;
        vec2 way = vec2(cos(a), sin(a));
        float weight = max(0.15, n.z + dot(n.xy, way));
        float high = 0.0;
        for (int k = 0; k < 3; ++k) {
            float d = k == 0 ? 0.06 : (k == 1 ? 0.2 : 0.55);
            high = max(high, (top_height(p.xy + way * d) - p.z - 0.01) / d);
        }
        blocked += weight * high * high / (1.0 + high * high);
        all += weight;
    }
    return 1.0 - 0.85 * blocked / all;
}

// What of the smooth light arrives: the sky from above, the ground from below (dark where feet stand on it).
float smooth_open(vec3 p, vec3 n) {
    float sky = open_sky(p, n);
    float ground = mix(0.4, 1.0, smoothstep(0.0, 0.45, p.z - ground_z));
    return mix(ground, sky, 0.5 + 0.5 * n.z);
}

vec3 exposed(vec3 light) {
    vec3 x = max(light, vec3(0.0)) * exposure;
    return clamp(x * (curve[0] * x + curve[1]) / (x * (curve[2] * x + curve[3]) + curve[4]), 0.0, 1.0);
}
