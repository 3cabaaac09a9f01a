import numpy as np
import pytest
from hypothesis import given, settings

from metricpose.skeletons import CATALOGUE, Skeleton, affine, converter, learnt_converter
from metricpose.skeletons.distances import PointDistances, packaged_distances, packed, unpacked
from metricpose.skeletons.markers import PLUGINGAIT38
from metricpose.skeletons.points import body_points, other_side
from metricpose.skeletons.reduced import reduced
from tests.skeletons.standing import standing
from tests.strategies import random_rotations, seeds, skeletons

few = settings(max_examples=25, deadline=None)
COCO, H36M, BODY25, HALPE = (CATALOGUE[n] for n in ("coco17", "h36m17", "body25", "halpe26"))
TOES = ["left_big_toe", "left_small_toe", "right_big_toe", "right_small_toe"]


@few
@given(skeletons, skeletons)
def test_rows_sum_to_one_where_covered_and_are_empty_elsewhere(source, target):
    convert = learnt_converter(source, target)
    sums = convert.weights.astype(np.float64).sum(axis=1)
    np.testing.assert_allclose(sums, convert.covered, atol=1e-6)
    assert not convert.guessed.any()
    assert not (convert.exact & ~convert.covered).any()
    assert learnt_converter(source, target, allow_guess=True).covered.all()


@few
@given(skeletons, skeletons, seeds)
def test_conversion_turns_moves_grows_and_mirrors_with_the_person(source, target, seed):
    generator = np.random.default_rng(seed)
    joints = generator.normal(scale=0.5, size=(3, len(source), 3))
    turn, move = random_rotations(generator)[()], generator.normal(scale=5.0, size=3)
    convert = learnt_converter(source, target, allow_guess=True)
    np.testing.assert_allclose(convert(joints @ turn.T * 1.7 + move), convert(joints) @ turn.T * 1.7 + move, atol=1e-5)
    flipped = joints[:, list(source.mirror)] * (1, -1, 1)
    np.testing.assert_allclose(convert(flipped), convert(joints)[:, list(target.mirror)] * (1, -1, 1), atol=1e-5)


@few
@given(skeletons, skeletons)
def test_the_same_points_are_copied_and_nothing_else_is_exact(source, target):
    convert = learnt_converter(source, target)
    points, wanted = body_points(source), body_points(target)
    for row, point in enumerate(wanted):
        if point in points:
            assert np.flatnonzero(convert.weights[row]).tolist() == [points.index(point)]
            assert convert.exact[row]
            assert convert.error_mm[row] == 0.0
        elif convert.exact[row]:
            assert point in ("mid_hip", "mid_shoulder")


def test_human36m_hips_lie_outside_those_of_annotators():
    convert = learnt_converter(COCO, H36M)
    left, right = (convert(standing(COCO))[H36M.index(f"{side}_hip")] for side in ("left", "right"))
    assert left[1] - right[1] > 1.1 * (standing(COCO)[11, 1] - standing(COCO)[12, 1])
    assert not convert.exact[H36M.index("left_hip")]
    assert converter(COCO, H36M).exact[H36M.index("left_hip")]  # judged by name all the same


def test_what_the_source_does_not_determine_is_refused_unless_asked_for():
    refused = learnt_converter(COCO, BODY25)
    assert [BODY25.joints[j] for j in np.flatnonzero(~refused.covered)] == TOES
    assert np.isnan(refused(standing(COCO))[~refused.covered]).all()
    asked = learnt_converter(COCO, BODY25, allow_guess=True)
    assert [BODY25.joints[j] for j in np.flatnonzero(asked.guessed)] == TOES
    assert np.isfinite(asked(standing(COCO))).all()
    assert (asked.error_mm[asked.guessed] > 60).all()


def test_learnt_conversion_beats_names_and_midpoints_on_the_joints_they_invent():
    learnt, rules = learnt_converter(COCO, H36M), converter(COCO, H36M)
    assert learnt.covered.all()
    assert learnt.error_mm.mean() < 20
    invented = rules.covered & ~rules.exact
    assert [H36M.joints[j] for j in np.flatnonzero(invented)] == ["spine", "thorax"]
    assert rules.error_mm[invented].mean() > 1.5 * learnt.error_mm[invented].mean()


def _people(generator, count=400, points=9):
    """Made people whose points hang together, but not exactly."""
    base = generator.normal(size=(count, 4, 3))
    mix = generator.normal(size=(points, 4))
    mix /= mix.sum(1, keepdims=True)
    return np.einsum("pb,nbd->npd", mix, base) + 0.05 * generator.normal(size=(count, points, 3))


def _distances(people):
    return ((people[:, :, None] - people[:, None]) ** 2).sum(-1).mean(0)


def test_weights_are_those_of_constrained_least_squares_on_the_people(monkeypatch):
    """The twin solves the Lagrange system of the samples themselves."""
    monkeypatch.setattr(affine, "SLACK", 0.0)
    people = _people(np.random.default_rng(0))
    found = affine.affine_weights(_distances(people), list(range(8)), 8)
    flat = (people[:, :8] - people[:, 8:]).transpose(0, 2, 1).reshape(-1, 8)
    normal = flat.T @ flat / len(people) + 3 * affine.SOURCE_ERROR_M**2 * np.eye(8)
    system = np.block([[2 * normal, np.ones((8, 1))], [np.ones((1, 8)), np.zeros((1, 1))]])
    np.testing.assert_allclose(found, np.linalg.solve(system, [0.0] * 8 + [1.0])[:8], atol=1e-8)


