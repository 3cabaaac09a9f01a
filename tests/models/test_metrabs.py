"""The small MeTRAbs and the five ways to answer many skeletons: laws of the maps, of the mix, of truncation."""

import numpy as np
import pytest
import torch

from metricpose.models.metrabs import MetrabsNet, MetrabsOptions, Seen, cells, mean_place, widened
from metricpose.models.multi_skeleton import WAYS, MultiSkeletonNet, mixed
from metricpose.skeletons import skeleton_named
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.joint_sets import JointSet

SMALL = {
    "stem": (4, 4), "widths": (8, 8, 8), "blocks": (0, 0, 0), "attention_layers": 1, "heads": 2, "neck": (8, 8, 8),
    "joints": 5, "trunk": 8, "layers": 1, "depth_cells": 4,
}  # fmt: skip
JOINTS = JointSet(skeletons=tuple(map(skeleton_named, ("coco17", "body25", "h36m17"))))
FOCAL, CENTRE = torch.tensor([150.0, 220.0]), torch.tensor([[31.5, 31.5], [20.0, 40.0]])


@pytest.fixture(scope="module")
def acae() -> AffineAutoencoder:
    """Of the points of JOINTS alone: each its own latent, so that encoder and decoder are exact."""
    names = tuple(dict.fromkeys(JOINTS.distinct))
    from metricpose.skeletons.points import other_side

    images = tuple(names.index(other_side(name)) for name in names)
    packaged = AffineAutoencoder.load()
    eye = np.eye(len(names))
    return AffineAutoencoder(
        points=names, point_mirror=images, latent_mirror=images, encoder=eye, decoder=eye,
        aliases=tuple((name, first) for name, first in packaged.aliases if first in names),
    )  # fmt: skip


def network(way, acae) -> MultiSkeletonNet:
    torch.manual_seed(0)
    return MultiSkeletonNet(way, JOINTS, acae, MetrabsOptions(**SMALL)).eval()


def peak_at(z: int, y: int, x: int, shape=(4, 6, 8)) -> torch.Tensor:
    logits = torch.zeros(1, 1, *shape)
    logits[0, 0, z, y, x] = 60.0
    return logits


def test_the_mean_of_a_peak_is_its_cell():
    place = mean_place(peak_at(1, 4, 7))[0, 0]
    torch.testing.assert_close(place, torch.tensor([cells(8, place)[7], cells(6, place)[4], cells(4, place)[1]]))


def test_outermost_cells_reach_the_sides_of_the_cube():
    corner = widened(mean_place(peak_at(0, 5, 0, (4, 6, 6))), 6, 4)[0, 0]
    torch.testing.assert_close(corner, torch.tensor([-1.0, 1.0, -1.0]), atol=1e-4, rtol=0)


def test_points_in_the_window_lie_on_their_rays_and_others_in_the_cube():
    generator = torch.Generator().manual_seed(0)
    relative, norm = torch.randn(2, 5, 3, generator=generator) * 0.4, torch.randn(2, 5, 2, generator=generator) * 0.2
    within = torch.tensor([[True, True, False, True, False]] * 2)
    seen = Seen(norm * 100, relative, torch.tensor([[0.1, 0.2, 4.0], [1.0, 0.0, 3.0]]), norm, within)
    points = seen.points_cam
    torch.testing.assert_close((points[..., :2] / points[..., 2:])[within], norm[within])
    torch.testing.assert_close(points[~within], (relative + seen.position[:, None])[~within])


def test_the_body_is_a_crop_network_that_stays_as_it_is():
    net = MetrabsNet(MetrabsOptions(**SMALL, points=17)).train()
    windows = torch.rand(2, 3, 64, 64)
    before = {name: value.clone() for name, value in net.body.state_dict().items()}
    seen8 = net.look(windows)
    assert net.body.training and not seen8.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in net.body.state_dict().items())
    with torch.no_grad():
        maps = net.body.eval()(windows).joint_logits.flatten(2).softmax(-1).unflatten(2, (16, 16))
    share = seen8[:, 8:] / seen8[:, 8:].sum((2, 3), keepdim=True)
    torch.testing.assert_close(share, maps.unflatten(2, (8, 2)).unflatten(4, (8, 2)).sum((3, 5)))


def test_points_are_seen_alike_by_every_lens_and_stand_elsewhere():
    torch.manual_seed(0)  # there are networks whose rays are all alike: such people stand at the least depth anyway
    net = MetrabsNet(MetrabsOptions(**SMALL, points=17)).eval()
    seen8 = net.look(torch.rand(2, 3, 64, 64))
    seen = net(seen8, FOCAL, CENTRE)
    assert seen.px.shape == (2, 17, 2) and seen.relative.shape == (2, 17, 3)
    again = net(seen8, FOCAL * 2, CENTRE)
    torch.testing.assert_close(again.px, seen.px)
    assert (again.position[:, 2] != seen.position[:, 2]).any()


@pytest.mark.parametrize("way", WAYS)
def test_every_way_answers_all_joints(way, acae):
    answer = network(way, acae)(network(way, acae).look(torch.rand(2, 3, 64, 64)), FOCAL, CENTRE)
    assert answer.joints.joints_cam.shape == (2, len(JOINTS), 3)
    assert answer.joints.px.shape == (2, len(JOINTS), 2)
    assert (answer.decoded is not None) == (way == "hybrid")
    assert (answer.tied is not None) == (way in ("consistent", "hybrid"))


def test_merged_and_latent_heads_cannot_disagree_but_separate_ones_do(acae):
    shared = [(a, b) for a, x in enumerate(JOINTS.distinct) for b, y in enumerate(JOINTS.distinct) if a < b and x == y]
    first, second = (list(column) for column in zip(*shared, strict=True))
    seen8 = network("latent", acae).look(torch.rand(2, 3, 64, 64))

    def apart(way):
        found = network(way, acae)(seen8, FOCAL, CENTRE).joints.relative
        return float((found[:, first] - found[:, second]).detach().abs().max())

    assert apart("latent") < 1e-6
    assert apart("separate") > 1e-3
    assert apart("consistent") > 1e-3


def test_the_tie_of_answers_that_agree_is_nothing(acae):
    net = network("consistent", acae)
    by_point = {name: torch.randn(3) for name in JOINTS.distinct}
    agreeing = torch.stack([by_point[name] for name in JOINTS.distinct])
    torch.testing.assert_close(net.projection @ agreeing, agreeing, atol=1e-5, rtol=0)
    spoilt = agreeing.clone()
    spoilt[0] += 0.3
    assert float((net.projection @ spoilt - spoilt).abs().max()) > 0.05


def test_a_mix_in_space_is_seen_where_it_projects_to():
    generator = torch.Generator().manual_seed(1)
    relative = 0.3 * torch.randn(2, 4, 3, generator=generator)
    position = torch.tensor([[0.2, 0.0, 3.0], [-1.0, 0.4, 2.0]])
    cam = relative + position[:, None]
    norm = cam[..., :2] / cam[..., 2:]
    seen = Seen(norm * 0, relative, position, norm, torch.ones(2, 4, dtype=torch.bool))
    weights = torch.tensor([[0.7, 0.6, -0.3, 0.0], [0.25, 0.25, 0.25, 0.25]])
    joints = mixed(seen, weights, FOCAL, CENTRE)
    torch.testing.assert_close(joints.joints_cam, weights @ cam)
    px = joints.joints_cam[..., :2] / joints.joints_cam[..., 2:] * FOCAL[:, None, None] + CENTRE[:, None]
    torch.testing.assert_close(joints.px, px, atol=1e-3, rtol=0)
