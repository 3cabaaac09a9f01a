"""Labelled pictures for the AGR network, from shards of virtual people or from real photos; decoded once, then kept.

All joints are those of Halpe-26; its head is the top of the head, its neck the base of the neck (virtual people's own,
LSP's "neck"). What a source does not say is marked, never invented: photos in which only one person
is annotated say nothing about the rest of the picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from metricpose._errors import InputError
from metricpose.io.image import read_image
from metricpose.people import PeopleFrame
from metricpose.skeletons import converter
from metricpose.skeletons.catalogue import HALPE26

SKELETON = HALPE26
PAIRS = tuple((left, right) for left, right in enumerate(SKELETON.mirror) if left < right)
"""Its left and right joints."""
_SAME = {"head_top": "head", "neck": "neck"}  # names of joints in LSP and landmarks27, and here
_BOX_MARGIN = 0.12  # joints lie in the body: how far beyond them it reaches, of the longer side


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One picture with P people.

    Attributes:
        picture: encoded (JPEG, PNG), or the path of a file.
        joints_px: (P, 26, 2); NaN where unknown.
        known: (P, 26) bool, the joint has a place.
        seen: (P, 26) bool, the joint is visible; where `whole` is False, that it is annotated.
        boxes_px: (P, 4) of the visible part; NaN for people who are not seen.
        mask: encoded PNG with i + 1 where person i is seen, or None.
        whole: everybody in the picture is annotated; else only the region of the P people says anything.
    """

    picture: bytes | Path
    joints_px: np.ndarray
    known: np.ndarray
    seen: np.ndarray
    boxes_px: np.ndarray
    mask: bytes | None
    whole: bool
    _kept: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8."""
        if "rgb" not in self._kept:
            own = isinstance(self.picture, bytes)
            self._kept["rgb"] = _decoded(self.picture) if own else read_image(self.picture)  # type: ignore[arg-type]
        return self._kept["rgb"]

    def ids(self) -> np.ndarray | None:
        """(H, W) uint8: 0 nobody, i + 1 person i; None: unknown."""
        if self.mask is None:
            return None
        if "ids" not in self._kept:
            self._kept["ids"] = _decoded(self.mask)
        return self._kept["ids"]

    def forget(self) -> None:
        """Keeps what is encoded alone, until it is asked for again."""
        self._kept.clear()


def _decoded(data: bytes) -> np.ndarray:
    with Image.open(BytesIO(data)) as picture:
        return np.array(picture)


def virtual_samples(folder: Path) -> list[Sample]:
    """The pictures of a folder that `metricpose generate people` wrote, or is still writing, or that has such in it.

    Raises InputError where there are none, or they lack Halpe-26.
    """
    from metricpose.virtual.render.shards import read_shard

    shards = [path for path in sorted(folder.rglob("shard-*.tar")) if path.with_suffix(".json").is_file()]
    samples = [_virtual(picture) for shard in shards for picture in read_shard(shard)]
    if not samples:
        raise InputError(f"{folder}: expected shards of `metricpose generate people`, got none; make some first")
    return samples


def _virtual(picture: Any) -> Sample:
    people = picture.record["people"]
    if people and SKELETON.name not in people[0]["joints"]:
        raise InputError(f"{picture.name}: expected joints of {SKELETON.name}; make them with --skeleton halpe26")
    joints = _labels(people, SKELETON.name, "px").reshape(-1, len(SKELETON), 2)
    seen = _labels(people, SKELETON.name, "visible").reshape(-1, len(SKELETON)) > 0
    if people:
        names = picture.record["skeletons"]["landmarks27"]["joints"]
        for name, here in _SAME.items():
            row, column = names.index(name), SKELETON.joints.index(here)
            joints[:, column] = _labels(people, "landmarks27", "px")[:, row]
            seen[:, column] = _labels(people, "landmarks27", "visible")[:, row] > 0
    known = np.array(np.isfinite(joints).all(-1), dtype=bool)
    return Sample(
        picture=picture.jpg,
        joints_px=joints,
        known=known,
        seen=seen & known,
        boxes_px=np.array([person["box_px"] for person in people], float).reshape(-1, 4),
        mask=_encoded(picture.person_ids),
        whole=True,
    )


def _labels(people: Sequence[Mapping[str, Any]], skeleton: str, kind: str) -> np.ndarray:
    return np.array([person["joints"][skeleton][kind] for person in people], dtype=float)


def _encoded(ids: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(ids).save(buffer, "PNG")
    return buffer.getvalue()


def photo_samples(frames: Sequence[PeopleFrame]) -> list[Sample]:
    """Real photos in which each frame's people are annotated, and nobody else; converted by name to Halpe-26."""
    return list(_photos(frames))


def _photos(frames: Sequence[PeopleFrame]) -> Iterator[Sample]:
    for frame in frames:
        if frame.image_path is None or frame.joints_px is None or frame.joint_scores is None:
            continue
        joints, scores = converter(frame.skeleton, SKELETON)(
            np.nan_to_num(np.asarray(frame.joints_px, float)), np.asarray(frame.joint_scores, float)
        )
        for name, here in _SAME.items():
            if name in frame.skeleton.joints:
                row, column = frame.skeleton.joints.index(name), SKELETON.joints.index(here)
                joints[:, column] = np.nan_to_num(np.asarray(frame.joints_px)[:, row])
                scores[:, column] = np.asarray(frame.joint_scores)[:, row]
        known = np.array(scores > 0, dtype=bool)
        if known.sum() < 4:
            continue
        yield Sample(
            picture=Path(frame.image_path),
            joints_px=np.where(known[..., None], joints, np.nan),
            known=known,
            seen=known,
            boxes_px=np.stack([body_box(j[k]) for j, k in zip(joints, known, strict=True)]),
            mask=None,
            whole=False,
        )


def body_box(joints_px: np.ndarray) -> np.ndarray:
    """(4,) about joints (N, 2), with what a body reaches beyond them."""
    low, high = joints_px.min(0), joints_px.max(0)
    margin = _BOX_MARGIN * max(float((high - low).max()), 1.0)
    return np.concatenate([low - margin, high + margin])
