"""What is written is what is read, options within options and all; and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from safetensors.torch import load_file, save_file  # noqa: E402

from metricpose._errors import FileError, InputError, WeightsError  # noqa: E402
from metricpose.models.voxel_calibration import VoxelCalibration, central_bounds, conformal_quantile  # noqa: E402
from metricpose.models.voxel_picture import PictureOptions  # noqa: E402
from metricpose.models.voxel_weights import loaded_voxel_pose, saved_voxel_pose  # noqa: E402
from tests.models.voxel_made import SMALL, small_stage, voxel_input, world_camera  # noqa: E402

CALIBRATION = VoxelCalibration(
    log_depth_found=(-0.1, 0.12), log_depth_by_de=(-0.3, 0.4), sigma_m_seen=(0.02, 0.03, 0.04, 0.05),
    sigma_m_unseen=(0.1, 0.1, 0.2, 0.2),
)  # fmt: skip


def stage():
    return small_stage(replace(SMALL, picture=PictureOptions(size_px=(192, 128)), covered_below=0.4))


def changed(path, **metadata):
    """The file with some of its metadata changed, or without those that are None."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        facts = {**file.metadata(), **metadata}
    save_file(load_file(path), path, metadata={name: value for name, value in facts.items() if value is not None})


def test_a_round_trip(tmp_path):
    path, net = tmp_path / "voxel_pose.safetensors", stage()
    saved_voxel_pose(net, path, CALIBRATION, {"licence": "Apache-2.0"})
    got = loaded_voxel_pose(path)
    assert got.stage.options == net.options and got.calibration == CALIBRATION
    assert got.facts == {"licence": "Apache-2.0"} and not got.stage.training
    seen = voxel_input((world_camera(), [[0.2, 0.1, 4.0]]))
    with torch.no_grad():
        assert torch.equal(got.stage(seen).joints_cam, net(seen).joints_cam)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_calibration_may_be_lacking(tmp_path):
    path = tmp_path / "a.safetensors"
    saved_voxel_pose(stage(), path)
    assert loaded_voxel_pose(path).calibration is None


def test_files_that_do_not_load(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(WeightsError, match=r"a\.safetensors: expected safetensors of a second stage, got a file that"):
        loaded_voxel_pose(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(WeightsError, match="got a file that does not load"):
        loaded_voxel_pose(path)
    with pytest.raises(FileError, match="expected a place to write weights to"):
        saved_voxel_pose(stage(), tmp_path / "no folder" / "a.safetensors")


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"options": None}, "'options'"),
        ({"options": "[]"}, "'list' object has no attribute 'items'"),
        ({"options": json.dumps({"joints": 4})}, "'depth'"),
        ({"calibration": "{}"}, "log_depth_found"),
    ],
)
def test_files_of_another_network(tmp_path, metadata, reason):
    path = tmp_path / "a.safetensors"
    saved_voxel_pose(stage(), path, CALIBRATION)
    changed(path, **metadata)
    with pytest.raises(WeightsError, match="expected safetensors of a second stage, got another network's") as caught:
        loaded_voxel_pose(path)
    assert reason in str(caught.value) and "\n" not in str(caught.value)


def test_unknown_options_other_sizes_and_missing_tensors_are_refused(tmp_path):
    path, net = tmp_path / "a.safetensors", stage()
    from dataclasses import asdict

    told = asdict(net.options)
    for options in (
        {**told, "depht": 1},
        {**told, "pose": {**told["pose"], "net": {"width": 6}}},
        {**told, "roots": {**told["roots"], "volume": {**told["roots"]["volume"], "place": "nowhere"}}},
    ):
        saved_voxel_pose(net, path)
        changed(path, options=json.dumps(options))
        with pytest.raises(WeightsError, match="got another network's"):
            loaded_voxel_pose(path)
    saved_voxel_pose(net, path)
    tensors = load_file(path)
    tensors.pop("depth_estimator.out.bias")
    save_file(tensors, path, metadata={"options": json.dumps(told)})
    with pytest.raises(WeightsError, match="got another network's"):
        loaded_voxel_pose(path)


def test_a_calibration_of_other_joints_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    short = replace(CALIBRATION, sigma_m_seen=(0.1,), sigma_m_unseen=(0.1,))
    saved_voxel_pose(stage(), path, short)
    with pytest.raises(WeightsError, match=r"a calibration of 1 joints"):
        loaded_voxel_pose(path)


def test_a_conformal_quantile_is_the_rank_that_keeps_its_promise():
    assert conformal_quantile(np.arange(1, 20), 0.9) == 18  # ceil(20 * 0.9)
    assert conformal_quantile([3.0], 0.9) == 3.0  # of too few: the largest
    assert central_bounds(np.arange(1, 40)) == (2.0, 38.0)  # 5 % below and above


def test_intervals_and_sigmas_go_with_the_kind_of_person_and_joint():
    found = np.array([True, False])
    got = CALIBRATION.interval_m(np.array([5.0, 5.0]), found)
    np.testing.assert_allclose(got, 5 * np.exp([[-0.1, 0.12], [-0.3, 0.4]]))
    seen = np.array([[True, False, True, False]])
    np.testing.assert_allclose(CALIBRATION.sigma_m(seen), [[0.02, 0.1, 0.04, 0.2]])


def test_few_of_a_kind_borrow_from_everybody():
    rng = np.random.default_rng(0)
    own, by_de = 0.05 * rng.normal(size=200), 0.2 * rng.normal(size=200)
    found = np.arange(200) < 195  # five who were not found say little of their 95 % quantile
    errors, seen = np.abs(rng.normal(size=(200, 4))), np.ones((200, 4), bool)
    got = VoxelCalibration.of_residuals(own, by_de, found, errors, seen)
    assert got.log_depth_by_de == central_bounds(np.concatenate([own, by_de]))
    assert got.log_depth_found == central_bounds(own[:195])
    assert got.sigma_m_seen == got.sigma_m_unseen
    with pytest.raises(InputError, match="got nobody; validate on more scenes"):
        VoxelCalibration.of_residuals(own[:0], by_de[:0], found[:0], errors[:0], seen[:0])


def test_a_calibration_checks_itself():
    with pytest.raises(InputError, match="expected bounds that rise, and a sigma above 0 m for each joint"):
        replace(CALIBRATION, log_depth_found=(0.2, 0.1))
    with pytest.raises(InputError, match="expected bounds that rise"):
        replace(CALIBRATION, sigma_m_seen=(0.1,))
