"""BVH files out: joints over time as a tree of bones of constant length that turn.

The bones' lengths are their medians over the clip; their rest directions start as those of the first frame and become
the means of what their joint sees of them. A joint turns as its children ask: one child by the shortest arc, several by
the best rotation of all (Kabsch 1976). What the format cannot hold, bones that change their length and children that
move against each other, is measured and returned: little in skeletons with a spine. Lengths are in centimetres.
"""

from pathlib import Path

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.rigid import rotation_between
from metricpose.io.atomic import write_text
from metricpose.skeletons import Skeleton

UNITS_PER_METRE = 100.0
_ROUNDS = 3  # of means of the rest directions; they hardly move after


def write_bvh(path: str | Path, joints_m: np.ndarray, skeleton: Skeleton, fps: float) -> float:
    """Write `joints_m` (T, J, 3), y up, atomically; returns the mean distance (m) that the bones' constancy costs.

    Joints that are NaN throughout are left out, their children hung on the next joint above. InputError for a joint
    that is NaN in some frames, and for no frames or no joints.
    """
    kept, parents = _known_tree(joints_m, skeleton, path)
    joints = np.asarray(joints_m[:, kept], dtype=np.float64)
    offsets = _offsets(joints, parents)
    rotations = _rotations(joints, parents, offsets)
    for _ in range(_ROUNDS):
        offsets = _mean_offsets(joints, parents, rotations, offsets)
        rotations = _rotations(joints, parents, offsets)
    write_text(path, _text([skeleton.joints[j] for j in kept], parents, offsets, rotations, joints[:, 0], fps))
    return float(np.linalg.norm(_posed(joints[:, 0], parents, offsets, rotations) - joints, axis=-1).mean())


def _known_tree(joints_m: np.ndarray, skeleton: Skeleton, path: str | Path) -> tuple[list[int], list[int]]:
    """(joints, depth first; the place of each one's parent among them)."""
    missing = np.asarray(np.isnan(joints_m).any(axis=-1))
    if not len(joints_m) or missing.all():
        raise InputError(
            f"{path}: expected at least one frame with a known joint for BVH, got {joints_m.shape[0]} frames"
        )
    absent = np.asarray(missing.all(axis=0))
    partly = [skeleton.joints[j] for j in np.flatnonzero(missing.any(axis=0) & ~absent)]
    if partly:
        raise InputError(
            f"{path}: expected each joint in every frame, as BVH has no gaps, got gaps in {', '.join(partly)}; "
            "fill them, or write TRC"
        )
    above: dict[int, int] = {}
    for joint in np.flatnonzero(~absent):
        parent = skeleton.parents[joint]
        while parent >= 0 and absent[parent]:
            parent = skeleton.parents[parent]
        above[int(joint)] = parent
    tops = [joint for joint, parent in above.items() if parent < 0]
    for other in tops[1:]:
        above[other] = tops[0]
    kept: list[int] = []

    def walk(joint: int) -> None:
        kept.append(joint)
        for child, parent in above.items():
            if parent == joint:
                walk(child)

    walk(tops[0])
    return kept, [kept.index(above[joint]) if above[joint] >= 0 else -1 for joint in kept]


def _offsets(joints: np.ndarray, parents: list[int]) -> np.ndarray:
    """(J, 3) rest offsets from the parents."""
    offsets = np.zeros((len(parents), 3))
    for joint, parent in enumerate(parents[1:], start=1):
        bones = joints[:, joint] - joints[:, parent]
        length = float(np.median(np.linalg.norm(bones, axis=-1)))
        offsets[joint] = bones[0] * (length / max(float(np.linalg.norm(bones[0])), 1e-9))
    return offsets


