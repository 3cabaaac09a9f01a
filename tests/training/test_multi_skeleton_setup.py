"""Trainings of multi-skeleton networks, tiny: all ways learn, go on from one another, and are judged."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from metricpose._errors import FileError, InputError, WeightsError
from metricpose.models.metrabs import MetrabsOptions
from metricpose.models.multi_skeleton import WAYS, MultiSkeletonNet, Way
from metricpose.skeletons import skeleton_named
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.joint_sets import JointSet
from metricpose.skeletons.points import other_side
from metricpose.training.aimed_people import AimedPeople, WindowOptions
from metricpose.training.distributed import Team
from metricpose.training.loop import RunOptions, trained
from metricpose.training.multi_skeleton_judging import FIVE, PLAIN, answered
from metricpose.training.multi_skeleton_lessons import (
    Lessons,
    made_lessons,
    read_lessons,
    together,
    write_lessons,
)
from metricpose.training.multi_skeleton_setup import (
    WEIGHTS,
    MultiSkeletonTraining,
    go_on,
    multi_skeleton_setup,
    take_body,
)
from metricpose.training.setup import OptimiserOptions

JOINTS = JointSet(skeletons=(skeleton_named("coco17"), skeleton_named("lsp14")))
SMALL = MetrabsOptions(
    stem=(4, 4), widths=(8, 8, 8), blocks=(0, 0, 0), attention_layers=0, heads=2, neck=(8, 8, 8), joints=5, trunk=8,
    layers=1, depth_cells=3,
)  # fmt: skip
CPU = torch.device("cpu")


def acae() -> AffineAutoencoder:
    names = tuple(dict.fromkeys(JOINTS.distinct))
    images = tuple(names.index(other_side(name)) for name in names)
    aliases = tuple((name, first) for name, first in AffineAutoencoder.load().aliases if first in names)
    eye = np.eye(len(names))
    return AffineAutoencoder(
        points=names, point_mirror=images, latent_mirror=images, encoder=eye, decoder=eye, aliases=aliases
    )


@pytest.fixture(scope="module")
def people() -> AimedPeople:
    generator = torch.Generator().manual_seed(0)
    labelled = torch.zeros(4, len(JOINTS), dtype=torch.bool)
    labelled[:2, JOINTS.slices[0]], labelled[2:, JOINTS.slices[1]] = True, True
    return AimedPeople(
        pictures=torch.randint(0, 255, (4, 3, 48, 48), generator=generator, dtype=torch.uint8),
        focal_px=torch.full((4,), 60.0),
        joints_cam=0.3 * torch.randn(4, len(JOINTS), 3, generator=generator) + torch.tensor([0, 0, 3.0]),
        labelled=labelled,
        whole=torch.ones(4, dtype=torch.bool),
    )


@pytest.fixture(scope="module")
def lessons(people) -> Lessons:
    return lessons_from(people, seed=0)


def lessons_from(people, seed) -> Lessons:
    torch.manual_seed(0)
    net = MultiSkeletonNet("separate", JOINTS, None, SMALL).net
    return together([*made_lessons(net, people, JOINTS, 2, WindowOptions(size=32), seed)])


def training(way: Way = "separate", **changes) -> MultiSkeletonTraining:
    options = MultiSkeletonTraining(
        way=way, joints=JOINTS, acae=acae(), batch=4, net=SMALL, size=32,
        optimiser=OptimiserOptions(steps=2, warm_up=1, bf16=False),
    )  # fmt: skip
    return replace(options, **changes)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_learns_and_is_judged(way, people, lessons, tmp_path):
    setup = multi_skeleton_setup(training(way), lessons, people, CPU)
    before = {name: value.clone() for name, value in setup.model.state_dict().items()}
    reports = []
    run = RunOptions(folder=tmp_path, report_every=1, validate_every=10)
    trained(setup, run, Team(rank=0, size=1, device=CPU), lambda step, figures: reports.append(figures))
    after = setup.model.state_dict()
    assert (after["net.points_out.weight"] != before["net.points_out.weight"]).any()
    body = [name for name in before if name.startswith("net.body.")]
    assert len(body) > 20 and all(torch.equal(after[name], before[name]) for name in body)
    assert ("tie" in reports[0]) == (way in ("consistent", "hybrid"))
    assert "mpjpe_mm" in reports[-1]
    again = MultiSkeletonNet(way, JOINTS, acae(), SMALL)
    go_on(again, tmp_path / WEIGHTS)
    assert torch.equal(again.state_dict()["net.points_out.weight"], after["net.points_out.weight"])


@pytest.fixture(scope="module")
def separate(people, lessons, tmp_path_factory):
    folder = tmp_path_factory.mktemp("separate")
    setup = multi_skeleton_setup(training(), lessons, people, CPU)
    setup.finish(setup.model, folder)
    return folder / WEIGHTS


@pytest.mark.parametrize("way", ["consistent", "latent", "hybrid"])
def test_what_goes_on_from_separate_heads_answers_alike_at_first(way, separate, people, lessons):
    """With latents that are the points themselves, they start as the joints that they are."""
    begun = multi_skeleton_setup(training(way, begin=separate), lessons, people, CPU).model
    first = multi_skeleton_setup(training(begin=separate), lessons, people, CPU).model
    seen8, focal, centre = torch.rand(3, 13, 4, 4), torch.full((3,), 60.0), torch.full((3, 2), 15.5)
    found, expected = (model.eval()(seen8, focal, centre).joints.relative for model in (begun, first))
    own = list(range(17)) if way != "latent" else [JOINTS.distinct.index(n) for n in dict.fromkeys(JOINTS.distinct)]
    torch.testing.assert_close(found[:, own], expected[:, own], atol=1e-5, rtol=0)


def test_lessons_depend_on_the_seed_alone(people):
    first, again, other = (lessons_from(people, seed) for seed in (1, 1, 2))
    assert len(first) == 8
    assert all(torch.equal(value, getattr(again, name)) for name, value in vars(first).items())
    assert not torch.equal(first.seen8, other.seen8)


def test_lessons_come_back_with_the_first_joints(lessons, tmp_path):
    write_lessons(tmp_path / "made" / "set.safetensors", lessons)
    read = read_lessons(tmp_path / "made" / "set.safetensors", 17)
    assert torch.equal(read.seen8, lessons.seen8) and torch.equal(read.joints_px, lessons.joints_px[:, :17])
    assert read.labelled.shape == (8, 17)
    (tmp_path / "torn").write_bytes(b"nothing")
    with pytest.raises(FileError, match="torn: expected windows written by recipes/multi_skeleton"):
        read_lessons(tmp_path / "torn", 17)
    with pytest.raises(InputError, match="expected windows to learn from, got none"):
        together([])


def test_five_crops_average_what_single_crops_say(people):
    torch.manual_seed(0)
    net = MultiSkeletonNet("separate", JOINTS, None, SMALL)
    single = [answered(net, people, 32, (view,)) for view in FIVE]
    torch.testing.assert_close(answered(net, people, 32, FIVE), torch.stack(single).mean(0))
    assert not torch.equal(single[0], answered(net, people, 32, PLAIN))


def test_latents_need_an_autoencoder(people, lessons):
    with pytest.raises(InputError, match="expected an autoencoder for the way 'latent', got none"):
        multi_skeleton_setup(training("latent", acae=None), lessons, people, CPU)


def test_foreign_weights_are_refused(separate, tmp_path):
    net = MultiSkeletonNet("separate", JointSet(skeletons=JOINTS.skeletons[:1]), None, SMALL)
    with pytest.raises(WeightsError, match="expected a head for 17 joints, got 31"):
        go_on(net, separate)
    with pytest.raises(WeightsError, match="expected weights of a crop network of the body's size"):
        take_body(net, separate)
    (tmp_path / "torn.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"torn\.safetensors"):
        go_on(net, tmp_path / "torn.safetensors")
