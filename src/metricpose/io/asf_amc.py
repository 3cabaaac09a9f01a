"""Acclaim files: a skeleton (ASF) and a motion of it (AMC), as the CMU laboratory writes them.

Each bone has a direction, a length and an axis frame C, all in the world's axes at rest; the motion's angles M turn it
in that frame: global = parent's @ C M C^-1 (angles XYZ: the rotation about x first). A joint of the clip stands at the
*start* of the bone of its name; every bone without children ends in a joint `End_<bone>`, which turns with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metricpose._errors import InputError
from metricpose.io._rotations import euler_to_rotmat
from metricpose.io._text import read_text
from metricpose.io.mocap_clip import MocapClip, rotations_accumulated

_INCH_M = 0.0254
_ANGLES = ("rx", "ry", "rz")


@dataclass(frozen=True, kw_only=True)
class _Bone:
    vector: tuple[float, ...]
    """Direction x length, in the file's unit."""
    axis: np.ndarray
    """(3, 3), the frame of the angles."""
    dof: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AsfSkeleton:
    """What an ASF file says: bones by name, the parent of each, metres per unit, the order of the root's channels."""

    bones: dict[str, _Bone]
    parents: dict[str, str]
    root_order: tuple[str, ...]
    metres_per_unit: float
    degrees: bool


def read_asf_amc(asf_path: str | Path, amc_path: str | Path, *, fps: float = 120.0) -> MocapClip:
    """The clip of an AMC file with the skeleton of its ASF file; the formats carry no rate (CMU recorded at 120 fps).

    Raises FileError (missing, unreadable) and InputError (not ASF/AMC, a bone with a wrong number of values, NaN).
    """
    skeleton = read_asf(asf_path)
    motion = _parsed_amc(read_text(amc_path, "AMC"), skeleton, amc_path)
    names = ["root", *skeleton.parents]
    parents = [-1] + [names.index(skeleton.parents[name]) for name in names[1:]]
    ends = [name for name in skeleton.parents if name not in skeleton.parents.values()]
    local = [_local(skeleton, name, motion[name]) for name in names]
    local += [np.broadcast_to(np.eye(3), local[0].shape)] * len(ends)
    parents += [names.index(name) for name in ends]
    vectors = np.array([(0.0, 0.0, 0.0)] + [skeleton.bones[name].vector for name in names[1:]])
    offsets = np.array([np.zeros(3) if p < 0 else vectors[p] for p in parents])
    root = [motion["root"][:, skeleton.root_order.index(axis)] for axis in ("TX", "TY", "TZ")]
    return MocapClip(
        name=Path(amc_path).stem,
        joint_names=(*names, *(f"End_{name}" for name in ends)),
        parents=tuple(parents),
        offsets_m=offsets * skeleton.metres_per_unit,
        rotations=rotations_accumulated(np.stack(local, 1), tuple(parents)),
        root_translation_m=np.stack(root, -1) * skeleton.metres_per_unit,
        fps=fps,
    )


def read_asf(path: str | Path) -> AsfSkeleton:
    """The skeleton of an ASF file. Raises FileError and InputError."""
    sections = _sections(read_text(path, "ASF"))
    missing = [name for name in ("units", "root", "bonedata", "hierarchy") if name not in sections]
    if missing:
        raise InputError(f"{path}: expected an ASF file with a :{missing[0]} section, got none; is it another format?")
    try:
        units = dict(line.split()[:2] for line in sections["units"])
        bones = dict(_bone(block, units["angle"]) for block in _blocks(sections["bonedata"]))
        order = next(line.split()[1:] for line in sections["root"] if line.startswith("order"))
        parents = _parents(next(_blocks(sections["hierarchy"])))
        length = float(units["length"])
    except (KeyError, IndexError, ValueError, StopIteration) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: the ASF skeleton is broken ({error!r}); is the file damaged?") from error
    unknown = sorted({*parents, *parents.values()} - {*bones, "root"})
    if unknown or sorted(order) != ["RX", "RY", "RZ", "TX", "TY", "TZ"] or order[-3:] != ["RX", "RY", "RZ"]:
        what = f"unknown bones {', '.join(unknown)}" if unknown else f"root order {' '.join(order)}"
        raise InputError(f"{path}: expected known bones and the root order TX TY TZ RX RY RZ, got {what}")
    return AsfSkeleton(
        bones=bones,
        parents=parents,
        root_order=tuple(order),
        metres_per_unit=_INCH_M / length,
        degrees=units["angle"] == "deg",
    )


