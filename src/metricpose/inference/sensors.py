"""Widths of image sensors, for cameras whose EXIF gives a focal length in mm and nothing to compare it with."""

import re

# By maker's family, the first that fits; makers' data sheets, long side in millimetres. Members of one family differ
# by 2 % or less. Cameras that write the 35 mm equivalent (almost every phone) need no entry.
_LONG_SIDES_MM = (
    (r"canon eos[ -](1d ?x|1ds|5d|6d|r[12568]|rp|r)( ?m.*)?$", 36.0),
    (r"canon eos[ -]1d", 28.0),
    (r"canon eos", 22.3),
    (r"canon powershot (g[579] ?x|g1 ?x)", 13.2),
    (r"nikon (d[3-6][sx]?|d[678]\d\d[ae]?|df|z ?[5-9](_\d)?)$", 35.9),
    (r"nikon (d\d+|z ?(30|50|50_2|fc)$)", 23.5),
    (r"sony (ilce-[179]|slt-a99|dsc-rx1(r|$))", 35.8),
    (r"sony (ilce-[56]\d+|nex|slt|zv-e10)", 23.5),
    (r"sony dsc-rx(0|100|10)", 13.2),
    (r"fujifilm gfx", 43.8),
    (r"fujifilm x-[ehpst]", 23.5),
    (r"(olympus|om) .*e-[mp]", 17.3),
    (r"panasonic (dmc|dc)-g", 17.3),
    (r"(pentax|ricoh) .*k-1", 35.9),
    (r"(pentax|ricoh) .*k", 23.5),
    (r"gopro hero", 6.17),
)


def sensor_long_side_mm(make: str, model: str) -> float | None:
    """Long side of the sensor in mm by the EXIF texts Make and Model, or None for a camera that is not in the table."""
    maker, name = (make.lower().split() or [""])[0], " ".join(model.lower().split())
    full = name if name.startswith(maker) else f"{maker} {name}"
    return next((side for pattern, side in _LONG_SIDES_MM if re.match(pattern, full)), None)
