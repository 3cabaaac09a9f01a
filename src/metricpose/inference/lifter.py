"""The ray lifter as users hold it: 2D people and a camera in, people in metres out, through ONNX Runtime or torch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.inference.answer import FIELDS, LATENT_FIELDS, Answer, answer_in
from metricpose.inference.engines import onnx_engine, torch_engine
from metricpose.inference.knowledge import EXACT, ExtrinsicsDoubt, camera_row
from metricpose.inference.rays import PeopleRays, people_rays
from metricpose.people import People2D, People3D
from metricpose.people.people3d import CameraSource
from metricpose.skeletons import Skeleton, skeleton_named
from metricpose.skeletons.catalogue import COCO17

_MOST_TOGETHER = 64
"""People of one picture that attend to each other; larger crowds are lifted in groups of this size."""
_BATCH_PEOPLE = 4096
_GUESS_DOUBT = 0.25
"""Relative standard deviation of the depth of people of whom only a box is known."""
_Z90 = 1.645


class Engine(Protocol):
    """What runs the network: `run(names of outputs, inputs by name)` gives the outputs, as ONNX Runtime does."""

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, np.ndarray]) -> Sequence[Any]: ...


class RayLifter:
    """Lifts 2D people to metres. Immutable; safe to share between threads.

    Whatever skeleton comes in, the answer is in COCO-17 or the skeleton asked for: joints that the input does not have
    are estimated like unseen ones, with a wider sigma. Weights made before lifters read every skeleton see the joints
    that are COCO's by name alone, and their answer is converted (`People3D.to`).
    """

    def __init__(self, engine: Engine, facts: Mapping[str, str] | None = None, *, every_skeleton: bool = False) -> None:
        self._engine = engine
        self.every_skeleton = every_skeleton
        """Whether the network reads and answers more than COCO-17."""
        self.facts: Mapping[str, str] = facts or {}
        """What the file of weights says of itself; see `inference.adapted`."""

    @classmethod
    def load(
        cls, path: str | Path | None = None, *, engine: Literal["onnx", "torch"] = "onnx", threads: int | None = None,
        device: str | None = None,
    ) -> "RayLifter":  # fmt: skip
        """The shipped weights, or a file that `metricpose train ray_lifter` or `metricpose adapt` wrote.

        Args:
            path: ray_lifter.onnx for the engine "onnx", ray_lifter.safetensors for "torch".
            engine: "onnx" is ONNX Runtime on the CPU; "torch" needs the extra [train], and gives the same answers.
            threads: of ONNX Runtime; as many as there are cores if not given.
            device: of torch, such as "cpu" or "cuda:1"; a GPU where there is one if not given.

        Raises:
            FileError: the file is missing.
            WeightsError: it is no ray lifter, or damaged.
            MissingExtraError: torch was asked for and is not installed.
            InputError: another engine, `threads` for torch, or a `device` for ONNX Runtime or that torch does not have.
        """
        if engine == "onnx" and device is None:
            session = onnx_engine(path, threads)
            every = len(session.get_inputs()) > 3
            return cls(session, session.get_modelmeta().custom_metadata_map, every_skeleton=every)
        if engine == "torch" and threads is None:
            network = torch_engine(path, device)
            return cls(network, network.facts, every_skeleton=network.every_skeleton)
        raise InputError(
            f"ray lifter: expected engine 'onnx' (with threads or none) or 'torch' (with a device or none), "
            f"got engine={engine!r}, threads={threads!r}, device={device!r}"
        )

    def __call__(
        self, people: People2D, camera: Camera, *, camera_source: CameraSource = "given", focal_sigma: float = 0.0,
        doubt: ExtrinsicsDoubt = EXACT, skeleton: Skeleton | str = COCO17,
    ) -> People3D:  # fmt: skip
        """The people of one picture, in the same order, in `skeleton`.

        `focal_sigma`: relative standard deviation of the focal length. Raises InputError if the picture's size is not
        the camera's, focal_sigma is not in 0..2, or there is no such skeleton.
        """
        how = {"camera_source": camera_source, "focal_sigma": focal_sigma, "doubt": doubt, "skeleton": skeleton}
        return self.many([(people, camera)], **how)[0]

    def many(
        self, pictures: Sequence[tuple[People2D, Camera]], *, camera_source: CameraSource = "given",
        focal_sigma: float = 0.0, doubt: ExtrinsicsDoubt = EXACT, skeleton: Skeleton | str = COCO17,
    ) -> list[People3D]:  # fmt: skip
        """Many pictures at once: pictures with equally many people share calls of the network. Same answers, faster."""
        skeleton = skeleton_named(skeleton) if isinstance(skeleton, str) else skeleton
        for people, camera in pictures:
            _check_call(people, camera, focal_sigma)
        if not self.every_skeleton:
            seen = [(people if people.skeleton == COCO17 else people.to(COCO17), camera) for people, camera in pictures]
            lifted = self._lifted(seen, COCO17, camera_source, focal_sigma, doubt)
            return lifted if skeleton == COCO17 else [people.to(skeleton) for people in lifted]
        found: dict[int, People3D] = {}
        for places in _by_skeleton(pictures):
            own = [pictures[place] for place in places]
            lifted = self._lifted(own, skeleton, camera_source, focal_sigma, doubt)
            found |= dict(zip(places, lifted, strict=True))
        return [found[place] for place in range(len(pictures))]

    def _lifted(
        self, pictures: Sequence[tuple[People2D, Camera]], skeleton: Skeleton, camera_source: CameraSource,
        focal_sigma: float, doubt: ExtrinsicsDoubt,
    ) -> list[People3D]:  # fmt: skip
        """Pictures whose people come in one skeleton."""
        if not any(len(people) for people, _ in pictures):
            return [People3D.empty(skeleton, camera, camera_source) for _, camera in pictures]
        rays = people_rays(pictures)
        rows = np.stack([camera_row(camera, doubt) for _, camera in pictures])
        answer = self._answered(rays, rows, [len(people) for people, _ in pictures], skeleton)
        answer = _widened(answer, rays.guessed, focal_sigma)
        shown = [(p if p.skeleton == skeleton else p.to(skeleton), camera) for p, camera in pictures]
        return list(_split(answer, shown, camera_source))

    def _answered(self, rays: PeopleRays, rows: np.ndarray, counts: Sequence[int], skeleton: Skeleton) -> Answer:
        """The network's answer for all people, in calls for groups of equally many."""
        if len(counts) == 1 and counts[0] <= _MOST_TOGETHER:
            return self._run(rays, np.arange(counts[0])[None], rows, skeleton)
        answer = Answer.empty(len(rays.rays), len(skeleton))
        for pictures, members in _batches(counts):
            part = self._run(rays, members, rows[pictures], skeleton)
            for name in FIELDS:
                getattr(answer, name)[members.reshape(-1)] = getattr(part, name)
        return answer

    def _run(self, rays: PeopleRays, members: np.ndarray, rows: np.ndarray, skeleton: Skeleton) -> Answer:
        """For the people members (B, P) of B pictures with camera rows (B, 8); the answer for B x P people."""
        feed = {"rays": rays.rays[members], "scores": rays.scores[members], "camera": rows}
        if self.every_skeleton:
            feed |= {"other_rays": rays.other_rays[members], "other_scores": rays.other_scores[members]}
        names = FIELDS if skeleton == COCO17 else (*FIELDS[2:], *LATENT_FIELDS)
        values = [value.reshape(-1, *value.shape[2:]) for value in self._engine.run(names, feed)]
        found = dict(zip(names, values, strict=True))
        return Answer(**found) if skeleton == COCO17 else answer_in(skeleton, **found)


