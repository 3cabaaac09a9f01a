"""What a judge refuses, with one line that names the record, and the predictions in the truth's order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.skeleton import Skeleton

_MEDIAN_EXTENT_M = (0.35, 4.5)  # from a crouching child to a giant with the arms up
_EXTENT_M = (0.02, 50.0)
_ONE_PLACE_M = 1e-5  # rounding of float32 at some metres
_LEAST_JOINTS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """Frames to judge: truth and predictions, F each, in one order; absent are pictures without a prediction.

    missing_fails: whether predicted joints that are NaN count as failures.
    """

    truth: tuple[PeopleFrame, ...]
    predicted: tuple[PeopleFrame, ...]
    true_skeleton: Skeleton
    predicted_skeleton: Skeleton
    absent: tuple[str, ...]
    missing_fails: bool = False

    def only(self, chosen: np.ndarray) -> "Checked":
        """Some of the pictures, by mask or indices."""
        rows = np.arange(len(self.truth))[chosen]
        truth, predicted = tuple(self.truth[i] for i in rows), tuple(self.predicted[i] for i in rows)
        names = {frame.name for frame in truth}
        return Checked(
            truth=truth,
            predicted=predicted,
            true_skeleton=self.true_skeleton,
            predicted_skeleton=self.predicted_skeleton,
            absent=tuple(name for name in self.absent if name in names),
            missing_fails=self.missing_fails,
        )


def checked(
    protocol: str,
    truth: Sequence[PeopleFrame],
    predicted: Sequence[PeopleFrame],
    *,
    dimensions: int = 3,
    allow_missing: bool = False,
    missing_fails: bool = False,
) -> Checked:
    """The frames, if they can be judged.

    Args:
        protocol: named in errors.
        dimensions: 3 wants joints in metres on both sides, 2 in pixels.
        allow_missing: pictures of the truth without a prediction have nobody in them, so their people are misses.
        missing_fails: joints that are NaN for some people are allowed, and failures.

    Raises InputError: no truth, a picture named twice, predictions of pictures that the truth lacks, pictures without
    prediction, mixed skeletons, joints not stated, NaN in predictions (of joints: unless
    missing ones fail), people who are not of the size of people.
    (A double id is refused by `PeopleFrame` itself.)
    """
    if not truth:
        raise InputError(f"{protocol}: expected pictures in the truth, got none; is the folder the right one?")
    of_name = _by_name(protocol, predicted, "predictions")
    true_names = _by_name(protocol, truth, "truth")
    extra = next((name for name in of_name if name not in true_names), None)
    if extra is not None:
        raise InputError(
            f"{protocol}: picture {extra!r}: expected a picture of the truth (such as {truth[0].name!r}), got one that "
            f"it lacks; leave out what has no truth"
        )
    absent = tuple(name for name in true_names if name not in of_name)
    if absent and not allow_missing:
        raise InputError(
            f"{protocol}: picture {absent[0]!r}: expected predictions for all {len(truth)} pictures of the truth, got "
            f"none for this one{f' and {len(absent) - 1} others' if len(absent) > 1 else ''}; predict them, or allow "
            "missing ones to count as misses"
        )
    true_skeleton = _one_skeleton(protocol, truth, "truth") or truth[0].skeleton
    skeleton = _one_skeleton(protocol, predicted, "predictions") or true_skeleton
    for frames, side in ((truth, "truth"), (predicted, "predictions")):
        _check_stated(protocol, frames, side, dimensions)
        if dimensions == 3:
            _check_sizes(protocol, frames, side)
    _check_numbers(protocol, predicted, dimensions, missing_fails)
    return Checked(
        truth=tuple(truth),
        predicted=tuple(of_name[name] if name in of_name else _nobody(frame) for name, frame in true_names.items()),
        true_skeleton=true_skeleton,
        predicted_skeleton=skeleton,
        absent=absent,
        missing_fails=missing_fails,
    )


def _by_name(protocol: str, frames: Sequence[PeopleFrame], side: str) -> dict[str, PeopleFrame]:
    named: dict[str, PeopleFrame] = {}
    for frame in frames:
        if frame.name in named:
            raise InputError(
                f"{protocol}: picture {frame.name!r}: expected each picture once in the {side}, got it again; merge"
            )
        named[frame.name] = frame
    return named


def _one_skeleton(protocol: str, frames: Sequence[PeopleFrame], side: str) -> Skeleton | None:
    """That of all pictures with people in them."""
    first = next((frame for frame in frames if len(frame)), None)
    for frame in frames:
        if first is not None and frame.skeleton is not first.skeleton and frame.skeleton != first.skeleton:
            if len(frame) == 0:
                continue
            raise InputError(
                f"{protocol}: picture {frame.name!r}: expected skeleton {first.skeleton.name!r}, as of the "
                f"{side} before it, got {frame.skeleton.name!r}; convert one of them"
            )
    return None if first is None else first.skeleton


def _check_stated(protocol: str, frames: Sequence[PeopleFrame], side: str, dimensions: int) -> None:
    field, unit = ("joints_cam", "metres") if dimensions == 3 else ("joints_px", "pixels")
    lacking = next((f for f in frames if len(f) and getattr(f, field) is None), None)
    if lacking is not None:
        raise InputError(
            f"{protocol}: picture {lacking.name!r}: expected joints in {unit} in the {side}, got none; "
            f"this protocol judges in {dimensions}D"
        )


def _check_numbers(protocol: str, predicted: Sequence[PeopleFrame], dimensions: int, missing_fails: bool) -> None:
    frames = [frame for frame in predicted if len(frame)]
    if not frames:
        return
    for field in ("scores", "root_cam"):
        for frame in frames:
            values = getattr(frame, field)
            if values is not None and np.isnan(values).any():
                person = int(np.argwhere(np.isnan(values))[0][0])
                raise InputError(
                    f"{protocol}: picture {frame.name!r}: person {person}: expected numbers in {field}, got NaN; "
                    "leave out people without an estimate"
                )
    field = "joints_cam" if dimensions == 3 else "joints_px"
    joints = np.concatenate([getattr(frame, field) for frame in frames])
    sound = np.isfinite(joints)
    whole, some = sound.all(axis=-1), sound.any(axis=-1)
    bad = some & ~whole  # in pixels a joint may be unseen
    if dimensions == 3:
        # A joint that nobody has is one the method does not predict.
        bad |= ~whole & (~whole.any() if missing_fails else whole.any(axis=0) | ~whole.any())
    if bad.any():
        row, joint = (int(i) for i in np.argwhere(bad)[0])
        frame, person = _record(frames, row)
        raise InputError(
            f"{protocol}: picture {frame.name!r}: person {person}: joint {frame.skeleton.joints[joint]!r}: expected "
            "finite numbers as for other people, got NaN; state the joint for everyone or for nobody, or count "
            "missing ones as failures (missing_joints, --missing-joints fail)"
        )


def _check_sizes(protocol: str, frames: Sequence[PeopleFrame], side: str) -> None:
    """Units: people with enough joints are of the size of people, each roughly, the median more closely."""
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return
    joints = np.concatenate([frame.joints_cam for frame in frames if frame.joints_cam is not None])
    known = np.asarray(np.isfinite(joints).all(axis=-1))
    low = np.where(known[..., None], joints, np.inf).min(axis=1)
    high = np.where(known[..., None], joints, -np.inf).max(axis=1)
    # Benchmarks leave anything in places that they do not judge.
    judged = np.concatenate([np.ones(len(f), dtype=bool) if f.judged is None else f.judged for f in frames])
    enough = judged & (known.sum(axis=1) >= _LEAST_JOINTS)
    extent = np.linalg.norm(np.where(enough[:, None], high - low, 0.0), axis=-1)
    rows = np.flatnonzero(extent > _ONE_PLACE_M)
    if not len(rows):
        return
    wrong = rows[(extent[rows] < _EXTENT_M[0]) | (extent[rows] > _EXTENT_M[1])]
    middle = rows[np.argsort(extent[rows], kind="stable")[(len(rows) - 1) // 2]]
    if not len(wrong) and not _MEDIAN_EXTENT_M[0] <= extent[middle] <= _MEDIAN_EXTENT_M[1]:
        wrong = np.array([middle])
    if len(wrong):
        frame, person = _record(frames, int(wrong[0]))
        raise InputError(
            f"{protocol}: picture {frame.name!r}: person {person}: expected people in metres in the {side}, 1 to 2 m "
            f"large, got one of {extent[wrong[0]]:,.4g} m; are the units right, or mixed?"
        )


def _record(frames: Sequence[PeopleFrame], row: int) -> tuple[PeopleFrame, int]:
    """The picture and the person there of a row among all people."""
    ends = np.cumsum([len(frame) for frame in frames])
    index = int(np.searchsorted(ends, row, side="right"))
    return frames[index], row - int(ends[index] - len(frames[index]))


def _nobody(frame: PeopleFrame) -> PeopleFrame:
    none = np.zeros((0, len(frame.skeleton), 3))
    return PeopleFrame(name=frame.name, skeleton=frame.skeleton, joints_cam=none, joints_px=none[..., :2])
