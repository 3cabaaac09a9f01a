"""Rendered people for the study of backgrounds: made where they are not there, and read as small pictures.

Every picture is there twice: as it was rendered, and with everything but the people painted green, as the MuCo-3DHP
data of the paper's table 1 are before a green screen or before other pictures.

Axes: N pictures, P people, J = 17 joints of COCO, h w cells of `STRIDE` px.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from metricpose._errors import InputError
from metricpose.agr.types import CANONICAL_FOCAL_PX
from metricpose.geometry.camera import Camera
from metricpose.io.camera_json import camera_from_json
from metricpose.io.json_text import read_json

SIZE = (480, 256)
STRIDE = 4
GREEN = (0, 177, 64)
MOST_PEOPLE = 4
_LEAST_PX = 8.0 * STRIDE  # longer side of the visible part, under which a person is not judged
_HIPS = [11, 12]
_SKELETON = "coco17"


@dataclass(frozen=True, kw_only=True)
class PictureSetOptions:
    """How many pictures are made of each split, and from what. assets, panoramas: folders, or None, as
    `metricpose generate people` has them."""

    folder: Path
    train: int = 400
    test: int = 150
    assets: Path | None = None
    panoramas: Path | None = None
    mocap_cache: Path | None = None
    workers: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureSet:
    """rendered and green (N, 3, h, w) uint8; joints_px (N, P, J, 2), joints_cam (N, P, J, 3) m, visible (N, P, J),
    judged (N, P): who is seen, large enough, with the root in the picture; focal_px (N,); roots_norm (N, P, 2) on the
    plane z = 1."""

    rendered: Tensor
    green: Tensor
    joints_px: Tensor
    joints_cam: Tensor
    visible: Tensor
    judged: Tensor
    focal_px: Tensor
    roots_norm: Tensor
    roots_px: Tensor

    def __len__(self) -> int:
        return len(self.rendered)

    @property
    def canonical(self) -> Tensor:
        """(N,): metres at this focal length for one at the canonical."""
        return self.focal_px / CANONICAL_FOCAL_PX


def made_sets(options: PictureSetOptions) -> Iterator[str]:
    """Renders what is missing, and says how far it is. Raises ModuleNotFoundError where no renderer is installed."""
    for needed in ("anny", "moderngl"):
        import_module(needed)  # here, not only in the workers, which would be waited for
    from metricpose.virtual.render.shard_run import ShardOptions, made_set
    from metricpose.virtual.render.watchdog import Failed, WatchOptions

    for seed, split in enumerate(("train", "test")):
        folder = options.folder / split
        folder.mkdir(parents=True, exist_ok=True)
        count = options.train if split == "train" else options.test
        shards = ShardOptions(
            folder=folder, count=count, per_shard=50, seed=seed, pictures=_picture_options(options, split)
        )
        for number, answer in enumerate(made_set(shards, WatchOptions(workers=options.workers)), 1):
            if isinstance(answer, Failed):
                raise InputError(f"study backgrounds: shard {answer.seed} could not be made ({answer.reason})")
            yield f"pictures of {split}: {min(count, number * shards.per_shard)} of {count}"


def _picture_options(options: PictureSetOptions, split: Any) -> Any:
    """Adults before straight lenses, up to 8 m away; no faults of cameras, so that only backgrounds differ."""
    from metricpose.virtual.render.dressed import DressOptions
    from metricpose.virtual.render.people_scene import SceneOptions
    from metricpose.virtual.render.pictures import PictureOptions

    scene = SceneOptions(
        split=split, sizes=(SIZE,), people=(0.3, 0.3, 0.25, 0.15), distortion_share=0.0, indoors_m=(1.5, 8.0),
        outdoors_m=(1.5, 8.0), panoramas=options.panoramas, dress=DressOptions(child_share=0.0),
    )  # fmt: skip
    return PictureOptions(
        scene=scene, faults=None, assets=options.assets, skeletons=(_SKELETON,), mocap_cache=options.mocap_cache
    )


def read_set(folder: Path) -> PictureSet:
    """The pictures of a folder's shards. Raises InputError where there are none, or of another size."""
    from metricpose.virtual.render.shards import read_shard

    shards = [path for path in sorted(folder.glob("shard-*.tar")) if path.with_suffix(".json").is_file()]
    if not shards:
        raise InputError(
            f"{folder}: expected shards of rendered people, got none; `metricpose study backgrounds` makes them where "
            "the renderer is installed (pip install metricpose[anny,render])"
        )
    return collected(picture for shard in shards for picture in read_shard(shard))