def _mean_offsets(joints: np.ndarray, parents: list[int], rotations: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Offsets of the same lengths in the mean directions that the bones have in their parents' frames."""
    made = offsets.copy()
    for joint, parent in enumerate(parents[1:], start=1):
        bones = _unit(joints[:, joint] - joints[:, parent])
        seen = np.einsum("tji,tj->ti", rotations[:, parent], bones).mean(axis=0)
        made[joint] = seen / max(float(np.linalg.norm(seen)), 1e-9) * np.linalg.norm(offsets[joint])
    return made


def _rotations(joints: np.ndarray, parents: list[int], offsets: np.ndarray) -> np.ndarray:
    """(T, J, 3, 3) global; a joint without children turns with its parent."""
    turned = np.tile(np.eye(3), (len(joints), len(parents), 1, 1))
    for joint in range(len(parents)):
        children = [child for child, parent in enumerate(parents) if parent == joint]
        above = turned[:, parents[joint]] if parents[joint] >= 0 else np.broadcast_to(np.eye(3), (len(joints), 3, 3))
        bones = joints[:, children] - joints[:, [joint]]
        if len(children) == 1:
            rest = above @ offsets[children[0]]
            turned[:, joint] = np.asarray(rotation_between(_unit(rest), _unit(bones[:, 0]))) @ above
        elif children:
            turned[:, joint] = _best_rotation(offsets[children], bones)
        else:
            turned[:, joint] = above
    return turned


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _best_rotation(rest: np.ndarray, bones: np.ndarray) -> np.ndarray:
    """(T, 3, 3) that turn `rest` (K, 3) onto `bones` (T, K, 3) with the least squared distance."""
    u, _, vt = np.linalg.svd(np.einsum("tki,kj->tij", bones, rest))
    sign = np.linalg.det(u @ vt)
    u[..., 2] *= sign[:, None]
    return u @ vt


def _posed(root: np.ndarray, parents: list[int], offsets: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    posed = np.repeat(root[:, None], len(parents), axis=1)
    for joint, parent in enumerate(parents[1:], start=1):
        posed[:, joint] = posed[:, parent] + rotations[:, parent] @ offsets[joint]
    return posed


def _text(
    names: list[str],
    parents: list[int],
    offsets: np.ndarray,
    rotations: np.ndarray,
    root: np.ndarray,
    fps: float,
) -> str:
    children: list[list[int]] = [[c for c, p in enumerate(parents) if p == j] for j in range(len(parents))]
    lines = ["HIERARCHY"]

    def written(joint: int, depth: int) -> None:
        tab = "\t" * depth
        offset = " ".join(f"{UNITS_PER_METRE * value:.6f}" for value in offsets[joint])
        channels = "6 Xposition Yposition Zposition" if joint == 0 else "3"
        lines.extend((f"{tab}{'JOINT' if joint else 'ROOT'} {names[joint]}", f"{tab}{{", f"{tab}\tOFFSET {offset}"))
        lines.append(f"{tab}\tCHANNELS {channels} Zrotation Xrotation Yrotation")
        for child in children[joint]:
            written(child, depth + 1)
        if not children[joint]:
            lines.extend((f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET 0.0 0.0 0.0", f"{tab}\t}}"))
        lines.append(f"{tab}}}")

    written(0, 0)
    lines += ["MOTION", f"Frames: {len(root)}", f"Frame Time: {1.0 / fps:.10g}"]
    local = rotations.copy()
    for joint, parent in enumerate(parents[1:], start=1):
        local[:, joint] = rotations[:, parent].swapaxes(-1, -2) @ rotations[:, joint]
    angles = np.degrees(_zxy(local)).reshape(len(root), -1)
    lines += [" ".join(f"{v:.6f}" for v in row) for row in np.concatenate([UNITS_PER_METRE * root, angles], axis=1)]
    return "\n".join(lines) + "\n"


def _zxy(rotations: np.ndarray) -> np.ndarray:
    """(..., 3) radians z, x, y of R_z R_x R_y."""
    x = np.arcsin(np.clip(rotations[..., 2, 1], -1.0, 1.0))
    z = np.arctan2(-rotations[..., 0, 1], rotations[..., 1, 1])
    y = np.arctan2(-rotations[..., 2, 0], rotations[..., 2, 2])
    return np.stack([z, x, y], axis=-1)
