"""Peaks of heatmaps, to a fraction of a cell."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

FAINTEST = 1e-3  # of the peak: fainter neighbours count as this, so that an empty cell has a logarithm
MOST_GAIN = 0.126  # in log height per axis: half a cell from the top of the narrowest peak that is encoded
FLATTEST = -1e-4  # curvature of a log profile; Gaussians 70 cells wide and flatter have no place to speak of
_NEIGHBOURS = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Peaks:
    """K peaks: image (K,), channel (K,), cell (K, 2) x y integers, at (K, 2) x y in cells, height (K,)."""

    image: np.ndarray
    channel: np.ndarray
    cell: np.ndarray
    at: np.ndarray
    height: np.ndarray

    def __len__(self) -> int:
        return len(self.height)

    def __getitem__(self, rows: np.ndarray | slice) -> "Peaks":
        return Peaks(**{name: value[rows] for name, value in vars(self).items()})


def find_peaks(maps: Any, min_height: float) -> Peaks:
    """Local maxima of maps (B, C, h, w) with at least min_height, the highest first.

    Place and height are those of the Gaussian through the highest cell and its neighbours (a parabola through three
    logarithms, per axis): exact for Gaussians at every sub-pixel place, also beside the border, where the three cells
    lie on one side. Maps of one or two cells have no three neighbours; there the place is the cell's own.
    """
    xp = array_namespace(maps)
    flat = xp.reshape(maps, (-1,))
    # A Gaussian's highest cell may be half a cell away from its top in both axes: exp(-1/4) of it at sigma 1.
    # Few cells are that high, so that only these are compared with their neighbours.
    index = _numpy(xp.nonzero(flat >= 0.5 * min_height)[0])
    rows, columns = maps.shape[2:]
    index = index[_local_maxima(flat, index, (columns, rows))]
    image, channel, row, column = np.unravel_index(index, tuple(maps.shape))
    cell = np.stack([column, row], axis=-1)
    place, log_height = refined(flat, index, cell, (columns, rows))
    height = np.exp(log_height)
    peaks = Peaks(image=image, channel=channel, cell=cell, at=place, height=height)
    return peaks[np.argsort(-height, kind="stable")][: int(np.count_nonzero(height >= min_height - 1e-6))]


def _local_maxima(flat: Any, index: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Which of the cells are above the four neighbours that come first in reading order, and not below the others.

    Returns their places in `index`, cells of all maps of `size` (w, h) in a row. One of equals wins; outside the map
    there is nothing to be above.
    """
    own, left = _at(flat, index), np.arange(len(index))
    column, row = index % size[0], index // size[0] % size[1]
    for down, right in _NEIGHBOURS:
        inside = _within(column[left] + right, size[0]) & _within(row[left] + down, size[1])
        other = _at(flat, np.where(inside, index[left] + (down * size[0] + right), index[left]))
        above = own[left] > other if (down, right) < (0, 0) else own[left] >= other
        left = left[above | ~inside]
    return left


def _within(place: np.ndarray, size: int) -> np.ndarray:
    return (place >= 0) & (place < size)


def refined(flat: Any, index: np.ndarray, cell: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Sub-cell places (K, 2) and log heights (K,)."""
    own = _at(flat, index)
    log_height = np.log(own)
    place = cell.astype(np.float64)
    for axis in (0, 1):
        if size[axis] < 3:
            continue
        middle = np.clip(cell[:, axis], 1, size[axis] - 2)
        step = (1, size[0])[axis]
        there = index + (middle - cell[:, axis]) * step
        before, centre, after = (np.log(np.maximum(_at(flat, there + by), FAINTEST * own)) for by in (-step, 0, step))
        slope, curvature = (after - before) / 2, before - 2 * centre + after
        peaked = curvature < FLATTEST
        offset = np.where(peaked, -slope / np.where(peaked, curvature, 1.0), cell[:, axis] - middle)
        offset = np.clip(middle + offset, cell[:, axis] - 0.5, cell[:, axis] + 0.5) - middle
        place[:, axis] = middle + offset
        gain = centre + slope * offset + curvature * offset**2 / 2 - np.log(own)
        log_height += np.where(peaked, np.clip(gain, 0.0, MOST_GAIN), 0.0)
    return place, log_height


def _at(flat: Any, index: np.ndarray) -> np.ndarray:
    """Values (K,) of the cells, float64."""
    if not isinstance(flat, np.ndarray):
        index = array_namespace(flat).asarray(index, device=device(flat))
    return _numpy(flat[index]).astype(np.float64)


def _numpy(array: Any) -> np.ndarray:
    """On the CPU, without a gradient."""
    if hasattr(array, "detach"):
        array = array.detach().cpu()
    return np.asarray(array)
