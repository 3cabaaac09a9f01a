"""PEN: a volume about each root, people independent of each other."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.models.pose_net import PoseNet, PoseNetOptions  # noqa: E402
from metricpose.models.root_net import Roots  # noqa: E402
from metricpose.models.v2v import V2VOptions  # noqa: E402
from metricpose.models.volumes import VolumeOptions  # noqa: E402
from tests.models.voxel_made import LENS, SMALL, joints_about, small_stage, voxel_input, world_camera  # noqa: E402


def roots(picture, places) -> Roots:
    return Roots(torch.tensor(picture), torch.tensor(places), torch.ones(len(picture)))


def two_pictures():
    seen = voxel_input(
        (world_camera(lens=LENS), [[0.2, 0.1, 4.0], [-0.8, 0.0, 5.0]]), (world_camera(), [[0.5, 0.2, 3.0]])
    )
    return seen, roots([0, 0, 1], [[0.2, 0.1, 4.0], [-0.8, 0.0, 5.0], [0.5, 0.2, 3.0]])


def test_people_are_answered_one_by_one_as_together():
    seen, people = two_pictures()
    net = small_stage().pose_net
    with torch.no_grad():
        together = net(seen, people)
        for k in range(3):
            alone = net(seen, Roots(*(value[k : k + 1] for value in people)))
            torch.testing.assert_close(alone.joints_cam[0], together.joints_cam[k], atol=1e-5, rtol=1e-5)
        one_by_one = PoseNet(4, PoseNetOptions(volume=SMALL.pose.volume, net=SMALL.pose.net, people_at_once=1)).eval()
        one_by_one.load_state_dict(net.state_dict())
        torch.testing.assert_close(one_by_one(seen, people).joints_cam, together.joints_cam, atol=1e-5, rtol=1e-5)
    assert together.joints_cam.shape == (3, 4, 3) and together.outermost.shape == (3, 4)
    assert (together.joints_cam[0] - together.joints_cam[0, 0]).abs().max() > 1e-3


def test_joints_lie_on_the_rays_of_their_heatmaps():
    """With the features themselves for logits: across the ray the mean is where the heatmap is; along it, anywhere."""
    camera = world_camera(lens=LENS, roll_deg=10)
    place = [0.2, 0.1, 4.0]
    seen = voxel_input((camera, [place]))
    volume = VolumeOptions(size_m=(1.6, 1.6, 1.6), cells=(16, 16, 16))
    net = PoseNet(4, PoseNetOptions(volume=volume, net=V2VOptions(width=4), sharpness=30.0)).eval()
    net.net = torch.nn.Identity()
    joints = net(seen, roots([0], [place])).joints_cam[0].double()
    there = camera.project(torch.as_tensor(joints_about([place])[0]))[0]
    assert (camera.project(joints)[0] - there).abs().max() < 2.0  # px, half a cell of the heatmaps


def test_nobody_is_an_ordinary_answer():
    seen, people = two_pictures()
    for net in (small_stage().pose_net, small_stage().pose_net.train()):
        got = net(seen, Roots(*(value[:0] for value in people)))
        assert got.joints_cam.shape == (0, 4, 3) and got.outermost.shape == (0, 4)


def test_no_gradient_goes_to_the_roots():
    seen, people = two_pictures()
    places = people.roots_cam.clone().requires_grad_()
    small_stage().pose_net(seen, people._replace(roots_cam=places)).joints_cam.sum().backward()
    assert places.grad is None


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"sharpness": 0.0}, "PEN: expected sharpness above 0, got 0.0; the paper's is 1"),
        ({"people_at_once": 0}, "PEN: expected people_at_once of 1 or more, got 0; raise it"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong, text):
    with pytest.raises(InputError, match=text):
        PoseNetOptions(**wrong)
