"""VirtualPose's own figures (ECCV 2022), to stand beside ours: MRPE_z in mm, on its own data.

They are of other people, cameras and pictures: only what is better than what can be compared. Figure 3 has no numbers
in its text.
"""

from collections.abc import Mapping

TABLE_1: Mapping[tuple[str, str], tuple[float, float]] = {
    ("tbs", "green"): (76.0, 281.6),
    ("tbs", "augmented"): (73.3, 82.5),
    ("tif", "green"): (57.3, 168.8),
    ("tif", "augmented"): (58.7, 65.5),
    ("bdr", "green"): (126.3, 267.8),
    ("bdr", "augmented"): (141.7, 148.9),
}
"""(method, trained on): tested on MuCo green, and augmented."""

TABLE_4: Mapping[str, tuple[float, float, float, float]] = {
    "de": (113.9, 104.1, 282.0, 245.4),
    "ren": (115.7, 93.6, 217.5, 165.0),
    "pen": (97.0, 86.0, 204.0, 159.8),
}
"""Method: MRPE and MRPE_z on CMU Panoptic, MRPE and MRPE_z on MuPoTS-3D."""

UNGATED = (253.2, 210.5)
"""MRPE and MRPE_z on MuPoTS-3D of heatmaps projected to all voxels; 204.0 and 159.8 with the gate (5.3)."""

TABLE_5: Mapping[str, tuple[float | None, float | None, float | None]] = {
    "14": (None, 170.3, 294.6),
    "16": (454.6, None, 198.6),
    "19": (621.3, 385.1, None),
    "random": (273.8, 134.0, 155.2),
}
"""Trained on: tested on camera 14, 16, 19. Trained for camera 19 and tested on it: 62.3 (5.3)."""
