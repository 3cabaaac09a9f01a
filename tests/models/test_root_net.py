"""REN: peaks in space become candidates, for their height alone."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.models.root_net import RootNet, RootNetOptions, found_roots  # noqa: E402
from metricpose.models.root_volume import RootVolumeOptions  # noqa: E402
from metricpose.models.v2v import V2VOptions  # noqa: E402
from metricpose.models.volumes import Volume  # noqa: E402
from tests.models.voxel_made import voxel_input, world_camera  # noqa: E402

BOX = RootVolumeOptions(size_m=(4.0, 3.0, 2.0), cells=(8, 6, 4))
OPTIONS = RootNetOptions(volume=BOX, net=V2VOptions(width=4))
SIDEWAYS = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
VOLUMES = (
    Volume(BOX, torch.tensor([0.0, 0.0, 4.0]), torch.eye(3)),
    Volume(BOX, torch.tensor([1.0, 0.5, 6.0]), SIDEWAYS),
)


def naive(heat, options):
    """Slow twin: every cell against its neighbours, the highest first."""
    half, found = options.nms_cells // 2, []
    for picture, volume in enumerate(VOLUMES):
        cells, peaks = volume.cells_cam().reshape(*BOX.cells, 3), []
        for x, y, z in torch.cartesian_prod(*(torch.arange(n) for n in BOX.cells)).tolist():
            near = [slice(max(i - half, 0), i + half + 1) for i in (x, y, z)]
            score = heat[picture, x, y, z]
            if score > options.least_score and score >= heat[picture][tuple(near)].max():
                peaks.append((float(score), cells[x, y, z]))
        best = sorted(peaks, key=lambda peak: -peak[0])[: options.most_people]
        found += [(picture, score, place) for score, place in best]
    return found


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("most", [2, 100, 1000])
def test_peaks_are_those_of_the_naive_search(size, most):
    options = RootNetOptions(volume=BOX, nms_cells=size, most_people=most)
    heat = torch.rand(2, *BOX.cells, generator=torch.Generator().manual_seed(1))
    got, expected = found_roots(heat, VOLUMES, options), naive(heat, options)
    assert got.picture.tolist() == [picture for picture, _, _ in expected]
    torch.testing.assert_close(got.scores, torch.tensor([score for _, score, _ in expected]))
    torch.testing.assert_close(got.roots_cam, torch.stack([place for _, _, place in expected]))


def test_scores_end_at_one():
    heat = torch.zeros(2, *BOX.cells)
    heat[0, 3, 3, 3], heat[1, 3, 3, 3] = 1.7, 0.6
    torch.testing.assert_close(found_roots(heat, VOLUMES, OPTIONS).scores, torch.tensor([1.0, 0.6]))


def test_low_heat_is_nobody():
    got = found_roots(torch.full((2, *BOX.cells), 0.29), VOLUMES, OPTIONS)
    assert got.picture.shape == (0,) and got.roots_cam.shape == (0, 3) and got.scores.shape == (0,)


def test_a_true_gaussian_is_found_in_its_cell():
    """Two people a metre apart are two, and the surer one is first."""
    roots = torch.tensor([[0.6, 0.2, 4.1], [-0.4, 0.2, 4.1]])
    cells = VOLUMES[0].cells_cam()
    heat = torch.stack([h * torch.exp(-(cells - r).square().sum(-1) / 0.08) for h, r in zip((0.9, 1.0), roots)]).amax(0)
    both = torch.stack([heat.reshape(BOX.cells), torch.zeros(BOX.cells)])
    got = found_roots(both, VOLUMES, OPTIONS)
    assert got.picture.tolist() == [0, 0]
    assert ((got.roots_cam - roots.flip(0)).abs() <= torch.tensor(BOX.cell_m) / 2 + 1e-5).all()


def test_a_picture_with_nobody_in_2d_has_nobody():
    """Whatever the network says: its answer to an empty volume is a fixed number."""
    torch.manual_seed(0)
    net = RootNet(4, OPTIONS).eval()
    torch.nn.init.constant_(net.net.out.bias, 0.9)
    seen = voxel_input((world_camera(), []), (world_camera(), [[0.0, 0.0, 4.0]]))
    answer = net(seen, torch.full((2, 1), 4.0))
    assert answer.heat.shape == (2, *BOX.cells)
    assert set(net.found(answer, seen).picture.tolist()) == {1}
    nobody = voxel_input((world_camera(), []))
    assert len(net.found(net(nobody, torch.zeros(1, 0)), nobody).scores) == 0


def test_people_who_are_not_present_leave_no_trace():
    torch.manual_seed(0)
    net = RootNet(4, OPTIONS).eval()
    torch.nn.init.normal_(net.net.out.weight)
    camera = world_camera()
    alone = voxel_input((camera, [[0.0, 0.3, 4.0]]))
    padded = voxel_input((camera, [[0.0, 0.3, 4.0]]), (camera, [[0.0, 0.0, 4.0], [1.0, 0.0, 3.0]]))
    padded.boxes_px[0, 1] = torch.tensor([0.0, 0.0, 190.0, 120.0])  # of nobody
    with torch.no_grad():
        one, two = net(alone, torch.tensor([[4.0]])), net(padded, torch.tensor([[4.0, 2.0], [4.0, 3.0]]))
    torch.testing.assert_close(one.heat[0], two.heat[0], atol=1e-5, rtol=1e-5)


def test_a_remembered_camera_answers_the_same():
    torch.manual_seed(0)
    net = RootNet(4, OPTIONS).eval()
    torch.nn.init.normal_(net.net.out.weight)
    seen = voxel_input((world_camera(), [[0.0, 0.3, 4.0]]))
    with torch.no_grad():
        first, second = net(seen, torch.tensor([[4.0]])), net(seen, torch.tensor([[4.0]]))
    assert torch.equal(first.heat, second.heat)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"sigma_m": 0.0}, r"REN: expected sigma_m above 0 m, got 0.0; the paper's is 0.2"),
        ({"most_people": 0}, "REN: expected most_people of 1 or more, got 0; raise it"),
        ({"nms_cells": 2}, "REN: expected nms_cells to be odd, 1 or more, got 2; 3 is usual"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong, text):
    with pytest.raises(InputError, match=text):
        RootNetOptions(**wrong)
