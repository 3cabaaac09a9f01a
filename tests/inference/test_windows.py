"""Windows on pictures: places there and back, no aliasing, grey beyond the edge, strips like the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from metricpose.inference.detectors import windows
from metricpose.inference.detectors.windows import Window, square_box, whole_box, window


def slope(width: int, height: int) -> np.ndarray:
    """Red rises by 1 a pixel to the right, green by 1 a pixel downwards."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x, y, np.full_like(x, 77)], axis=-1).astype(np.uint8)


@given(
    st.tuples(st.floats(20, 60), st.floats(20, 60)), st.floats(30, 150), st.floats(30, 150),
    st.integers(8, 200), st.integers(8, 200),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_window_shows_what_lies_where_it_says(
    low: tuple[float, float], across: float, down: float, w: int, h: int
) -> None:
    box = np.array([*low, low[0] + across, low[1] + down])
    shown = window(slope(240, 240), box, (w, h))
    assert shown.size == (w, h)
    x, y = np.meshgrid(np.arange(w), np.arange(h))
    expected = shown.to_picture(np.stack([x, y], axis=-1))
    assert np.abs(shown.pixels[..., :2] - expected).max() <= 1.3  # values are whole, and so are those in between
    falling = window(255 - slope(240, 240), box, (w, h)).pixels[..., :2].astype(float)
    both = (shown.pixels[..., :2] - falling + 255) / 2  # halves are rounded up in both; a common fraction stays
    assert np.abs((both - expected).mean((0, 1))).max() < 0.55


@given(st.floats(-50, 50), st.floats(1, 300), st.integers(1, 400))
@settings(max_examples=40, deadline=None)
def test_there_and_back(low: float, side: float, pixels: int) -> None:
    frame = Window(pixels=np.zeros((pixels, 2 * pixels, 3), np.uint8), box_px=np.array([low, 0, low + side, 9.0]))
    points = np.random.default_rng(0).normal(0, 100, (5, 2))
    assert_allclose(frame.from_picture(frame.to_picture(points)), points, atol=1e-6)
    assert_allclose(frame.to_picture(np.array([-0.5, -0.5])), frame.box_px[:2])
    assert_allclose(frame.boxes_from_picture(frame.box_px[None]), [[-0.5, -0.5, 2 * pixels - 0.5, pixels - 0.5]])


def test_the_same_size_is_the_same_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    assert np.array_equal(window(picture, whole_box(picture), (50, 30)).pixels, picture)
    assert np.array_equal(window(picture, np.array([9.5, 4.5, 29.5, 24.5]), (20, 20)).pixels, picture[5:25, 10:30])


def test_beyond_the_picture_it_is_grey() -> None:
    shown = window(np.full((20, 20, 3), 255, np.uint8), np.array([-20.5, -0.5, 19.5, 39.5]), (40, 40)).pixels
    assert (shown[:, :20] == 115).all() and (shown[20:] == 115).all()
    assert (shown[:20, 20:] == 255).all()
    assert (window(np.zeros((5, 5, 3), np.uint8), np.array([50.0, 50, 90, 90]), (8, 8)).pixels == 115).all()


@pytest.mark.parametrize("factor", [3, 8, 20])
def test_a_fine_pattern_becomes_even_when_it_shrinks(factor: int) -> None:
    side = 32 * factor
    board = np.indices((side, side)).sum(axis=0) % 2 * 255
    shown = window(
        np.repeat(board[..., None], 3, axis=-1).astype(np.uint8), np.full(4, -0.5) + [0, 0, side, side], (32, 32)
    )
    assert np.abs(shown.pixels[2:-2, 2:-2].astype(float) - 127.5).max() < 15


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 8])
def test_a_pattern_as_fine_as_the_window_stays_when_it_shrinks(factor: int) -> None:
    pattern = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    large = pattern.repeat(factor, axis=0).repeat(factor, axis=1)
    shown = window(large, whole_box(large), (40, 40)).pixels
    assert np.corrcoef(shown.ravel(), pattern.ravel())[0, 1] > 0.9  # a bilinear window leaves 0.945


def test_large_pictures_in_strips_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (413, 517, 3), dtype=np.uint8)
    whole = window(picture, whole_box(picture), (40, 33)).pixels
    monkeypatch.setattr(windows, "_STRIP_PX", 5000)
    assert np.array_equal(window(picture, whole_box(picture), (40, 33)).pixels, whole)


def test_a_square_about_a_box() -> None:
    assert_allclose(square_box(np.array([10.0, 20, 30, 60]), 1.5), [-10, 10, 50, 70])
    assert_allclose(square_box(np.array([5.0, 5, 5, 5]), 1.25), [4.375, 4.375, 5.625, 5.625])
