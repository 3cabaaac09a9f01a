"""Lengths of bones: pairs, symmetry and consistency by hand and against loops."""

import numpy as np
import pytest

from metricpose.evaluation import metrics
from metricpose.skeletons import CATALOGUE
from metricpose.skeletons.catalogue import COCO17, H36M17
from metricpose.skeletons.skeleton import Skeleton
from tests.evaluation.metrics.people import COUNTS, distance, made, mean

ARMS = Skeleton(name="arms", joints=("neck", "l", "r"), parents=(-1, 0, 0), mirror=(0, 2, 1))


def test_the_pairs_of_a_skeleton_are_left_and_right() -> None:
    assert metrics.bone_pairs(ARMS) == ((0, 1),)
    for skeleton in (H36M17, COCO17):
        for one, other in metrics.bone_pairs(skeleton):
            names = [{skeleton.canonical[j] for j in skeleton.limbs[i]} for i in (one, other)]
            swapped = {n.replace("left", "*").replace("right", "left").replace("*", "right") for n in names[0]}
            assert swapped == names[1]
    # Hip, thigh, shin; collar, upper arm, forearm.
    assert len(metrics.bone_pairs(H36M17)) == 6


def test_symmetry_and_consistency_by_hand() -> None:
    pose = np.array([[0.0, 0, 0], [0.3, 0, 0], [0, 0.4, 0]])
    assert metrics.bone_lengths(pose, ARMS) == pytest.approx([0.3, 0.4])
    assert metrics.bone_symmetry(pose, ARMS) == pytest.approx(0.1)
    longer = np.array([[0.0, 0, 0], [0.5, 0, 0], [0, 0.4, 0]])
    # Left 0.3, 0.5, 0.5: mean 0.4333, variance (0.1333^2 + 2 * 0.0667^2) / 3.
    deviation = metrics.bone_consistency(np.stack([pose, longer, longer]), ARMS)
    assert deviation == pytest.approx([np.sqrt((0.4 / 3) ** 2 / 3 + 2 * (0.2 / 3) ** 2 / 3), 0])


@pytest.mark.parametrize("count", COUNTS)
def test_symmetry_equals_its_loop(count: int) -> None:
    joints, _, _, _, known = made(count, seed=3)
    expected = []
    for i in range(count):
        apart = []
        for (a, b), (c, d) in ((H36M17.limbs[x], H36M17.limbs[y]) for x, y in metrics.bone_pairs(H36M17)):
            if known[i, [a, b, c, d]].all():
                apart.append(abs(distance(joints[i, a], joints[i, b]) - distance(joints[i, c], joints[i, d])))
        expected.append(mean(apart))
    assert metrics.bone_symmetry(joints, H36M17, known) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("frames", COUNTS)
def test_consistency_equals_its_loop(frames: int) -> None:
    joints, _, _, _, known = made(frames, seed=4)
    values = metrics.bone_consistency(joints[:, None], H36M17, known[:, None])
    assert values.shape == (1, 16)
    for b, (parent, child) in enumerate(H36M17.limbs):
        lengths = [
            distance(joints[t, parent], joints[t, child]) for t in range(frames) if known[t, parent] and known[t, child]
        ]
        expected = mean([(x - mean(lengths)) ** 2 for x in lengths]) ** 0.5 if len(lengths) > 1 else float("nan")
        assert values[0, b] == pytest.approx(expected, nan_ok=True)


def test_bones_do_not_see_place_and_turn_and_mirror_but_size() -> None:
    joints, *_ = made(3)
    symmetry = metrics.bone_symmetry(joints, H36M17)
    assert metrics.bone_symmetry(joints[..., [2, 0, 1]] + 3, H36M17) == pytest.approx(symmetry)
    mirrored = (joints * [-1, 1, 1])[:, list(H36M17.mirror)]
    assert metrics.bone_symmetry(mirrored, H36M17) == pytest.approx(symmetry)
    assert metrics.bone_symmetry(2 * joints, H36M17) == pytest.approx(2 * symmetry)


def test_without_known_pairs_nothing_is_measured() -> None:
    joints, _, _, _, known = made(2)
    known[:] = False
    assert np.isnan(metrics.bone_symmetry(joints, H36M17, known)).all()
    alone = Skeleton(name="line", joints=("a", "b"), parents=(-1, 0), mirror=(0, 1))
    assert np.isnan(metrics.bone_symmetry(joints[:, :2], alone)).all()
    assert all(metrics.bone_pairs(skeleton) for skeleton in CATALOGUE.values())


def test_torch_in_torch_out() -> None:
    torch = pytest.importorskip("torch", reason="torch comes with the train extra")
    joints, _, _, _, known = made(3)
    tensors = torch.from_numpy(joints), H36M17, torch.from_numpy(known)
    assert metrics.bone_symmetry(*tensors).numpy() == pytest.approx(
        metrics.bone_symmetry(joints, H36M17, known), nan_ok=True
    )
    assert metrics.bone_consistency(*tensors).numpy() == pytest.approx(
        metrics.bone_consistency(joints, H36M17, known), nan_ok=True
    )
