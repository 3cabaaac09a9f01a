"""People -> maps -> people: within a tenth of a cell at every size, sub-pixel place and border."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose._errors import InputError
from metricpose.agr import AGR, CANONICAL_FOCAL_PX, decode, encode
from metricpose.agr.decode import _matched_by_channel
from metricpose.agr.encode import roots_px
from metricpose.agr.grid import cells_from_px, px_from_cells
from metricpose.geometry.camera import Camera
from metricpose.people.matching import match
from metricpose.people.people2d import People2D
from metricpose.skeletons.catalogue import COCO17, H36M17

IMAGE, MAP, STRIDE = (320, 256), (80, 64), 4

# Offsets from the pelvis of someone who stands, in statures; H36M-17's order.
STANDING = np.array(
    [
        *[(0, 0), (-0.07, 0), (-0.08, 0.25), (-0.08, 0.48), (0.07, 0), (0.08, 0.25), (0.08, 0.48), (0, -0.13)],
        *[(0, -0.27), (0, -0.33), (0, -0.43), (0.12, -0.27), (0.16, -0.12), (0.17, 0.02)],
        *[(-0.12, -0.27), (-0.16, -0.12), (-0.17, 0.02)],
    ]
)


def standing(*where: tuple[float, float, float], scores: float = 1.0) -> People2D:
    """People with their pelvis at x, y and of so many px: (x, y, stature)."""
    joints = np.array([STANDING * size + [x, y] for x, y, size in where]).reshape(-1, 17, 2)
    boxes = np.concatenate([joints.min(axis=1) - 1, joints.max(axis=1) + 1], axis=1)
    return People2D(
        boxes_px=boxes,
        joints_px=joints,
        joint_scores=np.full(joints.shape[:2], scores),
        scores=np.ones(len(joints)),
        skeleton=H36M17,
        image_size=IMAGE,
    )


def inside(people: People2D) -> np.ndarray:
    """Joints within the picture (P, J)."""
    return ((people.joints_px >= -0.5) & (people.joints_px <= np.array(IMAGE) - 0.5)).all(axis=-1)


def paired(people: People2D, others: People2D) -> list[int]:
    """For each of the people the nearest of the others by box."""
    apart = np.abs(people.boxes_px[:, None] - others.boxes_px[None]).sum(axis=-1)
    return apart.argmin(axis=1).tolist()


def assert_same(people: People2D, found: People2D) -> None:
    assert len(found) == len(people)
    found = found[paired(people, found)]
    seen = inside(people) & (people.joint_scores > 0)
    assert ((found.joint_scores > 0) == seen).all()
    assert np.abs(found.joint_scores - people.joint_scores)[seen].max(initial=0) < 0.01
    assert np.abs(found.joints_px - people.joints_px)[seen].max(initial=0) / STRIDE < 0.1
    assert np.abs(found.boxes_px - people.boxes_px).max() / STRIDE < 0.1


@given(st.floats(0, IMAGE[0] - 1), st.floats(0, IMAGE[1] - 1), st.floats(2, 1000), st.floats(0.2, 1))
@settings(max_examples=40, deadline=None)
def test_anyone_anywhere_comes_back(x: float, y: float, stature: float, score: float):
    people = standing((x, y, stature), scores=score)
    (found,) = decode(encode([people], map_size=MAP, stride=STRIDE), H36M17, IMAGE)
    assert_same(people, found.people)
    assert np.abs(found.anchors_px - roots_px(people)).max() / STRIDE < 0.1


@pytest.mark.parametrize("x", [-0.49, 0.0, 0.5, 159.5, 319.0, 319.49])
@pytest.mark.parametrize("y", [-0.49, 0.0, 127.5, 255.0, 255.49])
def test_a_root_at_the_border_comes_back(x: float, y: float):
    people = standing((x, y, 60))
    (found,) = decode(encode([people], map_size=MAP, stride=STRIDE), H36M17, IMAGE)
    assert_same(people, found.people)


@pytest.mark.parametrize("pelvis", [(160, 256 + 90), (160, -60), (-30, 128), (350, 128), (-20, 280)])
def test_people_whose_root_is_cut_off_are_found_all_the_same(pelvis: tuple[float, float]):
    people = standing((*pelvis, 300))
    (found,) = decode(encode([people], map_size=MAP, stride=STRIDE), H36M17, IMAGE)
    assert_same(people, found.people)
    anchor = np.clip(pelvis, 0, np.array(IMAGE) - 1)
    assert found.anchors_px[0] == pytest.approx(anchor, abs=0.1 * STRIDE)


def test_people_outside_leave_no_trace():
    people = standing((160, 1000, 200), (-500, 100, 200))
    agr = encode([people], map_size=MAP, stride=STRIDE)
    assert not agr.joint_maps.any()
    assert not agr.supervised.any()
    assert len(decode(agr, H36M17, IMAGE)[0].people) == 0


def test_nobody_among_pictures():
    people = [People2D.empty(H36M17, IMAGE), standing((50, 60, 80)), People2D.empty(H36M17, IMAGE)]
    agr = encode(people, map_size=MAP, stride=STRIDE)
    assert agr.joint_maps.shape == (3, 17, 64, 80)
    assert [len(found.people) for found in decode(agr, H36M17, IMAGE)] == [0, 1, 0]
    empty = encode(
        people[:1], map_size=MAP, stride=STRIDE, root_depths=[np.zeros(0)], cameras=[Camera.from_fov(IMAGE, 60)]
    )
    assert empty.box_sides.shape == (1, 4, 64, 80)
    assert len(decode(empty, H36M17, IMAGE)[0].people) == 0


def test_neighbours_whose_boxes_overlap_keep_their_own_joints():
    people = standing((100, 130, 200), (140, 135, 190), (185, 128, 205), (260, 150, 60))
    (found,) = decode(encode([people], map_size=MAP, stride=STRIDE), H36M17, IMAGE)
    assert_same(people, found.people)


def test_arms_that_cross_go_to_the_shoulders_they_hang_on():
    people = standing((100, 130, 200), (180, 130, 200))
    joints = np.array(people.joints_px)
    elbow, wrist = H36M17.index("left_elbow"), H36M17.index("left_wrist")
    joints[0, [elbow, wrist]] = [(140, 80), (170, 75)]
    joints[1, [elbow, wrist]] = [(165, 110), (140, 125)]
    people = people.replaced(joints_px=joints)
    boxes = np.concatenate([joints.min(axis=1) - 1, joints.max(axis=1) + 1], axis=1)
    (found,) = decode(encode([people.replaced(boxes_px=boxes)], map_size=MAP), H36M17, IMAGE)
    assert_same(people.replaced(boxes_px=boxes), found.people)


def test_a_peak_outside_every_box_is_nobodys():
    people = standing((100, 130, 100))
    scores = np.array(people.joint_scores)
    scores[0, 3] = 0
    agr = encode([people.replaced(joint_scores=scores)], map_size=MAP)
    agr.joint_maps[0, 3, 32, 70] = 0.9
    assert decode(agr, H36M17, IMAGE)[0].people.joint_scores[0, 3] == 0


def test_a_child_before_an_adult():
    people = standing((150, 120, 220), (185, 145, 90))
    (found,) = decode(encode([people], map_size=MAP, stride=STRIDE), H36M17, IMAGE)
    assert_same(people, found.people)


@given(st.lists(st.floats(25, 60), min_size=2, max_size=5), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_rows_of_people_keep_their_own_joints(statures: list[float], seed: int):
    rng = np.random.default_rng(seed)
    places = [(35 + 60 * i + rng.uniform(-8, 8), rng.uniform(40, 210), s * 1.5) for i, s in enumerate(statures)]
    people = standing(*places)
    (found,) = decode(encode([people], map_size=MAP, stride=STRIDE), H36M17, IMAGE)
    assert_same(people, found.people)


def test_unseen_joints_leave_no_peak_and_nan_no_harm():
    people = standing((100, 130, 100))
    scores = np.array(people.joint_scores)
    scores[0, [3, 13]] = 0
    joints = np.array(people.joints_px)
    joints[0, 3] = np.nan
    people = people.replaced(joint_scores=scores, joints_px=joints)
    agr = encode([people], map_size=MAP, stride=STRIDE)
    assert not agr.joint_maps[0, [3, 13]].any()
    assert_same(people, decode(agr, H36M17, IMAGE)[0].people)


def test_root_of_a_skeleton_without_root_joint():
    people = standing((100, 130, 100)).to(COCO17)
    assert roots_px(people)[0] == pytest.approx([100, 130], abs=1e-4)
    blind = people.replaced(joint_scores=np.where(np.arange(17) == COCO17.index("left_hip"), 0, people.joint_scores))
    assert roots_px(blind)[0] == pytest.approx((people.boxes_px[0, :2] + people.boxes_px[0, 2:]) / 2)


def test_depth_is_read_back_whatever_the_focal_length():
    people = standing((60, 130, 100), (200, 130, 120))
    depths = [np.array([3.0, 7.5])]
    for focal in (400.0, CANONICAL_FOCAL_PX, 3000.0):
        camera = Camera.from_focal(IMAGE, focal)
        agr = encode([people], map_size=MAP, stride=STRIDE, root_depths=depths, cameras=[camera])
        (found,) = decode(agr, H36M17, IMAGE)
        depth = found.root_depth(camera.focal_px)
        assert depth is not None
        assert depth[paired(people, found.people)] == pytest.approx([3.0, 7.5], rel=1e-5)
    values = agr.root_depth[agr.supervised[:, None]]
    assert set(np.round(values, 4)) == {1.0, 2.5}  # 3 m through 3000 px looks like 1 m through 1000 px


def test_zoom_of_picture_and_camera_leaves_canonical_depth():
    people, camera = standing((60, 130, 100)), Camera.from_focal(IMAGE, 500)
    agr = encode([people], map_size=MAP, stride=STRIDE, root_depths=[np.array([4.0])], cameras=[camera])
    assert agr.root_depth.max() == pytest.approx(8.0)
    assert decode(encode([people], map_size=MAP), H36M17, IMAGE)[0].root_depth(camera.focal_px) is None


def test_cells_between_two_anchors_belong_to_the_nearer_then_the_smaller():
    people = standing((101.5, 101.5, 100), (113.5, 101.5, 300), (201.5, 101.5, 110), (201.5, 101.5, 200))
    agr = encode([people], map_size=MAP, stride=STRIDE)
    height = (agr.box_sides[0, 1] + agr.box_sides[0, 3]).round()
    stature = {round(float(b[3] - b[1])): i for i, b in enumerate(people.boxes_px)}
    row = 25  # y = 101.5 is the middle of cell 25, and x = 101.5 too
    assert stature[int(height[row, 25])] == 0
    assert stature[int(height[row, 26])] == 0
    assert stature[int(height[row, 27])] == 1
    assert stature[int(height[row, 50])] == 2
    assert not agr.supervised[0, row, 40]


def test_maps_equal_their_slow_twin():
    people = standing((100.3, 130.7, 150), (140.1, 128.2, 70))
    agr = encode([people], map_size=MAP, stride=STRIDE)
    sizes = [max(b[2] - b[0], b[3] - b[1]) / STRIDE for b in people.boxes_px]
    for joint, row, column in [(0, 32, 25), (3, 50, 22), (10, 15, 24), (16, 33, 19)]:
        values = []
        for person, size in enumerate(sizes):
            x, y = (people.joints_px[person, joint].astype(float) + 0.5) / STRIDE - 0.5
            sigma = min(max(size / 32, 1), 3)
            values.append(np.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * sigma**2)))
        assert agr.joint_maps[0, joint, row, column] == pytest.approx(max(values), rel=1e-4, abs=1e-12)


def test_mirrored_people_give_mirrored_maps():
    people = standing((100.3, 130.7, 150))
    joints = people.joints_px * [-1, 1] + [IMAGE[0] - 1, 0]
    boxes = np.stack([*(IMAGE[0] - 1 - people.boxes_px.T[[2]]), people.boxes_px.T[1]], axis=1)
    boxes = np.concatenate([boxes, IMAGE[0] - 1 - people.boxes_px[:, [0]], people.boxes_px[:, [3]]], axis=1)
    mirrored = encode([people.replaced(joints_px=joints, boxes_px=boxes)], map_size=MAP)
    agr = encode([people], map_size=MAP)
    assert np.allclose(mirrored.joint_maps, agr.joint_maps[..., ::-1], atol=1e-4)
    assert np.allclose(mirrored.box_sides[:, [2, 1, 0, 3]], agr.box_sides[..., ::-1], atol=1e-3)


@given(st.floats(-100, 5000), st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=20, deadline=None)
def test_cells_and_pixels_are_inverse(px: float, stride: int):
    assert px_from_cells(cells_from_px(px, stride), stride) == pytest.approx(px)
    assert cells_from_px((stride - 1) / 2, stride) == 0  # the first cell's centre is the middle of its pixels


def test_torch_in_torch_out():
    torch = pytest.importorskip("torch")
    people = standing((100.3, 130.7, 150), (200, 100, 60))
    agr = encode([people], map_size=MAP, root_depths=[np.array([3.0, 4.0])], cameras=[Camera.from_fov(IMAGE, 60)])
    maps = {name: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for name, v in vars(agr).items()}
    ours, theirs = decode(agr, H36M17, IMAGE)[0], decode(AGR(**maps), H36M17, IMAGE)[0]
    assert np.array_equal(ours.people.joints_px, theirs.people.joints_px)
    assert np.array_equal(ours.canonical_depth, theirs.canonical_depth)


def test_torch_encoder_equals_numpy():
    torch = pytest.importorskip("torch")
    from metricpose.agr import encode_arrays

    people = standing((100.3, 130.7, 150), (200, 100, 60))
    arrays = {
        "joints_px": people.joints_px[None],
        "joint_scores": people.joint_scores[None],
        "boxes_px": people.boxes_px[None],
        "roots_px": roots_px(people)[None],
        "present": np.array([[True, False]]),
        "root_depths": np.array([[3.0, 4.0]], dtype=np.float32),
    }
    ours = encode_arrays(**arrays, map_size=MAP, stride=4)
    tensors = {name: torch.tensor(value) for name, value in arrays.items()}
    theirs = encode_arrays(**tensors, map_size=MAP, stride=4)
    assert len(decode(ours, H36M17, IMAGE)[0].people) == 1
    for name in ("joint_maps", "anchor_map", "box_sides", "root_depth", "supervised"):
        assert isinstance(getattr(theirs, name), torch.Tensor)
        assert np.allclose(getattr(ours, name), getattr(theirs, name).numpy(), atol=1e-5), name


def test_a_network_with_crossed_sides_still_gives_boxes():
    agr = encode([standing((100, 130, 100))], map_size=MAP)
    crossed = AGR(**{**vars(agr), "box_sides": -agr.box_sides})
    box = decode(crossed, H36M17, IMAGE)[0].people.boxes_px[0]
    assert box[2] - box[0] == pytest.approx(1)


def test_without_a_search_joints_are_where_the_anchor_expects_them():
    people = standing((100, 130, 100))
    agr = encode([people], map_size=MAP)
    silent = AGR(**{**vars(agr), "joint_maps": np.zeros_like(agr.joint_maps)})
    found = decode(silent, H36M17, IMAGE, search_joints=False)[0].people
    assert found.joints_px == pytest.approx(people.joints_px, abs=1e-3)
    assert found.joint_scores == pytest.approx(0.5 * people.joint_scores)  # guessed
    assert found.boxes_px == pytest.approx(decode(agr, H36M17, IMAGE)[0].people.boxes_px)
    with pytest.raises(InputError, match="expected maps with joint offsets"):
        decode(AGR(**{**vars(agr), "joint_offsets": None}), H36M17, IMAGE, search_joints=False)


def test_errors_say_what_to_do():
    people = standing((100, 130, 100))
    agr = encode([people], map_size=MAP)
    with pytest.raises(InputError, match="expected 17 joint maps for coco17, got 3"):
        without = {"joint_offsets": None, "joint_visible": None}
        decode(AGR(**{**vars(agr), "joint_maps": agr.joint_maps[:, :3], **without}), COCO17, IMAGE)
    with pytest.raises(InputError, match=r"box_sides must be \(1, 4, 64, 80\).*got \(1, 3, 64, 80\)"):
        AGR(**{**vars(agr), "box_sides": agr.box_sides[:, :3]})
    with pytest.raises(InputError, match="add the batch axis"):
        AGR(**{**vars(agr), "joint_maps": agr.joint_maps[0]})
    with pytest.raises(InputError, match="stride must be a positive"):
        AGR(**{**vars(agr), "stride": 0})
    with pytest.raises(InputError, match="at least one picture"):
        encode([], map_size=MAP)
    with pytest.raises(InputError, match="one skeleton, got coco17, h36m17"):
        encode([people, people.to(COCO17)], map_size=MAP)
    with pytest.raises(InputError, match="pass both or neither"):
        encode([people], map_size=MAP, root_depths=[np.ones(1)])
    with pytest.raises(InputError, match=r"depths for \[1\] people, got 1 cameras and \[2\] depths"):
        encode([people], map_size=MAP, root_depths=[np.ones(2)], cameras=[Camera.from_fov(IMAGE, 60)])


@pytest.mark.parametrize("seed", range(20))
def test_peaks_go_to_people_as_by_matching_each_channel(seed: int):
    random = np.random.default_rng(seed)
    people, peaks = int(random.integers(0, 5)), int(random.integers(0, 30))
    channel = random.integers(0, 6, peaks)
    cost = np.where(random.random((people, peaks)) < 0.4, random.random((people, peaks)), np.inf)
    person, peak = _matched_by_channel(cost, channel)
    expected = set()
    for one in range(6):
        mine = np.flatnonzero(channel == one)
        rows, columns = match(cost[:, mine])
        expected |= set(zip(rows.tolist(), mine[columns].tolist(), strict=True))
    assert set(zip(person.tolist(), peak.tolist(), strict=True)) == expected
