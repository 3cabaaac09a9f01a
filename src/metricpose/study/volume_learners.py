"""REN and PEN on top of a trained DE, and the same without the depth gate of eq. (5).

DE's weights are those of the study's own DE and stay as they are, so that (a) DE, (b) REN and (c) PEN of the paper's
table 4 differ in nothing but the modules. The camera's tilt and height are known, as in the paper. Everything that is
seen is the detector's. Whom REN does not find has DE's root, and is counted as not found.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from metricpose._errors import FileError, InputError
from metricpose.losses.voxel import VoxelLossOptions, voxel_loss
from metricpose.models.depth_estimator import metres_per_canonical
from metricpose.models.pose_net import PoseNetOptions
from metricpose.models.root_net import RootNetOptions, Roots
from metricpose.models.root_volume import RootVolumeOptions
from metricpose.models.v2v import V2VOptions
from metricpose.models.volumes import VolumeOptions
from metricpose.models.voxel_answer import claimed, roots_by_depth
from metricpose.models.voxel_input import VoxelInput
from metricpose.models.voxel_picture import PictureOptions
from metricpose.models.voxel_pose import VoxelPoseOptions
from metricpose.study.learner import Learner, Pupil, optimiser, unjudged, unwritten
from metricpose.study.root_learners import PYRAMID
from metricpose.study.situation import RootAnswers
from metricpose.training.setup import TrainingSetup
from metricpose.training.voxel_lessons import Lesson, LessonOptions, VoxelTrainee, drawn_lesson
from metricpose.training.voxel_samples import VoxelSampleOptions, in_chunks, voxel_samples
from metricpose.virtual.camera_knowledge import EXACT, camera_rows
from metricpose.virtual.scenes import SceneBatch

NET = V2VOptions(width=8, front=3)
"""Small enough for minutes of one core; the paper's nets are four times as wide and see 80 x 80 x 24 and 64^3 cells."""

STAGE = VoxelPoseOptions(
    depth=PYRAMID,
    roots=RootNetOptions(
        volume=RootVolumeOptions(size_m=(8.0, 8.0, 2.4), cells=(20, 40, 8), place="people"), net=NET, sigma_m=0.3
    ),  # finest along depth, which is what is judged
    pose=PoseNetOptions(volume=VolumeOptions(size_m=(2.4, 2.4, 2.4), cells=(20, 20, 20)), net=NET, sharpness=10.0),
    picture=PictureOptions(size_px=(240, 128)),
)
UNGATED_M = 1e3
"""Width of a gate that shuts nothing out: heatmaps go to all cells, as in VoxelPose."""

_SAMPLES = VoxelSampleOptions(picture=STAGE.picture, knowledge=EXACT)
_LOSS = VoxelLossOptions(depth=0.0, roots=100.0, sigma_m=0.3)  # as wide as a cell, so that one lies near each root
_LESSONS = LessonOptions(most_poses=6)
_RATE = 4e-3


class VolumeTrainee(VoxelTrainee):
    """A second stage whose DE has learnt already, and stays as it is."""

    def begun_from(self, path: Path) -> "VolumeTrainee":
        """Itself, with DE's weights of a file that the study's DE was written to."""
        try:
            weights = load_file(path)
        except (OSError, SafetensorError) as error:
            raise FileError(f"{path}: cannot read DE's weights ({error}); delete the file to train DE again") from error
        prefix = "depth_estimator."
        try:
            self.depth_estimator.load_state_dict({name.removeprefix(prefix): v for name, v in weights.items()})
        except RuntimeError:
            raise InputError(f"{path}: these weights are of another DE; choose another folder with -o") from None
        for parameter in self.depth_estimator.parameters():
            parameter.requires_grad_(False)
        return self

    def train(self, mode: bool = True) -> "VolumeTrainee":
        """DE's batch norms never learn."""
        super().train(mode)
        self.depth_estimator.eval()
        return self