def test_dropping_joints_is_dropping_them_one_by_one():
    """The slow twin solves anew without each joint; the fast one updates the inverse."""
    cost = (people := _people(np.random.default_rng(3), points=8)) - people[:, :1]
    flat = cost[:, 1:].transpose(0, 2, 1).reshape(-1, 7)
    matrix = flat.T @ flat / len(people) + 1e-3 * np.eye(7)

    def least(kept):
        return 1.0 / np.linalg.inv(matrix[np.ix_(kept, kept)]).sum()

    kept = list(range(7))
    most = affine.SLACK * least(kept)
    while len(kept) > 1:
        values = [least([k for k in kept if k != drop]) for drop in kept]
        if min(values) > most:
            break
        kept.pop(int(np.argmin(values)))
    assert np.flatnonzero(affine._eliminated(matrix)).tolist() == kept


def test_the_error_is_that_of_the_held_out_people():
    people = _people(np.random.default_rng(1))
    table = _distances(people)
    distances = PointDistances(names=tuple("abcdefghi"), learnt_m2=table * 0, heldout_m2=table)
    weights = np.array([0.4, 0.0, 0.9, -0.3])
    missed = np.einsum("s,nsd->nd", weights, people[:, :4]) - people[:, 6]
    expected = np.sqrt((missed**2).sum(-1).mean())
    assert distances.heldout_error_m(weights, [0, 1, 2, 3], 6) == pytest.approx(expected, rel=1e-9)


def test_distances_pack_and_unpack():
    table = _distances(_people(np.random.default_rng(2)))
    np.testing.assert_array_equal(unpacked(packed(table), 9), table)


def test_packaged_distances_are_distances_and_the_same_for_mirrored_people():
    found = packaged_distances()
    image = [found.index[other_side(name)] for name in found.names]
    for table in (found.learnt_m2, found.heldout_m2):
        np.testing.assert_allclose(table, table[np.ix_(image, image)], rtol=1e-12)
        assert (table >= 0).all()
    assert not np.array_equal(found.learnt_m2, found.heldout_m2)
    assert {point for s in CATALOGUE.values() for point in body_points(s)} <= set(found.names)


def test_markers_give_joints():
    convert = learnt_converter(PLUGINGAIT38, H36M)
    assert convert.covered.all()
    assert convert.error_mm.mean() < 25


def test_fewer_joints_give_what_they_determine():
    kept = [joint not in ("left_hip", "right_hip", "right_knee", "nose") for joint in COCO.joints]
    few_joints = reduced(COCO, kept)
    assert few_joints.joints == tuple(j for j, k in zip(COCO.joints, kept, strict=True) if k)
    assert few_joints.mirror[few_joints.index("left_knee")] == few_joints.index("left_knee")
    convert = learnt_converter(few_joints, H36M)
    assert convert.covered[H36M.index("left_knee")]
    assert not convert.covered[H36M.index("right_knee")]
    np.testing.assert_allclose(convert.weights.sum(axis=1), convert.covered, atol=1e-6)
    spine = learnt_converter(few_joints, H36M, allow_guess=True).weights[H36M.index("right_hip")]
    assert spine[few_joints.index("left_knee")] != pytest.approx(0.5)  # the left knee is no joint of the middle


def test_a_skeleton_of_ones_own_with_unmeasured_points_converts_by_name():
    own = Skeleton(
        name="own",
        joints=("tail", "hipL", "hipR"),
        parents=(-1, 0, 0),
        mirror=(0, 2, 1),
        canonical=("tail_tip", "left_hip", "right_hip"),
    )
    assert learnt_converter(own, own).exact.all()
    back = learnt_converter(COCO, own)
    assert back.covered.tolist() == [False, True, True]
    assert np.isnan(back.error_mm[0])


def test_many_poses_are_the_poses_one_by_one():
    """The fast product against weights @ joints, over the border of a chunk."""
    convert = learnt_converter(COCO, H36M)
    joints = np.random.default_rng(5).normal(size=(4100, 17, 3)).astype(np.float32)
    np.testing.assert_allclose(convert(joints), convert.weights @ joints, atol=1e-5)
    assert convert(joints).dtype == np.float32
    assert convert(joints[:0]).shape == (0, 17, 3)


def test_nan_spoils_only_what_is_made_from_it():
    convert = learnt_converter(COCO, H36M)
    joints = standing(COCO)[None].copy()
    joints[0, COCO.index("left_ear")] = np.nan
    spoilt = np.isnan(convert(joints)[0]).any(axis=-1)
    np.testing.assert_array_equal(spoilt, convert.weights[:, COCO.index("left_ear")] != 0)
    assert spoilt[H36M.index("head")]
    assert not spoilt[H36M.index("left_knee")]
