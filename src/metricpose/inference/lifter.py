"""The ray lifter as users hold it: 2D people and a camera in, people in metres out, through ONNX Runtime."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metricpose._errors import FileError, InputError, WeightsError
from metricpose.geometry.camera import Camera
from metricpose.inference.knowledge import EXACT, ExtrinsicsDoubt, camera_row
from metricpose.inference.rays import PeopleRays, people_rays
from metricpose.people import People2D, People3D
from metricpose.people.people3d import CameraSource
from metricpose.skeletons.catalogue import COCO17

if TYPE_CHECKING:
    import onnxruntime

_MOST_TOGETHER = 64
"""People of one picture that attend to each other; larger crowds are lifted in groups of this size."""
_BATCH_PEOPLE = 4096
_GUESS_DOUBT = 0.25
"""Relative standard deviation of the depth of people of whom only a box is known."""
_Z90 = 1.645


@dataclass(frozen=True, kw_only=True, eq=False)
class _Answer:
    """joints_cam (P, 17, 3), joint_sigma (P, 17), root_cam (P, 3), root_depth_interval (P, 2), all metres."""

    joints_cam: np.ndarray
    joint_sigma: np.ndarray
    root_cam: np.ndarray
    root_depth_interval: np.ndarray


class RayLifter:
    """Lifts 2D people to metres. Immutable; safe to share between threads.

    The answer is in COCO-17, whatever skeleton came in: joints that the input does not have are estimated like unseen
    ones, with a wider sigma.
    """

    def __init__(self, session: "onnxruntime.InferenceSession") -> None:
        self._session = session

    @classmethod
    def load(cls, path: str | Path | None = None, *, threads: int | None = None) -> "RayLifter":
        """The shipped weights, or an ONNX file that `metricpose train ray_lifter` wrote.

        Raises FileError for a missing file, WeightsError for one that is not such a network.
        """
        import onnxruntime

        file = Path(str(resources.files("metricpose") / "weights" / "ray_lifter.onnx")) if path is None else Path(path)
        if not file.is_file():
            raise FileError(f"{file}: no such weights file; expected ray_lifter.onnx, written by `metricpose train ray_lifter`")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001  ONNX Runtime raises classes of its own for each kind of broken file
            reason = " ".join(str(error).split())[:200]
            raise WeightsError(f"{file}: expected an ONNX ray lifter, got a file that does not load ({reason})") from error
        expected = {"rays", "scores", "camera"}
        if {node.name for node in session.get_inputs()} != expected:
            raise WeightsError(f"{file}: expected a ray lifter with inputs {sorted(expected)}, got another network")
        return cls(session)

    def __call__(
        self, people: People2D, camera: Camera, *, camera_source: CameraSource = "given", focal_sigma: float = 0.0,
        doubt: ExtrinsicsDoubt = EXACT,
    ) -> People3D:  # fmt: skip
        """The people of one picture, in the same order. `focal_sigma`: relative standard deviation of the focal length.

        Raises InputError if the picture's size is not the camera's, or focal_sigma is not in 0..2.
        """
        _check_call(people, camera, focal_sigma)
        if len(people) == 0:
            return People3D.empty(COCO17, camera, camera_source)
        rays = people_rays(people, camera)
        answer = self._picture(rays, camera_row(camera, doubt))
        return _people3d(people, camera, camera_source, rays, _widened(answer, rays.guessed, focal_sigma))

    def many(
        self, pictures: Sequence[tuple[People2D, Camera]], *, camera_source: CameraSource = "given", focal_sigma: float = 0.0,
        doubt: ExtrinsicsDoubt = EXACT,
    ) -> list[People3D]:  # fmt: skip
        """Many pictures at once: pictures with equally many people share calls of the network. Same answers, faster."""
        results: list[People3D | None] = [None] * len(pictures)
        groups: dict[int, list[int]] = {}
        for index, (people, camera) in enumerate(pictures):
            if 0 < len(people) <= _MOST_TOGETHER:
                _check_call(people, camera, focal_sigma)
                groups.setdefault(len(people), []).append(index)
            else:
                results[index] = self(people, camera, camera_source=camera_source, focal_sigma=focal_sigma, doubt=doubt)
        for count, members in groups.items():
            size = max(1, _BATCH_PEOPLE // count)
            for start in range(0, len(members), size):
                chosen = members[start : start + size]
                rays = [people_rays(*pictures[index]) for index in chosen]
                rows = np.stack([camera_row(pictures[index][1], doubt) for index in chosen])
                whole = self._run(np.stack([r.rays for r in rays]), np.stack([r.scores for r in rays]), rows)
                for place, index in enumerate(chosen):
                    people, camera = pictures[index]
                    part = _Answer(**{name: value[place] for name, value in vars(whole).items()})
                    part = _widened(part, rays[place].guessed, focal_sigma)
                    results[index] = _people3d(people, camera, camera_source, rays[place], part)
        return [result for result in results if result is not None]

    def _picture(self, rays: PeopleRays, row: np.ndarray) -> _Answer:
        """One picture's people, crowds in groups."""
        parts = []
        for start in range(0, len(rays.rays), _MOST_TOGETHER):
            group = slice(start, start + _MOST_TOGETHER)
            parts.append(self._run(rays.rays[None, group], rays.scores[None, group], row[None]))
        fields = vars(parts[0])
        return _Answer(**{name: np.concatenate([getattr(part, name)[0] for part in parts]) for name in fields})

    def _run(self, rays: np.ndarray, scores: np.ndarray, rows: np.ndarray) -> _Answer:
        names = list(_Answer.__dataclass_fields__)
        values: list[Any] = list(self._session.run(names, {"rays": rays, "scores": scores, "camera": rows}))
        return _Answer(**dict(zip(names, values, strict=True)))


