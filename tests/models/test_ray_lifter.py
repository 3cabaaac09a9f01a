"""The network: what must not matter to it, that its two ways of computing agree, and that it can be learnt."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.models.ray_lifter import Lifted, RayLifterNet, depth_tree, scattered  # noqa: E402
from tests.models.people_seen import SMALL, seen_people, small_net  # noqa: E402


def _close(one: Lifted, other: Lifted, tolerance: float = 2e-5) -> None:
    for name, ours, theirs in zip(Lifted._fields, one, other, strict=True):
        torch.testing.assert_close(
            ours, theirs, rtol=tolerance, atol=tolerance, msg=lambda text, name=name: name + text
        )


def _some(lifted: Lifted, *key) -> Lifted:
    return Lifted(*(value[key] for value in lifted))


@torch.no_grad()
def test_the_order_of_people_does_not_matter() -> None:
    rays, scores, camera = seen_people(3, 6)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    net = small_net()
    _close(net(rays[:, order], scores[:, order], camera), _some(net(rays, scores, camera), slice(None), order))


@torch.no_grad()
def test_people_of_a_picture_heed_each_other_and_nobody_else() -> None:
    net = small_net()
    rays, scores, camera = seen_people(2, 3)
    whole = net(rays, scores, camera)
    _close(net(rays[:1], scores[:1], camera[:1]), _some(whole, slice(1)))
    alone = net(rays[:, :1], scores[:, :1], camera)
    assert (alone.root_cam - whole.root_cam[:, :1]).abs().max() > 1e-4


@torch.no_grad()
def test_the_packed_computation_is_the_padded_one() -> None:
    net = small_net()
    rays, scores, camera = seen_people(5, 4)
    mask = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1]]).bool()
    packed = net(rays, scores, camera, mask)
    for picture in range(5):
        who = mask[picture]
        assert all((value[picture, ~who] == 0).all() for value in packed)
        if who.any():
            alone = net(rays[picture, who][None], scores[picture, who][None], camera[picture][None])
            _close(_some(alone, 0), _some(packed, picture, who))


@torch.no_grad()
def test_lower_precision_between_the_blocks_rounds_no_geometry() -> None:
    """What enters and leaves the blocks stays float32: with blocks that add nothing, bfloat16 changes nothing."""
    net = small_net()
    for block in net.blocks:
        block.down.weight.zero_()
    for layer in net.attention:
        layer.out.weight.zero_()
    inputs = seen_people(3, 4)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = net(*inputs)
    assert rounded.joints_cam.dtype == torch.float32
    _close(rounded, net(*inputs), 2e-3)  # the biases of the blocks alone pass through bfloat16
    assert (rounded.joints_cam - net(*inputs).joints_cam).norm(dim=-1).max() < 0.005


def test_scattered_puts_rows_where_they_belong() -> None:
    mask = torch.tensor([[True, False, True], [False, True, False]])
    rows = torch.tensor([[[1.0]], [[2.0]], [[3.0]]])
    assert scattered(rows, mask)[..., 0].tolist() == [[1, 0, 2], [0, 3, 0]]


@torch.no_grad()
def test_unseen_joints_rays_change_nothing() -> None:
    rays, scores, camera = seen_people(3, 4)
    other = torch.where((scores > 0)[..., None], rays, torch.nn.functional.normalize(torch.rand_like(rays), dim=-1))
    net = small_net()
    _close(net(rays, scores, camera), net(other, scores, camera), 1e-4)


@torch.no_grad()
def test_a_camera_rolled_about_its_axis_gives_people_rolled() -> None:
    net = small_net()
    net.embed.weight.zero_()  # nothing is known of the person but the anchor: the geometry alone must turn along
    net.head_pose.weight.zero_()
    rays, scores, camera = seen_people(2, 3)
    cosine, sine = torch.tensor(1.1).cos(), torch.tensor(1.1).sin()
    roll = torch.tensor([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    rolled = net(rays @ roll.T, scores, torch.zeros_like(camera))
    torch.testing.assert_close(
        rolled.joints_cam, net(rays, scores, torch.zeros_like(camera)).joints_cam @ roll.T, rtol=1e-4, atol=1e-4
    )


@torch.no_grad()
def test_the_root_is_the_middle_of_the_hips_and_lies_within_its_interval() -> None:
    lifted = small_net()(*seen_people(3, 5))
    middle = (lifted.joints_cam[..., 11, :] + lifted.joints_cam[..., 12, :]) / 2
    assert torch.equal(lifted.root_cam, middle)
    depth, interval = lifted.root_cam[..., 2], lifted.root_depth_interval
    assert (interval[..., 0] < depth).all()
    assert (depth < interval[..., 1]).all()
    torch.testing.assert_close(interval, depth[..., None] * lifted.log_bounds.exp())


@torch.no_grad()
def test_a_network_that_adds_nothing_leaves_seen_joints_on_their_rays() -> None:
    net = small_net()
    net.head_pose.weight.zero_()
    rays, scores, camera = seen_people(2, 4)
    lifted = net(rays, scores, camera)
    directions = torch.nn.functional.normalize(lifted.joints_cam, dim=-1)
    torch.testing.assert_close(directions[scores > 0], rays[scores > 0], atol=1e-4, rtol=0)
    distance = lifted.root_cam.norm(dim=-1)
    assert ((distance > 1.5) & (distance < 30)).all()


@torch.no_grad()
def test_at_the_start_joints_are_near_their_rays() -> None:
    torch.manual_seed(0)
    rays, scores, camera = seen_people(2, 4)
    directions = torch.nn.functional.normalize(RayLifterNet(SMALL)(rays, scores, camera).joints_cam, dim=-1)
    assert (directions - rays)[scores > 0].norm(dim=-1).max() < 0.1


def test_the_depth_tree_sums_steps_along_the_limbs() -> None:
    steps = torch.randn(17, generator=torch.Generator().manual_seed(0))
    spine, depth = steps[12], torch.zeros(17)
    for left, sign in ((11, 1.0), (12, -1.0)):  # hips, knees, ankles
        depth[left] = sign * steps[11]
        depth[left + 2] = depth[left] + steps[left + 2]
        depth[left + 4] = depth[left + 2] + steps[left + 4]
    for left in (5, 6):  # shoulders, elbows, wrists
        depth[left] = spine + steps[left]
        depth[left + 2] = depth[left] + steps[left + 2]
        depth[left + 4] = depth[left + 2] + steps[left + 4]
    depth[0] = spine + steps[0]
    for left in (1, 2):  # eyes, ears
        depth[left] = depth[0] + steps[left]
        depth[left + 2] = depth[left] + steps[left + 2]
    torch.testing.assert_close(depth_tree() @ steps, depth)


@torch.no_grad()
def test_stretches_widen_what_they_are_for() -> None:
    net = small_net()
    rays, scores, camera = seen_people(2, 4)
    assert camera[:, 3].tolist() == [1, 1]
    assert camera[:, 6].tolist() == [1, 0]  # extrinsics known, height unknown
    before = net(rays, scores, camera)
    net.interval_stretch[0] *= 2  # extrinsics unknown
    net.sigma_stretch[1] *= 3  # joints seen
    after = net(rays, scores, camera)
    torch.testing.assert_close(after.log_bounds[0], before.log_bounds[0])
    torch.testing.assert_close(after.log_bounds[1], 2 * before.log_bounds[1])
    ratio = after.joint_sigma / before.joint_sigma
    torch.testing.assert_close(ratio, torch.where(scores > 0, 3.0, 1.0))


@pytest.mark.parametrize("seen", [0, 1, 2, 17])
def test_gradients_are_finite_however_few_joints_are_seen(seen: int) -> None:
    net = small_net().train()
    rays, scores, camera = seen_people(2, 3)
    scores = torch.zeros_like(scores)
    scores[..., 17 - seen :] = 0.7
    rays.requires_grad_()
    lifted = net(rays, scores, camera)
    assert all(torch.isfinite(value).all() for value in lifted)
    (lifted.joints_cam.square().mean() + lifted.log_bounds.square().mean() + lifted.joint_error.mean()).backward()
    gradients = {name: parameter.grad for name, parameter in net.named_parameters()}
    assert all(value is not None and torch.isfinite(value).all() for value in gradients.values())
    assert rays.grad is not None
    assert torch.isfinite(rays.grad).all()


def test_every_parameter_is_learnt() -> None:
    net = small_net().train()
    lifted = net(*seen_people(3, 4))
    (lifted.joints_cam.square().mean() + lifted.log_bounds.square().mean() + lifted.joint_error.mean()).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []
