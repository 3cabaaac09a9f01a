"""The second stage of VirtualPose as users hold it: 2D people and a camera in, people in metres out, through torch.

Everybody who was seen in 2D is answered. A person without a candidate of REN is answered about the depth that DE says
of them, with the wider interval that such answers have earned; `VoxelLifted.found` tells who that is. Candidates that
are seen on none of the 2D people are no answer.
"""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.geometry.camera import Camera
from metricpose.people import People2D, People3D
from metricpose.people.people3d import CameraSource
from metricpose.skeletons.catalogue import COCO17

if TYPE_CHECKING:
    from metricpose.models.voxel_calibration import VoxelCalibration
    from metricpose.models.voxel_engine import VoxelArrays, VoxelEngine

SHIPPED = "voxel_pose.safetensors"
_Z90 = 1.645
_BOX_DOUBT = 1.0
"""Standard deviation of the log depth of people of whom only a box is known: no heatmap shows them."""
_BEYOND = 0.25  # of the side of PEN's volume: the least sigma of a joint that seems to lie outside


class VoxelLifted(NamedTuple):
    """The people in the order of the 2D people; found (P,) bool, whom REN has found; scores (P,) in [0, 1], REN's, 0
    for the others; unclaimed: how many candidates were seen on none of the 2D people."""

    people: People3D
    found: np.ndarray
    scores: np.ndarray
    unclaimed: int


class VoxelLifter:
    """Lifts 2D people to metres through volumes; needs the extra [train]. The answer is in COCO-17.

    Of a person without any seen joint there is a root and an interval only: their joints are NaN, with infinite sigma.
    """

    def __init__(self, engine: "VoxelEngine") -> None:
        self._engine = engine
        self.facts = engine.facts
        """What the file of weights says of itself; see `inference.adapted`."""

    @classmethod
    def load(cls, path: str | Path | None = None, *, device: str | None = None) -> "VoxelLifter":
        """The shipped weights, or those that `metricpose train voxel_pose` wrote, on `device` such as "cpu".

        Without a device: a GPU where there is one.

        Raises FileError for a missing file, WeightsError for one that is no such network or has no calibration,
        MissingExtraError without torch, InputError for a device that is not there.
        """
        try:
            from metricpose.models.voxel_engine import VoxelEngine
        except ImportError as error:
            raise MissingExtraError("the voxel lifter", "train") from error
        file = Path(str(resources.files("metricpose") / "weights" / SHIPPED)) if path is None else Path(path)
        if not file.is_file():
            where = "one that `metricpose train voxel_pose` wrote"
            if path is None:
                where = f"{SHIPPED} of the repository, which the package leaves out for its size: give a path to it"
            raise FileError(f"{file}: no such weights file; expected {where}")
        return cls(VoxelEngine.load(file, device))

    def __call__(
        self, people: People2D, camera: Camera, *, camera_source: CameraSource = "given", focal_sigma: float = 0.0
    ) -> People3D:
        """The people of one picture, in the same order. `focal_sigma`: relative standard deviation of the focal length.

        Raises InputError if the picture's size is not the camera's, or focal_sigma is not in 0..2.
        """
        return self.many([(people, camera)], camera_source=camera_source, focal_sigma=focal_sigma)[0].people

    def many(
        self, pictures: Sequence[tuple[People2D, Camera]], *, camera_source: CameraSource = "given",
        focal_sigma: float = 0.0,
    ) -> list[VoxelLifted]:  # fmt: skip
        """Many pictures, each with who was found."""
        if not 0 <= focal_sigma <= 2:
            raise InputError(
                f"voxel lifter: expected focal_sigma, a relative standard deviation, in 0..2, got {focal_sigma}"
            )
        seen = [(people if people.skeleton == COCO17 else people.to(COCO17), camera) for people, camera in pictures]
        answers = zip(seen, self._engine.run(seen), strict=True)
        return [self._lifted(*picture, answer, camera_source, focal_sigma) for picture, answer in answers]

    def _lifted(
        self, people: People2D, camera: Camera, answer: "VoxelArrays", camera_source: CameraSource, focal_sigma: float
    ) -> VoxelLifted:
        shown = np.asarray((people.joint_scores > 0).any(axis=1))
        sigma = self._sigma(answer, people.joint_scores > 0, focal_sigma)
        lifted = People3D.lifted(
            people, camera, camera_source,
            joints_cam=answer.joints_cam, joint_sigma=np.where(shown[:, None], sigma, np.inf), root_cam=answer.root_cam,
            root_depth_interval=_interval(self._engine.calibration, answer, shown, focal_sigma),
        )  # fmt: skip
        return VoxelLifted(lifted, answer.found, answer.scores, answer.unclaimed)

    def _sigma(self, answer: "VoxelArrays", seen: np.ndarray, focal_sigma: float) -> np.ndarray:
        """As measured; wider where a joint seems to lie outside PEN's volume, and with doubt about the focal length."""
        least = np.where(answer.covered, 0.0, _BEYOND * max(self._engine.volume_m))
        arms = np.linalg.norm(answer.joints_cam - answer.root_cam[:, None], axis=-1)
        return np.hypot(np.maximum(self._engine.calibration.sigma_m(seen), least), focal_sigma * arms / np.sqrt(3))


def _interval(
    calibration: "VoxelCalibration", answer: "VoxelArrays", shown: np.ndarray, focal_sigma: float
) -> np.ndarray:
    """(P, 2) m. Depth is proportional to the focal length at a given size in the picture, so doubts add as logs."""
    depth = answer.root_cam[:, 2:]
    interval = calibration.interval_m(depth[:, 0], answer.found)
    doubt = np.hypot(focal_sigma, np.where(shown, 0.0, _BOX_DOUBT))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.log(interval / depth).T
    # The bounds may lie on one side of the answer, where the network is biased; doubt widens about their middle.
    middle, half = (low + high)[:, None] / 2, (high - low)[:, None] / 2
    widened = middle + np.hypot(half, _Z90 * doubt) * np.array([-1.0, 1.0])
    return np.where(doubt > 0, np.sort(depth * np.exp(widened), axis=1), interval)
