"""People in metres in the camera frame, with what is not known about them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, cast, get_args

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.people.checks import (
    checked,
    checked_boxes,
    checked_ids,
    checked_joints_px,
    checked_scores,
    people_count,
    selected,
)
from metricpose.people.people2d import People2D
from metricpose.skeletons import JointConverter, Skeleton, converter, learnt_converter, skeleton_named
from metricpose.skeletons.reduced import reduced

CameraSource = Literal["given", "exif", "fov", "estimated", "default"]

_COMPUTED = cast(Any, None)  # "not given": the constructor fills it in, so that the attribute is never None


@dataclass(frozen=True, kw_only=True, eq=False)
class People3D:
    """P people with J joints each, float32 and read-only; P = 0 is ordinary.

    Attributes:
        joints_cam: (P, J, 3) metres, camera frame (x right, y down, z forward). A joint of which nothing is known
            (its skeleton was converted from one without it) is NaN, with an infinite sigma.
        joint_sigma: (P, J) metres, standard deviation per axis of the joint about its own root; 0 for truth.
        root_depth_interval: (P, 2) metres, central 90 % interval of the root's z.
        joints_px: (P, J, 2), the 2D joints that were lifted; ignored where the score is 0.
        joint_scores: (P, J) in [0, 1]; 0 means unseen in the picture (there is a 3D estimate all the same).
        boxes_px: (P, 4) x0, y0, x1, y1.
        scores: (P,) in [0, 1].
        skeleton: what the J joints are.
        camera: in whose frame the people are.
        camera_source: where its intrinsics come from.
        root_cam: (P, 3) metres. If not given: the skeleton's root joint, or the middle of the hips without one.
        ids: P whole numbers, or None.
        track_ids: P entries, whole numbers or None; all None if not given.

    Raises:
        InputError: a shape, a number, a score, a box or an interval that is none.
    """

    joints_cam: np.ndarray
    joint_sigma: np.ndarray
    root_depth_interval: np.ndarray
    joints_px: np.ndarray
    joint_scores: np.ndarray
    boxes_px: np.ndarray
    scores: np.ndarray
    skeleton: Skeleton
    camera: Camera
    camera_source: CameraSource
    root_cam: np.ndarray = _COMPUTED
    ids: tuple[int, ...] | None = None
    track_ids: tuple[int | None, ...] = _COMPUTED

    def __post_init__(self) -> None:
        people, joints = people_count(self.joints_cam), len(self.skeleton)
        joint_scores = checked_scores(self.joint_scores, (people, joints), "joint_scores")
        joints_cam, joint_sigma = _checked_estimate(self.joints_cam, self.joint_sigma, (people, joints))
        root_cam = self.root_cam
        if root_cam is None:
            root_cam = root_of(joints_cam, self.skeleton) if people else np.zeros((0, 3))
        track_ids = (None,) * people if self.track_ids is None else self.track_ids
        fields = {
            "joints_cam": joints_cam,
            "joint_sigma": joint_sigma,
            "root_cam": checked(root_cam, (people, 3), "root_cam"),
            "root_depth_interval": _checked_interval(self.root_depth_interval, people),
            "joint_scores": joint_scores,
            "joints_px": checked_joints_px(self.joints_px, joint_scores),
            "boxes_px": checked_boxes(self.boxes_px, people),
            "scores": checked_scores(self.scores, (people,), "scores"),
            "ids": None if self.ids is None else checked_ids(self.ids, people, "ids"),
            "track_ids": checked_ids(track_ids, people, "track_ids", optional_entries=True),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        if self.camera_source not in get_args(CameraSource):
            expected = ", ".join(get_args(CameraSource))
            raise InputError(f"camera_source: expected one of {expected}, got {self.camera_source!r}")

    @classmethod
    def empty(cls, skeleton: Skeleton, camera: Camera, camera_source: CameraSource = "given") -> Self:
        """Nobody before a camera."""
        none = np.zeros((0, len(skeleton)))
        return cls(
            joints_cam=none[..., None].repeat(3, -1),
            joint_sigma=none,
            root_depth_interval=np.zeros((0, 2)),
            joints_px=none[..., None].repeat(2, -1),
            joint_scores=none,
            boxes_px=np.zeros((0, 4)),
            scores=np.zeros(0),
            skeleton=skeleton,
            camera=camera,
            camera_source=camera_source,
        )

    @classmethod
    def lifted(
        cls,
        people: People2D,
        camera: Camera,
        camera_source: CameraSource,
        *,
        joints_cam: np.ndarray,
        joint_sigma: np.ndarray,
        root_cam: np.ndarray,
        root_depth_interval: np.ndarray,
    ) -> Self:
        """2D people with what was found out about them in metres; the rest is as it was seen."""
        return cls(
            joints_cam=joints_cam,
            joint_sigma=joint_sigma,
            root_cam=root_cam,
            root_depth_interval=root_depth_interval,
            joints_px=people.joints_px,
            joint_scores=people.joint_scores,
            boxes_px=people.boxes_px,
            scores=people.scores,
            skeleton=people.skeleton,
            camera=camera,
            camera_source=camera_source,
            ids=people.ids,
        )

    def __len__(self) -> int:
        return len(self.joints_cam)

    def __getitem__(self, key: Any) -> Self:
        """Some of the people, by mask, slice, index or list of indices."""
        chosen = selected(key, len(self))
        return self.replaced(
            joints_cam=self.joints_cam[chosen],
            joint_sigma=self.joint_sigma[chosen],
            root_cam=self.root_cam[chosen],
            root_depth_interval=self.root_depth_interval[chosen],
            joints_px=self.joints_px[chosen],
            joint_scores=self.joint_scores[chosen],
            boxes_px=self.boxes_px[chosen],
            scores=self.scores[chosen],
            ids=None if self.ids is None else tuple(self.ids[i] for i in chosen),
            track_ids=tuple(self.track_ids[i] for i in chosen),
        )

    def __iter__(self) -> Iterator[Self]:
        """Each person as a People3D of one."""
        return (self[i] for i in range(len(self)))

    @property
    def joint_known(self) -> np.ndarray:
        """(P, J) whether there is any estimate of the joint."""
        return np.isfinite(self.joint_sigma)

    @property
    def joints_root(self) -> np.ndarray:
        """(P, J, 3) metres, camera axes, each person's root at the origin."""
        return self.joints_cam - self.root_cam[:, None]

    def replaced(self, **changes: Any) -> Self:
        """The people with some fields changed, and checked again. `root_cam=None` has it computed anew."""
        return replace(self, **changes)

    def to(
        self, skeleton: Skeleton | str, *, how: Literal["learnt", "names"] = "learnt", allow_guess: bool = False
    ) -> Self:
        """The people in another skeleton.

        `learnt`: joints that are the same point by name, others as learnt mixes of joints, each adding its own error to
        the sigma; `allow_guess` gives also those that this skeleton does not determine. `names`: by name and the
        field's simple rules, for judging. Joints that are not to be had so are NaN, with infinite sigma and score 0. A
        mix of joints takes the mix of their sigmas, as their errors go together. The root follows the new skeleton, and
        its interval with it. Joints of which nothing is known of anybody are not counted on.
        """
        skeleton = skeleton_named(skeleton) if isinstance(skeleton, str) else skeleton
        if how == "learnt" and skeleton != self.skeleton:
            return self._mixed_to(skeleton, allow_guess)
        return self._converted(converter(self.skeleton, skeleton), np.arange(len(self.skeleton)))

    def _mixed_to(self, skeleton: Skeleton, allow_guess: bool) -> Self:
        known = np.asarray(self.joint_known.any(axis=0)) if len(self) else np.ones(len(self.skeleton), dtype=bool)
        if not known.any():
            return self._converted(converter(self.skeleton, skeleton), np.arange(len(self.skeleton)))
        source = reduced(self.skeleton, known)
        convert = learnt_converter(source, skeleton, allow_guess=allow_guess)
        return self._converted(convert, np.flatnonzero(known))

    def _converted(self, convert: JointConverter, known: np.ndarray) -> Self:
        """By a converter from the joints `known` of this skeleton."""
        skeleton = convert.target
        joints_cam = convert(self.joints_cam[:, known])
        joints_px, joint_scores = convert(self.joints_px[:, known], self.joint_scores[:, known])
        root_cam = self.root_cam if skeleton == self.skeleton else moved_root(self.root_cam, joints_cam, skeleton)
        return self.replaced(
            joints_cam=joints_cam,
            joint_sigma=_converted_sigma(self.joint_sigma[:, known], convert),
            root_cam=root_cam,
            root_depth_interval=self.root_depth_interval + (root_cam - self.root_cam)[:, 2:],
            joints_px=joints_px,
            joint_scores=joint_scores,
            skeleton=skeleton,
        )


