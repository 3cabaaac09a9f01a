import numpy as np
import pytest

from metricpose._errors import FileError, InputError, WeightsError
from metricpose.skeletons import CATALOGUE, Skeleton
from metricpose.skeletons.acae import AffineAutoencoder
from tests.strategies import random_rotations

ACAE = AffineAutoencoder.load()
PEOPLE = np.random.default_rng(0).normal(scale=0.5, size=(5, len(ACAE.points), 3))


def test_rows_sum_to_one_and_latents_are_a_quarter_of_the_points():
    assert len(ACAE.points) >= 150
    assert len(ACAE) <= len(ACAE.points) / 4
    for weights in (ACAE.encoder, ACAE.decoder):
        np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-12)


def test_weights_are_sparse():
    assert (ACAE.encoder != 0).mean() < 0.5
    assert (ACAE.decoder != 0).mean() < 0.5


def test_latents_and_points_turn_move_and_grow_with_the_person():
    generator = np.random.default_rng(1)
    turn, move = random_rotations(generator), generator.normal(scale=5.0, size=3)
    latents = ACAE.encoded(PEOPLE)
    np.testing.assert_allclose(ACAE.encoded(PEOPLE @ turn.T * 1.7 + move), latents @ turn.T * 1.7 + move, atol=1e-5)
    back = ACAE.decoded(latents)
    np.testing.assert_allclose(ACAE.decoded(latents @ turn.T * 0.6 - move), back @ turn.T * 0.6 - move, atol=1e-5)


def test_mirrored_people_have_mirrored_latents():
    flipped = PEOPLE[:, list(ACAE.point_mirror)] * (1, -1, 1)
    latents = ACAE.encoded(PEOPLE)
    np.testing.assert_allclose(ACAE.encoded(flipped), latents[:, list(ACAE.latent_mirror)] * (1, -1, 1), atol=1e-5)
    back = ACAE.decoded(latents)[:, list(ACAE.point_mirror)] * (1, -1, 1)
    np.testing.assert_allclose(ACAE.decoded(ACAE.encoded(flipped)), back, atol=1e-5)


def test_coordinates_are_mixed_alike_and_apart():
    """The slow twin: each coordinate of each latent is its row of weights on that coordinate."""
    latents = ACAE.encoded(PEOPLE)
    for axis in range(3):
        np.testing.assert_allclose(latents[2, :, axis], ACAE.encoder @ PEOPLE[2, :, axis], atol=1e-12)
    np.testing.assert_allclose(ACAE.encoded(PEOPLE[..., :2]), latents[..., :2], atol=1e-12)


def test_every_catalogue_skeleton_is_decoded_by_rows_of_its_own():
    for skeleton in CATALOGUE.values():
        rows = ACAE.decoder_for(skeleton)
        assert rows.shape == (len(skeleton), len(ACAE))
    np.testing.assert_array_equal(ACAE.decoder_for(CATALOGUE["coco17"])[0], ACAE.decoder[ACAE.points.index("nose")])
    tail = Skeleton(name="own", joints=("tail",), parents=(-1,), mirror=(0,))
    with pytest.raises(InputError, match="acae: expected measured points, got tail of own; correct its canonical"):
        ACAE.decoder_for(tail)


def test_it_is_written_and_read_bit_for_bit(tmp_path):
    ACAE.save(tmp_path / "a.npz")
    again = AffineAutoencoder.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.encoder, ACAE.encoder)
    np.testing.assert_array_equal(again.decoder, ACAE.decoder)
    assert (again.points, again.aliases, again.latent_mirror) == (ACAE.points, ACAE.aliases, ACAE.latent_mirror)
    with pytest.raises(FileError, match=r"acae: expected a file written by save, got .*none\.npz"):
        AffineAutoencoder.load(tmp_path / "none.npz")


def _changed(**changes):
    fields = {name: getattr(ACAE, name) for name in ("points", "point_mirror", "latent_mirror", "encoder", "decoder")}
    return AffineAutoencoder(**{**fields, **changes})


def test_weights_that_break_the_laws_are_refused():
    with pytest.raises(WeightsError, match=r"acae: expected rows of the encoder that sum to 1, got .* off; train anew"):
        _changed(encoder=ACAE.encoder * 1.001)
    lopsided = ACAE.decoder.copy()
    row = ACAE.points.index("left_knee")
    lopsided[row] = np.roll(lopsided[row], 1)
    with pytest.raises(WeightsError, match="acae: expected a decoder that mirroring keeps, got another; train anew"):
        _changed(decoder=lopsided)
    with pytest.raises(WeightsError, match="acae: expected weights"):
        _changed(encoder=ACAE.encoder[1:])


def test_joints_that_are_not_all_there_are_refused():
    with pytest.raises(InputError, match=r"acae: expected points \(\.\.\., \d+, D\), got shape \(17, 3\)"):
        ACAE.encoded(np.zeros((17, 3)))
    hole = PEOPLE.copy()
    hole[0, 0] = np.nan
    with pytest.raises(InputError, match="acae: expected finite points, got NaN or infinity"):
        ACAE.encoded(hole)
    with pytest.raises(InputError, match="acae: expected latents"):
        ACAE.decoded(PEOPLE)
