"""MPI-INF-3DHP: training annotations with their calibration, and test annotations without one."""

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.mpi_inf_3dhp import (
    JOINTS17_OF_28,
    read_3dhp_calibration,
    read_mpi_inf_3dhp_test,
    read_mpi_inf_3dhp_train,
)
from metricpose.skeletons import skeleton_named
from tests.datasets.formats_made import CAMERA_PX, cells, people_mm, rotation, save_mat, save_mat73, seen_px

pytest.importorskip("scipy")
pytest.importorskip("h5py")

FRAMES = 3
TURN, SHIFT_MM = rotation(2), np.array([-562.8, 1398.1, 3852.6])


def calibration(numbers=range(14), extrinsic=None):
    fx, fy, cx, cy = CAMERA_PX
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = TURN, SHIFT_MM
    lines = ["Skeletool Camera Calibration File V1"]
    for number in numbers:
        lines += [
            f"name          {number}",
            "  sensor      10 10",
            "  size        2048 2048",
            "  animated    0",
            f"  intrinsic   {fx} 0 {cx} 0 0 {fy} {cy} 0 0 0 1 0 0 0 0 1 ",
            "  extrinsic   " + (extrinsic or " ".join(f"{value:.9g}" for value in motion.ravel())) + " ",
            "  radial      0",
        ]
    return "\n".join(lines) + "\n"


def camera_mm(number):
    return people_mm(FRAMES, 28, seed=number)


def save_train(root, scale=1.0, frames=(FRAMES, FRAMES)):
    flat = [[camera_mm(n).reshape(FRAMES, 84)] for n in range(14)]
    annotations = {
        "annot2": cells([[seen_px(camera_mm(n)).reshape(FRAMES, 56)[: frames[0]]] for n in range(14)]),
        "annot3": cells([[scale * entry[0]] for entry in flat]),
        "univ_annot3": cells([[0.9 * entry[0][: frames[1]]] for entry in flat]),
    }
    save_mat(root / "S2/Seq1/annot.mat", **annotations)
    (root / "S2/Seq1/camera.calibration").write_text(calibration())
    return root


def test_training_sequences(tmp_path):
    frames = list(read_mpi_inf_3dhp_train(save_train(tmp_path), cameras=(0, 8)))
    assert len(frames) == 2 * FRAMES
    frame = frames[FRAMES + 1]
    assert frame.name == "S2/Seq1/imageFrames/video_8/frame_000002.jpg"
    assert (frame.sequence, frame.frame, frame.skeleton.name) == ("S2/Seq1/video_8", 1, "mpi_inf_3dhp28")
    assert np.allclose(frame.joints_cam[0], camera_mm(8)[1] / 1000)
    assert np.allclose(frame.joints_universal[0], 0.9 * camera_mm(8)[1] / 1000)
    assert np.allclose(frame.camera.project(frame.joints_cam)[0], frame.joints_px)
    assert len(list(read_mpi_inf_3dhp_train(tmp_path, sequences=("S2/Seq1",), cameras=(3,), every=2))) == 2


def test_the_world_is_turned_z_up(tmp_path):
    (tmp_path / "camera.calibration").write_text(calibration((0, 5)))
    cameras = read_3dhp_calibration(tmp_path / "camera.calibration")
    assert list(cameras) == [0, 5] and cameras[5].image_size == (2048, 2048)
    theirs_mm = np.array([120.0, 1700.0, -350.0])  # y up
    ours_m = np.array([0.12, 0.35, 1.7])  # x, -z, y
    seen = cameras[0].cam_from_world @ (*ours_m, 1.0)
    assert np.allclose(seen[:3], (TURN @ theirs_mm + SHIFT_MM) / 1000)
    assert np.allclose(cameras[0].up, TURN[:, 1])


def test_28_joints_hold_the_17_by_name():
    many, few = skeleton_named("mpi_inf_3dhp28"), skeleton_named("mpi_inf_3dhp17")
    assert [many.joints[i] for i in JOINTS17_OF_28] == list(few.joints)


