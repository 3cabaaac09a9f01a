"""Figures of known errors, and validation that sees no truth until it has answered."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from metricpose.losses.voxel import VoxelTruth  # noqa: E402
from metricpose.models.voxel_answer import answered  # noqa: E402
from metricpose.models.voxel_pose import VoxelPose  # noqa: E402
from metricpose.training.voxel_judging import JudgedPeople, calibration_of, judged, judged_people  # noqa: E402
from metricpose.training.voxel_samples import VoxelSampleOptions, told_samples  # noqa: E402
from tests.training.voxel_made import FAULTY, TINY, exact_rows, made_scenes  # noqa: E402


def samples_of(count=6):
    scenes = made_scenes(count, FAULTY)
    return told_samples(scenes, exact_rows(scenes), VoxelSampleOptions(picture=TINY.picture, least_cells=6.0))


def stage_of(least_score=-1e9):
    torch.manual_seed(0)
    return VoxelPose(replace(TINY, roots=replace(TINY.roots, least_score=least_score))).eval()


def people_of(count=100, depth=5.0, off=(0.3, 0.0, 0.5), found=None, ghosts=3.0):
    """Everybody at one depth, their roots off by the same vector, the last joint 0.1 m off beside that."""
    generator = torch.Generator().manual_seed(0)
    true_joints = torch.randn(count, 17, 3, generator=generator) * 0.3
    true_joints[..., 2] += depth
    true_root = true_joints[:, 11:13].mean(1)
    joints = true_joints + torch.tensor(off)
    joints[:, 16, 1] += 0.1
    return JudgedPeople(
        root_cam=true_root + torch.tensor(off), true_root_cam=true_root, joints_cam=joints,
        true_joints_cam=true_joints, found=torch.ones(count, dtype=torch.bool) if found is None else found,
        de_depth_m=true_root[:, 2] * 1.2, scores=torch.ones(count, 17), pictures=10, ghosts=ghosts,
    )  # fmt: skip


def test_figures_of_known_errors():
    figures = judged(people_of())
    assert figures["mrpe_mm"] == pytest.approx(1000 * (0.3**2 + 0.5**2) ** 0.5, rel=1e-4)
    assert figures["mrpe_z_mm"] == pytest.approx(500, rel=1e-4)
    assert figures["mpjpe_mm"] == pytest.approx(100 / 17, rel=1e-3)
    assert figures["de_mrpe_z_percent"] == pytest.approx(20, rel=1e-4)
    assert figures["ghosts_per_picture"] == 0.3 and figures["found_percent"] == 100


def test_the_found_and_all_are_told_apart_and_missing_people_cost():
    found = torch.arange(100) < 40
    people = people_of(found=found)
    people.root_cam[~found, 2] += 1.0
    figures = judged(people)
    assert figures["found_percent"] == pytest.approx(40)
    assert figures["mrpe_z_mm"] == pytest.approx(500, rel=1e-4)
    assert figures["all_mrpe_z_mm"] == pytest.approx(500 + 600, rel=1e-4)
    assert figures["score"] > judged(replace(people, found=torch.ones(100, dtype=torch.bool)))["score"]
    assert "mrpe_mm" not in judged(people_of(found=torch.zeros(100, dtype=torch.bool)))


def test_validation_answers_without_truth():
    """Removing truth changes no answer, permuting it no answer but its judgement."""
    samples, stage = samples_of(), stage_of()
    with torch.no_grad():
        before = answered(stage, samples.seen)
    real = samples.truth.real
    moved = VoxelTruth(
        joints_cam=samples.truth.joints_cam + 3, roots_cam=samples.truth.roots_cam + 3,
        canonical_depth=samples.truth.canonical_depth * 0, real=real,
    )  # fmt: skip
    one, two = (judged_people(stage, [samples._replace(truth=truth)]) for truth in (samples.truth, moved))
    assert torch.equal(one.root_cam, two.root_cam) and torch.equal(one.joints_cam, two.joints_cam)
    assert torch.equal(one.found, two.found) and one.ghosts == two.ghosts
    assert torch.equal(one.root_cam, before.root_cam[real])


def test_ghosts_are_found_people_who_are_not_real_and_candidates_of_nobody():
    samples, stage = samples_of(), stage_of()
    with torch.no_grad():
        answer = answered(stage, samples.seen)
    nobody = samples._replace(truth=replace(samples.truth, real=torch.zeros_like(samples.truth.real)))
    candidates = int(answer.unclaimed.sum() + answer.found.sum())
    assert judged_people(stage, [nobody]).ghosts == candidates > 0
    assert judged_people(stage, [samples]).ghosts < candidates


def test_the_calibration_holds_what_it_says():
    people = people_of(400)
    generator = torch.Generator().manual_seed(1)
    spread = (0.1 * torch.randn(400, generator=generator)).exp()
    people.root_cam[:, 2] = people.true_root_cam[:, 2] * spread
    calibration = calibration_of(people)
    depth = people.root_cam[:, 2].numpy()
    interval = calibration.interval_m(depth, np.ones(400, bool))
    true = people.true_root_cam[:, 2].numpy()
    held = ((interval[:, 0] <= true) & (true <= interval[:, 1])).mean()
    assert 0.9 <= held <= 0.93
    low, high = calibration.log_depth_found
    assert low == pytest.approx(-0.164, abs=0.03) and high == pytest.approx(0.164, abs=0.03)
