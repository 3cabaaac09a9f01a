import json
import re

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.datasets.panoptic import VOXELPOSE_CAMERAS, activity, read_panoptic
from metricpose.skeletons import CATALOGUE

# Looks along the world's z; x_cam = x + t in centimetres.
CAMERA = {
    "type": "hd",
    "resolution": [1920, 1080],
    "K": [[1400.0, 0, 960.0], [0, 1400.0, 540.0], [0, 0, 1]],
    "distCoef": [-0.28, 0.19, -0.0003, 0.0006, -0.05],
    "R": [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]],
    "t": [[0.0], [100.0], [400.0]],
}
HIP = CATALOGUE["panoptic19"].index("mid_hip")


def _body(number, x=0.0, z=0.0, confidence=0.5):
    """A person in centimetres, y down: joints spread over 1.8 m."""
    rows = np.zeros((19, 4))
    rows[:, 0], rows[:, 1], rows[:, 2] = x + np.linspace(-30, 30, 19), np.linspace(-180, 0, 19), z
    rows[:, 3] = confidence
    return {"id": number, "joints19": rows.ravel().tolist()}


def _sequence(root, name="160906_pizza1", scenes=((168, [0, 3]),), **camera):
    folder = root / name
    (folder / "hdPose3d_stage1_coco19").mkdir(parents=True)
    cameras = [{"name": camera_name, **CAMERA, **camera} for camera_name in ("00_16", "00_30")]
    (folder / f"calibration_{name}.json").write_text(json.dumps({"cameras": cameras}))
    for number, bodies in scenes:
        entries = [_body(body) if isinstance(body, int) else body for body in bodies]
        path = folder / "hdPose3d_stage1_coco19" / f"body3DScene_{number:08d}.json"
        path.write_text(json.dumps({"version": 0.7, "univTime": 1.0, "fpsType": "hd_29_97", "bodies": entries}))
    return folder


def _projected(points_cm, camera):
    """OpenCV's formula, written out once more."""
    x, y, z = (points_cm @ np.array(camera["R"]).T + np.array(camera["t"]).ravel()).T
    x, y = x / z, y / z
    k1, k2, p1, p2, k3 = camera["distCoef"]
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    u = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    v = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    matrix = np.array(camera["K"])
    return np.stack([matrix[0, 0] * u + matrix[0, 2], matrix[1, 1] * v + matrix[1, 2]], -1)


def test_scenes_come_in_metres_before_each_camera(tmp_path):
    _sequence(tmp_path)
    frames = list(read_panoptic(tmp_path))
    assert [frame.name for frame in frames] == [
        "160906_pizza1/00_16/00_16_00000168.jpg",
        "160906_pizza1/00_30/00_30_00000168.jpg",
    ]
    frame = frames[0]
    assert (frame.group, frame.sequence, frame.frame, frame.ids) == ("pizza", "160906_pizza1/00_16", 168, (0, 3))
    assert frame.skeleton is CATALOGUE["panoptic19"]
    cm = np.reshape(_body(0)["joints19"], (19, 4))[:, :3]
    np.testing.assert_allclose(frame.joints_cam[0], (cm + [0, 100, 400]) / 100, atol=1e-9)
    np.testing.assert_allclose(frame.joints_px[0], _projected(cm, CAMERA), atol=1e-6)
    assert frame.judged.tolist() == [True, True]
    assert frame.image_path is None


def test_the_camera_keeps_its_place_in_the_z_up_world(tmp_path):
    _sequence(tmp_path)
    camera = next(read_panoptic(tmp_path)).camera
    np.testing.assert_allclose(camera.up, [0, -1, 0], atol=1e-9)
    assert camera.height_m == pytest.approx(1.0)  # t_y = 100 cm: the camera is 1 m above y = 0, with y down


def test_joints_without_confidence_are_not_labelled_and_the_root_decides(tmp_path):
    weak, missing = _body(0, confidence=0.1), _body(1)
    missing["joints19"][4 * HIP : 4 * HIP + 4] = [0, 0, 0, -1]
    _sequence(tmp_path, scenes=((0, [weak, missing, 2]),))
    frame = next(read_panoptic(tmp_path))
    assert np.isnan(frame.joints_cam[0]).all() and np.isnan(frame.joints_px[0]).all()
    assert not frame.known[1, HIP] and frame.known[1].sum() == 18
    assert frame.joint_scores.sum(axis=1).tolist() == [0, 18, 19]
    assert frame.judged.tolist() == [False, False, True]
    assert next(read_panoptic(tmp_path, min_confidence=0.05)).judged.tolist() == [True, False, True]


def test_people_behind_the_camera_or_beside_the_picture_are_not_judged(tmp_path):
    _sequence(tmp_path, scenes=((0, [_body(0, z=-900.0), _body(1, x=900.0), _body(2, x=320.0)]),))
    frame = next(read_panoptic(tmp_path))
    assert np.isnan(frame.joints_px[0]).all() and frame.known[0].all()
    assert frame.judged.tolist() == [False, False, True]
    inside = int(((frame.joints_px[2] >= 0) & (frame.joints_px[2] <= [1919, 1079])).all(-1).sum())
    assert 0 < inside < 19
    assert next(read_panoptic(tmp_path, min_joints_in_view=inside)).judged[2]
    assert not next(read_panoptic(tmp_path, min_joints_in_view=inside + 1)).judged[2]


