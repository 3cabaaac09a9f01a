"""How far the second stage's answers may be off, as measured on people that it has not learnt from.

Split conformal: a quantile of the residuals on held-out scenes, at the rank that keeps its promise for the next person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from metricpose._errors import InputError

_BALL_SIGMAS = 2.5003  # radius of the ball that holds 90 % of an isotropic Gaussian in three dimensions
LEAST_PEOPLE = 50
"""Fewer residuals than this say too little of a 95 % quantile."""

Bounds = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class VoxelCalibration:
    """log_depth_found and log_depth_by_de: bounds of log(true depth / answered depth) of the root that hold 90 %, for
    people whom REN has found and for those answered about DE's depth; sigma_m_seen and sigma_m_unseen: (J,) m, standard
    deviation per axis of each joint about its root, so that 90 % lie in the 90 % ball, where it is seen in 2D or not.
    """

    log_depth_found: Bounds
    log_depth_by_de: Bounds
    sigma_m_seen: tuple[float, ...]
    sigma_m_unseen: tuple[float, ...]

    def __post_init__(self) -> None:
        bounds, sigmas = (self.log_depth_found, self.log_depth_by_de), (*self.sigma_m_seen, *self.sigma_m_unseen)
        rising = all(len(pair) == 2 and pair[0] <= pair[1] for pair in bounds)
        if not (rising and len(self.sigma_m_seen) == len(self.sigma_m_unseen) and min(sigmas, default=-1) > 0):
            raise InputError(
                "voxel calibration: expected bounds that rise, and a sigma above 0 m for each joint, got "
                f"{bounds} and {len(self.sigma_m_seen)} and {len(self.sigma_m_unseen)} sigmas"
            )

    def interval_m(self, depth_m: np.ndarray, found: np.ndarray) -> np.ndarray:
        """(P, 2) m, which holds the true depths of 90 % of roots answered at depth_m (P,)."""
        logs = np.where(found[:, None], self.log_depth_found, self.log_depth_by_de)
        return np.sort(depth_m[:, None] * np.exp(logs), axis=1)

    def sigma_m(self, seen: np.ndarray) -> np.ndarray:
        """(P, J) m of joints that are seen in 2D, or not (P, J) bool."""
        return np.where(seen, self.sigma_m_seen, self.sigma_m_unseen)

    @classmethod
    def of_residuals(
        cls, log_depth: np.ndarray, by_de: np.ndarray, found: np.ndarray, errors_m: np.ndarray, seen: np.ndarray
    ) -> Self:
        """From N people: log(true / answered depth) (N,), the same when answered about DE's depth (N,), who was found
        (N,) bool, the joints' distances to the truth about the root (N, J) m, and which were seen in 2D (N, J) bool.

        Where few were found, or not found, all people count for both kinds. Raises InputError for nobody.
        """
        if not len(log_depth):
            raise InputError("voxel calibration: expected people to measure on, got nobody; validate on more scenes")
        own, missed = log_depth[found], by_de[~found]
        everybody = np.concatenate([log_depth, by_de])
        return cls(
            log_depth_found=central_bounds(own if len(own) >= LEAST_PEOPLE else everybody),
            log_depth_by_de=central_bounds(missed if len(missed) >= LEAST_PEOPLE else everybody),
            sigma_m_seen=_sigmas(errors_m, seen),
            sigma_m_unseen=_sigmas(errors_m, ~seen),
        )


def central_bounds(values: np.ndarray, share: float = 0.9) -> Bounds:
    """Bounds of these values (N,) that leave (1 - share) / 2 outside on each side."""
    level = (1 + share) / 2
    return -conformal_quantile(-values, level), conformal_quantile(values, level)


def conformal_quantile(values: Sequence[float] | np.ndarray, level: float) -> float:
    """What the next value stays under with the probability `level`: the ceil((N + 1) level)-th smallest of N."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    rank = int(np.ceil((len(ordered) + 1) * level))
    return float(ordered[min(rank, len(ordered)) - 1])


def _sigmas(errors_m: np.ndarray, counted: np.ndarray) -> tuple[float, ...]:
    columns = zip(errors_m.T, counted.T, strict=True)
    chosen = (column[mask] if mask.sum() >= LEAST_PEOPLE else column for column, mask in columns)
    return tuple(max(conformal_quantile(values, 0.9) / _BALL_SIGMAS, 1e-4) for values in chosen)