def _setup(stage: VoxelPoseOptions, pupil: Pupil) -> TrainingSetup:
    if pupil.begin is None:
        raise InputError(f"{pupil.name}: expected DE's weights to begin from, got none; train DE first")
    torch.manual_seed(pupil.seed)
    model = VolumeTrainee(stage, _LESSONS).begun_from(pupil.begin)
    for net in (model.root_net, model.pose_net):
        net.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # a fourth less time on CPUs

    def batch(generator: torch.Generator) -> tuple[VoxelInput, Lesson]:
        scenes = pupil.situation.scenes(pupil.effort.scenes, generator)
        seen, truth, _ = voxel_samples(scenes, _SAMPLES, generator)
        return seen, drawn_lesson(truth, _LESSONS, generator)

    def loss(model: nn.Module, data: tuple[VoxelInput, Lesson]) -> Mapping[str, Tensor]:
        seen, lesson = data
        return voxel_loss(model(seen, lesson), lesson.truth, _LOSS)

    return TrainingSetup(
        name=pupil.name, model=model, batch=batch, loss=loss, validate=unjudged, finish=unwritten,
        optimiser=optimiser(pupil.effort, _RATE), seed=pupil.seed,
    )  # fmt: skip


def _answer(
    names: tuple[str, str], model: nn.Module, scenes: SceneBatch, device: torch.device
) -> Mapping[str, RootAnswers]:
    assert isinstance(model, VolumeTrainee)
    rows = camera_rows(scenes.cameras, EXACT, torch.Generator(device).manual_seed(0))
    ren, pen = [], []
    for seen, truth, _ in in_chunks(scenes, rows, _SAMPLES):
        with torch.no_grad():
            by_ren, by_pen, found = roots_of_stages(model, seen)
        real = truth.real
        ren.append([value[real] for value in (by_ren, truth.roots_cam, found)])
        pen.append([value[real] for value in (by_pen, truth.roots_cam, found)])
    return {
        name: RootAnswers(*(torch.cat(values) for values in zip(*parts, strict=True)))
        for name, parts in zip(names, (ren, pen), strict=True)
    }


def roots_of_stages(stage: VolumeTrainee, seen: VoxelInput) -> tuple[Tensor, Tensor, Tensor]:
    """Of every 2D person: REN's root (B, P, 3) m, PEN's (B, P, 3) m, and whether REN has found them (B, P)."""
    canonical = stage.canonical_depth(seen)
    depths_m = canonical * metres_per_canonical(seen.cameras, canonical)
    candidates = stage.root_net.found(stage.root_net(seen, depths_m), seen)
    by_ren, found = roots_by_depth(seen, depths_m), torch.zeros_like(seen.present)
    for number in range(len(seen.cameras)):
        mine = (candidates.picture == number).nonzero()[:, 0]
        rows, people = claimed(seen, number, depths_m, candidates, mine)
        by_ren[number, people] = candidates.roots_cam[mine[rows]].to(by_ren)
        found[number, people] = True
    there = seen.present.nonzero(as_tuple=True)
    poses = stage.pose_net(seen, Roots(there[0], by_ren[there], torch.ones_like(by_ren[there][:, 0])))
    by_pen = by_ren.clone()
    by_pen[there] = stage.roots_of(poses.joints_cam).to(by_pen)
    return by_ren, by_pen, found


def _learner(name: str, names: tuple[str, str], stage: VoxelPoseOptions) -> Learner:
    return Learner(name=name, setup=partial(_setup, stage), answer=partial(_answer, names), answers=names, begins=True)


VOLUME_LEARNERS: Mapping[str, Learner] = {
    "volumes": _learner("volumes", ("ren", "pen"), STAGE),
    "volumes_ungated": _learner(
        "volumes_ungated", ("ren_ungated", "pen_ungated"),
        replace(STAGE, roots=replace(STAGE.roots, sigma_m=UNGATED_M)),
    ),
}  # fmt: skip
