"""MuPoTS-3D (vcai.mpi-inf.mpg.de/projects/SingleShotMultiPerson; Mehta et al., 3DV 2018), as its archive unpacks.

    <root>/TS1/annot.mat            annotations {T, P}: structures with annot2 (2, 17) px, annot3 and univ_annot3
                                    (3, 17) mm in the camera frame, isValidFrame
    <root>/TS1/occlusion.mat        occlusion_labels {T, P}: 17 flags, 1 where the joint is hidden
    <root>/TS1/img_000000.jpg       (pictures, not needed)

Certain: the variables and their fields, the transposed shapes, the order of joints (mupots17), and that the official
evaluation reads univ_annot3. From memory: the size of the pictures where they are not there (TS1 to TS5 2048 x 2048,
the others 1920 x 1080) and that pictures count from 0. No calibration is shipped: the camera is found from annot2 and
annot3.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import METRES_PER_MM, check_metres, fitted_pinhole, flags
from metricpose.datasets.files import optional, required
from metricpose.datasets.human36m import check_every
from metricpose.datasets.matlab import read_mat, struct_value
from metricpose.io.fields import located, numbers
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "https://vcai.mpi-inf.mpg.de/projects/SingleShotMultiPerson (MuPoTS-3D.zip)"
LICENCE = "MuPoTS-3D: non-commercial research"

SEQUENCES = tuple(f"TS{number}" for number in range(1, 21))

_SKELETON = CATALOGUE["mupots17"]
_JOINTS = len(_SKELETON)
_FIELDS = {"annot2": 2, "annot3": 3, "univ_annot3": 3}


def read_mupots(root: str | Path, *, sequences: Sequence[str] = SEQUENCES, every: int = 1) -> Iterator[PeopleFrame]:
    """The pictures of the sequences with all their people: 17 joints, metres in the camera frame.

    Names are "TS1/img_000000.jpg"; `frame` counts from 0. `judged` are the people with isValidFrame; ids are places in
    the file, which stay the same over a sequence. `joint_scores` are 0.5 where hidden (1 without occlusion.mat).
    `joints_universal` are univ_annot3.

    Args:
        root: folder of TS1 to TS20, or the one above (MultiPersonTestSet/).
        sequences: which of them.
        every: of the pictures of a sequence those whose number it divides.

    Raises FileError (a missing file, and where to get it), InputError (bad content; the text names the picture and the
    person) and MissingExtraError (no scipy).
    """
    check_every(every)
    for name in sequences:
        path = required(root, _places(name), _source(root))
        cells = read_mat(path, ("annotations",))["annotations"]
        with located(path):
            poses, valid = _annotations(cells)
            check_metres(poses["annot3"][valid], "annot3")
            camera = fitted_pinhole(
                poses["annot3"][valid], poses["annot2"][valid], _size(path.parent), "annot2, annot3"
            )
        hidden = _hidden(path.parent, valid.shape)
        for frame in range(0, len(valid), every):
            picture = f"img_{frame:06d}.jpg"
            yield PeopleFrame(
                name=f"{name}/{picture}",
                sequence=name,
                frame=frame,
                skeleton=_SKELETON,
                joints_cam=poses["annot3"][frame],
                joints_universal=poses["univ_annot3"][frame],
                joints_px=poses["annot2"][frame],
                joint_scores=np.where(hidden[frame], 0.5, 1.0),
                judged=valid[frame],
                ids=tuple(range(valid.shape[1])),
                camera=camera,
                image_path=path.parent / picture,
                licence=LICENCE,
            )


def _places(sequence: str) -> tuple[str, str]:
    return f"{sequence}/annot.mat", f"MultiPersonTestSet/{sequence}/annot.mat"


def _source(root: str | Path) -> str:
    """Where to get a missing file; of a part on disk also how to judge that part."""
    there = [name for name in SEQUENCES if optional(root, _places(name)) is not None]
    if not there:
        return SOURCE
    return f"{SOURCE}, or read only what is there (sequences, --sequences {','.join(there)})"


def _annotations(cells: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Arrays (T, P, 17, 2 or 3) by field, in pixels and metres, and isValidFrame (T, P)."""
    people = _cells(cells, "annotations")
    poses = {key: np.empty((*people.shape, _JOINTS, dims)) for key, dims in _FIELDS.items()}
    valid = np.zeros(people.shape, dtype=bool)
    for frame, person in np.ndindex(people.shape):
        cell = people[frame, person]
        with located(f"annotations({frame + 1}, {person + 1})"):
            valid[frame, person] = bool(np.ravel(struct_value(cell, "isValidFrame", "isValidFrame")).any())
            for key, dims in _FIELDS.items():
                value = numbers(np.asarray(struct_value(cell, key, key)), (dims, _JOINTS), key, finite=False)
                poses[key][frame, person] = value.T * (1.0 if dims == 2 else METRES_PER_MM)
    return poses, valid


def _hidden(folder: Path, shape: tuple[int, ...]) -> np.ndarray:
    """(T, P, 17) bool."""
    path = optional(folder, "occlusion.mat")
    if path is None:
        return np.zeros((*shape, _JOINTS), dtype=bool)
    cells = read_mat(path, ("occlusion_labels",))["occlusion_labels"]
    with located(path):
        labels = _cells(cells, "occlusion_labels")
        if labels.shape != shape:
            raise InputError(f"occlusion_labels: expected {shape} as in annot.mat, got {labels.shape}; get it again")
        rows = [flags(np.ravel(label).tolist(), _JOINTS, "occlusion_labels") for label in labels.flat]
    return np.array(rows).reshape(*shape, _JOINTS)


def _cells(value: Any, what: str) -> np.ndarray:
    cells = np.asarray(value)
    if cells.dtype != object or cells.ndim != 2 or not cells.size:
        raise InputError(f"{what}: expected cells (frames, people), got {cells.shape} of {cells.dtype}; check the file")
    return cells


def _size(folder: Path) -> tuple[int, int]:
    picture = optional(folder, "img_000000.jpg")
    if picture is not None:
        from PIL import Image

        try:
            with Image.open(picture) as image:
                return image.size
        except OSError:
            raise InputError(f"{picture.name}: expected a picture, got another file; get it again") from None
    return (2048, 2048) if folder.name in SEQUENCES[:5] else (1920, 1080)
