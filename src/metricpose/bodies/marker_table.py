"""Skin markers of the Plug-in Gait full-body set (Vicon's documentation), less RBAK, which one side alone wears.

Places on the skin as its guide describes them; who sticks them on moves them by a centimetre or two.
"""

from metricpose.bodies.point import BodyPoint, point

_SURE_MM = 20


def _marker(
    name: str, parts: dict[str, float], skin_m: tuple[float, float, float], where: str, sure_mm: int = _SURE_MM
) -> BodyPoint:
    return point(f"marker_{name}", parts, f"Plug-in Gait: {where}", sure_mm, skin_m=skin_m)


_KNUCKLES = {"bone:finger2-1.L": 0.6, "bone:finger5-1.L": -0.6}

MARKER_POINTS = (
    _marker("LFHD", {"left_eye": 1.0}, (-0.02, 0.03, 0.045), "the temple"),
    _marker("LBHD", {"bone:head": 1.0}, (-0.1, 0.05, 0.08), "back of the head, as high as the temple's"),
    _marker("C7", {"bone:neck01": 1.0}, (-0.12, 0.0, -0.03), "seventh cervical vertebra"),
    _marker("T10", {"bone:spine02": 0.5, "bone:spine01": 0.5}, (-0.15, 0.0, 0.0), "tenth thoracic vertebra", 25),
    _marker("CLAV", {"bone:clavicle.L": 0.5, "bone:clavicle.R": 0.5}, (0.1, 0.0, 0.0), "where the clavicles meet"),
    _marker("STRN", {"bone:spine01": 1.0}, (0.25, 0.0, -0.02), "xiphoid process of the sternum", 25),
    _marker("LSHO", {"left_shoulder": 1.0}, (0.0, 0.0, 0.06), "acromio-clavicular joint"),
    _marker("LUPA", {"left_shoulder": 0.5, "left_elbow": 0.5}, (0.0, 0.06, 0.05), "upper arm, outside", 30),
    _marker("LELB", {"left_elbow": 1.0}, (-0.02, 0.05, 0.02), "lateral epicondyle of the elbow"),
    _marker("LFRM", {"left_elbow": 0.5, "left_wrist": 0.5}, (0.0, 0.05, 0.02), "forearm, outside", 30),
    _marker("LWRA", {"left_wrist": 1.0, **_KNUCKLES}, (0.0, 0.0, 0.0), "wrist, thumb's side"),
    _marker(
        "LWRB", {"left_wrist": 1.0, **{k: -w for k, w in _KNUCKLES.items()}}, (0.0, 0.0, 0.0), "wrist, little finger's"
    ),
    _marker("LFIN", {"bone:finger3-1.L": 1.0}, (0.0, 0.0, 0.02), "back of the hand, below the knuckle"),
    _marker("LASI", {"left_hip": 1.0}, (0.12, 0.02, 0.09), "anterior superior iliac spine"),
    _marker("LPSI", {"bone:root": 1.0}, (-0.15, 0.045, 0.06), "posterior superior iliac spine"),
    _marker("LTHI", {"left_hip": 0.5, "left_knee": 0.5}, (0.0, 0.12, 0.0), "thigh, outside", 30),
    _marker("LKNE", {"left_knee": 1.0}, (0.0, 0.08, 0.0), "lateral epicondyle of the knee"),
    _marker("LTIB", {"left_knee": 0.5, "left_ankle": 0.5}, (0.0, 0.08, 0.0), "shank, outside", 30),
    _marker("LANK", {"left_ankle": 1.0}, (0.0, 0.06, -0.02), "lateral malleolus"),
    _marker("LHEE", {"left_heel": 1.0}, (-0.04, 0.0, 0.0), "heel bone"),
    _marker("LTOE", {"bone:toe2-1.L": 1.0}, (0.0, 0.0, 0.04), "head of the second metatarsal"),
)
