"""Calibrations in all formats: tiny files in their exact form, real ones where there are any, and faulty ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from metricpose import BrownConrady, Camera, FileError, Fisheye, InputError
from metricpose.io import read_camera, read_cameras, write_camera
from metricpose.io.calibration import rotation_of
from metricpose.io.panoptic_json import PANOPTIC_FROM_WORLD
from tests.io.same import assert_same_camera
from tests.strategies import cameras, seeds

OPENCV = """%YAML:1.0
---
calibration_time: "Tue Nov 10 10:00:00 2026"
nframes: 30
image_width: 1280
image_height: 720
flags: 0 # none
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 9.0e+02, 0., 6.4e+02, 0., 9.1000000000000000e+02,
       3.6e+02, 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ -2.5e-01, 1.0e-01, 1.0e-03, -5.0e-04, 0. ]
avg_reprojection_error: 2.3e-01
"""

TOML = """
[cam_01]
name = "front"
size = [ 1088.0, 1920.0]
matrix = [ [ 1681.2, 0.0, 532.9], [ 0.0, 1681.0, 948.1], [ 0.0, 0.0, 1.0]]
distortions = [ -0.0007, 0.002, 9.5e-06, 1.0e-05]
rotation = [ 1.6, 0.1, -0.1]
translation = [ 0.3, 0.9, 2.8]
fisheye = false

[side]
size = [ 640, 480]
matrix = [ [ 500.0, 0.0, 320.0], [ 0.0, 500.0, 240.0], [ 0.0, 0.0, 1.0]]
distortions = [ 0.01, 0.0, 0.0, 0.0]
fisheye = true

[metadata]
adjusted = false
error = 0.0
"""


def save(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def error_of(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_camera(path, **options)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


@settings(max_examples=40, deadline=None)
@given(cameras())
def test_our_own_comes_back(tmp_path_factory, camera: Camera) -> None:
    path = tmp_path_factory.mktemp("camera") / "camera.json"
    write_camera(path, camera)
    assert_same_camera(read_camera(path), camera)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"schema": "x"}, "schema: expected 'metricpose.camera/1', got 'x'; give a camera file"),
        ({"image_size": [5]}, "image_size: expected [width, height], got [5]"),
        ({"image_size": [0, 5]}, "image size: expected two positive whole numbers (width, height), got (0, 5)"),
        ({"intrinsics_px": None}, "intrinsics_px: expected a list, got None"),
        ({"intrinsics_px": [[float("nan")] * 3] * 3}, "intrinsics_px: expected finite numbers, got NaN, infinity or"),
        ({"up_cam": [0, 0, 2]}, "up_cam: expected a unit vector, got length 2"),
        ({"distortion": ["k"] * 4}, "distortion: expected numbers in rows of one length, got 'k'; correct it"),
        ({"distortion": {"model": "fisheye"}}, "coefficients: expected a list, got nothing; add it"),
    ],
)
def test_faults_of_our_own(tmp_path: Path, change: dict[str, Any], text: str) -> None:
    write_camera(tmp_path / "c.json", Camera.from_fov((64, 48), 60))
    document = json.loads((tmp_path / "c.json").read_text()) | change
    assert error_of(save(tmp_path / "c.json", document)).startswith(text)


def test_an_empty_distortion_list_is_none(tmp_path: Path) -> None:
    write_camera(tmp_path / "c.json", Camera.from_fov((64, 48), 60))
    document = json.loads((tmp_path / "c.json").read_text()) | {"distortion": []}
    assert read_camera(save(tmp_path / "c.json", document)).distortion is None


class TestOpenCV:
    def test_file_storage(self, tmp_path: Path) -> None:
        camera = read_camera(save(tmp_path / "c.yml", OPENCV))
        assert camera.intrinsics_px.tolist() == [[900, 0, 640], [0, 910, 360], [0, 0, 1]]
        assert camera.image_size == (1280, 720)
        assert camera.distortion == BrownConrady((-0.25, 0.1, 0.001, -0.0005, 0.0))
        assert camera.cam_from_world is None
        assert list(read_cameras(tmp_path / "c.yml")) == ["c"]

    def test_json_storage(self, tmp_path: Path) -> None:
        matrix = {"type_id": "opencv-matrix", "rows": 3, "cols": 3, "dt": "d", "data": [9, 0, 5, 0, 8, 4, 0, 0, 1]}
        document = {"cameraMatrix": matrix, "image_width": 10, "image_height": 9}
        assert read_camera(save(tmp_path / "c.json", document)).focal_px == (9, 8)

    def test_ros_equidistant(self, tmp_path: Path) -> None:
        text = """
