uniform int backdrop;              // 0 one colour, 1 panorama, 2 flat picture
uniform sampler2D picture;
uniform vec3 plain;
uniform mat3 world_from_px;
uniform vec2 size_px;
uniform vec3 eye_world;
uniform vec2 turn;                 // cosine and sine of the panorama's
uniform float capture_height;
uniform bool catches;              // whether the ground takes shadows
in vec2 unit;
out vec4 result;

const float DOME = 40.0;           // metres; beyond it the panorama is far away

vec3 panorama(vec3 way) {
    vec3 d = normalize(way);
    float azimuth = atan(turn.x * d.y - turn.y * d.x, turn.x * d.x + turn.y * d.y);
    return textureLod(picture, vec2(0.5 - azimuth / 6.2831853, 0.5 - asin(clamp(d.z, -1.0, 1.0)) / 3.14159265), 0.0).rgb;
}

void main() {
    vec3 way = world_from_px * vec3(unit * size_px - 0.5, 1.0);
    float down = way.z < -1e-5 ? (ground_z - eye_world.z) / way.z : -1.0;
    vec3 hit = eye_world + down * way;
    vec3 light = plain;
    if (backdrop == 1) {
        // The panorama lies on the ground and on a dome around where it was taken, so that both shift with the camera.
        vec3 taken = vec3(0.0, 0.0, ground_z + capture_height), from = eye_world - taken;
        float a = dot(way, way), b = dot(from, way), c = dot(from, from) - DOME * DOME;
        float out_t = (-b + sqrt(max(b * b - a * c, 0.0))) / a;
        bool on_ground = down > 0.0 && down < out_t;
        light = panorama(from + (on_ground ? down : out_t) * way);
    } else if (backdrop == 2) {
        light = textureLod(picture, unit, 0.0).rgb;
    }
    if (catches && down > 0.0) {
        vec3 up = vec3(0.0, 0.0, 1.0), full = smooth_irradiance(up), direct = main_irradiance * max(main_direction.z, 0.0);
        vec3 rest = full * ground_open(hit.xy) + direct * main_visible(hit, up);
        light *= (rest + 1e-6) / (full + direct + 1e-6);
    }
    result = vec4(exposed(light), 1.0);
}
