"""The training of the second stage: scenes into samples and lessons, the losses, validation, and what is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from metricpose._errors import WeightsError
from metricpose.losses.voxel import VoxelLossOptions, VoxelTruth, depth_loss, voxel_loss
from metricpose.models.voxel_input import VoxelInput
from metricpose.models.voxel_pose import VoxelPoseOptions
from metricpose.models.voxel_weights import loaded_voxel_pose, saved_voxel_pose
from metricpose.training.setup import OptimiserOptions, TrainingSetup
from metricpose.training.voxel_judging import calibration_of, judged, judged_depths, judged_people
from metricpose.training.voxel_lessons import Lesson, LessonOptions, VoxelTrainee, drawn_lesson
from metricpose.training.voxel_samples import VoxelSampleOptions, VoxelSamples, in_chunks, voxel_samples
from metricpose.virtual.camera_knowledge import KnowledgeOptions, camera_rows
from metricpose.virtual.scenes import SceneOptions, generate_scenes
from metricpose.virtual.world import World

_JUDGED, _CALIBRATED = 11, 21  # seeds of the scenes that are validated on, and of those that intervals are measured on
_FIRST_SCENES = 64

VoxelBatch = tuple[VoxelInput, Lesson]


@dataclass(frozen=True, kw_only=True)
class VoxelTraining:
    """What a recipe chooses. `scenes` per step and process. `parts`: "depth" has DE learn alone. `begin`: weights of
    the same options to go on from, such as those that DE alone has come to.

    The three networks share no weights and no gradient, so the weights of the losses only say how much each counts when
    the gradient is clipped; they bring the terms, as they are in the middle of the training, to one size.
    """

    name: str
    stage: VoxelPoseOptions = field(default_factory=VoxelPoseOptions)
    scene: SceneOptions = field(default_factory=SceneOptions)
    knowledge: KnowledgeOptions = field(default_factory=KnowledgeOptions)
    lessons: LessonOptions = field(default_factory=LessonOptions)
    loss: VoxelLossOptions = field(default_factory=lambda: VoxelLossOptions(depth=0.1, roots=100.0))
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    scenes: int = 4
    validation_scenes: int = 200
    least_cells: float = 8.0
    parts: str = "all"
    begin: Path | None = None
    seed: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)  # written into the file: licence, data


def voxel_setup(training: VoxelTraining, train: World, validation: World, device: torch.device) -> TrainingSetup:
    """The complete set-up, with people of two worlds that share no clip and no body."""
    torch.manual_seed(training.seed)
    samples = VoxelSampleOptions(
        picture=training.stage.picture, knowledge=training.knowledge, least_cells=training.least_cells
    )

    def batch(generator: torch.Generator) -> VoxelBatch:
        scenes = generate_scenes(training.scenes, train.poses, train.bodies, training.scene, generator)
        seen, truth, _ = voxel_samples(scenes, samples, generator)
        return seen, drawn_lesson(truth, training.lessons, generator)

    def loss(model: nn.Module, data: VoxelBatch) -> Mapping[str, Tensor]:
        seen, lesson = data
        answer = model(seen, lesson)
        if training.parts == "depth":
            depth = depth_loss(answer.canonical_depth, lesson.truth.canonical_depth, lesson.truth.real)
            return {"depth": depth, "total": training.loss.depth * depth}
        return voxel_loss(answer, lesson.truth, training.loss)

    def held_out(seed: int) -> Iterator[VoxelSamples]:
        generator = torch.Generator(device).manual_seed(seed)
        plain = replace(training.scene, augmentation=None)
        scenes = generate_scenes(training.validation_scenes, validation.poses, validation.bodies, plain, generator)
        return in_chunks(scenes, camera_rows(scenes.cameras, training.knowledge, generator), samples)

    def validate(model: nn.Module) -> Mapping[str, float]:
        assert isinstance(model, VoxelTrainee)
        if training.parts == "depth":
            return judged_depths(model, held_out(_JUDGED))
        return judged(judged_people(model, held_out(_JUDGED)))

    def finish(model: nn.Module, folder: Path) -> None:
        assert isinstance(model, VoxelTrainee)
        path = folder / f"{training.name}.safetensors"
        calibration = None
        if training.parts == "all":
            calibration = calibration_of(judged_people(model.to(device), held_out(_CALIBRATED)))
        saved_voxel_pose(model, path, calibration, training.facts)

    model = VoxelTrainee(training.stage, training.lessons, training.parts)
    for net in (model.root_net, model.pose_net):
        net.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # a fourth less time on CPUs
    if training.begin is not None:
        _go_on_from(model, training.begin)
    else:
        with torch.no_grad():
            generator = torch.Generator(device).manual_seed(training.seed)
            scenes = generate_scenes(_FIRST_SCENES, train.poses, train.bodies, training.scene, generator)
            _begin_at(model, [s.truth for s in in_chunks(scenes, torch.zeros(_FIRST_SCENES, 8), samples)])
    return TrainingSetup(
        name=training.name, model=model, batch=batch, loss=loss, validate=validate, finish=finish,
        optimiser=training.optimiser, seed=training.seed,
    )  # fmt: skip


def _begin_at(model: VoxelTrainee, truths: list[VoxelTruth]) -> None:
    """Has DE begin at the depth of the median person, which depends on the picture's size, and not at any other."""
    depths = torch.cat([truth.canonical_depth[truth.real] for truth in truths])
    bias = model.depth_estimator.out.bias
    assert bias is not None
    if len(depths):
        bias.fill_(float(depths.median().log()))


def _go_on_from(model: VoxelTrainee, path: Path) -> None:
    stage = loaded_voxel_pose(path).stage
    if stage.options != model.options:
        raise WeightsError(
            f"{path}: expected weights of the network that is trained, got those of another size; begin with the same "
            "settings"
        )
    model.load_state_dict(stage.state_dict())
