"""Human3.6M in mmpose's conversion: made files, and the real records, whose 3D must land on their 2D."""

import pickle

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.human36m_mmpose import read_human36m_mmpose
from tests.datasets.formats_made import people_mm, save_json
from tests.datasets.human36m_made import IDS, PLACES_M, TURNS, save_cameras_pickle

NAMES = (
    "S9/S9_Directions_1.54138969/S9_Directions_1.54138969_000001.jpg",
    "S9/S9_WalkDog.55011271/S9_WalkDog.55011271_000066.jpg",
)
CAM = people_mm(2, 17) / 1000


def save_npz(root, names=NAMES, cam=CAM):
    folder = root / "annotation_body3d/fps50"
    folder.mkdir(parents=True, exist_ok=True)
    known = np.ones((len(names), 17, 1))
    part = np.concatenate([100 * np.arange(len(names) * 34.0).reshape(-1, 17, 2), known], axis=2)
    part[1:, 4, 2] = 0
    np.savez(
        folder / "h36m_test.npz",
        imgname=np.array(names),
        center=np.full((len(names), 2), 500.0),
        scale=np.full(len(names), 2.0),
        part=part,
        S=np.concatenate([cam, known], axis=2),
    )


@pytest.fixture
def root(tmp_path):
    save_npz(tmp_path)
    save_cameras_pickle(tmp_path / "annotation_body3d/cameras.pkl")
    return tmp_path


def test_the_npz(root):
    first, second = read_human36m_mmpose(root)
    assert (first.name, second.name) == NAMES
    assert (first.sequence, first.group, first.frame) == ("S9/Directions 1/54138969", "Directions", 0)
    assert (second.sequence, second.group, second.frame) == ("S9/WalkDog/55011271", "WalkDog", 65)
    assert np.allclose(second.joints_cam[0], CAM[1])
    assert second.joint_scores[0, 4] == 0 and np.isnan(second.joints_px[0, 4]).all()
    assert second.boxes_px[0].tolist() == [300.0, 300.0, 700.0, 700.0]
    assert np.allclose(second.camera.centre_world, PLACES_M[IDS[1]])
    assert second.image_path == root / "images" / NAMES[1]
    assert [f.name for f in read_human36m_mmpose(root, every=64)] == [NAMES[0]]


def test_the_json_holds_the_world(root, tmp_path):
    world = (CAM[1] @ TURNS[IDS[1]]) + PLACES_M[IDS[1]]
    file_name = NAMES[1].rsplit("/", 1)[1]
    annotation = {
        "image_id": 5,
        "bbox": [1, 2, 30, 40],
        "keypoints": np.arange(51.0).tolist(),
        "keypoints_3d": np.concatenate([world, np.ones((17, 1))], axis=1).ravel().tolist(),
    }
    document = {"images": [{"id": 5, "file_name": file_name}], "annotations": [annotation]}
    path = save_json(tmp_path / "annotation_body3d/a.json", document)
    (frame,) = read_human36m_mmpose(root, annotations=path)
    assert np.allclose(frame.joints_cam[0], CAM[1])
    assert frame.boxes_px[0].tolist() == [1, 2, 31, 42] and frame.name == file_name
    assert frame.image_path == root / "images" / NAMES[1]
    annotation["image_id"] = 6
    save_json(path, document)
    with pytest.raises(InputError, match=r"annotations\[0\]: image_id: expected the id of a picture in images, got 6"):
        read_human36m_mmpose(root, annotations=path)


def test_files_that_are_wrong(root, tmp_path):
    with pytest.raises(FileError, match=r"fps50/h36m_test\.npz: missing"):
        read_human36m_mmpose(root / "annotation_body3d")
    save_npz(root, names=("S9/a.jpg",) * 2)
    with pytest.raises(InputError, match=r"S9/a\.jpg: expected a name like S1_Directions_1"):
        read_human36m_mmpose(root)
    save_npz(root, names=(NAMES[0],) * 2)
    with pytest.raises(InputError, match="pictures: expected each once, got"):
        read_human36m_mmpose(root)
    save_npz(root, cam=CAM * 1000)
    with pytest.raises(InputError, match="S: expected people of about 1 to 2 m"):
        read_human36m_mmpose(root)
    save_npz(root, cam=CAM[:, :, [0, 1, 2, 2]])
    with pytest.raises(InputError, match="S: expected 2 x 17 x 4 numbers"):
        read_human36m_mmpose(root)
    save_npz(root)
    (root / "annotation_body3d/cameras.pkl").write_bytes(pickle.dumps({}))
    with pytest.raises(InputError, match="expected the camera 54138969 of S9 among the cameras"):
        read_human36m_mmpose(root)
    (root / "annotation_body3d/cameras.pkl").unlink()
    with pytest.raises(FileError, match=r"cameras\.pkl: missing"):
        read_human36m_mmpose(root)


def test_real_records(METRICPOSE_SHARED):
    root = METRICPOSE_SHARED / "data/real/formats/h36m"
    if not root.is_dir():
        pytest.skip(f"no records of Human3.6M at {root}")
    frames = read_human36m_mmpose(root)
    again = read_human36m_mmpose(root, annotations=root / "h36m_coco.json")
    assert len(frames) == len(again) == 4
    for frame, other in zip(frames, again, strict=True):
        px, seen = frame.camera.project(frame.joints_cam)
        assert seen.all() and np.abs(px - frame.joints_px).max() < 0.3
        assert np.abs(frame.joints_cam - other.joints_cam).max() < 1e-5
        assert frame.name.endswith(other.name) and np.allclose(frame.joints_px, other.joints_px)
        joint = frame.skeleton.index
        # Whatever the JSON calls them: left shoulders and left hips lie on one side of the body.
        across = frame.joints_cam[0, joint("left_shoulder")] - frame.joints_cam[0, joint("right_shoulder")]
        assert across @ (frame.joints_cam[0, joint("left_hip")] - frame.joints_cam[0, joint("right_hip")]) > 0
        assert 1.4 < frame.camera.height_m < 1.8
