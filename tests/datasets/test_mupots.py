"""MuPoTS-3D: MATLAB structures by picture and person, hidden joints, people who are not judged."""

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.mupots import read_mupots
from tests.datasets.formats_made import CAMERA_PX, cells, people_mm, save_mat, seen_px

pytest.importorskip("scipy")

CAM_MM = people_mm(6, 17).reshape(3, 2, 17, 3)  # pictures, people
VALID = np.array([[1, 1], [1, 0], [0, 0]])
HIDDEN = np.random.default_rng(2).integers(0, 2, (3, 2, 17))


def structure(frame, person, **changes):
    points = CAM_MM[frame, person]
    fields = {"annot2": seen_px(points).T, "annot3": points.T, "univ_annot3": 0.9 * points.T}
    return {**fields, "isValidFrame": float(VALID[frame, person]), **changes}


def save(root, **changes):
    rows = [[structure(t, p, **(changes if (t, p) == (1, 0) else {})) for p in range(2)] for t in range(3)]
    save_mat(root / "TS7/annot.mat", annotations=cells(rows))
    hidden = cells([[HIDDEN[t, p][:, None] for p in range(2)] for t in range(3)])
    save_mat(root / "TS7/occlusion.mat", occlusion_labels=hidden)
    return root


def read(root, **options):
    return list(read_mupots(root, sequences=("TS7",), **options))


def test_every_picture_with_all_its_people(tmp_path):
    frames = read(save(tmp_path))
    assert [f.name for f in frames] == ["TS7/img_000000.jpg", "TS7/img_000001.jpg", "TS7/img_000002.jpg"]
    assert np.array_equal([f.judged for f in frames], VALID > 0)
    for t, frame in enumerate(frames):
        assert np.allclose(frame.joints_cam, CAM_MM[t] / 1000)
        assert np.allclose(frame.joints_universal, 0.9 * CAM_MM[t] / 1000)
        assert np.allclose(frame.camera.project(frame.joints_cam)[0], frame.joints_px)
        assert np.array_equal(frame.joint_scores, np.where(HIDDEN[t] > 0, 0.5, 1.0))
        assert frame.ids == (0, 1) and frame.sequence == "TS7" and frame.frame == t
    fx, fy, cx, cy = CAMERA_PX
    assert np.allclose(frames[0].camera.intrinsics_px, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    assert frames[0].camera.image_size == (1920, 1080)


def test_without_occlusions_in_the_folder_above_and_some_pictures(tmp_path):
    save(tmp_path / "MultiPersonTestSet")
    (tmp_path / "MultiPersonTestSet/TS7/occlusion.mat").unlink()
    frames = read(tmp_path, every=2)
    assert [f.frame for f in frames] == [0, 2] and (frames[0].joint_scores == 1).all()


def test_the_size_of_the_pictures_is_theirs(tmp_path):
    from PIL import Image

    save(tmp_path)
    Image.new("RGB", (64, 48)).save(tmp_path / "TS7/img_000000.jpg")
    assert read(tmp_path)[0].camera.image_size == (64, 48)
    (tmp_path / "TS7/img_000000.jpg").write_bytes(b"no")
    with pytest.raises(InputError, match=r"img_000000\.jpg: expected a picture"):
        read(tmp_path)


def test_one_person_in_one_picture_keeps_the_axes(tmp_path):
    save_mat(tmp_path / "TS7/annot.mat", annotations=cells([[structure(0, 0)]]))
    (frame,) = read(tmp_path)
    assert np.allclose(frame.joints_cam, CAM_MM[:1, 0] / 1000)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"annot3": np.zeros((3, 16))}, r"annotations\(2, 1\): annot3: expected 3 x 17 numbers, got 3 x 16"),
        ({"annot2": np.zeros((17, 2))}, r"annotations\(2, 1\): annot2: expected 2 x 17 numbers"),
    ],
)
def test_bad_people_are_named(changes, text, tmp_path):
    with pytest.raises(InputError, match=text):
        read(save(tmp_path, **changes))


def test_a_part_on_disk_says_how_to_read_it(tmp_path):
    save(tmp_path)
    with pytest.raises(FileError, match=r"TS1/annot\.mat: missing.* what is there \(sequences, --sequences TS7\)"):
        list(read_mupots(tmp_path))
    (tmp_path / "TS7/annot.mat").unlink()
    with pytest.raises(FileError) as caught:  # nothing is there
        list(read_mupots(tmp_path))
    assert "--sequences" not in str(caught.value)


def test_bad_files(tmp_path):
    with pytest.raises(FileError, match=r"TS7/annot\.mat: missing.*MuPoTS-3D\.zip"):
        read(tmp_path)
    save(tmp_path)
    save_mat(tmp_path / "TS7/occlusion.mat", occlusion_labels=cells([[np.zeros(17)]]))
    with pytest.raises(InputError, match=r"occlusion_labels: expected \(3, 2\) as in annot\.mat, got \(1, 1\)"):
        read(tmp_path)
    save_mat(tmp_path / "TS7/annot.mat", annotations=np.eye(3))
    with pytest.raises(InputError, match=r"annotations: expected cells \(frames, people\)"):
        read(tmp_path)
    save_mat(tmp_path / "TS7/annot.mat", annotations=cells([[{"annot2": np.zeros((2, 17)), "isValidFrame": 1.0}]]))
    with pytest.raises(InputError, match=r"annotations\(1, 1\): annot3: expected one structure with the field"):
        read(tmp_path)
    metres = {"annot3": CAM_MM[0, 0].T / 1000}
    save_mat(tmp_path / "TS7/annot.mat", annotations=cells([[structure(0, 0, **metres)]]))
    with pytest.raises(InputError, match=r"TS7/annot\.mat: annot3: expected people of about 1 to 2 m"):
        read(tmp_path)