def _by_skeleton(pictures: Sequence[tuple[People2D, Camera]]) -> list[list[int]]:
    """Places of the pictures whose people come in the same skeleton."""
    groups: list[list[int]] = []
    for place, (people, _) in enumerate(pictures):
        own = next((group for group in groups if pictures[group[0]][0].skeleton == people.skeleton), None)
        groups.append([place]) if own is None else own.append(place)
    return groups


def _batches(counts: Sequence[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pictures (B,) and the places (B, P) of their people among all, crowds in groups; `counts`: people by picture."""
    groups: dict[int, list[tuple[int, int]]] = {}
    start = 0
    for picture, count in enumerate(counts):
        for first in range(0, count, _MOST_TOGETHER):
            groups.setdefault(min(_MOST_TOGETHER, count - first), []).append((picture, start + first))
        start += count
    for size, members in groups.items():
        together = max(1, _BATCH_PEOPLE // size)
        for begin in range(0, len(members), together):
            pictures, firsts = np.array(members[begin : begin + together]).T
            yield pictures, firsts[:, None] + np.arange(size)


def _check_call(people: People2D, camera: Camera, focal_sigma: float) -> None:
    if tuple(people.image_size) != tuple(camera.image_size):
        raise InputError(
            f"lifter: expected people and camera of one picture size, got {people.image_size} and {camera.image_size}; "
            "use camera.resized or camera.cropped"
        )
    if not 0 <= focal_sigma <= 2:
        raise InputError(f"lifter: expected focal_sigma, a relative standard deviation, in 0..2, got {focal_sigma}")


def _widened(answer: Answer, guessed: np.ndarray, focal_sigma: float) -> Answer:
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
    return replace(answer, joint_sigma=sigma.astype(np.float32), root_depth_interval=interval.astype(np.float32))


def _split(
    answer: Answer, pictures: Sequence[tuple[People2D, Camera]], camera_source: CameraSource
) -> Iterator[People3D]:
    """The answer for all people as the people of each picture."""
    interval = np.sort(answer.root_depth_interval, axis=-1)
    end = 0
    for people, camera in pictures:
        own = slice(end, end := end + len(people))
        yield People3D.lifted(
            people, camera, camera_source,
            joints_cam=answer.joints_cam[own], joint_sigma=answer.joint_sigma[own],
            root_cam=answer.root_cam[own], root_depth_interval=interval[own],
        )  # fmt: skip
