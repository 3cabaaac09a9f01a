"""Lessons help for as long as help is needed, and answers never have any."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from metricpose._errors import InputError  # noqa: E402
from metricpose.training.voxel_lessons import LessonOptions, VoxelTrainee, drawn_lesson  # noqa: E402
from metricpose.training.voxel_samples import VoxelSampleOptions, told_samples  # noqa: E402
from tests.training.voxel_made import FAULTY, TINY, exact_rows, made_scenes  # noqa: E402


def samples_of(count=6, seed=0):
    scenes = made_scenes(count, FAULTY, seed)
    return told_samples(scenes, exact_rows(scenes), VoxelSampleOptions(picture=TINY.picture, least_cells=6.0))


def lesson_of(samples, seed=0, **options):
    return drawn_lesson(samples.truth, LessonOptions(**options), torch.Generator().manual_seed(seed))


def trainee(least_score=0.3, **options):
    torch.manual_seed(0)
    return VoxelTrainee(
        replace(TINY, roots=replace(TINY.roots, least_score=least_score)), LessonOptions(**options)
    ).eval()


def test_pose_is_asked_of_real_people_up_to_a_number():
    samples = samples_of()
    everybody = lesson_of(samples, most_poses=1000)
    assert torch.equal(everybody.pose, samples.truth.real)
    few = lesson_of(samples, most_poses=3)
    assert int(few.pose.sum()) == 3 and not (few.pose & ~samples.truth.real).any()


def test_the_jitter_is_as_wide_as_it_says_and_the_seed_decides():
    samples = samples_of(60)
    lesson, real = lesson_of(samples, depth_jitter=0.1, root_jitter_m=0.2), samples.truth.real
    shift = (lesson.roots_cam - samples.truth.roots_cam)[real]
    assert float(shift.std()) == pytest.approx(0.2, rel=0.2)
    stretch = (lesson.canonical_depth / samples.truth.canonical_depth)[real].log()
    assert float(stretch.std()) == pytest.approx(0.1, rel=0.3)
    assert torch.equal(lesson.roots_cam, lesson_of(samples, depth_jitter=0.1, root_jitter_m=0.2).roots_cam)
    assert not torch.equal(lesson.roots_cam, lesson_of(samples, seed=1, root_jitter_m=0.2).roots_cam)


def test_whom_nobody_finds_is_shown_about_the_true_root():
    samples = samples_of()
    lesson = lesson_of(samples)
    with torch.no_grad():
        got = trainee(least_score=1e9)(samples.seen, lesson)
    picture, _ = lesson.pose.nonzero(as_tuple=True)
    assert torch.equal(got.picture, picture)
    assert torch.equal(got.candidates_cam, lesson.roots_cam[lesson.pose])


def test_whom_a_candidate_stands_for_is_shown_there():
    samples = samples_of()
    lesson = lesson_of(samples)
    net = trainee(least_score=-1e9, found_m=50.0)
    with torch.no_grad():
        got = net(samples.seen, lesson)
    # As many people are found as there are candidates for, and their places are cells' centres.
    moved = (got.candidates_cam - lesson.roots_cam[lesson.pose]).norm(dim=-1) > 0
    assert moved.float().mean() > 0.8
    volume = got.volumes[int(got.picture[moved][0])]
    distance = (volume.cells_cam() - got.candidates_cam[moved][0]).norm(dim=-1).min()
    assert float(distance) < 1e-4


def test_depth_is_told_where_it_is_missed_and_nowhere_else():
    samples = samples_of()
    lesson, truth = lesson_of(samples), samples.truth
    net = trainee(missed_by=0.2)
    own = truth.canonical_depth * torch.where(torch.arange(truth.real.shape[1]) % 2 == 0, 1.1, 1.5)
    gate = net._gate_depth(own, lesson)
    missed = truth.real & (torch.arange(truth.real.shape[1]) % 2 == 1)
    assert missed.any() and torch.equal(gate[missed], lesson.canonical_depth[missed])
    assert torch.equal(gate[~missed], own[~missed])  # ghosts have no true depth to be told


def test_no_gradient_passes_between_the_networks():
    samples = samples_of()
    net = trainee().train()
    got = net(samples.seen, lesson_of(samples))
    got.root_heat.sum().backward()
    assert all(p.grad is None for p in (*net.depth_estimator.parameters(), *net.pose_net.parameters()))
    assert any(p.grad is not None for p in net.root_net.parameters())


def test_without_a_lesson_it_is_the_plain_network():
    samples = samples_of()
    net = trainee(least_score=-1e9)
    from metricpose.models.voxel_pose import VoxelPose

    plain = VoxelPose(net.options).eval()
    plain.load_state_dict(net.state_dict(), strict=True)
    with torch.no_grad():
        one, two = net(samples.seen), plain(samples.seen)
    for name in ("picture", "root_cam", "joints_cam", "scores"):
        assert torch.equal(getattr(one, name), getattr(two, name)), name


def test_error_texts():
    with pytest.raises(InputError, match=r"most_poses of 1 or more, got 0.25, 0.5 and 0"):
        LessonOptions(most_poses=0)
    with pytest.raises(InputError, match=r"jitters of 0 or more, got -1 and 0.1; 0 is none"):
        LessonOptions(depth_jitter=-1)
