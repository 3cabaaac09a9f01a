"""The people of all pictures in one row and in one skeleton, so that they are judged by whole arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.protocols.checks import Checked
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.convert import converter
from metricpose.skeletons.skeleton import Skeleton

Places = Literal["joints_cam", "joints_universal"]
_ORIGIN_M = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Flat:
    """N people of F pictures, J joints; what is not stated is NaN.

    counts: (F,) people per picture. picture, row: (N,) which picture, and the row there. joints: (N, J, 3) metres,
    camera frame. joints_px: (N, J, 2). boxes_px: (N, 4). root: (N, 3), stated or of the joints. centre: (N, 3) what
    poses are relative to: the root among the joints, else `root`. scores: (N,), 1 where not stated; scored: whether any
    is. judged, crowd: (N,) bool. areas_px, head_px: (N,). interval: (N, 2) metres. exact: (J,) bool, joints that are
    the same point in the skeleton the people came in. root_exact: whether the root is. missing_fails: of predictions,
    whether joints that they lack count (as failures).
    """

    skeleton: Skeleton
    counts: np.ndarray
    picture: np.ndarray
    row: np.ndarray
    joints: np.ndarray
    joints_px: np.ndarray
    boxes_px: np.ndarray
    root: np.ndarray
    centre: np.ndarray
    scores: np.ndarray
    scored: bool
    judged: np.ndarray
    crowd: np.ndarray
    areas_px: np.ndarray
    head_px: np.ndarray
    interval: np.ndarray
    exact: np.ndarray
    root_exact: bool
    missing_fails: bool = False

    def __len__(self) -> int:
        return len(self.picture)

    @cached_property
    def known(self) -> np.ndarray:
        """(N, J) bool: joints with a place in metres that are the very points of the skeleton."""
        return np.asarray(np.isfinite(self.joints).all(axis=-1) & self.exact)

    @cached_property
    def answered(self) -> np.ndarray:
        """(N, J) bool: joints that a prediction is asked for: all that are the very points where missing ones fail,
        else those with a place."""
        return np.broadcast_to(self.exact, self.known.shape) if self.missing_fails else self.known

    @cached_property
    def seen(self) -> np.ndarray:
        """(N, J) bool: joints with a place in pixels that are the very points of the skeleton."""
        return np.asarray(np.isfinite(self.joints_px).all(axis=-1) & self.exact)

    @cached_property
    def any_known(self) -> np.ndarray:
        """(N,) bool: people of whom any joint is known in metres."""
        return np.asarray(self.known.any(axis=1))

    @cached_property
    def any_seen(self) -> np.ndarray:
        """(N,) bool: people of whom any joint is known in pixels."""
        return np.asarray(self.seen.any(axis=1))

    @cached_property
    def placed(self) -> bool:
        """Whether people stand somewhere: False if every root is the origin, as of root-relative poses."""
        away = bool((np.linalg.norm(self.root, axis=-1) > _ORIGIN_M).any())
        # Whoever leaves out every root is not excused from places.
        return not len(self) or away or (self.missing_fails and not np.isfinite(self.root).all(axis=-1).any())

    @cached_property
    def starts(self) -> np.ndarray:
        """(F,) where each picture's people start."""
        return np.cumsum(self.counts) - self.counts


def gathered(
    frames: Sequence[PeopleFrame],
    source: Skeleton,
    target: Skeleton,
    *,
    places: Places = "joints_cam",
    missing_fails: bool = False,
) -> Flat:
    """All people of the frames, whose skeleton is `source`, in the skeleton `target`.

    places: which joints are meant; those scaled to one height have their roots scaled with them. missing_fails: of
    predictions, whether joints that they lack count.
    """
    counts = np.fromiter((len(frame) for frame in frames), dtype=np.intp, count=len(frames))
    some = [frame for frame in frames if len(frame)]
    number = len(source)
    convert = None if source.canonical == target.canonical else converter(source, target)
    stated = _column(some, lambda f: getattr(f, places), (number, 3))
    px = _column(some, lambda f: f.joints_px, (number, 2))
    joints, joints_px = (stated, px) if convert is None else (convert(stated), convert(px))
    own_root = _column(some, lambda f: f.root_cam if places == "joints_cam" else None, (3,))
    middle = _root_of(joints, target)
    same_root = _root_point(source) == _root_point(target)
    scores = _column(some, lambda f: f.scores, ())
    crowd = _column(some, lambda f: f.crowd, (), False).astype(bool)
    judged = _column(some, lambda f: f.judged, (), True).astype(bool)
    return Flat(
        skeleton=target,
        counts=counts,
        picture=np.repeat(np.arange(len(frames)), counts),
        row=np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts),
        joints=joints,
        joints_px=joints_px,
        boxes_px=_column(some, lambda f: f.boxes_px, (4,)),
        root=_first_known(own_root, middle) if same_root else _first_known(middle, own_root),
        centre=_first_known(middle, own_root),
        scores=np.where(np.isfinite(scores), scores, 1.0),
        scored=bool(np.isfinite(scores).any()),
        judged=judged & ~crowd,
        crowd=crowd,
        areas_px=_column(some, lambda f: f.areas_px, ()),
        head_px=_column(some, lambda f: f.head_px, ()),
        interval=_column(some, lambda f: f.root_depth_interval, (2,)),
        exact=np.ones(number, dtype=bool) if convert is None else convert.exact,
        root_exact=same_root or convert is None,
        missing_fails=missing_fails,
    )


