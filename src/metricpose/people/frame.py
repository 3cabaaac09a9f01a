"""The people of one picture as a benchmark or a method states them: joints in metres, and whatever else it gives.

`People3D` is an answer of ours, complete and with its camera. A `PeopleFrame` is what other people's files hold: truth
with unlabelled joints, or a prediction without a camera. Readers make it, protocols judge it.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.people.people3d import People3D
from metricpose.skeletons.skeleton import Skeleton

_SHAPES: dict[str, tuple[str | int, ...]] = {
    "joints_cam": ("P", "J", 3),
    "joints_px": ("P", "J", 2),
    "joint_scores": ("P", "J"),
    "scores": ("P",),
    "boxes_px": ("P", 4),
    "root_cam": ("P", 3),
    "root_depth_interval": ("P", 2),
    "joint_sigma": ("P", "J"),
    "joints_universal": ("P", "J", 3),
    "head_px": ("P",),
    "areas_px": ("P",),
    "crowd": ("P",),
    "judged": ("P",),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class PeopleFrame:
    """P people with J joints each, numpy; P = 0 is ordinary. Whatever is not stated is None.

    Attributes:
        name: of the picture, unique in its dataset, such as "TS1/img_000001.jpg"; truth and predictions meet by it.
        sequence: what rows of a table are made of: a clip, a scene. group: its activity, or None.
        frame: the picture's number in its sequence.
        skeleton: what the J joints are.
        joints_cam: (P, J, 3) metres, camera frame; NaN where a joint is not stated. None for 2D alone.
        joints_px: (P, J, 2) pixels; NaN where a joint is not stated.
        joint_scores: (P, J); of truth 0 not labelled, 1 labelled (COCO: 1 hidden, 2 visible, halved).
        scores: (P,) how sure a method is of the person; any finite numbers.
        boxes_px: (P, 4) x0, y0, x1, y1. areas_px: (P,) of the person's mask. crowd: (P,) bool, COCO's iscrowd.
        root_cam: (P, 3) metres; if not stated, a protocol takes it from the joints.
        root_depth_interval: (P, 2) metres, central 90 %. joint_sigma: (P, J) metres.
        joints_universal: (P, J, 3) metres, MPI-INF-3DHP's and MuPoTS's truth scaled to one height.
        head_px: (P,) MPII's head size. judged: (P,) bool, people whom the benchmark judges (others are no ghosts).
        ids: P whole numbers, each once, or None.
        camera: of the picture. image_path: of the picture, for overlays.
        licence: of the data.

    Raises InputError: a shape, a NaN or a double id that does not belong; the text names the picture.
    """

    name: str
    skeleton: Skeleton
    sequence: str = ""
    group: str | None = None
    frame: int | None = None
    joints_cam: np.ndarray | None = None
    joints_px: np.ndarray | None = None
    joint_scores: np.ndarray | None = None
    scores: np.ndarray | None = None
    boxes_px: np.ndarray | None = None
    root_cam: np.ndarray | None = None
    root_depth_interval: np.ndarray | None = None
    joint_sigma: np.ndarray | None = None
    joints_universal: np.ndarray | None = None
    head_px: np.ndarray | None = None
    areas_px: np.ndarray | None = None
    crowd: np.ndarray | None = None
    judged: np.ndarray | None = None
    ids: tuple[int, ...] | None = None
    camera: Camera | None = None
    image_path: Path | None = None
    licence: str | None = None

    def __post_init__(self) -> None:
        if self.joints_cam is None and self.joints_px is None:
            raise InputError(f"{self.name}: expected joints in metres, in pixels or both, got neither")
        count = {"P": len(self), "J": len(self.skeleton)}
        for field, shape in _SHAPES.items():
            value = getattr(self, field)
            if value is not None:
                expected = tuple(count[n] if isinstance(n, str) else n for n in shape)
                object.__setattr__(self, field, _array(value, expected, f"{self.name}: {field}"))
        if self.ids is not None and (len(self.ids) != len(self) or len(set(self.ids)) < len(self.ids)):
            raise InputError(f"{self.name}: expected one id per person, each once, got {self.ids} for {len(self)}")

    def __len__(self) -> int:
        return len(self.joints_cam if self.joints_cam is not None else self.joints_px)  # pyright: ignore[reportArgumentType]

    def __getitem__(self, chosen: Any) -> Self:
        """Some of the people, by mask, slice or indices."""
        picked = np.arange(len(self))[chosen]
        changes = {f: getattr(self, f)[picked] for f in _SHAPES if getattr(self, f) is not None}
        ids = None if self.ids is None else tuple(self.ids[i] for i in picked)
        return replace(self, ids=ids, **changes)

    def replaced(self, **changes: Any) -> Self:
        """The same with other values."""
        return replace(self, **changes)

    @property
    def known(self) -> np.ndarray:
        """(P, J) bool: joints whose place in metres is stated."""
        if self.joints_cam is None:
            return np.zeros((len(self), len(self.skeleton)), dtype=bool)
        return np.asarray(np.isfinite(self.joints_cam).all(axis=-1))

    @classmethod
    def of_people3d(cls, name: str, people: People3D, **more: Any) -> Self:
        """Our own answer, or truth in our own format, as a frame; `more` are further fields."""
        unseen = people.joint_scores[..., None] <= 0
        return cls(
            name=name,
            skeleton=people.skeleton,
            joints_cam=people.joints_cam,
            joints_px=np.where(unseen, np.nan, people.joints_px),
            joint_scores=people.joint_scores,
            scores=people.scores,
            boxes_px=people.boxes_px,
            root_cam=people.root_cam,
            root_depth_interval=people.root_depth_interval,
            joint_sigma=people.joint_sigma,
            ids=people.ids,
            camera=people.camera,
            **more,
        )


def _array(value: Any, shape: tuple[int, ...], where: str) -> np.ndarray:
    array = np.array(value)
    if array.shape != shape:
        raise InputError(f"{where}: expected shape {shape}, got {array.shape}")
    if array.dtype != bool:
        array = array.astype(np.float64)
        if np.isinf(array).any() and not where.endswith("joint_sigma"):
            raise InputError(f"{where}: expected finite numbers, or NaN for what is not known, got an infinite one")
    array.flags.writeable = False
    return array
