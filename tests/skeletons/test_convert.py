import numpy as np
import pytest
from hypothesis import given, settings

from metricpose.skeletons import CATALOGUE, Skeleton, converter
from metricpose.skeletons.convert import RULES
from tests.strategies import seeds, skeletons

few = settings(max_examples=40, deadline=None)
COCO, BODY25, H36M, MUPOTS = (CATALOGUE[n] for n in ("coco17", "body25", "h36m17", "mupots17"))


@few
@given(skeletons, skeletons)
def test_rows_sum_to_one_where_covered_and_to_zero_elsewhere(source, target):
    convert = converter(source, target)
    assert convert.weights.shape == (len(target), len(source))
    np.testing.assert_array_equal(convert.weights.sum(axis=1), convert.covered.astype(float))
    assert not (convert.exact & ~convert.covered).any()
    assert (convert.weights >= 0).all()


@few
@given(skeletons, seeds)
def test_conversion_to_itself_is_exact(skeleton, seed):
    joints = np.random.default_rng(seed).normal(size=(3, len(skeleton), 3)).astype(np.float32)
    scores = np.random.default_rng(seed).uniform(size=(3, len(skeleton)))
    same, same_scores = converter(skeleton, skeleton)(joints, scores)
    np.testing.assert_array_equal(same, joints)
    np.testing.assert_array_equal(same_scores, scores)


@few
@given(skeletons, skeletons, seeds)
def test_fast_conversion_is_the_slow_one(source, target, seed):
    generator = np.random.default_rng(seed)
    joints, scores = generator.normal(size=(2, len(source), 2)), generator.uniform(size=(2, len(source)))
    scores[scores < 0.3] = 0.0
    fast, fast_scores = converter(source, target)(joints, scores)
    rules = {rule.target: rule.sources for rule in RULES}
    for j, point in enumerate(target.canonical):
        names = (point,) if point in source.canonical else rules.get(point, ())
        indices = [source.canonical.index(name) for name in names if name in source.canonical]
        if not indices:
            assert np.isnan(fast[:, j]).all()
            assert (fast_scores[:, j] == 0).all()
            continue
        np.testing.assert_allclose(fast[:, j], joints[:, indices].mean(axis=1), atol=1e-12)
        np.testing.assert_array_equal(fast_scores[:, j], scores[:, indices].min(axis=1))


@few
@given(skeletons, skeletons, seeds)
def test_conversion_moves_with_the_person(source, target, seed):
    """Rows that sum to 1 make it affine: moved and stretched people convert to moved and stretched people."""
    joints = np.random.default_rng(seed).normal(size=(2, len(source), 3))
    convert = converter(source, target)
    np.testing.assert_allclose(convert(3.0 * joints + 7.0), 3.0 * convert(joints) + 7.0, atol=1e-5)


@few
@given(skeletons, skeletons)
def test_conversion_commutes_with_mirroring(source, target):
    weights = converter(source, target).weights
    np.testing.assert_array_equal(weights[list(target.mirror)][:, list(source.mirror)], weights)


def test_rules_are_exact_only_where_the_point_is_defined_so():
    convert = converter(COCO, BODY25)
    assert convert.covered[BODY25.index("neck")]
    assert convert.exact[BODY25.index("mid_hip")]
    assert BODY25.joints[np.flatnonzero(~convert.covered)[0]] == "left_big_toe"
    to_h36m = converter(COCO, H36M)
    uncovered = [H36M.joints[j] for j in np.flatnonzero(~to_h36m.covered)]
    approximate = [H36M.joints[j] for j in np.flatnonzero(to_h36m.covered & ~to_h36m.exact)]
    assert (uncovered, approximate) == (["neck_base", "head"], ["spine", "thorax"])


def test_index_1_of_the_two_panoptic_15s_is_not_the_same_point():
    convert = converter(CATALOGUE["panoptic15_nose"], CATALOGUE["panoptic15_headtop"])
    assert np.flatnonzero(~convert.covered).tolist() == [1]


def test_every_skeleton_covers_the_root_and_limbs_of_every_other():
    for source in CATALOGUE.values():
        for target in CATALOGUE.values():
            covered = converter(source, target).covered
            assert target.root is None or covered[target.root]
            limbs = [f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "hip", "knee", "ankle")]
            assert all(covered[target.index(name)] for name in limbs)


def test_nan_in_one_source_spoils_only_what_is_made_from_it():
    joints = np.ones((17, 2))
    joints[COCO.index("left_hip")] = np.nan
    converted = converter(COCO, BODY25)(joints)
    spoilt = {BODY25.joints[j] for j in np.flatnonzero(np.isnan(converted).any(axis=-1))}
    toes = {f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel")}
    assert spoilt == toes | {"left_hip", "mid_hip"}


def test_an_unseen_source_makes_an_unseen_target():
    scores = np.ones(17)
    scores[COCO.index("right_shoulder")] = 0.0
    _, converted = converter(COCO, BODY25)(np.ones((17, 2)), scores)
    assert converted[BODY25.index("neck")] == 0.0
    assert converted[BODY25.index("mid_hip")] == 1.0


@pytest.mark.parametrize("shape", [(0, 17, 3), (17, 2), (2, 4, 17, 3)])
def test_any_batch_and_any_dimension(shape):
    assert converter(COCO, MUPOTS)(np.zeros(shape)).shape == (*shape[:-2], 17, shape[-1])


def test_a_skeleton_of_ones_own_converts_by_canonical_names():
    own = Skeleton(
        name="own", joints=("hipL", "hipR"), parents=(-1, 0), mirror=(1, 0), canonical=("left_hip", "right_hip")
    )
    assert converter(own, BODY25).covered.sum() == 3
    assert not converter(own, BODY25).weights.flags.writeable