def _sections(text: str) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith(":"):
            lines = result.setdefault(line[1:].split()[0], [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return result


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in lines:
        if line == "begin":
            block = []
        elif line == "end":
            yield block
        else:
            block.append(line)


def _bone(block: list[str], unit: str) -> tuple[str, _Bone]:
    fields = {line.split()[0]: line.split()[1:] for line in block}
    dof = tuple(fields.get("dof", ()))
    if set(dof) - set(_ANGLES):
        raise InputError(f"ASF bone {fields['name'][0]}: expected dof among rx ry rz, got {' '.join(dof)}")
    length = float(fields["length"][0])
    *angles, order = fields["axis"]
    axis = _turn(order, np.array([float(a) for a in angles]), degrees=unit == "deg")
    vector = tuple(float(d) * length for d in fields["direction"])
    return fields["name"][0], _Bone(vector=vector, axis=axis, dof=dof)


def _turn(order: str, angles: np.ndarray, *, degrees: bool) -> np.ndarray:
    """Acclaim's "XYZ" turns about fixed axes, x first; that is Z, Y, X about the moving axes."""
    return euler_to_rotmat(order[::-1], (np.radians(angles) if degrees else angles)[..., ::-1])


def _parents(lines: list[str]) -> dict[str, str]:
    """Parent of each bone, parents before children (the order of the file's own rows)."""
    return {child: row.split()[0] for row in lines for child in row.split()[1:]}


def _parsed_amc(text: str, skeleton: AsfSkeleton, path: str | Path) -> dict[str, np.ndarray]:
    """Values (T, dof) of the root and of each bone."""
    counts = {"root": 6, **{name: len(bone.dof) for name, bone in skeleton.bones.items()}}
    frames: list[dict[str, list[str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0][0] in "#:":
            continue
        if len(words) == 1 and words[0].isdigit():
            frames.append({})
        elif not frames or words[0] not in counts:
            raise InputError(f"{path}: line {number}: expected a frame number or a bone of the ASF, got {words[0]!r}")
        elif len(words) - 1 != counts[words[0]]:
            raise InputError(
                f"{path}: line {number}: {words[0]}: expected {counts[words[0]]} values, got {len(words) - 1}; "
                "does the AMC belong to this ASF?"
            )
        else:
            frames[-1][words[0]] = words[1:]
    return _stacked(frames, counts, path)


def _stacked(frames: list[dict[str, list[str]]], counts: dict[str, int], path: str | Path) -> dict[str, np.ndarray]:
    result = {}
    for name, count in counts.items():
        absent = [i for i, frame in enumerate(frames) if count and name not in frame]
        if absent:
            raise InputError(f"{path}: frame {absent[0]}: expected values of {name!r}, got none; is the file cut off?")
        try:
            rows = np.array([frame.get(name, []) for frame in frames], dtype=np.float64).reshape(len(frames), count)
        except ValueError as error:
            raise InputError(f"{path}: {name}: expected numbers, got something else ({error})") from error
        if not np.isfinite(rows).all():
            bad = int(np.argwhere(~np.isfinite(rows))[0, 0])
            raise InputError(f"{path}: frame {bad}: {name}: expected finite numbers, got NaN or infinity")
        result[name] = rows
    return result


def _local(skeleton: AsfSkeleton, name: str, values: np.ndarray) -> np.ndarray:
    """Rotation of a bone against its parent's, in the world's axes at rest, (T, 3, 3)."""
    dof = ("rx", "ry", "rz") if name == "root" else skeleton.bones[name].dof
    axis = np.eye(3) if name == "root" else skeleton.bones[name].axis
    angles = np.zeros((len(values), 3))
    angles[:, [_ANGLES.index(d) for d in dof]] = values[:, -len(dof) :] if dof else values
    return axis @ _turn("XYZ", angles, degrees=skeleton.degrees) @ axis.T
