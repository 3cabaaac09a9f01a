"""LSP and LSPET: opposite flags, other orders of axes, pixels from 1."""

import json

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.lsp import lspet_split, read_lsp, read_lspet, read_lspet_resized
from tests.datasets.formats_made import save_json, save_mat

pytest.importorskip("scipy")

GENERATOR = np.random.default_rng(3)
PX = GENERATOR.uniform(1, 300, (4, 14, 2))  # pixels from 1
FLAGS = GENERATOR.integers(0, 2, (4, 14))
ROWS = np.concatenate([PX, FLAGS[..., None]], axis=2)  # (pictures, joints, 3)


def test_lsp_flags_hidden_joints(tmp_path):
    save_mat(tmp_path / "joints.mat", joints=ROWS.transpose(2, 1, 0))
    frames = read_lsp(tmp_path, split="all")
    assert [f.name for f in frames] == ["im0001.jpg", "im0002.jpg", "im0003.jpg", "im0004.jpg"]
    assert np.allclose([f.joints_px[0] for f in frames], PX - 1)
    assert np.array_equal([f.joint_scores[0] for f in frames], np.where(FLAGS == 1, 0.5, 1.0))
    assert frames[0].image_path == tmp_path / "images/im0001.jpg" and frames[0].skeleton.name == "lsp14"
    assert {f.sequence for f in frames} == {"LSP"}
    assert [f.name for f in read_lsp(tmp_path)] == ["im0003.jpg", "im0004.jpg"]
    assert [f.name for f in read_lsp(tmp_path, split="train")] == ["im0001.jpg", "im0002.jpg"]


def test_lspet_flags_labelled_joints(tmp_path):
    save_mat(tmp_path / "joints.mat", joints=ROWS.transpose(1, 2, 0))
    frames = read_lspet(tmp_path)
    assert [f.name for f in frames][-1] == "im00004.jpg"
    assert {f.sequence for f in frames} == {"LSPET"}
    assert np.array_equal([f.joint_scores[0] for f in frames], FLAGS)
    expected = np.where(FLAGS[..., None] == 1, PX - 1, np.nan)
    assert np.allclose([f.joints_px[0] for f in frames], expected, equal_nan=True)


def test_one_for_the_other_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"joints\.mat: missing; get it from https://sam.johnson.io/research/lspet"):
        read_lspet(tmp_path)
    save_mat(tmp_path / "joints.mat", joints=ROWS.transpose(1, 2, 0))
    with pytest.raises(InputError, match=r"expected \(3, 14, pictures\) of LSP, got \(14, 3, 4\); is it LSPET\?"):
        read_lsp(tmp_path)
    save_mat(tmp_path / "joints.mat", joints=ROWS.transpose(2, 1, 0))
    with pytest.raises(InputError, match=r"expected \(14, 3, pictures\) of LSPET, got \(3, 14, 4\); is it LSP\?"):
        read_lspet(tmp_path)
    save_mat(tmp_path / "joints.mat", joints=2 * ROWS.transpose(2, 1, 0))
    with pytest.raises(InputError, match="flags of 0 or 1"):
        read_lsp(tmp_path)
    save_mat(tmp_path / "joints.mat", joints=ROWS.transpose(2, 1, 0))
    with pytest.raises(InputError, match="split: expected train, test or all, got 'val'"):
        read_lsp(tmp_path, split="val")


def test_lspet_is_split_by_the_number_in_the_file_name(tmp_path):
    assert [lspet_split(name) for name in ("im00014.jpg", "00007.jpg", "im00021.jpg", "00001.jpg")] == [
        "test", "val", "val", "train",
    ]  # fmt: skip
    save_mat(tmp_path / "joints.mat", joints=np.tile(ROWS, (7, 1, 1)).transpose(1, 2, 0))  # 28 pictures
    parts = {split: [f.name for f in read_lspet(tmp_path, split=split)] for split in ("train", "val", "test", "all")}
    assert parts["test"] == ["im00014.jpg", "im00028.jpg"] and parts["val"] == ["im00007.jpg", "im00021.jpg"]
    assert sorted(parts["train"] + parts["val"] + parts["test"]) == parts["all"] and len(parts["all"]) == 28
    with pytest.raises(InputError, match="split: expected train, val, test or all, got 'dev'"):
        read_lspet(tmp_path, split="dev")


def test_the_resized_copy(tmp_path):
    legs = ["r_ankle", "r_knee", "r_hip", "l_hip", "l_knee", "l_ankle"]
    names = [*legs, "r_wrist", "r_elbow", "r_shoulder", "l_shoulder", "l_elbow", "l_wrist", "neck", "head_top"]
    entry = {"file": "00001.jpg", "width": 9, "height": 9, "joints_px": PX[0].tolist(), "visible": FLAGS[0].tolist()}
    document = {"joint_names": names, "images": [entry]}
    save_json(tmp_path / "annotations.json", document)
    (frame,) = read_lspet(tmp_path)  # found without joints.mat
    assert np.allclose(frame.joints_px[0][FLAGS[0] == 1], PX[0][FLAGS[0] == 1])
    assert np.isnan(frame.joints_px[0][FLAGS[0] == 0]).all()
    save_json(tmp_path / "annotations.json", {**document, "images": [entry, entry]})
    with pytest.raises(InputError, match="images: file: expected each once, got '00001.jpg' again"):
        read_lspet_resized(tmp_path)
    save_json(tmp_path / "annotations.json", {**document, "joint_names": names[::-1]})
    with pytest.raises(InputError, match="joint_names: expected"):
        read_lspet_resized(tmp_path)


def test_real_lspet(METRICPOSE_SHARED, tmp_path):
    root = METRICPOSE_SHARED / "data/lspet"
    if not root.is_dir():
        pytest.skip(f"no LSPET at {root}")
    document = json.loads((root / "annotations.json").read_text())
    save_json(tmp_path / "annotations.json", {**document, "images": document["images"][:400]})
    frames = read_lspet(tmp_path)
    assert len(frames) == 400 and (root / "images" / frames[0].name).is_file()
    labelled = np.array([f.joint_scores[0] for f in frames]) > 0
    joints_px = np.array([f.joints_px[0] for f in frames])
    assert np.array_equal(np.isfinite(joints_px).all(axis=2), labelled)
    upright = joints_px[:, 13, 1] < joints_px[:, 12, 1]  # the top of the head lies above the neck
    below = joints_px[:, (2, 3), 1].mean(axis=1) > joints_px[:, 12, 1]
    judged = np.isfinite(joints_px[:, (2, 3, 12, 13)]).all(axis=(1, 2))
    assert (below == upright)[judged].mean() > 0.8  # so do the hips below it