def truth_and_predictions(pair: Checked, target: Skeleton, *, places: Places = "joints_cam") -> tuple[Flat, Flat]:
    """Both sides in one skeleton; `places` is of the truth."""
    truth = gathered(pair.truth, pair.true_skeleton, target, places=places)
    return truth, predictions(pair, target)


def predictions(pair: Checked, target: Skeleton) -> Flat:
    """The predictions alone, in the skeleton `target`."""
    return gathered(pair.predicted, pair.predicted_skeleton, target, missing_fails=pair.missing_fails)


def stated_scales(frames: Sequence[PeopleFrame]) -> list[tuple[Places, str]]:
    """The truth's scales, in words: the universal one where it is stated, and the true one.

    Raises InputError: some pictures state the universal one and others do not; the text names one that does not.
    """
    true: list[tuple[Places, str]] = [("joints_cam", "true scale")]
    lacking = [frame.name for frame in frames if len(frame) and frame.joints_universal is None]
    if not any(frame.joints_universal is not None for frame in frames):
        return true
    if lacking:
        raise InputError(
            f"picture {lacking[0]!r}: expected joints_universal in the truth, as in other pictures, got none; "
            "state them everywhere or nowhere"
        )
    return [("joints_universal", "universal scale"), *true]


def require_joints(
    protocol: str, flat: Flat, wanted: Sequence[int], source: Skeleton, side: str, *, may_be_unseen: bool = False
) -> None:
    """Raise InputError, which names them, where wanted joints are not the same points in the source, or not stated.

    may_be_unseen: joints that are NaN in all pictures will do, as in a truth with few labels, or in 2D; so they will
    where missing ones fail.
    """
    if not len(flat):
        return
    stated = flat.exact if may_be_unseen or flat.missing_fails else np.asarray(flat.known.any(axis=0))
    missing = [flat.skeleton.joints[j] for j in wanted if not stated[j]]
    if missing:
        raise InputError(
            f"{protocol}: expected {len(wanted)} joints of {flat.skeleton.name} in the {side}, got {source.name} "
            f"without {', '.join(missing)}; give them, or judge with the protocol 'strict'"
        )


def _column(
    frames: Sequence[PeopleFrame], of: Callable[[PeopleFrame], Any], own: tuple[int, ...], fill: Any = np.nan
) -> np.ndarray:
    """(N, *own) of what each frame states, or `fill`."""
    if not frames:
        return np.zeros((0, *own))
    values = [of(frame) for frame in frames]
    if all(value is None for value in values):
        return np.full((sum(len(frame) for frame in frames), *own), fill)
    return np.concatenate(
        [np.full((len(f), *own), fill) if v is None else v for v, f in zip(values, frames, strict=True)]
    )


def _root_point(skeleton: Skeleton) -> str:
    """The canonical name of a skeleton's root; the middle of the hips without one."""
    return "mid_hip" if skeleton.root is None else skeleton.canonical[skeleton.root]


def _root_of(joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    if skeleton.root is not None:
        return joints[:, skeleton.root]
    if skeleton.hips is None:
        return np.full_like(joints[:, 0], np.nan)
    left, right = skeleton.hips
    return 0.5 * (joints[:, left] + joints[:, right])


def _first_known(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(first).all(axis=-1, keepdims=True), first, second)
