"""What the package knows of how points of the body lie to each other: mean squared distances over virtual people.

For weights w that sum to 1, the mean squared error of sum_i w_i p_i as an estimate of t needs no more than these:
E|sum_i w_i p_i - t|^2 = sum_ij w_i w_j C_ij, C_ij = (d_i + d_j - D_ij) / 2, where D_ij = E|p_i - p_j|^2 and
d_i = E|p_i - t|^2. They are made by recipes/skeleton_distances.py, once from the people that conversions are learnt
from and once from held-out ones (other bodies, other clips), on which errors are told.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np

from metricpose._errors import FileError


@dataclass(frozen=True, kw_only=True, eq=False)
class PointDistances:
    """Mean squared distances between the points of the body.

    Attributes:
        names: P points.
        learnt_m2: (P, P) over the people that conversions are learnt from, square metres, symmetric.
        heldout_m2: (P, P) over held-out people.
    """

    names: tuple[str, ...]
    learnt_m2: np.ndarray
    heldout_m2: np.ndarray

    @cached_property
    def index(self) -> dict[str, int]:
        """Place of each point among the names."""
        return {name: place for place, name in enumerate(self.names)}

    def heldout_error_m(self, weights: np.ndarray, sources: list[int], target: int) -> float:
        """Root mean square distance between the mix of `sources` by `weights` and the target, on held-out people."""
        used = weights != 0
        cost = errors_about(self.heldout_m2, np.asarray(sources)[used], target)
        return float(np.sqrt(max(weights[used] @ cost @ weights[used], 0.0)))


def errors_about(distances_m2: np.ndarray, sources: np.ndarray | list[int], target: int) -> np.ndarray:
    """C (n, n) of the module's text: E (p_i - t) . (p_j - t) for the sources about the target."""
    rows = np.asarray(sources)
    to_target = distances_m2[rows, target]
    return (to_target[:, None] + to_target[None, :] - distances_m2[np.ix_(rows, rows)]) / 2


def packed(distances_m2: np.ndarray) -> np.ndarray:
    """The upper triangle, as files hold it."""
    return distances_m2[np.triu_indices(len(distances_m2), 1)]


def unpacked(triangle: np.ndarray, count: int) -> np.ndarray:
    """(count, count), symmetric, from its upper triangle."""
    full = np.zeros((count, count))
    full[np.triu_indices(count, 1)] = triangle
    return full + full.T


@cache
def packaged_distances() -> PointDistances:
    """Those of the package, read once."""
    source = files("metricpose") / "weights" / "skeleton_distances.npz"
    try:
        with source.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            names = tuple(str(name) for name in stored["names"])
            learnt, heldout = (unpacked(stored[key], len(names)) for key in ("learnt_m2", "heldout_m2"))
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"{source}: cannot read the distances of the package ({error}); install it anew") from error
    return PointDistances(names=names, learnt_m2=learnt, heldout_m2=heldout)
