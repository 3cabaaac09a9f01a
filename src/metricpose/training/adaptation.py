"""Fine-tunes the ray lifter for one camera on virtual data made for it, within minutes, and says what that gained.

The shipped weights, a low learning rate, AdamW (Muon gained no more and cost more), averaged weights. A folder holds a
run: called again, it goes on from its checkpoint, with the time limit for the new call.
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from metricpose.inference.adapted import facts_of_adaptation
from metricpose.io.atomic import write_text
from metricpose.io.camera_json import write_camera
from metricpose.losses.lifting import LiftingLossOptions, lifting_loss
from metricpose.models.ray_lifter import RayLifterNet
from metricpose.models.ray_lifter_engine import loaded_ray_lifter
from metricpose.training.adaptation_data import AdaptationData, HeldOut, Known, SetName, Sizes
from metricpose.training.adaptation_folder import CHECKPOINT, StartingWeights, claim
from metricpose.training.adaptation_report import (
    REPORTED,
    JudgedSet,
    judged_people,
    people_in_words,
    report_document,
    report_text,
)
from metricpose.training.call_clock import Clock
from metricpose.training.checkpoint import checkpoint_step, load_average
from metricpose.training.distributed import Team
from metricpose.training.lifter_export import exported
from metricpose.training.lifter_judging import calibrated, judged
from metricpose.training.loop import Report, RunOptions, trained
from metricpose.training.setup import OptimiserOptions, TrainingSetup
from metricpose.virtual.lifting_batch import LiftingBatch

_ENDLESS = 10**9  # steps of a plateau that the clock ends
_EXPORT_MINUTES = 0.4  # what writing and comparing the files takes at most, as far as was seen
_CAUTION = 0.9  # of the time left is planned for: speeds vary

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class AdaptationOptions:
    """What is adapted, to what and for how long.

    `weights` to start from (see StartingWeights; None: the shipped ones). `minutes` are of this call, in all. With
    `steps`, the same steps and seed give the same weights; without, there are as many as the minutes allow.
    """

    known: Known
    weights: Path | None = None
    seed: int = 0
    minutes: float = 4.0
    steps: int | None = None
    rate: float = 1e-4  # three times that gains as much on the camera, and loses several times as much elsewhere
    sizes: Sizes = field(default_factory=Sizes)


def adapted(
    options: AdaptationOptions, folder: Path, device: torch.device, *, say: Say, report: Report
) -> dict[str, Any]:
    """Adapts, and writes ray_lifter.onnx, ray_lifter.safetensors, camera.json, report.json and report.txt to `folder`.

    `say` is told in words what goes on, `report` the losses and validation figures of steps. Returns the report.

    Raises:
        InputError: the camera cannot be (see OneCamera), or the folder holds a run of other options.
        FileError, WeightsError: weights or checkpoint cannot be read; exported files differ from the network.
    """
    clock, known = Clock(options.minutes), options.known
    start = StartingWeights.found(options.weights)
    base = loaded_ray_lifter(start.path).to(device)
    camera = known.one_camera()  # its refusals come before anything is written
    claim(folder, known, start, options.seed, options.sizes)
    say("making the virtual people")
    data = AdaptationData(known, camera, options.sizes, options.seed, device)
    say("judging the weights to start from")
    began = clock.passed
    sets: dict[SetName, HeldOut] = {name: data.held_out(name) for name in REPORTED}
    before = {name: judged_people(base, held_out) for name, held_out in sets.items()}
    finishing = 2 * (clock.passed - began) + _EXPORT_MINUTES
    model, steps = _fine_tuned(options, base, data, folder, device, clock, finishing, say, report)
    say("calibrating the intervals, writing the files")
    _calibrate(model, data, known)
    licence = start.licence if known.poses is None else f"{start.licence}; and poses that its user brought"
    facts = facts_of_adaptation(
        known.camera,
        people=people_in_words(known),
        adapted_from=f"{start.name}, sha256 {start.sha256}",
        licence=licence,
    )
    exported(model.cpu(), folder, facts)
    model.to(device)
    judged_sets = [
        JudgedSet(name=name, held_out=held_out, before=before[name], after=judged_people(model, held_out))
        for name, held_out in sets.items()
    ]
    document = report_document(
        known,
        judged_sets,
        adapted_from={"name": start.name, "sha256": start.sha256},
        licence=licence,
        training={
            "steps": steps,
            "scenes_per_step": options.sizes.scenes,
            "rate": options.rate,
            "seed": options.seed,
            "minutes_of_this_call": round(clock.passed, 2),
        },
    )
    write_camera(folder / "camera.json", known.camera)
    write_text(folder / "report.json", json.dumps(document, indent=1, allow_nan=False) + "\n")
    write_text(folder / "report.txt", report_text(document))
    return document


def _fine_tuned(
    options: AdaptationOptions, base: RayLifterNet, data: AdaptationData, folder: Path, device: torch.device,
    clock: Clock, finishing: float, say: Say, report: Report,
) -> tuple[RayLifterNet, int]:  # fmt: skip
    """The averaged weights after this call's steps, and how many steps there were in all.

    Without a number of steps, the learning rate stays for half of the time, which measures the speed, and then falls to
    zero over as many steps as the other half has room for.
    """
    team = Team(rank=0, size=1, device=device)

    def run(steps: int, fall: float, minutes: float) -> int:
        limits = RunOptions(folder=folder, minutes=minutes, save_every=100, report_every=100, validate_every=250)
        return trained(_setup(options, base, data, device, steps, fall), limits, team, report).step

    before = checkpoint_step(folder / CHECKPOINT)
    if before:
        say(f"going on after step {before}")
    minutes = max(0.0, clock.left - finishing)
    if options.steps is not None:
        steps = run(options.steps, 0.5, minutes)
    else:
        began = clock.passed
        plateau = run(before + _ENDLESS, 0.0, minutes / 2)
        speed = (plateau - before) / max(clock.passed - began, 1e-6)  # steps per minute
        rest = max(1, int(_CAUTION * speed * max(0.0, clock.left - finishing)))
        say(f"the learning rate falls over {rest} more steps")
        steps = run(plateau + rest, rest / (plateau + rest), max(0.0, clock.left - finishing))
    model = copy.deepcopy(base).cpu()
    load_average(folder / CHECKPOINT, model)
    return model.to(device).eval(), steps


def _setup(
    options: AdaptationOptions, base: RayLifterNet, data: AdaptationData, device: torch.device, steps: int, fall: float
) -> TrainingSetup:
    model = copy.deepcopy(base)
    model.interval_stretch.fill_(1)  # bounds and sigmas are learnt as they are, and calibrated at the end
    model.sigma_stretch.fill_(1)
    validation = data.held_out("validation").batch

    def loss(network: nn.Module, batch: LiftingBatch) -> Mapping[str, Tensor]:
        lifted = network(batch.rays, batch.scores, batch.camera, batch.present)
        return lifting_loss(lifted, batch.joints_cam, batch.real, LiftingLossOptions(), batch.misled)

    def validate(network: nn.Module) -> Mapping[str, float]:
        figures = judged(network, validation)
        return {**figures, "score": figures["mrpe_mm"]}

    return TrainingSetup(
        name="adaptation",
        model=model.train(),
        batch=data.training_batch,
        loss=loss,
        validate=validate,
        finish=lambda network, folder: None,  # whether all steps are done or not, this call writes what there is
        optimiser=OptimiserOptions(
            steps=steps,
            rate=options.rate,
            warm_up=30,
            fall=fall,
            bf16=device.type == "cuda",  # CPUs without bfloat16 instructions are slower with it
            prefetch=device.type == "cpu",
        ),
        seed=options.seed,
    )


def _calibrate(model: RayLifterNet, data: AdaptationData, known: Known) -> None:
    """Intervals of this camera on its own set; those of the other state of knowledge on random cameras."""
    own, other = data.held_out("calibration").batch, data.held_out("calibration elsewhere").batch
    calibrated(model, *((other, own) if known.fully else (own, other)))
