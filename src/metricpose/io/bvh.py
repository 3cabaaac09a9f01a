"""BVH files: a joint tree with rest offsets, and per frame one number per channel.

Rotations multiply in the order of their channels, parent @ first @ second @ third. Position channels count for the root
only. Lengths have no unit in the format: `metres_per_unit` says what one is.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from metricpose._errors import InputError
from metricpose.io._rotations import euler_to_rotmat
from metricpose.io._text import read_text
from metricpose.io.mocap_clip import MocapClip, rotations_accumulated

CMU_METRES_PER_UNIT = 0.0254 / 0.45
"""The CMU laboratory's unit of length, 1/0.45 inch."""

_POSITIONS = ("Xposition", "Yposition", "Zposition")
_ROTATIONS = ("Xrotation", "Yrotation", "Zrotation")


@dataclass
class _Tree:
    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    channels: list[list[str]] = field(default_factory=list)

    def added(self, name: str, parent: int) -> int:
        """The number of a new joint, whose offset and channels are still to come."""
        self.names.append(name)
        self.parents.append(parent)
        self.offsets.append([])
        self.channels.append([])
        return len(self.names) - 1


def read_bvh(path: str | Path, *, metres_per_unit: float = CMU_METRES_PER_UNIT) -> MocapClip:
    """The clip of a BVH file; an `End Site` becomes the joint `End_<parent>`, which turns with its parent.

    Raises FileError (missing, unreadable) and InputError (not BVH, a frame with a wrong number of values, NaN).
    """
    text = read_text(path, "BVH")
    head, found, motion = text.partition("MOTION")
    if "HIERARCHY" not in head:
        raise InputError(f"{path}: expected a BVH file with a HIERARCHY section, got none; is it another format?")
    if not found:
        raise InputError(f"{path}: expected a MOTION section after HIERARCHY, got none; is the file cut off?")
    tree = _parsed_tree(head.split("HIERARCHY", 1)[1].split(), path)
    values, frame_time_s = _parsed_motion(motion, sum(map(len, tree.channels)), path)
    parents = tuple(tree.parents)
    return MocapClip(
        name=Path(path).stem,
        joint_names=tuple(tree.names),
        parents=parents,
        offsets_m=np.array(tree.offsets) * metres_per_unit,
        rotations=rotations_accumulated(_local_rotations(values, tree.channels), parents),
        root_translation_m=_root_translation(values, tree) * metres_per_unit,
        fps=1.0 / frame_time_s,
    )


def _parsed_tree(words: list[str], path: str | Path) -> _Tree:
    tree, stack, joint, at = _Tree(), [], -1, 0
    try:
        while at < len(words):
            word = words[at]
            if word in ("ROOT", "JOINT", "End"):
                parent = stack[-1] if stack else -1
                name = f"End_{tree.names[parent]}" if word == "End" else words[at + 1]
                joint = tree.added(name, parent)
                at += 2
            elif word == "{":
                stack.append(joint)
                at += 1
            elif word == "}":
                stack.pop()
                at += 1
            elif word == "OFFSET":
                tree.offsets[stack[-1]] = [float(w) for w in words[at + 1 : at + 4]]
                at += 4
            elif word == "CHANNELS":
                count = int(words[at + 1])
                tree.channels[stack[-1]] = words[at + 2 : at + 2 + count]
                at += 2 + count
            else:
                raise InputError(f"{path}: expected a BVH keyword in HIERARCHY, got {word!r}")
    except (IndexError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: the BVH HIERARCHY is broken near word {at} ({error}); damaged file?") from error
    _check_tree(tree, bool(stack), path)
    return tree


def _check_tree(tree: _Tree, unclosed: bool, path: str | Path) -> None:
    if unclosed or tree.parents.count(-1) != 1:
        raise InputError(f"{path}: expected one ROOT with balanced braces, got {tree.parents.count(-1)} roots")
    bare = [name for name, offset in zip(tree.names, tree.offsets, strict=True) if len(offset) != 3]
    if bare:
        raise InputError(f"{path}: expected OFFSET x y z for every joint, got none for {', '.join(bare)}")
    unknown = {c for channels in tree.channels for c in channels} - set(_POSITIONS) - set(_ROTATIONS)
    if unknown:
        raise InputError(f"{path}: expected channels like Xposition or Zrotation, got {', '.join(sorted(unknown))}")


def _parsed_motion(text: str, channels: int, path: str | Path) -> tuple[np.ndarray, float]:
    """Values (T, channels) and seconds per frame."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        frames = int(lines[0].split("Frames:")[1])
        frame_time_s = float(lines[1].split("Frame Time:")[1])
    except (IndexError, ValueError):
        raise InputError(f"{path}: expected 'Frames: N' and 'Frame Time: seconds' after MOTION") from None
    if not 0 < frame_time_s < np.inf:
        raise InputError(f"{path}: expected a positive 'Frame Time', got {frame_time_s:g}")
    rows = [line.split() for line in lines[2:]]
    if len(rows) != frames:
        raise InputError(f"{path}: expected {frames} frames of motion, got {len(rows)}; is the file cut off?")
    for number, row in enumerate(rows):
        if len(row) != channels:
            raise InputError(f"{path}: frame {number}: expected {channels} values (one per channel), got {len(row)}")
    try:
        values = np.array(rows, dtype=np.float64).reshape(frames, channels)
    except ValueError as error:
        raise InputError(f"{path}: expected numbers in MOTION, got something else ({error})") from error
    if not np.isfinite(values).all():
        bad = int(np.argwhere(~np.isfinite(values))[0, 0])
        raise InputError(f"{path}: frame {bad}: expected finite numbers, got NaN or infinity; cut that frame out")
    return values, frame_time_s


def _local_rotations(values: np.ndarray, channels: list[list[str]]) -> np.ndarray:
    """(T, J, 3, 3); a joint without rotation channels (an End Site) keeps its parent's."""
    result, at = np.tile(np.eye(3), (len(values), len(channels), 1, 1)), 0
    for joint, names in enumerate(channels):
        columns = [at + i for i, name in enumerate(names) if name in _ROTATIONS]
        axes = "".join(name[0] for name in names if name in _ROTATIONS)
        if axes:
            result[:, joint] = euler_to_rotmat(axes, np.radians(values[:, columns]))
        at += len(names)
    return result


def _root_translation(values: np.ndarray, tree: _Tree) -> np.ndarray:
    """(T, 3) in the file's unit: the root's channels where it has them, else its offset."""
    result = np.tile(np.array(tree.offsets[0]), (len(values), 1))
    for column, name in enumerate(tree.channels[0]):
        if name in _POSITIONS:
            result[:, _POSITIONS.index(name)] = values[:, column]
    return result