def told_of(folder: Path) -> str:
    """How many pictures a folder has, and of what, for a page: by its manifest."""
    document = _manifest(folder)
    if document is None:
        return "pictures without a manifest"
    panoramas = len(document["backgrounds"])
    places = f"{panoramas} panoramas and plain rooms" if panoramas else "plain rooms"
    return f"{document['count']} pictures of {document['people']} people in {places}"


def flags_of(folder: Path) -> str:
    """What the command was given to make a folder's pictures with, for a page."""
    options = (_manifest(folder) or {}).get("options", {})
    given = {"assets": options.get("assets"), "panoramas": options.get("scene", {}).get("panoramas")}
    return "".join(f" --{name} DIR" for name, value in given.items() if value)


def _manifest(folder: Path) -> Any:
    path = folder / "manifest.json"
    return read_json(path) if path.is_file() else None


def collected(pictures: Iterable[Any]) -> PictureSet:
    """A set of pictures as shards hold them."""
    rows = [_row(picture) for picture in pictures]
    return PictureSet(**{name: torch.stack([row[name] for row in rows]) for name in rows[0]})


def _row(picture: Any) -> dict[str, Tensor]:
    record = picture.record
    size = record["width"], record["height"]
    if size != SIZE:
        raise InputError(f"{picture.name}: expected a picture of {SIZE[0]} x {SIZE[1]} px, got {size[0]} x {size[1]}")
    rgb = picture.rgb
    green = np.where((picture.person_ids > 0)[..., None], rgb, np.array(GREEN, np.uint8))
    camera = camera_from_json(record["camera"], SIZE)
    people = record["people"][:MOST_PEOPLE]
    return {"rendered": _small(rgb), "green": _small(green), **_people(people, camera)}


def _people(people: list[Any], camera: Camera) -> dict[str, Tensor]:
    def labels(kind: str, *shape: int) -> np.ndarray:
        values = np.zeros((MOST_PEOPLE, 17, *shape), np.float32)
        for row, person in zip(values, people, strict=False):
            row[:] = np.array(person["joints"][_SKELETON][kind], float)
        return values

    px, cam, visible = labels("px", 2), labels("cam_m", 3), labels("visible")
    known = np.isfinite(px).all((1, 2)) & np.isfinite(cam).all((1, 2))
    cam = np.where(np.isfinite(cam), cam, 1.0)
    roots_cam = cam[:, _HIPS].mean(1)
    roots_cam[:, 2] = np.maximum(roots_cam[:, 2], 0.1)
    roots_px, _ = camera.project(roots_cam.astype(np.float64))
    inside = ((roots_px >= 0) & (roots_px <= np.array(SIZE) - 1)).all(-1)
    sides = np.zeros(MOST_PEOPLE)
    for number, person in enumerate(people):
        box = np.array(person["box_px"], float)  # NaN for who is not seen
        sides[number] = (box[2:] - box[:2]).max()
    judged = known & inside & (np.nan_to_num(sides) >= _LEAST_PX) & (np.arange(MOST_PEOPLE) < len(people))
    fx, fy = camera.focal_px
    return {
        "joints_px": torch.from_numpy(np.nan_to_num(px)),
        "joints_cam": torch.from_numpy(cam),
        "visible": torch.from_numpy((visible > 0) & judged[:, None]),
        "judged": torch.from_numpy(judged),
        "focal_px": torch.tensor((fx * fy) ** 0.5),
        "roots_norm": torch.from_numpy((roots_cam[:, :2] / roots_cam[:, 2:]).astype(np.float32)),
        "roots_px": torch.from_numpy(roots_px.astype(np.float32)),
    }


def _small(rgb: np.ndarray) -> Tensor:
    """(3, h, w): means over the pixels of each cell."""
    width, height = SIZE[0] // STRIDE, SIZE[1] // STRIDE
    small = Image.fromarray(rgb).resize((width, height), Image.Resampling.BOX)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).contiguous()
