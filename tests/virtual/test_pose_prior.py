import hashlib
from importlib import resources
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from metricpose._errors import FileError, WeightsError
from metricpose.virtual.pose_pool import rotvec_to_rotmat
from metricpose.virtual.pose_prior import PosePrior, pose_features, pose_rotations
from metricpose.virtual.pose_source import facing_forward, mirrored
from metricpose.virtual.rig import NODES


@pytest.fixture(scope="module")
def prior() -> PosePrior:
    return PosePrior.load()


@pytest.fixture(scope="module")
def poses(prior) -> torch.Tensor:
    return prior.draw(500, torch.Generator().manual_seed(0))


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _random_poses(n: int = 20) -> torch.Tensor:
    return rotvec_to_rotmat(torch.randn(n, len(NODES), 3, generator=_generator()))


def _angle_deg(rotations: torch.Tensor) -> torch.Tensor:
    trace = rotations.diagonal(dim1=-1, dim2=-2).sum(-1)
    return torch.rad2deg(torch.arccos(((trace - 1) / 2).clamp(-1, 1)))


def test_features_hold_the_whole_pose():
    rotations = _random_poses()
    features = pose_features(rotations)
    assert features.shape == (20, 126)
    torch.testing.assert_close(pose_rotations(features), rotations, atol=1e-4, rtol=0)


def test_features_of_a_stiff_body_are_those_of_rest_but_for_the_pelvis():
    stiff = _random_poses(1)[:, :1].expand(1, len(NODES), 3, 3)
    rest = torch.eye(3)[:, :2].T.reshape(6).repeat(20)
    torch.testing.assert_close(pose_features(stiff)[0, 6:], rest, atol=1e-5, rtol=0)


def test_any_numbers_become_rotations():
    rotations = pose_rotations(3 * torch.randn(50, 126, generator=_generator()))
    torch.testing.assert_close(
        rotations @ rotations.transpose(-1, -2), torch.eye(3).expand_as(rotations), atol=1e-4, rtol=0
    )
    assert (torch.linalg.det(rotations) > 0.99).all()


def test_mirrored_twice_is_the_same_pose_and_once_swaps_the_sides():
    rotations = _random_poses()
    torch.testing.assert_close(mirrored(mirrored(rotations)), rotations)
    left, right = NODES.index("left_hand"), NODES.index("right_hand")
    across = torch.tensor([1.0, -1.0, 1.0])
    aim = torch.tensor([0.2, 1.0, -0.3])
    torch.testing.assert_close(mirrored(rotations)[:, left] @ (aim * across), (rotations[:, right] @ aim) * across)


def test_draws_are_valid_face_forward_and_repeat_for_a_seed(prior, poses):
    assert poses.shape == (500, 21, 3, 3)
    assert poses.dtype == torch.float32
    torch.testing.assert_close(poses @ poses.transpose(-1, -2), torch.eye(3).expand_as(poses), atol=1e-4, rtol=0)
    torch.testing.assert_close(facing_forward(poses), poses, atol=1e-4, rtol=0)
    assert torch.equal(prior.draw(500, _generator(0)), poses)
    assert not torch.equal(prior.draw(500, _generator(1)), poses)


@pytest.mark.parametrize("n", [0, 1])
def test_few_draws_are_ordinary(prior, n):
    assert prior.draw(n, _generator()).shape == (n, 21, 3, 3)


def test_drawn_people_bend_as_people_do(poses):
    """Knees bend backward, elbows forward; nearly everyone is upright; legs and arms differ from draw to draw."""
    for side, sign in (("left", 1), ("right", -1)):
        thigh, shin, upper, fore = (
            poses[:, NODES.index(f"{side}_{part}")] for part in ("thigh", "shin", "upper_arm", "forearm")
        )
        knee = -(thigh.transpose(-1, -2) @ shin)[:, 0, 2]  # how far forward the shin points
        assert (knee < 0.15).float().mean() > 0.97
        assert knee.std() > 0.2
        elbow = sign * (upper.transpose(-1, -2) @ fore)[:, 0, 1]
        assert (elbow > -0.15).float().mean() > 0.97
        assert elbow.std() > 0.15
    assert (poses[:, 0, 2, 2] > 0.5).float().mean() > 0.95


def test_left_and_right_are_drawn_alike(prior):
    """The share of draws whose left hand is the higher one is a half, within four standard errors."""
    many = prior.draw(4000, _generator(2))
    heights = {
        side: sign * many[:, NODES.index(f"{side}_upper_arm"), 2, 1] for side, sign in (("left", 1), ("right", -1))
    }
    share = (heights["left"] > heights["right"]).float().mean()
    assert abs(float(share) - 0.5) < 4 * 0.5 / 4000**0.5


def test_saving_and_loading_changes_no_pose(prior, poses, tmp_path):
    save_file(prior.tensors(), tmp_path / "again.safetensors")
    again = PosePrior.load(tmp_path / "again.safetensors").draw(500, _generator(0))
    assert _angle_deg(again.transpose(-1, -2) @ poses).max() < 0.1


def test_weights_that_do_not_fit_are_refused(prior, tmp_path):
    path = tmp_path / "odd.safetensors"
    tensors = prior.tensors()
    save_file({**tensors, "mixture.means": torch.zeros(3, 32)}, path)
    with pytest.raises(WeightsError, match=r"expected mixture.means of shape \(64, 32\), got \(3, 32\)"):
        PosePrior.load(path)
    save_file({name: tensor for name, tensor in tensors.items() if name != "mixture.factors"}, path)
    with pytest.raises(WeightsError, match=r"expected mixture.factors of shape \(64, 32, 32\), got None"):
        PosePrior.load(path)
    save_file({**tensors, "layers.9.bias": torch.zeros(3)}, path)
    with pytest.raises(
        WeightsError, match=r"do not fit the decoder; reinstall or retrain: .*layers\.9\.bias"
    ) as caught:
        PosePrior.load(path)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_weights_are_refused(tmp_path):
    with pytest.raises(FileError, match="cannot read the pose prior's weights"):
        PosePrior.load(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(WeightsError, match="expected a safetensors file, got something else"):
        PosePrior.load(tmp_path / "text.safetensors")


def test_the_card_names_the_shipped_weights():
    data = resources.files("metricpose").joinpath("weights", "pose_prior.safetensors").read_bytes()
    assert len(data) < 2_000_000
    card = Path(__file__).parents[2] / "docs" / "weights" / "pose_prior.md"
    assert hashlib.sha256(data).hexdigest() in card.read_text(encoding="utf-8")
