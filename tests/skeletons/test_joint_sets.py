"""Joints of several skeletons side by side."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.skeletons import skeleton_named
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.joint_sets import JointSet, one_hot

COCO, H36M = skeleton_named("coco17"), skeleton_named("h36m17")
PAIR = JointSet(skeletons=(COCO, H36M))


def test_joints_lie_one_skeleton_after_the_other():
    assert len(PAIR) == 34
    assert PAIR.slices == (slice(0, 17), slice(17, 34))
    assert PAIR.names[:17] == COCO.canonical and PAIR.names[17:] == H36M.canonical


def test_a_joint_mirrors_to_its_partner_in_its_own_skeleton():
    image = PAIR.mirror
    assert [image[i] for i in image] == list(range(34))
    assert image[:17] == COCO.mirror and min(image[17:]) == 17


def test_merging_goes_by_names_though_places_differ():
    merged = PAIR.merged()
    assert (merged.sum(1) == 1).all()
    assert merged.shape[1] == len(set(COCO.canonical) | set(H36M.canonical))
    hips = COCO.index("left_hip"), 17 + H36M.index("left_hip")
    assert (merged[hips[0]] == merged[hips[1]]).all()
    assert PAIR.points[hips[0]] != PAIR.points[hips[1]]  # 3 cm apart on the body


def test_decoder_and_encoder_are_affine():
    full = JointSet(skeletons=tuple(map(skeleton_named, ("coco17", "body25"))))
    names = tuple(dict.fromkeys(full.distinct))
    rng = np.random.default_rng(0)
    from metricpose.skeletons.points import other_side

    images = [names.index(other_side(name)) for name in names]
    encoder = rng.random((len(names), len(names)))
    encoder = (encoder + encoder[np.ix_(images, images)]) / 2
    encoder /= encoder.sum(1, keepdims=True)
    encoder = np.where(np.array(images)[:, None] < np.arange(len(names))[:, None], encoder[images][:, images], encoder)
    acae = AffineAutoencoder(
        points=names, point_mirror=tuple(images), latent_mirror=tuple(images), encoder=encoder, decoder=encoder,
        aliases=tuple((name, first) for name, first in AffineAutoencoder.load().aliases if first in names),
    )  # fmt: skip
    np.testing.assert_allclose(full.decoder(acae).sum(1), 1)
    np.testing.assert_allclose(full.encoder(acae).sum(1), 1)
    # A point that both have counts once: moving both is moving the point.
    points = rng.random((len(names), 3))
    joints = points[[names.index(name) for name in full.distinct]]
    np.testing.assert_allclose(full.encoder(acae) @ joints, acae.encoded(points))


def test_an_autoencoder_of_other_points_is_refused():
    with pytest.raises(InputError, match="expected all points of the autoencoder, got none for"):
        PAIR.encoder(AffineAutoencoder.load())


@pytest.mark.parametrize(("skeletons", "said"), [((), "none"), ((COCO, COCO), "coco17, coco17")])
def test_none_and_doubled_ones_are_refused(skeletons, said):
    with pytest.raises(InputError, match=f"expected one or more skeletons, each once, got {said}"):
        JointSet(skeletons=skeletons)


def test_unknown_points_are_named():
    with pytest.raises(InputError, match="expected known points, got tail"):
        one_hot(("nose", "tail"), ("nose",))
