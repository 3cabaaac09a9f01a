"""People in metres as one NPZ: flat arrays over all P people, with the index of each one's picture.

| array | shape | |
|---|---|---|
| `schema`, `unit`, `frame` | () | `metricpose.people3d/1`, `m`, `camera` |
| `skeleton`, `joints` | (), (J,) | names |
| `image`, `image_size`, `extra` | (I,), (I, 2), (I,) | name, width and height, other keys as JSON |
| `camera_source` | (I,) | given, exif, fov, estimated, default |
| `intrinsics_px`, `cam_from_world`, `up_cam` | (I, 3, 3), (I, 4, 4), (I, 3) | float64; NaN where not known |
| `distortion_model`, `distortion` | (I,), (I, 8) | `none`, `brown_conrady`, `fisheye`; NaN after the last coefficient |
| `person_image`, `id`, `track_id` | (P,) | `track_id` is -1 where `has_track` (P,) is False |
| `joints_cam`, `joint_sigma`, `root_cam`, `root_depth_interval` | (P, J, 3), (P, J), (P, 3), (P, 2) | as in People3D |
| `joints_px`, `joint_scores`, `box_px`, `score` | (P, J, 2), (P, J), (P, 4), (P,) | likewise |

No pickles: texts are unicode arrays. Numbers of people are float32 and come back bit for bit.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import FileError, InputError
from metricpose.geometry import BrownConrady, Camera, Distortion, Fisheye
from metricpose.io.atomic import write_bytes
from metricpose.io.fields import located, shown
from metricpose.io.json_text import json_text
from metricpose.io.people2d_json import shared_skeleton, skeleton_from_json
from metricpose.io.people3d_json import PEOPLE3D_SCHEMA, UNITS
from metricpose.io.records import ImagePeople3D
from metricpose.people import People3D
from metricpose.skeletons import Skeleton

_MAX_COEFFICIENTS = 8

# Array in the file -> field of People3D, and its shape after the people, in multiples of the joints (J) or plain.
_PEOPLE: Mapping[str, tuple[str, tuple[int | str, ...]]] = {
    "joints_cam": ("joints_cam", ("J", 3)),
    "joint_sigma": ("joint_sigma", ("J",)),
    "root_cam": ("root_cam", (3,)),
    "root_depth_interval": ("root_depth_interval", (2,)),
    "joints_px": ("joints_px", ("J", 2)),
    "joint_scores": ("joint_scores", ("J",)),
    "box_px": ("boxes_px", (4,)),
    "score": ("scores", ()),
}


def write_people3d_npz(path: str | Path, records: Sequence[ImagePeople3D], skeleton: Skeleton | str = "coco17") -> None:
    """Write pictures with people in metres as NPZ, atomically, in their order; `skeleton` as for the JSON."""
    shared = shared_skeleton([record.people.skeleton for record in records], skeleton)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {**_head(shared), **_image_arrays(records), **_people_arrays(records, shared)}
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def read_people3d_npz(path: str | Path) -> list[ImagePeople3D]:
    """The pictures of one file, in its order. InputError and FileError say what is wrong with it."""
    arrays = _loaded(path)
    with located(path):
        for key, expected in {"schema": PEOPLE3D_SCHEMA, **UNITS}.items():
            if str(_array(arrays, key, ())) != expected:
                raise InputError(
                    f"{key}: expected {expected!r}, got {shown(str(arrays[key]))}; give a file of that kind"
                )
        joints = _array(arrays, "joints", (None,))
        skeleton = skeleton_from_json({"name": str(_array(arrays, "skeleton", ())), "joints": joints.tolist()})
        return _records(arrays, skeleton)


def _head(skeleton: Skeleton) -> dict[str, Any]:
    return {"schema": PEOPLE3D_SCHEMA, **UNITS, "skeleton": skeleton.name, "joints": np.array(skeleton.joints)}


def _image_arrays(records: Sequence[ImagePeople3D]) -> dict[str, np.ndarray]:
    cameras = [record.people.camera for record in records]
    return {
        "image": np.array([record.image for record in records], dtype=np.str_),
        "image_size": _stacked([camera.image_size for camera in cameras], (2,), np.int64),
        "extra": np.array([json_text(dict(record.extra)) for record in records], dtype=np.str_),
        "camera_source": np.array([record.people.camera_source for record in records], dtype=np.str_),
        "intrinsics_px": _stacked([camera.intrinsics_px for camera in cameras], (3, 3)),
        "cam_from_world": _stacked([_or_nan(camera.cam_from_world, (4, 4)) for camera in cameras], (4, 4)),
        "up_cam": _stacked([_or_nan(camera.up_cam, (3,)) for camera in cameras], (3,)),
        "distortion_model": np.array([_model(camera.distortion) for camera in cameras], dtype=np.str_),
        "distortion": _stacked([_padded(camera.distortion) for camera in cameras], (_MAX_COEFFICIENTS,)),
    }


def _people_arrays(records: Sequence[ImagePeople3D], skeleton: Skeleton) -> dict[str, np.ndarray]:
    everyone = [record.people for record in records]
    ids = [i for people in everyone for i in (people.ids if people.ids is not None else range(len(people)))]
    tracks = [track for people in everyone for track in people.track_ids]
    arrays = {
        "person_image": np.repeat(np.arange(len(records)), [len(people) for people in everyone]),
        "id": np.array(ids, dtype=np.int64),
        "track_id": np.array([-1 if track is None else track for track in tracks], dtype=np.int64),
        "has_track": np.array([track is not None for track in tracks], dtype=bool),
    }
    for key, (field, shape) in _PEOPLE.items():
        none = np.zeros((0, *_sized(shape, skeleton)), dtype=np.float32)
        arrays[key] = np.concatenate([none, *(getattr(people, field) for people in everyone)])
    return arrays


def _records(arrays: Mapping[str, np.ndarray], skeleton: Skeleton) -> list[ImagePeople3D]:
    names = _array(arrays, "image", (None,))
    person_image = _array(arrays, "person_image", (None,))
    images, people = len(names), len(person_image)
    outside = person_image[(person_image < 0) | (person_image >= images)]
    if len(outside):
        raise InputError(f"person_image: expected indices of the {images} pictures, got {outside[0]}")
    fields = {field: _array(arrays, key, (people, *_sized(shape, skeleton))) for key, (field, shape) in _PEOPLE.items()}
    ids, tracks, tracked = (_array(arrays, key, (people,)) for key in ("id", "track_id", "has_track"))
    cameras, sources, extras = (
        _cameras(arrays, images),
        *(_array(arrays, k, (images,)) for k in ("camera_source", "extra")),
    )
    order = np.argsort(person_image, kind="stable")
    bounds = np.searchsorted(person_image[order], np.arange(images + 1))
    records = []
    for i, name in enumerate(names):
        mine = order[bounds[i] : bounds[i + 1]]
        with located(f"picture {i} ({shown(str(name))})"):
            found = People3D(
                **{field: values[mine] for field, values in fields.items()},
                ids=tuple(int(ids[p]) for p in mine),
                track_ids=tuple(int(tracks[p]) if tracked[p] else None for p in mine),
                skeleton=skeleton,
                camera=cameras[i],
                camera_source=str(sources[i]),  # type: ignore[arg-type]  # People3D checks it
            )
            records.append(ImagePeople3D(image=str(name), people=found, extra=_extra(str(extras[i]))))
    return records


def _cameras(arrays: Mapping[str, np.ndarray], images: int) -> list[Camera]:
    shapes = {"image_size": (2,), "intrinsics_px": (3, 3), "cam_from_world": (4, 4), "up_cam": (3,)}
    columns = [_array(arrays, key, (images, *shape)) for key, shape in shapes.items()]
    models = _array(arrays, "distortion_model", (images,))
    coefficients = _array(arrays, "distortion", (images, _MAX_COEFFICIENTS))
    cameras = []
    for i, (size, intrinsics_px, extrinsics, up_cam) in enumerate(zip(*columns, strict=True)):
        with located(f"camera of picture {i}"):
            camera = Camera(
                intrinsics_px=intrinsics_px,
                image_size=tuple(size.tolist()),
                distortion=_distortion(str(models[i]), coefficients[i]),
                cam_from_world=None if np.isnan(extrinsics).all() else extrinsics,
                up_cam=None if np.isnan(up_cam).all() else up_cam,
            )
        cameras.append(camera)
    return cameras


def _loaded(path: str | Path) -> dict[str, np.ndarray]:
    try:
        # Opened here, as numpy leaves a damaged archive open.
        with Path(path).open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise InputError(f"{path}: expected an NPZ of people, got a single array; use write_people3d")
            return {key: archive[key] for key in archive.files}
    except OSError as error:
        raise FileError(f"{path}: cannot read this NPZ file ({error.strerror or error}); check the path") from error
    except InputError:
        raise
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as fault:
        raise InputError(
            f"{path}: expected an NPZ of people, got {_reason(fault)}; write it with write_people3d"
        ) from None


def _reason(fault: Exception) -> str:
    text = " ".join(str(fault).split())
    if "pickle" in text:  # numpy's own text tells how to load them all the same
        return "pickled objects, which are never loaded"
    return f"something else or a damaged file ({text:.80})"


def _array(arrays: Mapping[str, np.ndarray], key: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """The array of the file, of the shape; None stands for any length."""
    if key not in arrays:
        raise InputError(
            f"{key}: expected an array of this name, got {shown(sorted(arrays))}; write it with write_people3d"
        )
    array = arrays[key]
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind not in _kinds(key):
        words = " x ".join("any" if n is None else str(n) for n in shape) or "single"
        raise InputError(
            f"{key}: expected {words} of kind {_kinds(key)!r}, got {array.dtype} of shape {array.shape}; correct it"
        )
    return array


_TEXTS = {"schema", "unit", "frame", "skeleton", "joints", "image", "extra", "camera_source", "distortion_model"}
_WHOLE = {"image_size", "person_image", "id", "track_id"}


def _kinds(key: str) -> str:
    """Kinds (numpy's letters) that the array may be of."""
    if key in _TEXTS:
        return "U"
    return "b" if key == "has_track" else "iu" if key in _WHOLE else "f"


def _extra(text: str) -> dict[str, Any]:
    try:
        extra = json.loads(text)
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise InputError(f"extra: expected a JSON object, got {shown(text)}")
    return extra


def _sized(shape: tuple[int | str, ...], skeleton: Skeleton) -> tuple[int, ...]:
    return tuple(len(skeleton) if n == "J" else int(n) for n in shape)


def _stacked(rows: Sequence[Any], shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
    return np.array(rows, dtype=dtype).reshape(len(rows), *shape)


def _or_nan(values: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, np.nan) if values is None else values


def _model(distortion: Distortion | None) -> str:
    return "none" if distortion is None else "fisheye" if isinstance(distortion, Fisheye) else "brown_conrady"


def _padded(distortion: Distortion | None) -> np.ndarray:
    padded = np.full(_MAX_COEFFICIENTS, np.nan)
    if distortion is not None:
        padded[: len(distortion.coefficients)] = distortion.coefficients
    return padded


def _distortion(model: str, padded: np.ndarray) -> Distortion | None:
    models = {"brown_conrady": BrownConrady, "fisheye": Fisheye}
    if model == "none":
        return None
    if model not in models:
        raise InputError(f"distortion_model: expected none, brown_conrady or fisheye, got {shown(model)}")
    return models[model](tuple(padded[~np.isnan(padded)].tolist()))
