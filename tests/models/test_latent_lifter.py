"""The lifter of every skeleton: what COCO's joints say stays what they say, and the rest follows the autoencoder."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.models.latent_basis import latent_basis  # noqa: E402
from metricpose.models.latent_lifter import LatentLifted, LatentLifterNet  # noqa: E402
from metricpose.skeletons.acae import AffineAutoencoder  # noqa: E402
from metricpose.skeletons.lifter_points import OTHER_POINTS  # noqa: E402
from tests.models.people_seen import SMALL, seen_people, small_net  # noqa: E402


def latent_net(seed: int = 0, *, begun: bool = False) -> LatentLifterNet:
    """A small random network; `begun`: as it starts from one of COCO's joints, which it then has the weights of."""
    net = LatentLifterNet(SMALL).eval()
    net.load_state_dict(net.state_dict() | small_net(seed).state_dict())
    net.lend_sigmas()
    if not begun:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for layer in (net.embed_others, net.head_free, net.head_others):
                layer.weight.copy_(0.3 * torch.randn(layer.weight.shape, generator=generator))
    return net


def others_seen(images: int, people: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit rays (B, P, 65, 3) near those of `seen_people`, a fifth unseen."""
    rays = seen_people(images, people, seed)[0]
    generator = torch.Generator().manual_seed(seed + 1)
    count = len(OTHER_POINTS)
    around = rays[..., torch.randint(17, (count,), generator=generator), :]
    moved = around + 0.01 * torch.randn(around.shape, generator=generator)
    scores = torch.rand(images, people, count, generator=generator)
    return torch.nn.functional.normalize(moved, dim=-1), scores * (scores > 0.2)


def _close(one: LatentLifted, other: LatentLifted, tolerance: float = 2e-5) -> None:
    for name, ours, theirs in zip(LatentLifted._fields, one, other, strict=True):
        torch.testing.assert_close(
            ours, theirs, rtol=tolerance, atol=tolerance, msg=lambda text, name=name: name + text
        )


@torch.no_grad()
def test_coco_is_decoded_from_the_latent_points() -> None:
    net = latent_net()
    lifted = net(*seen_people(3, 4), None, *others_seen(3, 4))
    decoder = torch.tensor(AffineAutoencoder.load().decoder[:17]).float()
    torch.testing.assert_close(decoder @ lifted.latents_cam, lifted.joints_cam, atol=1e-4, rtol=0)
    middle = (lifted.joints_cam[..., 11, :] + lifted.joints_cam[..., 12, :]) / 2
    assert torch.equal(lifted.root_cam, middle)
    torch.testing.assert_close(lifted.root_depth_interval, middle[..., 2:] * lifted.log_bounds.exp())


@torch.no_grad()
def test_it_starts_with_the_answer_of_the_lifter_that_it_goes_on_from() -> None:
    """But for what the decoder cannot say, nor any body shows (test_latent_basis)."""
    inputs, basis = seen_people(3, 4), latent_basis()
    ours, theirs = latent_net(begun=True)(*inputs), small_net()(*inputs)
    kept = torch.tensor(basis.decoder[:17] @ basis.of_joints).float()
    torch.testing.assert_close(ours.joints_cam, kept @ theirs.joints_cam, atol=2e-4, rtol=0)
    torch.testing.assert_close(ours.joint_sigma, theirs.joint_sigma)
    torch.testing.assert_close(ours.log_bounds, theirs.log_bounds)


@torch.no_grad()
def test_free_vectors_move_other_points_and_no_joint_of_coco() -> None:
    net, inputs = latent_net(), seen_people(2, 3)
    before = net(*inputs)
    net.head_free.bias += 0.1
    after = net(*inputs)
    assert (after.joints_cam - before.joints_cam).abs().max() < 2e-3  # the last singular value is not quite 0
    assert (net.decoder @ (after.latents_cam - before.latents_cam)).norm(dim=-1).amax(-1).min() > 0.02


@torch.no_grad()
def test_nobody_else_is_as_nothing_seen_and_unseen_rays_change_nothing() -> None:
    net, inputs = latent_net(), seen_people(3, 4)
    rays, scores = others_seen(3, 4)
    none = torch.zeros_like(scores)
    _close(net(*inputs), net(*inputs, None, rays, none))
    other = torch.where((scores > 0)[..., None], rays, torch.nn.functional.normalize(torch.rand_like(rays), dim=-1))
    _close(net(*inputs, None, rays, scores), net(*inputs, None, other, scores))
    assert (net(*inputs, None, rays, scores).root_cam - net(*inputs).root_cam).abs().max() > 1e-3


@torch.no_grad()
def test_the_packed_computation_is_the_padded_one() -> None:
    net = latent_net()
    (rays, scores, camera), others = seen_people(4, 3), others_seen(4, 3)
    mask = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]]).bool()
    packed = net(rays, scores, camera, mask, *others)
    for picture in range(4):
        who = mask[picture]
        assert all((value[picture, ~who] == 0).all() for value in packed)
        if who.any():
            one = (rays[picture, who][None], scores[picture, who][None], camera[picture][None], None)
            alone = net(*one, *(value[picture, who][None] for value in others))
            _close(LatentLifted(*(v[0] for v in alone)), LatentLifted(*(v[picture, who] for v in packed)))


@torch.no_grad()
def test_other_points_are_as_sure_as_the_nearest_joint_at_the_start() -> None:
    net = latent_net(begun=True)
    net.sigma_stretch.copy_(torch.tensor([1.0, 1.0]))
    lifted = net(*seen_people(2, 3))
    points = AffineAutoencoder.load().points
    for point, joint in (("left_big_toe", 15), ("h36m_right_hip", 12), ("left_index", 9)):
        torch.testing.assert_close(lifted.points_sigma[..., points.index(point)], lifted.joint_sigma[..., joint])


@torch.no_grad()
def test_seen_points_have_the_stretch_of_seen_joints() -> None:
    net, inputs = latent_net(), seen_people(2, 3)
    rays, scores = others_seen(2, 3)
    before = net(*inputs, None, rays, scores).points_sigma
    net.sigma_stretch[1] *= 3
    ratio = net(*inputs, None, rays, scores).points_sigma / before
    points = AffineAutoencoder.load().points
    toe, finger = points.index("left_big_toe"), points.index("left_index_tip")
    seen = scores[..., OTHER_POINTS.index("left_big_toe")] > 0
    torch.testing.assert_close(ratio[..., toe], torch.where(seen, 3.0, 1.0))
    assert (ratio[..., finger] == 1).all()  # of what is never read


def test_every_parameter_is_learnt() -> None:
    net = latent_net().train()
    lifted = net(*seen_people(3, 4), None, *others_seen(3, 4))
    (lifted.latents_cam.square().mean() + lifted.log_bounds.square().mean() + lifted.points_error.mean()).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []
