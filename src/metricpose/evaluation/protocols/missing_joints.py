"""Joints that a method leaves out for some people though the truth knows them: refused, or failures."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.protocols.flat import Flat

Missing = Literal["refuse", "fail"]


@dataclass(frozen=True, kw_only=True)
class MissingJoints:
    """The option of every protocol for a predicted joint that is NaN.

    missing_joints: refuse: a joint is stated for everyone or for nobody. fail: where the truth knows the joint it is a
    failure in shares of joints (PCK, AUC, PCK_abs), and the person has no mean error (MPJPE, PA-MPJPE, N-MPJPE,
    movement), so that leaving out hard joints betters nothing; tables say of how many people. In pixels a missing joint
    is a failure either way.

    Raises InputError: another word.
    """

    missing_joints: Missing = "refuse"

    def __post_init__(self) -> None:
        if self.missing_joints not in get_args(Missing):
            raise InputError(f"missing_joints: expected refuse or fail, got {self.missing_joints!r}; choose one")

    @property
    def fails(self) -> bool:
        """Whether missing joints are failures."""
        return self.missing_joints == "fail"


def incomplete(predicted: Flat, partner: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(M,) bool: predictions (rows (M,)) without a joint that counts (known (M, J)), or without the pose's origin.

    Nobody where missing joints are refused: then a joint is nobody's, and does not count.
    """
    if not predicted.missing_fails:
        return np.zeros(len(partner), dtype=bool)
    lacking = (known & ~predicted.known[partner]).any(axis=1)
    return np.asarray(lacking | ~np.isfinite(predicted.centre[partner]).all(axis=-1))


def said_of_incomplete(lacking: np.ndarray, effect: str) -> tuple[str, ...]:
    """A note on how many of M found people (bool) lack joints, and what comes of it; none if nobody does."""
    if not lacking.any():
        return ()
    return (
        f"{int(lacking.sum())} of {len(lacking)} found people lack predicted joints that the truth knows: {effect}",
    )