def test_bad_training_files(tmp_path):
    with pytest.raises(FileError, match=r"S1/Seq1/annot\.mat: missing.*get_dataset"):
        list(read_mpi_inf_3dhp_train(tmp_path))
    save_train(tmp_path, scale=0.001)
    with pytest.raises(InputError, match=r"annot\.mat: camera 0: annot3: expected people of about 1 to 2 m"):
        list(read_mpi_inf_3dhp_train(tmp_path))
    save_train(tmp_path, frames=(FRAMES, 2))
    with pytest.raises(InputError, match="camera 0: expected as many frames in each array, got annot2 3, annot3 3"):
        list(read_mpi_inf_3dhp_train(tmp_path))
    save_train(tmp_path)
    with pytest.raises(InputError, match=r"camera\.calibration: expected the camera 14"):
        list(read_mpi_inf_3dhp_train(tmp_path, cameras=(14,)))
    save_mat(tmp_path / "S2/Seq1/annot.mat", annot2=np.eye(2), annot3=np.eye(2), univ_annot3=np.eye(2))
    with pytest.raises(InputError, match="annot2: expected a cell for each of 14 cameras"):
        list(read_mpi_inf_3dhp_train(tmp_path))
    (tmp_path / "S2/Seq1/camera.calibration").unlink()
    with pytest.raises(FileError, match=r"camera\.calibration: missing"):
        list(read_mpi_inf_3dhp_train(tmp_path))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "expected blocks of lines that begin with name"),
        (calibration((3, 3)), "camera 3: expected each camera once"),
        (calibration((1,), extrinsic="1 2 x"), "camera 1: extrinsic: expected 16 numbers, got '1 2 x"),
        (calibration((1,), extrinsic="1 2 3"), "camera 1: extrinsic: expected 16 numbers, got 3"),
        (calibration((1,)).replace("intrinsic", "inner"), "camera 1: expected a line 'intrinsic'"),
        (calibration((1,), extrinsic=" ".join(["2"] * 16)), "camera 1: rotation and translation: expected a rigid"),
    ],
)
def test_bad_calibrations(text, fault, tmp_path):
    (tmp_path / "c").write_text(text)
    with pytest.raises(InputError, match=fault):
        read_3dhp_calibration(tmp_path / "c")


CAM_MM = people_mm(FRAMES, 17, seed=50)


def save_test(root, name="TS5", **changes):
    arrays = {
        "annot2": seen_px(CAM_MM).transpose(2, 1, 0)[:, :, None],
        "annot3": CAM_MM.transpose(2, 1, 0)[:, :, None],
        "univ_annot3": 0.9 * CAM_MM.transpose(2, 1, 0)[:, :, None],
        "valid_frame": np.array([[1.0, 0.0, 1.0]]),
        "activity_annotation": np.array([[1.0, 7.0, 6.0]]),
        "bb_crop": np.zeros((34, FRAMES)),
    }
    save_mat73(root / f"mpi_inf_3dhp_test_set/{name}/annot_data.mat", **{**arrays, **changes})
    return root


def test_test_sequences(tmp_path):
    frames = list(read_mpi_inf_3dhp_test(save_test(tmp_path), sequences=("TS5",)))
    assert [f.name for f in frames] == ["TS5/img_000001.jpg", "TS5/img_000002.jpg", "TS5/img_000003.jpg"]
    assert [f.judged.tolist() for f in frames] == [[True], [False], [True]]
    assert [f.group for f in frames] == ["Stand/Walk", "Misc.", "Sports"]
    for i, frame in enumerate(frames):
        assert np.allclose(frame.joints_cam[0], CAM_MM[i] / 1000)
        assert np.allclose(frame.joints_universal[0], 0.9 * CAM_MM[i] / 1000)
        assert np.allclose(frame.camera.project(frame.joints_cam)[0], frame.joints_px)
    fx, fy, cx, cy = CAMERA_PX
    assert np.allclose(frames[0].camera.intrinsics_px, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    assert frames[0].camera.image_size == (1920, 1080)
    assert frames[0].image_path == tmp_path / "mpi_inf_3dhp_test_set/TS5/imageSequence/img_000001.jpg"


def read_test(root):
    return list(read_mpi_inf_3dhp_test(root, sequences=("TS5",)))


def test_bad_test_files(tmp_path):
    with pytest.raises(FileError, match=r"TS5/annot_data\.mat: missing.*get_testset"):
        read_test(tmp_path)
    with pytest.raises(InputError, match=r"annot2: expected \(2, 17, 1, frames\), got \(3, 17, 1, 3\)"):
        read_test(save_test(tmp_path, annot2=CAM_MM.transpose(2, 1, 0)[:, :, None]))
    with pytest.raises(InputError, match="got annot2 3, annot3 3, univ_annot3 3, valid_frame 2"):
        read_test(save_test(tmp_path, valid_frame=np.ones((1, 2))))
    with pytest.raises(InputError, match="annot3: expected people of about 1 to 2 m, got 0.00"):
        read_test(save_test(tmp_path, annot3=CAM_MM.transpose(2, 1, 0)[:, :, None] / 1000))
    with pytest.raises(InputError, match="expected 2D joints that are projections of the 3D ones"):
        read_test(save_test(tmp_path, annot2=np.random.default_rng(0).uniform(0, 900, (2, 17, 1, FRAMES))))