image_width: 640
image_height: 480
camera_name: "head"
camera_matrix:
  rows: 3
  cols: 3
  data: [500, 0, 320, 0, 500, 240, 0, 0, 1]
distortion_model: equidistant
distortion_coefficients: {rows: 1, cols: 4, data: [0.01, 0, 0, 0]}
rectification_matrix:
  data: [1, 0, 0, 0, 1, 0, 0, 0, 1]
"""
        assert read_camera(save(tmp_path / "c.yaml", text)).distortion == Fisheye((0.01, 0, 0, 0))

    def test_nested_lists_size_and_pose(self, tmp_path: Path) -> None:
        text = """
K:
- [500, 0, 320]
- [0, 500, 240]
- [0, 0, 1]
D: [0, 0, 0, 0, 0]
image_size: [640, 480]
rvec: [[1.5], [0.2], [0.1]]
tvec:
  - 0.5
  - 1.5
  - 3.0
"""
        camera = read_camera(save(tmp_path / "c.yaml", text))
        assert camera.image_size == (640, 480)
        assert camera.distortion is None
        assert camera.cam_from_world is not None
        np.testing.assert_allclose(camera.cam_from_world[:3, 3], [0.5, 1.5, 3.0])
        np.testing.assert_allclose(camera.cam_from_world[:3, :3], rotation_of(np.array([1.5, 0.2, 0.1])))

    def test_a_rounded_rotation_matrix_is_made_exact(self, tmp_path: Path) -> None:
        rotation = rotation_of(np.array([0.3, 1.2, -0.4])).round(3)
        text = OPENCV + f"R: {rotation.tolist()}\nT: [0, 0, 1]\n"
        motion = read_camera(save(tmp_path / "c.yml", text)).cam_from_world
        assert motion is not None
        np.testing.assert_allclose(motion[:3, :3] @ motion[:3, :3].T, np.eye(3), atol=1e-12)

    def test_a_size_for_files_without_one(self, tmp_path: Path) -> None:
        path = save(tmp_path / "c.yml", "K: [[5, 0, 3], [0, 5, 2], [0, 0, 1]]\n")
        assert error_of(path) == (
            "image size: expected image_width and image_height, got neither; add them to the file"
        )
        assert read_camera(path, image_size=(6, 4)).image_size == (6, 4)

    @pytest.mark.parametrize(
        ("old", "new", "text"),
        [
            (
                "camera_matrix:",
                "matrix_of_camera:",
                "expected a camera matrix under one of camera_matrix, cameraMatrix",
            ),
            ("9.0e+02", "0.", "camera matrix: expected fx > 0 and fy > 0, got fx = 0, fy = 910 (singular)"),
            ("9.0e+02", "-9.0e+02", "camera matrix: expected fx > 0 and fy > 0, got fx = -900, fy = 910 (mirrored)"),
            ("9.0e+02", ".nan", "camera matrix: expected finite numbers, got NaN, infinity or null in [nan, 0.0"),
            ("9.0e+02,", "", "camera matrix: expected 9 numbers, got 8"),
            ("9.0e+02", "wide", "camera matrix: expected numbers in rows of one length, got 'wide'; correct it"),
            ("-2.5e-01", "1.0e+300", "distortion: expected numbers of at most 1e+12, got [1e+300, 0.1, 0.001, -0.0005"),
            ("1280", "12.5", "image width: expected a whole number, got 12.5"),
            ("0., 0., 1. ]", "0., 0., 1. ", "line 12: expected the brackets to be closed, got the end of the file"),
            ("nframes: 30", "nframes 30", "line 4: expected `key: value`, a list or a number, got 'nframes 30'"),
            (
                "-5.0e-04, 0. ]",
                "-5.0e-04, 0., 1. ]",
                "Brown-Conrady distortion: expected 4 or 5 or 8 coefficients in O",
            ),
            (
                "nframes: 30",
                "R: [1, 2]\nT: [0, 0, 1]",
                "R: expected a 3 x 3 matrix or a Rodrigues vector of 3, got 2 n",
            ),
            (
                "nframes: 30",
                "R: [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]\nT: [0, 0, 1]",
                "rotation and translation: expected a rigid motion, but it is mirrored (determinant -1); check the cal",
            ),
            (
                "nframes: 30",
                "R: [[2, 0, 0], [0, 1, 0], [0, 0, 1]]\nT: [0, 0, 1]",
                "rotation and translation: expected a rigid motion, but its upper left 3x3 block is no rotation",
            ),
        ],
    )
    def test_faults(self, tmp_path: Path, old: str, new: str, text: str) -> None:
        assert old in OPENCV
        assert text in error_of(save(tmp_path / "c.yml", OPENCV.replace(old, new)))

    def test_an_empty_file(self, tmp_path: Path) -> None:
        assert error_of(save(tmp_path / "c.yml", "")) == (
            "expected YAML, got an empty file; check the program that wrote it"
        )


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from((0.0, 1e-14, 1e-6, 1.0, 3.0, 9.0)))
def test_rodrigues_formula_against_scipy(seed: int, angle: float) -> None:
    axis = np.random.default_rng(seed).normal(size=3)
    rotvec = angle * axis / np.linalg.norm(axis)
    np.testing.assert_allclose(rotation_of(rotvec), Rotation.from_rotvec(rotvec).as_matrix(), atol=1e-12)


class TestPose2Sim:
    def test_cameras_by_name(self, tmp_path: Path) -> None:
        path = save(tmp_path / "Calib.toml", TOML)
        found = read_cameras(path)
        assert list(found) == ["front", "side"]
        assert found["front"].distortion == BrownConrady((-0.0007, 0.002, 9.5e-06, 1.0e-05))
        assert found["side"].distortion == Fisheye((0.01, 0, 0, 0))
        assert found["side"].cam_from_world is None
        assert read_camera(path, "front").image_size == (1088, 1920)

    def test_a_name_is_needed_among_several(self, tmp_path: Path) -> None:
        path = save(tmp_path / "Calib.toml", TOML)
        assert error_of(path) == ("expected the name of one of 2 cameras, got none; choose front, side (--camera-name)")
        assert error_of(path, name="sido") == "expected a camera of the file, got 'sido'; choose side (--camera-name)"

    @pytest.mark.parametrize(
        ("old", "new", "text"),
        [
            ("[side]", "[side", "expected TOML, got a fault ("),
            (
                "matrix",
                "matrices",
                "expected a table with `matrix` for each camera (Pose2Sim calibration), got ['cam_01'",
            ),
            ("1088.0", "1088.5", "camera 'cam_01': size: width: expected a whole number, got 1088.5"),
            ("1681.2", "nan", "camera 'cam_01': matrix: expected finite numbers, got NaN, infinity or null"),
            ("[ 1.6, 0.1, -0.1]", "[ 1.6, 0.1]", "camera 'cam_01': rotation: expected 3 numbers, got 2"),
            ("[side]", '[side]\nname = "front"', "camera 'side': name: expected each name once, got 'front' again"),
            ("[ 0.01, 0.0, 0.0, 0.0]", "[ 0.01]", "camera 'side': fisheye distortion: expected 4 coefficients"),
        ],
    )
    def test_faults(self, tmp_path: Path, old: str, new: str, text: str) -> None:
        assert old in TOML
        assert error_of(save(tmp_path / "c.toml", TOML.replace(old, new)), name="front").startswith(text)

    def test_the_real_calibration_stands_upright(self, METRICPOSE_SHARED: Path) -> None:
        path = METRICPOSE_SHARED / "data/real/pose2sim_single/Calib_qualisys.toml"
        if not path.is_file():
            pytest.skip(f"no real calibration at {path}")
        for camera in read_cameras(path).values():
            assert camera.height_m is not None
            assert 1.5 < camera.height_m < 2.5
            assert camera.up is not None
            assert camera.up[1] < -0.8


class TestPanoptic:
    rotation = rotation_of(np.array([0.2, -0.7, 0.1]))

    def entry(self, **fields: Any) -> dict[str, Any]:
        return {
            "name": "00_01",
            "type": "hd",
            "resolution": [1920, 1080],
            "K": [[1400, 0, 950], [0, 1400, 540], [0, 0, 1]],
            "distCoef": [-0.2, 0.1, 0.001, 0.002, 0.03],
            "R": self.rotation.tolist(),
            "t": [[10.0], [120.0], [300.0]],
        } | fields

    def test_points_in_centimetres_land_where_their_formula_says(self, tmp_path: Path) -> None:
        camera = read_camera(save(tmp_path / "calibration.json", {"cameras": [self.entry()]}))
        points_cm = np.random.default_rng(0).uniform(-100, 100, size=(20, 3))
        theirs = points_cm @ self.rotation.T + [10.0, 120.0, 300.0]
        ours = camera.cam_from_world
        assert ours is not None
        world = 0.01 * points_cm @ PANOPTIC_FROM_WORLD
        np.testing.assert_allclose(world @ ours[:3, :3].T + ours[:3, 3], 0.01 * theirs, atol=1e-12)
        np.testing.assert_allclose(world[:, 2], -0.01 * points_cm[:, 1], atol=1e-12)
        assert isinstance(camera.distortion, BrownConrady)

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"K": [[1400, 0, 950]]}, "cameras[1]: K: expected 3 x 3 numbers, got 1 x 3"),
            (
                {"R": (-rotation).tolist()},
                "cameras[1]: rotation and translation: expected a rigid motion, but it is mir",
            ),
            ({"resolution": [1920]}, "cameras[1]: resolution: expected [width, height], got [1920]"),
            ({"t": [1, 2]}, "cameras[1]: t: expected 3 x 1 numbers, got 2"),
            ({}, "cameras[1]: name: expected each name once, got '00_01' again; rename one camera"),
        ],
    )
    def test_faults(self, tmp_path: Path, fields: dict[str, Any], text: str) -> None:
        second = self.entry(**({"name": "b"} | fields)) if fields else self.entry()
        assert error_of(save(tmp_path / "c.json", {"cameras": [self.entry(), second]})).startswith(text)

    def test_many_names_are_cut_short(self, tmp_path: Path) -> None:
        many = {"cameras": [self.entry(name=f"cam{i}") for i in range(30)]}
        path = save(tmp_path / "c.json", many)
        assert error_of(path).endswith("cam10, cam11 and 18 more (--camera-name)")

    def test_real_people_stand_on_the_ground_before_real_cameras(self, METRICPOSE_SHARED: Path) -> None:
        folder = METRICPOSE_SHARED / "data/real/formats/panoptic/160906_band1"
        if not folder.is_dir():
            pytest.skip(f"no Panoptic record at {folder}")
        scene = json.loads((folder / "hdPose3d_stage1_coco19/body3DScene_00000168.json").read_text())
        joints = np.array([body["joints19"] for body in scene["bodies"]]).reshape(-1, 19, 4)
        world = 0.01 * joints[..., :3] @ PANOPTIC_FROM_WORLD
        assert np.all((world[:, 0, 2] > 0.8) & (world[:, 0, 2] < 1.8))  # necks
        found = read_cameras(folder / "calibration_160906_band1.json")
        inside = 0.0
        for name in ("00_00", "00_16", "00_30"):
            motion = found[name].cam_from_world
            assert motion is not None
            px, in_front = found[name].project(world @ motion[:3, :3].T + motion[:3, 3])
            seen = joints[..., 3] > 0
            assert in_front[seen].all()
            inside += float(np.all((px >= 0) & (px < found[name].image_size), axis=-1)[seen].mean()) / 3
        assert inside > 0.75


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        (
            "c.json",
            "",
            "expected a calibration (our JSON (metricpose.camera/1), OpenCV YAML or JSON, Pose2Sim TOML or CMU ",
        ),
        ("c.json", '{"a": 1}', "expected a calibration ("),
        ("c.json", '{"a": ', "document: expected JSON, got a fault at line 1, column 7"),
        ("c.json", '{"cameras": []}', "expected a calibration ("),
        ("c.txt", "some text\nof two lines", "expected a calibration ("),
    ],
)
def test_what_is_no_calibration(tmp_path: Path, name: str, content: str, text: str) -> None:
    assert error_of(save(tmp_path / name, content)).startswith(text)


def test_a_missing_and_a_binary_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read this calibration file .No such file or directory."):
        read_camera(tmp_path / "absent.toml")
    (tmp_path / "c.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match="expected a calibration text file, got binary data"):
        read_camera(tmp_path / "c.yml")
