import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from metricpose import InputError
from metricpose.geometry import aligned, similarity
from tests.strategies import random_rotations, seeds

few = settings(max_examples=40, deadline=None)


def _slow(source, target):
    """One person at a time, with scipy's solution of Wahba's problem for the rotation."""
    a, b = source - source.mean(0), target - target.mean(0)
    rotation = Rotation.align_vectors(b, a)[0].as_matrix()
    turned = a @ rotation.T
    scale = (turned * b).sum() / (turned * turned).sum()
    return scale, rotation, target.mean(0) - scale * rotation @ source.mean(0)


@few
@given(seeds, st.sampled_from((1, 2, 3, 5)))
def test_each_person_of_a_batch_is_aligned_as_if_alone(seed, people):
    """Batches of 2 and 3 are where a transposition in the wrong axes goes unnoticed."""
    generator = np.random.default_rng(seed)
    source, target = generator.normal(size=(2, people, 17, 3))
    scale, rotation, translation = similarity(source, target)
    for i in range(people):
        s, r, t = _slow(source[i], target[i])
        assert scale[i] == pytest.approx(s)
        np.testing.assert_allclose(rotation[i], r, atol=1e-8)
        np.testing.assert_allclose(translation[i], t, atol=1e-8)
    assert aligned(source, target).shape == source.shape


@few
@given(seeds, st.sampled_from(((), (1,), (2,), (3,), (2, 3))))
def test_a_known_motion_is_found(seed, batch):
    generator = np.random.default_rng(seed)
    source = generator.normal(size=(*batch, 6, 3))
    rotation, translation = random_rotations(generator, *batch), generator.normal(size=(*batch, 3))
    scale = generator.uniform(0.1, 9, size=batch)
    target = scale[..., None, None] * np.einsum("...ij,...nj->...ni", rotation, source) + translation[..., None, :]
    found = similarity(source, target)
    for value, truth in zip(found, (scale, rotation, translation), strict=True):
        np.testing.assert_allclose(value, truth, atol=1e-8)
    np.testing.assert_allclose(aligned(source, target), target, atol=1e-8)


@few
@given(seeds)
def test_no_nearby_motion_is_better(seed):
    generator = np.random.default_rng(seed)
    source, target = generator.normal(size=(2, 8, 3))
    weights = generator.uniform(size=8)
    scale, rotation, translation = similarity(source, target, weights)

    def loss(s, r, t):
        return (weights[:, None] * (s * source @ r.T + t - target) ** 2).sum()

    best = loss(scale, rotation, translation)
    for _ in range(20):
        nudge = Rotation.from_rotvec(generator.normal(scale=1e-2, size=3)).as_matrix()
        other = loss(scale * generator.normal(1, 1e-2), nudge @ rotation, translation + generator.normal(0, 1e-2, 3))
        assert other >= best


@few
@given(seeds, st.floats(-6, 0), st.floats(-6, 0))
def test_nearly_flat_and_nearly_straight_sets_lose_no_digits(seed, second, third):
    """The smaller extents from 1 down to a millionth, upright and mirrored, in one batch."""
    generator = np.random.default_rng(seed)
    extents = np.array([1.0, 10**second, 10**third])
    source = generator.normal(size=(4, 9, 3)) * extents
    target = (source + 0.05 * extents * generator.normal(size=source.shape)) @ random_rotations(generator, 4)
    target[2:] *= [-1, 1, 1]
    _, rotation, _ = similarity(source, target)
    np.testing.assert_allclose(
        rotation @ np.swapaxes(rotation, -1, -2), np.broadcast_to(np.eye(3), (4, 3, 3)), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    for i in range(4):
        b = target[i] - target[i].mean(0)
        ours = (b * ((source[i] - source[i].mean(0)) @ rotation[i].T)).sum()
        theirs = (b * ((source[i] - source[i].mean(0)) @ _slow(source[i], target[i])[1].T)).sum()
        assert ours == pytest.approx(theirs, rel=1e-12)


def test_a_mirrored_set_is_not_reflected_back():
    source = np.random.default_rng(1).normal(size=(3, 9, 3))
    scale, rotation, _ = similarity(source, source * [-1, 1, 1])
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    assert np.all(scale < 1.0)
    assert np.all(np.abs(aligned(source, source * [-1, 1, 1]) - source * [-1, 1, 1]).max(axis=(1, 2)) > 0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_sets_without_extent_are_only_moved(dtype, offset):
    for source in (np.full((2, 1, 3), 1.7), np.full((2, 5, 3), 1.7)):
        source = (source + offset).astype(dtype)
        target = source + np.arange(2 * source.shape[1] * 3, dtype=dtype).reshape(source.shape)
        scale, rotation, translation = similarity(source, target)
        np.testing.assert_array_equal(scale, 1.0)
        np.testing.assert_array_equal(rotation, np.broadcast_to(np.eye(3), (2, 3, 3)))
        np.testing.assert_allclose(source[:, 0] + translation, target.mean(1), rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3), (3, 3)])
def test_collinear_and_flat_sets_still_give_a_proper_rotation(shape):
    generator = np.random.default_rng(2)
    source = np.zeros((4, *shape))
    source[..., : shape[0] - 1] = generator.normal(size=(4, shape[0], shape[0] - 1))
    turn = random_rotations(generator, 4)
    target = 2.0 * source @ np.swapaxes(turn, -1, -2) + 1.0
    scale, rotation, _ = similarity(source, target)
    np.testing.assert_allclose(scale, 2.0)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    np.testing.assert_allclose(aligned(source, target), target, atol=1e-12)


def test_without_scale_the_motion_is_rigid():
    source = np.random.default_rng(3).normal(size=(2, 5, 3))
    scale, _, _ = similarity(source, 3.0 * source + 1.0, with_scale=False)
    np.testing.assert_array_equal(scale, 1.0)
    np.testing.assert_allclose(aligned(source, source + 1.0, with_scale=False), source + 1.0)


def test_weight_zero_leaves_a_point_out_even_if_it_is_nan():
    source, target = np.random.default_rng(4).normal(size=(2, 6, 3))
    spoilt = source.copy()
    spoilt[2] = np.nan
    weights = np.array([1.0, 1, 0, 1, 1, 1])
    keep = weights > 0
    for with_weights, without in zip(
        similarity(spoilt, target, weights), similarity(source[keep], target[keep]), strict=True
    ):
        np.testing.assert_allclose(with_weights, without, atol=1e-12)


def test_no_people_are_an_ordinary_case():
    scale, rotation, translation = similarity(np.zeros((0, 17, 3)), np.zeros((0, 17, 3)))
    assert (scale.shape, rotation.shape, translation.shape) == ((0,), (0, 3, 3), (0, 3))


@pytest.mark.parametrize("source, target, text", [
    (np.zeros((4, 3)), np.zeros((5, 3)), r"one shape with N >= 1, got \(4, 3\) and \(5, 3\)"),
    (np.zeros((2, 0, 3)), np.zeros((2, 0, 3)), "N >= 1"),
    (np.zeros((4, 2)), np.zeros((4, 2)), "N, 3"),
    (np.full((4, 3), np.nan), np.zeros((4, 3)), "finite points, got NaN"),
])  # fmt: skip
def test_malformed_sets_are_refused_with_the_reason(source, target, text):
    with pytest.raises(InputError, match=text):
        similarity(source, target)
