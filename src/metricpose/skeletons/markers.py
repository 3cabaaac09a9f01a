"""Skin markers of motion capture as skeletons to convert from and to; they are no joints, so not in the catalogue."""

from metricpose.skeletons.skeleton import Skeleton

_SIDED = "FHD BHD SHO UPA ELB FRM WRA WRB FIN ASI PSI THI KNE TIB ANK HEE TOE".split()  # noqa: SIM905
_MIDDLE = ("C7", "T10", "CLAV", "STRN")


def _plug_in_gait() -> Skeleton:
    joints = (*_MIDDLE, *(f"{side}{marker}" for side in "LR" for marker in _SIDED))
    partner = {f"{a}{marker}": f"{b}{marker}" for a, b in ("LR", "RL") for marker in _SIDED}
    parents = {f"{side}{child}": f"{side}{parent}" for side in "LR" for child, parent in _HANGS.items()}
    parents |= {"T10": "C7", "CLAV": "C7", "STRN": "CLAV"}
    parents |= {f"{side}{m}": "C7" for side in "LR" for m in ("FHD", "SHO")} | {f"{s}PSI": "T10" for s in "LR"}
    return Skeleton(
        name="plugingait38",
        joints=joints,
        parents=tuple(joints.index(parents[joint]) if joint in parents else -1 for joint in joints),
        mirror=tuple(joints.index(partner.get(joint, joint)) for joint in joints),
        canonical=tuple(f"marker_{joint}" for joint in joints),
    )


# marker: the one that it is drawn from
_HANGS = {
    "BHD": "FHD", "UPA": "SHO", "ELB": "UPA", "FRM": "ELB", "WRA": "FRM", "WRB": "WRA", "FIN": "WRA", "ASI": "PSI",
    "THI": "ASI", "KNE": "THI", "TIB": "KNE", "ANK": "TIB", "HEE": "ANK", "TOE": "ANK",
}  # fmt: skip

PLUGINGAIT38 = _plug_in_gait()
"""The Plug-in Gait full-body set less RBAK, which has no partner."""