def test_an_empty_scene_and_every_other_scene(tmp_path):
    _sequence(tmp_path, scenes=((0, []), (1, [0]), (2, [0, 1])))
    assert [len(frame) for frame in read_panoptic(tmp_path, cameras=["00_30"])] == [0, 1, 2]
    assert [frame.frame for frame in read_panoptic(tmp_path, cameras=["00_30"], every=2)] == [0, 2]


def test_sequences_are_chosen_and_one_may_be_the_root(tmp_path):
    folder = _sequence(tmp_path, "160422_haggling1")
    _sequence(tmp_path, "160422_mafia2")
    assert [f.group for f in read_panoptic(tmp_path, cameras=["00_16"])] == ["haggling", "mafia"]
    assert [f.group for f in read_panoptic(tmp_path, sequences=["160422_mafia2"], cameras=["00_16"])] == ["mafia"]
    assert next(read_panoptic(folder)).group == "haggling"
    picture = folder / "hdImgs" / "00_16" / "00_16_00000168.jpg"
    picture.parent.mkdir(parents=True)
    picture.touch()
    assert next(read_panoptic(folder)).image_path == picture


@pytest.mark.parametrize(
    ("name", "expected"),
    [("160906_pizza1", "pizza"), ("170407_haggling_a1", "haggling"), ("160422_ultimatum1", "ultimatum"), ("x", "x")],
)
def test_the_activity_stands_in_the_name(name, expected):
    assert activity(name) == expected


def test_missing_files_are_named_with_their_place(tmp_path):
    with pytest.raises(FileError, match="hdPose3d_stage1_coco19: missing; get it from http://domedb"):
        list(read_panoptic(tmp_path))
    folder = _sequence(tmp_path)
    (folder / "calibration_160906_pizza1.json").unlink()
    with pytest.raises(FileError, match=r"calibration_160906_pizza1\.json: missing; get it from http://domedb"):
        list(read_panoptic(tmp_path))
    with pytest.raises(FileError, match="other: missing"):
        list(read_panoptic(tmp_path, sequences=["other"]))


@pytest.mark.parametrize(
    ("bodies", "text"),
    [
        ([1, 1], r"body3DScene_00000000\.json: expected each id once, got 1 again"),
        ([{"id": 1, "joints19": [1.0] * 60}], r"bodies\[0\]: joints19: expected 76 numbers, got 60"),
        ([{"joints19": [1.0] * 76}], r"bodies\[0\]: id|id: expected"),
    ],
)
def test_damaged_scenes_are_refused_in_one_line(tmp_path, bodies, text):
    _sequence(tmp_path, scenes=((0, bodies),))
    with pytest.raises(InputError, match=text) as caught:
        list(read_panoptic(tmp_path))
    assert "\n" not in str(caught.value)


def test_unknown_cameras_and_steps_are_refused(tmp_path):
    _sequence(tmp_path)
    with pytest.raises(InputError, match=r"expected the camera '00_03', got \['00_16', '00_30'\]"):
        list(read_panoptic(tmp_path, cameras=VOXELPOSE_CAMERAS))
    with pytest.raises(InputError, match="every: expected 1 or more, got 0"):
        list(read_panoptic(tmp_path, every=0))


def test_the_real_record_lands_in_the_pictures(METRICPOSE_SHARED):
    root = METRICPOSE_SHARED / "data" / "real" / "formats" / "panoptic"
    if not root.is_dir():
        pytest.skip(f"no record of Panoptic at {root}")
    frames = list(read_panoptic(root))
    assert [len(frame) for frame in frames] == [3, 3, 3, 3] and {frame.group for frame in frames} == {"band"}
    calibration = json.loads((root / "160906_band1" / "calibration_160906_band1.json").read_text())
    cameras = {entry["name"]: entry for entry in calibration["cameras"]}
    for frame in frames:
        number = re.search(r"(\d{8})\.jpg", frame.name)[1]
        scene = json.loads(
            (root / "160906_band1" / "hdPose3d_stage1_coco19" / f"body3DScene_{number}.json").read_text()
        )
        for person, body in enumerate(scene["bodies"]):
            rows = np.reshape(body["joints19"], (19, 4))
            labelled = rows[:, 3] > 0.1
            expected = _projected(rows[labelled, :3], cameras[frame.sequence.split("/")[1]])
            np.testing.assert_allclose(frame.joints_px[person][labelled], expected, atol=0.01)
        assert frame.judged.all()
        centre = np.nanmedian(frame.joints_px, axis=1)
        assert ((centre > 0) & (centre < [1920, 1200])).all()
        heights = frame.joints_cam @ frame.camera.up + frame.camera.height_m
        assert (np.nanmin(heights, axis=1) > -0.1).all() and (np.nanmax(heights, axis=1) < 2.2).all()
