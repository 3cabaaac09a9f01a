"""How well the second stage answers for people of held-out scenes, through its own candidates; and its calibration.

The network sees what it would see in use. Truth is looked at afterwards, person by person.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metricpose.models.depth_estimator import metres_per_canonical
from metricpose.models.voxel_answer import answered
from metricpose.models.voxel_calibration import VoxelCalibration
from metricpose.models.voxel_pose import VoxelPose
from metricpose.training.voxel_samples import VoxelSamples


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedPeople:
    """N real people: root_cam and true_root_cam (N, 3) m, joints_cam and true_joints_cam (N, J, 3) m, found (N,) bool,
    de_depth_m (N,), scores (N, J) in 2D; and of all pictures: how many, and the ghosts in them."""

    root_cam: Tensor
    true_root_cam: Tensor
    joints_cam: Tensor
    true_joints_cam: Tensor
    found: Tensor
    de_depth_m: Tensor
    scores: Tensor
    pictures: int
    ghosts: float

    @property
    def joint_errors_m(self) -> Tensor:
        """(N, J) m about each one's own root."""
        own, true = self.joints_cam - self.root_cam[:, None], self.true_joints_cam - self.true_root_cam[:, None]
        return (own - true).norm(dim=-1)


def judged_people(stage: VoxelPose, samples: Iterable[VoxelSamples]) -> JudgedPeople:
    """Answers for everybody, then looks who is real. Ghosts: candidates that no 2D person claims, or one who is not."""
    parts, pictures, ghosts = [], 0, 0.0
    device = next(stage.parameters()).device
    for seen, truth, scores in samples:
        with torch.no_grad():
            people = answered(stage, seen)
        depths = people.canonical_depth * metres_per_canonical(seen.cameras, people.canonical_depth)
        real = truth.real
        values = (people.root_cam, truth.roots_cam, people.joints_cam, truth.joints_cam, people.found, depths, scores)
        parts.append([value[real].to(device) for value in values])
        pictures += len(real)
        ghosts += float(people.unclaimed.sum() + (people.found & ~real).sum())
    root, true_root, joints, true_joints, found, depth, seen_2d = (torch.cat(v) for v in zip(*parts, strict=True))
    return JudgedPeople(
        root_cam=root, true_root_cam=true_root, joints_cam=joints, true_joints_cam=true_joints, found=found,
        de_depth_m=depth, scores=seen_2d, pictures=pictures, ghosts=ghosts,
    )  # fmt: skip


def judged(people: JudgedPeople) -> dict[str, float]:
    """MRPE, MRPE_z in mm and % of depth, MPJPE in mm, of the found and ("all_") of all people; found people in %;
    ghosts per picture; DE's own MRPE_z in %; and a score, in which a person not found costs as much as 10 % of depth.

    Figures of the found are left out where nobody is.
    """
    figures = {f"all_{name}": value for name, value in _errors(people, torch.ones_like(people.found)).items()}
    if people.found.any():
        figures |= _errors(people, people.found)
    found = 100 * float(people.found.float().mean())
    off = (people.de_depth_m - people.true_root_cam[:, 2]).abs() / people.true_root_cam[:, 2]
    score = figures["all_mrpe_z_percent"] + 0.1 * figures["all_mpjpe_mm"] + 0.1 * (100 - found)
    return {
        **figures,
        "found_percent": found,
        "ghosts_per_picture": people.ghosts / people.pictures,
        "de_mrpe_z_percent": 100 * float(off.mean()),
        "score": score,
    }


def judged_depths(stage: VoxelPose, samples: Iterable[VoxelSamples]) -> dict[str, float]:
    """DE's own MRPE_z of real people, in mm and % of their depth, which is the score."""
    off_m, share = [], []
    for seen, truth, _ in samples:
        with torch.no_grad():
            depths = stage.canonical_depth(seen)
        depths = (depths * metres_per_canonical(seen.cameras, depths))[truth.real]
        true = truth.roots_cam[..., 2][truth.real].to(depths)
        off_m.append((depths - true).abs())
        share.append(off_m[-1] / true)
    percent = 100 * float(torch.cat(share).mean())
    return {"de_mrpe_z_mm": 1000 * float(torch.cat(off_m).mean()), "de_mrpe_z_percent": percent, "score": percent}


def _errors(people: JudgedPeople, chosen: Tensor) -> dict[str, float]:
    off, depth = (people.root_cam - people.true_root_cam)[chosen], people.true_root_cam[chosen, 2]
    return {
        "mrpe_mm": 1000 * float(off.norm(dim=-1).mean()),
        "mrpe_z_mm": 1000 * float(off[:, 2].abs().mean()),
        "mrpe_z_percent": 100 * float((off[:, 2].abs() / depth).mean()),
        "mpjpe_mm": 1000 * float(people.joint_errors_m[chosen].mean()),
    }


def calibration_of(people: JudgedPeople) -> VoxelCalibration:
    """From people that the network has not learnt from.

    The depth about which a person is answered without a candidate is DE's; PEN moves it by centimetres.
    """
    true = people.true_root_cam[:, 2]

    def logs(depth_m: Tensor) -> np.ndarray:
        return (true / depth_m.clamp_min(1e-3)).log().cpu().numpy()

    own = logs(people.root_cam[:, 2])
    by_de = torch.where(people.found, people.de_depth_m, people.root_cam[:, 2])
    return VoxelCalibration.of_residuals(
        own, logs(by_de), people.found.cpu().numpy(), people.joint_errors_m.cpu().numpy(),
        (people.scores > 0).cpu().numpy(),
    )  # fmt: skip