def _check_call(people: People2D, camera: Camera, focal_sigma: float) -> None:
    if tuple(people.image_size) != tuple(camera.image_size):
        raise InputError(
            f"lifter: expected people and camera of one picture size, got {people.image_size} and {camera.image_size}; "
            "use camera.resized or camera.cropped"
        )
    if not 0 <= focal_sigma <= 2:
        raise InputError(f"lifter: expected focal_sigma, a relative standard deviation, in 0..2, got {focal_sigma}")


def _widened(answer: _Answer, guessed: np.ndarray, focal_sigma: float) -> _Answer:
    """Adds the doubt about the focal length, and about people of whom only a box is known, to what the network said.

    Depth is proportional to the focal length at a given size in the picture, so doubts add in log space.
    """
    if focal_sigma == 0 and not guessed.any():
        return answer
    doubt = np.hypot(focal_sigma, np.where(guessed, _GUESS_DOUBT, 0.0))[:, None]
    depth = answer.root_cam[:, 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        halves = np.log(np.maximum(answer.root_depth_interval, 1e-6) / depth)
    halves = np.hypot(halves, _Z90 * doubt) * np.array([-1.0, 1.0])
    interval = np.where(depth > 0, depth * np.exp(halves), answer.root_depth_interval)
    arms = np.linalg.norm(answer.joints_cam - answer.root_cam[:, None], axis=-1)
    sigma = np.hypot(answer.joint_sigma, doubt * arms / np.sqrt(3))
    return _Answer(
        joints_cam=answer.joints_cam,
        joint_sigma=sigma.astype(np.float32),
        root_cam=answer.root_cam,
        root_depth_interval=interval.astype(np.float32),
    )


def _people3d(people: People2D, camera: Camera, source: CameraSource, rays: PeopleRays, answer: _Answer) -> People3D:
    coco = people if people.skeleton == COCO17 else people.to(COCO17)
    return People3D(
        joints_cam=answer.joints_cam,
        joint_sigma=answer.joint_sigma,
        root_cam=answer.root_cam,
        root_depth_interval=np.sort(answer.root_depth_interval, axis=-1),
        joints_px=coco.joints_px,
        joint_scores=coco.joint_scores,
        boxes_px=people.boxes_px,
        scores=people.scores,
        skeleton=COCO17,
        camera=camera,
        camera_source=source,
        ids=people.ids,
    )
