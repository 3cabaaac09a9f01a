"""Peaks: exact for Gaussians anywhere, one per top, in numpy and in torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose.agr.peaks import find_peaks

W, H = 24, 16


def gaussian(x: float, y: float, sigma: float, height: float = 1.0, size: tuple[int, int] = (W, H)) -> np.ndarray:
    """Cell by cell, as slowly as can be."""
    out = np.zeros((size[1], size[0]), dtype=np.float32)
    for row in range(size[1]):
        for column in range(size[0]):
            out[row, column] = height * np.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * sigma**2))
    return out


@given(st.floats(-0.5, W - 0.5), st.floats(-0.5, H - 0.5), st.floats(1.0, 4.0), st.floats(0.2, 1.0))
@settings(max_examples=40, deadline=None)
def test_a_gaussian_anywhere_is_found_where_it_is(x: float, y: float, sigma: float, height: float):
    peaks = find_peaks(gaussian(x, y, sigma, height)[None, None], 0.1)
    assert len(peaks) == 1
    assert np.abs(peaks.at[0] - [x, y]).max() < 0.005
    assert abs(peaks.height[0] - height) < 0.005


@pytest.mark.parametrize("x", [-0.5, 0.0, 7.0, 7.5, W - 1.0, W - 0.5])
def test_ties_between_cells_make_one_peak(x: float):
    for y in (-0.5, 3.5, H - 0.5):
        peaks = find_peaks(gaussian(x, y, 1.0)[None, None], 0.1)
        assert len(peaks) == 1
        assert peaks.at[0] == pytest.approx([x, y], abs=1e-3)


def test_a_plateau_is_one_peak_at_a_cell():
    flat = np.zeros((1, 1, H, W))
    flat[0, 0, 4:7, 4:9] = 0.5
    peaks = find_peaks(flat, 0.1)
    assert len(peaks) == 1
    assert peaks.height[0] == pytest.approx(0.5, rel=0.3)


def test_nothing_in_empty_negative_and_low_maps():
    for value in (0.0, -1.0):
        assert len(find_peaks(np.full((1, 2, H, W), value), 0.1)) == 0
    assert len(find_peaks(gaussian(5.3, 5.3, 1.0, 0.09)[None, None], 0.1)) == 0
    assert len(find_peaks(gaussian(5.5, 5.5, 1.0, 0.11)[None, None], 0.1)) == 1


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 5), (5, 2)])
def test_maps_too_small_for_a_parabola_give_the_cell(size: tuple[int, int]):
    peaks = find_peaks(gaussian(0.0, 0.0, 1.0, size=size)[None, None], 0.1)
    assert peaks.at[0] == pytest.approx([0, 0], abs=1e-6)
    assert peaks.height[0] == pytest.approx(1.0)


def test_images_channels_and_order():
    maps = np.zeros((2, 3, H, W), dtype=np.float32)
    maps[0, 2] = gaussian(4, 5, 1.0, 0.4)
    maps[1, 0] = np.maximum(gaussian(3, 3, 1.0, 0.9), gaussian(12, 9, 1.0, 0.6))
    peaks = find_peaks(maps, 0.1)
    assert peaks.image.tolist() == [1, 1, 0]
    assert peaks.channel.tolist() == [0, 0, 2]
    assert peaks.cell.tolist() == [[3, 3], [12, 9], [4, 5]]
    assert np.allclose(peaks.height, [0.9, 0.6, 0.4], atol=1e-5)


def test_torch_gives_the_same():
    torch = pytest.importorskip("torch")
    maps = np.maximum(gaussian(3.2, 3.7, 1.0), gaussian(15.1, 8.9, 2.0))[None, None]
    ours, theirs = find_peaks(maps, 0.1), find_peaks(torch.from_numpy(maps).requires_grad_(), 0.1)
    assert np.array_equal(ours.at, theirs.at)
    assert np.array_equal(ours.cell, theirs.cell)


def slow_peaks(maps: np.ndarray, least: float) -> set[tuple[int, int, int, int]]:
    """Image, channel, row, column of each local maximum, cell by cell."""
    found = set()
    for image, channel, row, column in np.ndindex(*maps.shape):
        own = maps[image, channel, row, column]
        top = own >= least
        for down, right in ((d, r) for d in (-1, 0, 1) for r in (-1, 0, 1) if (d, r) != (0, 0)):
            y, x = row + down, column + right
            if 0 <= y < maps.shape[2] and 0 <= x < maps.shape[3]:
                other = maps[image, channel, y, x]
                top = top and (own > other if (down, right) < (0, 0) else own >= other)
        if top:
            found.add((image, channel, row, column))
    return found


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_the_same_cells_as_looking_at_every_one(levels: int):
    maps = np.random.default_rng(levels).integers(1, levels + 1, (2, 3, 7, 9)) / levels
    peaks = find_peaks(maps.astype(np.float32), 0.4)
    cells = zip(peaks.image, peaks.channel, peaks.cell[:, 1], peaks.cell[:, 0], strict=True)
    expected = slow_peaks(maps, 0.2)
    assert set(cells) <= expected
    assert len(peaks) >= len(slow_peaks(maps, 0.4))
