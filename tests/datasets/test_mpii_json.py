"""MPII in the common JSON, with and without the truth of PCKh beside it."""

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.mpii_json import read_mpii_json
from tests.datasets.formats_made import save_json, save_mat

pytest.importorskip("scipy")


def entry(image, shift=0.0, missing=()):
    joints = [[-1.0, -1.0] if j in missing else [10.0 * j + 1 + shift, 5.0 * j + 1] for j in range(16)]
    labelled = [0 if j in missing else 1 for j in range(16)]
    return {"image": image, "joints": joints, "joints_vis": labelled, "center": [301.0, 401.0], "scale": 2.0}


def test_the_json_groups_people_by_picture(tmp_path):
    save_json(tmp_path / "annot/valid.json", [entry("a.jpg"), entry("b.jpg"), entry("a.jpg", 100.0, (0, 9))])
    a, b = read_mpii_json(tmp_path)
    assert (a.name, a.ids, b.name, b.ids) == ("a.jpg", (0, 2), "b.jpg", (1,))
    assert np.allclose(a.joints_px[0], [[10.0 * j, 5.0 * j] for j in range(16)])
    assert np.isnan(a.joints_px[1, [0, 9]]).all() and a.joint_scores[1].sum() == 14
    assert a.boxes_px[0].tolist() == [100.0, 200.0, 500.0, 600.0]
    assert a.head_px is None


def test_the_json_with_the_truth_of_pckh(tmp_path):
    save_json(tmp_path / "annot/valid.json", [entry("a.jpg"), entry("a.jpg", 100.0)])
    missing = np.zeros((16, 2))
    missing[3, 1] = 1
    truth = np.arange(64.0).reshape(16, 2, 2)
    heads = np.stack([[[11.0, 5.0], [21.0, 5.0]], [[41.0, 8.0], [61.0, 9.0]]])  # corner, x and y, person
    gt = {"jnt_missing": missing, "pos_gt_src": truth, "headboxes_src": heads}
    save_mat(tmp_path / "annot/gt_valid.mat", **gt)
    (frame,) = read_mpii_json(tmp_path)
    assert np.allclose(frame.head_px, [0.6 * 50, 0.6 * 5])
    assert frame.joint_scores[1, 3] == 0 and frame.joint_scores.sum() == 31
    assert frame.joints_px[1, 5].tolist() == (truth[5, :, 1] - 1).tolist()
    save_mat(tmp_path / "annot/gt_valid.mat", **{**gt, "jnt_missing": missing[:, :1]})
    with pytest.raises(InputError, match=r"jnt_missing: expected \(16, 2\), as many as the JSON has people"):
        read_mpii_json(tmp_path)


def test_json_files_that_are_wrong(tmp_path):
    with pytest.raises(FileError, match=r"annot/valid\.json: missing"):
        read_mpii_json(tmp_path)
    save_json(tmp_path / "annot/valid.json", [entry("a.jpg"), {**entry("b.jpg"), "joints": [[1, 2]]}])
    with pytest.raises(InputError, match=r"valid\.json: entry 1: b\.jpg: joints: expected 16 x 2 numbers"):
        read_mpii_json(tmp_path)
    save_json(tmp_path / "annot/valid.json", {"images": []})
    with pytest.raises(InputError, match="expected a list of people"):
        read_mpii_json(tmp_path)
