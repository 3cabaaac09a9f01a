"""Fine-tunes VirtualPose's second stage for one camera on virtual data made for it: its camera-specific model.

ECCV 2022, 5.3: "we can generate training data specifically for it". A folder holds a run, as in `adaptation`: called
again, it goes on from its checkpoint.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from metricpose._errors import InputError
from metricpose.inference.adapted import facts_of_adaptation
from metricpose.io.atomic import write_text
from metricpose.io.camera_json import write_camera
from metricpose.losses.voxel import VoxelLossOptions, voxel_loss
from metricpose.models.voxel_weights import VoxelWeights, loaded_voxel_pose, saved_voxel_pose
from metricpose.training.adaptation_data import AdaptationData, Known, SetName, Sizes
from metricpose.training.adaptation_folder import CHECKPOINT, StartingWeights, claim
from metricpose.training.adaptation_report import REPORTED, people_in_words
from metricpose.training.call_clock import Clock
from metricpose.training.checkpoint import checkpoint_step, load_average
from metricpose.training.distributed import Team
from metricpose.training.loop import Report, RunOptions, trained
from metricpose.training.setup import OptimiserOptions, TrainingSetup
from metricpose.training.voxel_adaptation_report import figures, judged_set, report_document, report_text
from metricpose.training.voxel_judging import JudgedPeople, calibration_of, judged_people
from metricpose.training.voxel_lessons import Lesson, LessonOptions, VoxelTrainee, drawn_lesson
from metricpose.training.voxel_samples import VoxelSampleOptions, VoxelSamples, in_chunks, told_samples
from metricpose.virtual.scenes import SceneBatch

Say = Callable[[str], None]

SHIPPED = "voxel_pose.safetensors"
_ENDLESS = 10**9  # steps that the clock ends
_FINISHING = 1.7  # times what judging the start took: calibration, judging again, a margin


@dataclass(frozen=True, kw_only=True)
class VoxelAdaptationOptions:
    """What is adapted, to what and for how long; see `AdaptationOptions`.

    judged: scenes of each set at most: this network takes a hundred times as long for them as the ray lifter does.
    """

    known: Known
    weights: Path | None = None
    seed: int = 0
    minutes: float = 4.0
    steps: int | None = None
    rate: float = 3e-4
    scenes: int = 4
    judged: int = 40
    sizes: Sizes = field(default_factory=Sizes)


def voxel_adapted(
    options: VoxelAdaptationOptions, folder: Path, device: torch.device, *, say: Say, report: Report
) -> dict[str, Any]:
    """Adapts, and writes voxel_pose.safetensors, camera.json, report.json and report.txt to `folder`.

    Returns the report; raises what `adaptation.adapted` does.
    """
    clock, known = Clock(options.minutes), options.known
    start = StartingWeights.found(options.weights, shipped=SHIPPED)
    begun = loaded_voxel_pose(start.path)
    camera = known.one_camera()
    claim(folder, known, start, options.seed, options.sizes)
    say("making the virtual people")
    data = AdaptationData(known, camera, options.sizes, options.seed, device)
    say("judging the weights to start from")
    began = clock.passed
    model = _trainee(begun, device)
    before = {name: _judged(model, data, name, options) for name in REPORTED}
    finishing = _FINISHING * (clock.passed - began)
    if clock.left <= finishing:
        raise InputError(
            f"adapting to a camera: expected time to learn in, got {options.minutes:g} minutes, of which judging takes "
            f"{clock.passed + finishing:.1f}; raise --minutes"
        )
    left = clock.left - finishing
    setup = _setup(options, begun, data, device)
    limits = RunOptions(folder=folder, minutes=left, save_every=50, report_every=20, validate_every=_ENDLESS)
    goes_on_after = checkpoint_step(folder / CHECKPOINT)
    if goes_on_after:
        say(f"going on after step {goes_on_after}")
    steps = trained(setup, limits, Team(rank=0, size=1, device=device), report).step
    load_average(folder / CHECKPOINT, model)
    model = model.to(device).eval()
    say("calibrating the intervals, writing the files")
    calibration = calibration_of(_judged(model, data, "calibration", options))
    licence = begun.facts.get("licence", start.licence)
    licence = licence if known.poses is None else f"{licence}; and poses that its user brought"
    facts = facts_of_adaptation(
        known.camera,
        people=people_in_words(known),
        adapted_from=f"{start.name}, sha256 {start.sha256}",
        licence=licence,
    )
    saved_voxel_pose(model, folder / SHIPPED, calibration, facts)
    after = {name: _judged(model, data, name, options) for name in REPORTED}
    document = report_document(
        known,
        [judged_set(name, before[name], after[name]) for name in REPORTED],
        adapted_from={"name": start.name, "sha256": start.sha256},
        licence=licence,
        training={"steps": steps, "scenes_per_step": options.scenes, "rate": options.rate, "seed": options.seed},
    )
    write_camera(folder / "camera.json", known.camera)
    write_text(folder / "report.json", json.dumps(document, indent=1, allow_nan=False) + "\n")
    write_text(folder / "report.txt", report_text(document))
    return document


def _trainee(begun: VoxelWeights, device: torch.device) -> VoxelTrainee:
    model = VoxelTrainee(begun.stage.options, LessonOptions(most_poses=6))
    model.load_state_dict(begun.stage.state_dict())
    return model.to(device).eval()


def _setup(
    options: VoxelAdaptationOptions, begun: VoxelWeights, data: AdaptationData, device: torch.device
) -> TrainingSetup:
    model = _trainee(begun, device)
    samples = VoxelSampleOptions(picture=begun.stage.options.picture)

    def batch(generator: torch.Generator) -> tuple[VoxelSamples, Lesson]:
        scenes = data.training_scenes(options.scenes, generator)
        made = told_samples(scenes, _rows(options.known, scenes, device), samples)
        return made, drawn_lesson(made.truth, model.lessons, generator)

    def loss(network: nn.Module, made: tuple[VoxelSamples, Lesson]) -> Mapping[str, Tensor]:
        seen, lesson = made[0].seen, made[1]
        return voxel_loss(network(seen, lesson), lesson.truth, VoxelLossOptions(depth=0.1, roots=100.0))

    def validate(network: nn.Module) -> Mapping[str, float]:
        assert isinstance(network, VoxelTrainee)
        found = figures(_judged(network, data, "validation", options))
        return {**found, "score": found["mrpe_mm"]}

    return TrainingSetup(
        name="voxel_adaptation", model=model.train(), batch=batch, loss=loss, validate=validate,
        finish=lambda network, folder: None, seed=options.seed,
        optimiser=OptimiserOptions(
            steps=options.steps or _ENDLESS, rate=options.rate, warm_up=10, fall=0.0, clip=5.0, average=0.98,
            bf16=device.type == "cuda",
        ),
    )  # fmt: skip


def _rows(known: Known, scenes: SceneBatch, device: torch.device) -> Tensor:
    return known.row.to(device).expand(len(scenes.present), -1)


def _judged(model: VoxelTrainee, data: AdaptationData, name: SetName, options: VoxelAdaptationOptions) -> JudgedPeople:
    told = data.told_scenes(name, options.judged)
    samples = VoxelSampleOptions(picture=model.options.picture)
    parts: Iterator[VoxelSamples] = in_chunks(told.scenes, told.rows, samples)
    return judged_people(model.eval(), parts)
