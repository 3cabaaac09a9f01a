"""Human3.6M in Moon's JSON."""

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.human36m_moon import read_human36m_moon
from tests.datasets.formats_made import people_mm, rotation, save_json, seen_px

TURN, SHIFT_MM = rotation(4), np.array([100.0, -200.0, 300.0])
CAM_MM = people_mm(2, 17)
WORLD_MM = (CAM_MM - SHIFT_MM) @ TURN  # x_cam = R x + t
LENS = (1145.0, 1144.0, 512.0, 515.0)


def image(number, frame, action=2):
    name = f"s_09_act_{action:02d}_subact_01_ca_02/s_09_act_{action:02d}_subact_01_ca_02_{frame + 1:06d}.jpg"
    keys = {"subject": 9, "action_idx": action, "subaction_idx": 1, "cam_idx": 2, "frame_idx": frame}
    return {"id": number, "file_name": name, "width": 1000, "height": 1000, **keys}


def annotation(number, **changes):
    made = {"id": number + 100, "image_id": number, "bbox": [10, 20, 30, 40], "keypoints_vis": [True] * 16 + [False]}
    return {**made, **changes}


def save(root, images=None, annotations=None, joints=None):
    images = [image(1, 0), image(2, 64, 15), image(3, 5)] if images is None else images
    entries = [annotation(n) for n in (1, 2, 3)] if annotations is None else annotations
    stem = root / "annotations/Human36M_subject9"
    save_json(stem.parent / f"{stem.name}_data.json", {"images": images, "annotations": entries})
    fx, fy, cx, cy = LENS
    camera = {"R": TURN.tolist(), "t": SHIFT_MM.tolist(), "f": [fx, fy], "c": [cx, cy]}
    save_json(stem.parent / f"{stem.name}_camera.json", {"2": camera})
    world = {"2": {"1": {"0": WORLD_MM[0].tolist()}}, "15": {"1": {"64": WORLD_MM[1].tolist()}}}
    save_json(stem.parent / f"{stem.name}_joint_3d.json", world if joints is None else joints)
    return root


def read(root, **options):
    return list(read_human36m_moon(root, subjects=("S9",), **options))


def test_every_64th_picture_in_metres(tmp_path):
    first, second = read(save(tmp_path))
    assert first.name == "s_09_act_02_subact_01_ca_02/s_09_act_02_subact_01_ca_02_000001.jpg"
    assert np.allclose(first.joints_cam[0], CAM_MM[0] / 1000) and np.allclose(second.joints_cam[0], CAM_MM[1] / 1000)
    assert np.allclose(first.joints_px[0], seen_px(CAM_MM[0], LENS))
    assert (first.group, second.group, second.frame) == ("Directions", "WalkDog", 64)
    assert first.sequence == "S9/Directions subaction 1/55011271"
    assert first.joint_scores[0, [0, 16]].tolist() == [1.0, 0.5]
    assert first.boxes_px[0].tolist() == [10, 20, 40, 60] and first.image_path == tmp_path / "images" / first.name


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"images": [image(1, 0), image(1, 64)]}, "images: id: expected each once, got 1 again"),
        ({"images": [image(1, 0), image(2, 0)]}, "images: file_name: expected each once"),
        ({"annotations": [annotation(1), annotation(1)]}, "image_id: expected each once, got 1 again"),
        ({"annotations": [annotation(9)]}, "image_id: expected the id of a picture, got 9"),
        ({"annotations": [annotation(1, keypoints_vis=[1])]}, r"_000001\.jpg: keypoints_vis: expected 17"),
        ({"joints": {"2": {"1": {}}}}, r"_000001\.jpg: 0: expected a list, got nothing"),
        ({"joints": {"2": {"1": {"0": (WORLD_MM[0] / 1000).tolist()}}}}, "joint_3d: expected people of about 1 to 2 m"),
        ({"images": [image(1, 0, 17)], "annotations": [annotation(1)]}, "action_idx: expected 2 to 16, got 17"),
        ({"images": [{**image(1, 0), "cam_idx": 3}], "annotations": [annotation(1)]}, "cam_idx: expected one of"),
    ],
)
def test_bad_entries_are_named(changes, text, tmp_path):
    with pytest.raises(InputError, match=text):
        read(save(tmp_path, **changes))


def test_a_missing_file(tmp_path):
    save(tmp_path)
    (tmp_path / "annotations/Human36M_subject9_joint_3d.json").unlink()
    with pytest.raises(FileError, match=r"Human36M_subject9_joint_3d\.json: missing.*ROOTNET"):
        read(tmp_path)
