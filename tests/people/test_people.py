import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose import Camera, InputError, People2D, People3D, Skeleton, skeleton_named
from tests.strategies import made_people2d, made_people3d, seeds, skeletons

few = settings(max_examples=25, deadline=None)
COCO, BODY25 = skeleton_named("coco17"), skeleton_named("body25")
BOTH = pytest.mark.parametrize("made", [made_people2d, made_people3d])


def _people(made, count=3, skeleton=COCO, seed=0):
    return made(np.random.default_rng(seed), count, skeleton)


@BOTH
def test_choosing_people_keeps_their_rows_together(made):
    people = _people(made)
    for key, expected in [
        ([True, False, True], [0, 2]), (np.array([False] * 3), []), (slice(1, None), [1, 2]), ([2, 0], [2, 0]),
        (1, [1]), (-1, [2]), (np.int64(0), [0]), ([], []), (np.array([]), []), (slice(None, None, -1), [2, 1, 0]),
    ]:  # fmt: skip
        chosen = people[key]
        assert chosen.ids == tuple(expected)
        np.testing.assert_array_equal(chosen.joints_px, people.joints_px[expected])
        np.testing.assert_array_equal(chosen.boxes_px, people.boxes_px[expected])
        np.testing.assert_array_equal(chosen.scores, people.scores[expected])


@BOTH
def test_a_wrong_choice_is_an_index_error(made):
    for key in (3, [True], [0.5]):
        with pytest.raises(IndexError, match="cannot choose from 3 people"):
            _people(made)[key]


@BOTH
def test_iterating_gives_people_of_one(made):
    assert [(len(person), person.ids) for person in _people(made)] == [(1, (0,)), (1, (1,)), (1, (2,))]


@BOTH
def test_thousands_of_people_are_ordinary(made):
    assert len(_people(made, 5000)[:4000].to("body25")) == 4000


@few
@given(skeletons, skeletons, st.integers(0, 3), seeds)
def test_people_convert_between_all_skeletons(source, target, count, seed):
    for made in (made_people2d, made_people3d):
        people = _people(made, count, source, seed).to(target)
        assert people.skeleton == target
        assert people.joints_px.shape == (count, len(target), 2)
        assert np.isfinite(people.joints_px).all()


@BOTH
def test_converting_to_the_same_skeleton_changes_nothing(made):
    people = _people(made)
    same = people.to("coco17")
    for name in ("joints_px", "joint_scores", "joints_cam", "joint_sigma", "root_cam", "root_depth_interval"):
        if hasattr(people, name):
            np.testing.assert_array_equal(getattr(same, name), getattr(people, name))


@BOTH
def test_arrays_are_float32_and_nobody_can_change_them(made):
    people = _people(made)
    for name in ("boxes_px", "joints_px", "joint_scores", "scores", "joints_cam", "joint_sigma", "root_cam"):
        if hasattr(people, name):
            array = getattr(people, name)
            assert array.dtype == np.float32
            assert not array.flags.writeable


def test_nobody_is_a_value():
    nobody = People2D.empty(COCO, (640, 480))
    assert (len(nobody), list(nobody), len(nobody.to("body25"))) == (0, [], 0)
    none = People3D.empty(COCO, Camera.from_fov((640, 480), 60.0))
    assert (len(none), list(none), len(none.to("body25")), none.track_ids) == (0, [], 0, ())
    assert none.root_cam.shape == (0, 3)
    assert len(none[[]]) == len(none[np.zeros(0, bool)]) == 0


def test_lists_of_nothing_are_nobody():
    nobody = People2D(boxes_px=[], joints_px=[], joint_scores=[], scores=[], skeleton=COCO, image_size=(1, 1))
    assert nobody.joints_px.shape == (0, 17, 2)


def test_the_place_of_an_unseen_joint_is_ignored():
    people = _people(made_people2d, 1)
    joints_px, scores = np.array(people.joints_px), np.ones((1, 17))
    joints_px[0, 4], scores[0, 4] = np.nan, 0.0
    kept = people.replaced(joints_px=joints_px, joint_scores=scores)
    np.testing.assert_array_equal(kept.joints_px[0, 4], 0.0)
    np.testing.assert_array_equal(kept.joints_px[0, 5], joints_px[0, 5].astype(np.float32))


def test_joints_not_shared_are_unseen_and_in_3d_unknown():
    toe = BODY25.index("left_big_toe")
    flat = _people(made_people2d).to("body25")
    assert (flat.joint_scores[:, toe] == 0).all()
    people = _people(made_people3d).to(BODY25)
    assert (people.joint_scores[:, toe] == 0).all()
    assert np.isnan(people.joints_cam[:, toe]).all()
    assert np.isinf(people.joint_sigma[:, toe]).all()
    assert not people.joint_known[:, toe].any()
    back = people.to(COCO)
    assert back.joint_known.all()
    assert np.isfinite(back.joints_cam).all()


def test_the_root_is_the_root_joint_or_the_middle_of_the_hips():
    people = _people(made_people3d).replaced(root_cam=None)
    hips = people.joints_cam[:, [11, 12]].mean(axis=1)
    np.testing.assert_allclose(people.root_cam, hips, rtol=1e-6)
    body = people.to("body25")
    np.testing.assert_allclose(body.root_cam, hips, rtol=1e-6)
    np.testing.assert_array_equal(body.root_cam, body.joints_cam[:, BODY25.index("mid_hip")])
    np.testing.assert_allclose(people.joints_root, people.joints_cam - hips[:, None], atol=1e-5)


