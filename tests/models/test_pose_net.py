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
            alone = net(seen, Roots(*(value[k : k + 1] for value in people[:3])))
            torch.testing.assert_close(alone.joints_cam[0], together.joints_cam[k], atol=1e-5, rtol=1e-5)
        by_twos = PoseNet(4, PoseNetOptions(volume=SMALL.pose.volume, net=SMALL.pose.net, people_at_once=2)).eval()
        by_twos.load_state_dict(net.state_dict())
        torch.testing.assert_close(by_twos(seen, people).joints_cam, together.joints_cam, atol=1e-5, rtol=1e-5)
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


def test_with_a_box_others_are_not_seen():
    """Whoever stands beside a person changes nothing of them, and a person who is all in the box looks the same."""
    camera = world_camera()
    places = [[-0.4, 0.0, 4.0], [0.4, 0.0, 4.0]]
    alone, both = voxel_input((camera, places[:1])), voxel_input((camera, places))
    plain, boxed = (PoseNet(4, PoseNetOptions(sharpness=30.0, beyond_box=beyond)).eval() for beyond in (None, 0.1))
    plain.net = boxed.net = torch.nn.Identity()  # the features themselves for logits
    person = roots([0], places[:1])._replace(boxes_px=alone.boxes_px[0])
    expected, got = boxed(alone, person).joints_cam, boxed(both, person).joints_cam
    torch.testing.assert_close(got, expected, atol=2e-3, rtol=0)
    torch.testing.assert_close(plain(alone, person).joints_cam, expected, atol=2e-2, rtol=0)
    assert (plain(both, person).joints_cam - expected).abs().max() > 0.1
    unknown = person._replace(boxes_px=None)
    torch.testing.assert_close(boxed(both, unknown).joints_cam, plain(both, unknown).joints_cam)


def test_nobody_is_an_ordinary_answer():
    seen, people = two_pictures()
    for net in (small_stage().pose_net, small_stage().pose_net.train()):
        got = net(seen, Roots(*(value[:0] for value in people[:3])))
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
        ({"beyond_box": -0.1}, "PEN: expected beyond_box of 0 or more, or None, got -0.1; 0.1 is usual"),
        ({"people_at_once": 0}, "PEN: expected people_at_once of 1 or more, got 0; raise it"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong, text):
    with pytest.raises(InputError, match=text):
        PoseNetOptions(**wrong)