def root_of(joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """The root (..., D) of joints (..., J, D): the root joint, or the middle of the hips where there is none."""
    if skeleton.root is not None:
        return joints[..., skeleton.root, :]
    if skeleton.hips is None:
        raise InputError(f"skeleton {skeleton.name!r} has neither a root joint nor both hips: give root_cam")
    left, right = skeleton.hips
    return 0.5 * (joints[..., left, :] + joints[..., right, :])


def moved_root(root_cam: np.ndarray, joints_cam: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """The root by the new skeleton, or the old one where that is not known."""
    if skeleton.root is None and skeleton.hips is None:
        return root_cam
    moved = root_of(joints_cam, skeleton)
    return np.where(np.isfinite(moved).all(axis=-1, keepdims=True), moved, root_cam)


def _converted_sigma(joint_sigma: np.ndarray, convert: JointConverter) -> np.ndarray:
    """Mixes of sigmas, weights that are negative counted as they add; a learnt mix adds its own error."""
    sigma = replace(convert, weights=np.abs(convert.weights))(joint_sigma[..., None])[..., 0]
    if convert.learnt:
        own = np.where(convert.exact, 0.0, np.nan_to_num(convert.error_mm) / 1000.0) / np.sqrt(3.0)
        sigma = np.hypot(sigma, own)
    return np.where(np.isnan(sigma), np.inf, sigma)


def _checked_estimate(joints_cam: Any, joint_sigma: Any, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    joints_cam = checked(joints_cam, (*shape, 3), "joints_cam", finite=False)
    joint_sigma = checked(joint_sigma, shape, "joint_sigma", finite=False)
    if not np.all(joint_sigma >= 0.0):
        raise InputError("joint_sigma: expected metres, 0 or more, got a negative number or NaN")
    unknown = np.isposinf(joint_sigma)
    if not np.isfinite(joints_cam[~unknown]).all():
        raise InputError("joints_cam: expected finite metres, got NaN or infinity; an unknown joint has infinite sigma")
    if unknown.any():
        joints_cam = np.where(unknown[..., None], np.float32(np.nan), joints_cam)
        joints_cam.setflags(write=False)
    return joints_cam, joint_sigma


def _checked_interval(values: Any, people: int) -> np.ndarray:
    interval = checked(values, (people, 2), "root_depth_interval")
    if not np.all(interval[:, 0] <= interval[:, 1]):
        raise InputError("root_depth_interval: expected low <= high in each row, got the reverse")
    return interval