def test_lifted_people_are_those_who_were_seen():
    truth = _people(made_people3d, skeleton=BODY25)
    metres = {name: getattr(truth, name) for name in ("joints_cam", "joint_sigma", "root_cam", "root_depth_interval")}
    seen = _people(made_people2d, skeleton=BODY25, seed=1)
    lifted = People3D.lifted(seen, truth.camera, "exif", **metres)
    for name, value in metres.items():
        np.testing.assert_array_equal(getattr(lifted, name), value)
    for name in ("joints_px", "joint_scores", "boxes_px", "scores"):
        np.testing.assert_array_equal(getattr(lifted, name), getattr(seen, name))
    assert (lifted.skeleton, lifted.ids, lifted.camera_source) == (BODY25, seen.ids, "exif")


def test_the_interval_follows_the_root():
    people = _people(made_people3d)
    body = people.to("body25")
    np.testing.assert_allclose(
        body.root_depth_interval - body.root_cam[:, 2:], people.root_depth_interval - people.root_cam[:, 2:], atol=1e-5
    )


def test_a_skeleton_without_hips_needs_its_root_given():
    head = Skeleton(name="head", joints=("nose",), parents=(-1,), mirror=(0,))
    assert len(People3D.empty(head, Camera.from_fov((640, 480), 60.0))) == 0
    assert len(_people(made_people3d, 2, head)) == 2
    with pytest.raises(InputError, match="skeleton 'head' has neither a root joint nor both hips: give root_cam"):
        _people(made_people3d, 2, head).replaced(root_cam=None)


def test_sigma_of_a_mean_is_the_mean_of_sigmas():
    people = _people(made_people3d)
    neck = people.to("body25").joint_sigma[:, 1]
    np.testing.assert_allclose(neck, people.joint_sigma[:, [5, 6]].mean(axis=1), rtol=1e-6)


def test_track_ids_may_be_missing_one_by_one():
    assert _people(made_people3d).track_ids == (None, None, None)
    assert _people(made_people3d).replaced(track_ids=(None, np.int64(4), 7))[1:].track_ids == (4, 7)


def _spoilt(array, index, value):
    array = np.array(array)
    array[index] = value
    return array


GOOD2D, GOOD3D = _people(made_people2d), _people(made_people3d)
SEEN = np.ones((3, 17))


@pytest.mark.parametrize("changes, text", [
    ({"boxes_px": np.zeros((2, 4))}, r"boxes_px: expected shape \(3, 4\), got \(2, 4\)"),
    ({"boxes_px": _spoilt(GOOD2D.boxes_px, 1, (5, 5, 5, 9))}, r"expected x1 > x0 .* for person 1 \(no area\)"),
    ({"boxes_px": _spoilt(GOOD2D.boxes_px, 1, np.nan)}, "boxes_px: expected finite"),
    ({"boxes_px": _spoilt(GOOD2D.boxes_px.astype(float), (1, 2), 1e300)}, "boxes_px: expected finite numbers, got inf"),
    ({"boxes_px": "boxes"}, "boxes_px: expected numbers"),
    ({"joints_px": np.zeros((3, 16, 2))}, r"joints_px: expected shape \(3, 17, 2\), got \(3, 16, 2\)"),
    ({"joints_px": 3.0}, "expected arrays with one row per person, got float"),
    ({"joints_px": _spoilt(GOOD2D.joints_px, (2, 3), np.nan), "joint_scores": SEEN}, r"nan at index \[2, 3, 0\]; give"),
    ({"joint_scores": 1.5 * SEEN}, r"joint_scores: expected values in \[0, 1\], got 1.5 at index \[0, 0\]"),
    ({"joint_scores": -SEEN}, "joint_scores: expected values"),
    ({"scores": [0.5, 0.5, np.nan]}, "scores: expected finite"),
    ({"image_size": (0, 3)}, "image size"),
    ({"ids": (1, 2)}, "ids: expected 3 whole numbers"),
    ({"ids": (1, 2, "a")}, "ids: expected 3 whole numbers"),
    ({"masks": np.zeros((3, 4, 5))}, r"masks: expected bool of shape \(3, 480, 640\), got float64"),
])  # fmt: skip
def test_malformed_people2d_are_refused_with_the_reason(changes, text):
    with pytest.raises(InputError, match=text) as caught:
        GOOD2D.replaced(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes, text", [
    ({"joints_cam": np.zeros((3, 16, 3))}, r"joints_cam: expected shape \(3, 17, 3\)"),
    ({"joints_cam": _spoilt(GOOD3D.joints_cam, (0, 1), np.nan)}, "joints_cam: expected finite metres"),
    ({"joint_sigma": -np.ones((3, 17))}, "joint_sigma: expected metres, 0 or more"),
    ({"joint_sigma": np.full((3, 17), np.nan)}, "joint_sigma: expected metres, 0 or more"),
    ({"root_cam": np.full((3, 3), np.inf)}, "root_cam: expected finite"),
    ({"root_depth_interval": [[1, 2], [2, 1], [0, 1]]}, "expected low <= high"),
    ({"root_depth_interval": [[1, 2], [1, np.nan], [0, 1]]}, "root_depth_interval: expected finite"),
    ({"camera_source": "guess"}, "camera_source: expected one of given, exif, fov, estimated, default, got 'guess'"),
    ({"track_ids": (1,)}, "track_ids: expected 3 whole numbers"),
])  # fmt: skip
def test_malformed_people3d_are_refused_with_the_reason(changes, text):
    with pytest.raises(InputError, match=text):
        GOOD3D.replaced(**changes)


def test_masks_are_kept_with_their_people():
    masks = np.zeros((3, 480, 640), bool)
    masks[1, 5, 6] = True
    people = GOOD2D.replaced(masks=masks)
    assert people[1].masks[0, 5, 6]
    assert GOOD2D.masks is None
