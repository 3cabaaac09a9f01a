// Share of the sky that is open over each point of the ground: as `open_sky`, in more directions and without grain.
in vec2 unit;
out float result;
void main() {
    vec2 p = top_box.xy + unit / top_box.zw;
    float blocked = 0.0;
    for (int i = 0; i < 12; ++i) {
        float a = (float(i) + 0.5) * 0.5235988, high = 0.0, d = 0.03;
        for (int k = 0; k < 6; ++k) {
            high = max(high, (top_height(p + d * vec2(cos(a), sin(a))) - ground_z) / d);
            d *= 1.9;
        }
        blocked += high * high / (1.0 + high * high) / 12.0;
    }
    result = 1.0 - 0.85 * blocked;
}
