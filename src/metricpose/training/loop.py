"""The training loop: the same numbers whether it was killed in between or not.

Data of step n depend on (seed, n, rank) alone, so that resuming needs no random state beside the step.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from metricpose._errors import InputError
from metricpose.training.checkpoint import Optimisers, Progress, load_checkpoint, save_checkpoint
from metricpose.training.distributed import Team, agreed
from metricpose.training.muon import ConvMuon
from metricpose.training.setup import OptimiserOptions, TrainingSetup

Report = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How long to run and how often to save, say and judge. `minutes` ends this call; the next one goes on.

    `workers`: processes that make batches ahead of the computation, for recipes that make them on the CPU.
    """

    folder: Path
    minutes: float | None = None
    workers: int = 0
    save_every: int = 500
    report_every: int = 100
    validate_every: int = 2000


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """Where the run ended: its step, whether all steps are done, the best validation score."""

    step: int
    done: bool
    best_score: float


def learning_rate(step: int, options: OptimiserOptions) -> float:
    """Linear warm-up, a plateau, then down to zero by one minus a square root (Haegele et al. 2024).

    Only the end depends on the number of steps, so that a run can be told to go on for longer, or to end sooner.
    """
    if step < options.warm_up:
        return options.rate * (step + 1) / options.warm_up
    fall = max(1.0, options.fall * options.steps)
    share = (step - (options.steps - fall)) / fall
    return options.rate * (1 - math.sqrt(min(1.0, max(0.0, share))))


def step_generator(seed: int, step: int, team: Team) -> torch.Generator:
    """The generator of one step on one process; neighbouring seeds, steps and ranks do not share streams."""
    mixed = (seed * 1_000_003 + step) * 4_099 + team.rank
    return torch.Generator(team.device).manual_seed(mixed % (2**63))


def _updated_average(average: dict[str, Tensor], model: nn.Module, step: int, decay: float) -> None:
    rate = 1 - min(decay, (1 + step) / (10 + step))
    now = model.state_dict()
    floats = [name for name, value in now.items() if value.is_floating_point()]
    with torch.no_grad():
        torch._foreach_lerp_([average[name] for name in floats], [now[name] for name in floats], rate)  # one launch
        for name in now.keys() - set(floats):
            average[name].copy_(now[name])


def _optimisers(model: nn.Module, options: OptimiserOptions) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for the matrices between hidden layers, AdamW for all else.

    Muon is scaled to AdamW's step size, so that one learning rate serves both. On the ray lifter its
    loss after 200 steps was below AdamW's after 300.
    """
    named = [(name, p) for name, p in model.named_parameters() if name.startswith(options.muon_prefixes)]
    kernels = [name for name, p in named if p.ndim == 4 and p.shape[1] > 1]  # not the depth-wise ones
    names = {name for name, p in named if p.ndim == 2 or name in kernels}
    hidden = [p for name, p in model.named_parameters() if name in names]
    rest = [(name, p) for name, p in model.named_parameters() if name not in names]
    new = {name for name, _ in rest if name.startswith(options.new_prefixes)}
    groups: list[dict[str, Any]] = []
    for rate, fresh in ((1.0, False), (options.new_rate, True))[: 1 + bool(new)]:
        own = [p for name, p in rest if (name in new) == fresh]
        groups.append({"params": [p for p in own if p.ndim >= 2], "weight_decay": options.weight_decay, "share": rate})
        groups.append({"params": [p for p in own if p.ndim < 2], "weight_decay": 0.0, "share": rate})
    result: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98))]
    if kernels:
        result.append(ConvMuon(hidden, options.rate, weight_decay=options.weight_decay))
    elif hidden:
        muon = torch.optim.Muon(
            hidden, lr=options.rate, weight_decay=options.weight_decay, momentum=0.95, adjust_lr_fn="match_rms_adamw"
        )
        result.append(muon)
    return result


def trained(setup: TrainingSetup, options: RunOptions, team: Team, report: Report) -> RunResult:
    """Trains to the end or for `minutes`, whichever comes first; finishes (calibrates, exports) only at the end.

    Goes on from the folder's checkpoint. Raises FileError or InputError where that is damaged or of another run, and
    InputError for workers where there is nothing for them to do.
    """
    if options.workers and not setup.batch_on_cpu:
        raise InputError(
            f"{setup.name}: expected no workers, got {options.workers}: its batches are made on the device"
        )
    began = time.monotonic()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / "checkpoint.safetensors"
    model = setup.model.to(team.device)
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    optimisers = _optimisers(model, setup.optimiser)
    progress = Progress(step=0, name=setup.name, seed=setup.seed, best_score=math.inf)
    if path.exists():
        progress = load_checkpoint(path, model, average, optimisers)
        _check_same_run(path, progress, setup)
    network = nn.parallel.DistributedDataParallel(model) if team.size > 1 else model
    step, best = progress.step, progress.best_score
    batches = _batches(setup, team, step, options.workers)
    sums, since = {}, step  # of the losses since the last report
    while step < setup.optimiser.steps:
        figures = _one_step(setup, network, optimisers, step, team, next(batches))
        step += 1
        sums = {name: sums.get(name, 0.0) + value for name, value in figures.items()}
        _updated_average(average, model, step, setup.optimiser.average)
        if team.leads and step % options.report_every == 0:
            report(
                step,
                {**_means(sums, step - since), "minutes": (time.monotonic() - began) / 60},
            )
        if step % options.report_every == 0:
            sums, since = {}, step
        last = step == setup.optimiser.steps
        if team.leads and (last or step % options.validate_every == 0):
            best = min(best, _validated(setup, average, report, step))
        over = options.minutes is not None and time.monotonic() - began > 60 * options.minutes
        stop = agreed(team, over) if options.minutes is not None else False
        if team.leads and (last or stop or step % options.save_every == 0):
            save_checkpoint(path, model, average, optimisers, replace(progress, step=step, best_score=best))
        if stop:
            break
    done = step >= setup.optimiser.steps
    if done and team.leads:
        setup.model.load_state_dict(average)
        setup.finish(setup.model.cpu().eval(), options.folder)
    if team.size > 1:
        dist.barrier()
    return RunResult(step=step, done=done, best_score=best)


def _means(sums: Mapping[str, Any], count: int) -> dict[str, float]:
    return {name: float(value) / count for name, value in sums.items()}


def _check_same_run(path: Path, progress: Progress, setup: TrainingSetup) -> None:
    if (progress.name, progress.seed) != (setup.name, setup.seed):
        raise InputError(
            f"{path}: expected a checkpoint of {setup.name} with seed {setup.seed}, "
            f"got one of {progress.name} with seed {progress.seed}; choose another --output folder"
        )


def _batches(setup: TrainingSetup, team: Team, begin: int, workers: int) -> Iterator[Any]:
    """The data of each step from `begin` on, made here or ahead of their time."""
    made = _Made(setup, team)
    steps = range(begin, setup.optimiser.steps)
    if workers:
        yield from DataLoader(
            made, batch_size=None, sampler=steps, num_workers=workers, pin_memory=team.device.type == "cuda",
            multiprocessing_context="fork", prefetch_factor=2,
        )  # fmt: skip
        return
    if not setup.optimiser.prefetch or team.device.type != "cpu":
        yield from map(made.__getitem__, steps)
        return
    with ThreadPoolExecutor(1) as pool:
        ahead = None
        for step in steps:
            batch = made[step] if ahead is None else ahead.result()
            ahead = pool.submit(made.__getitem__, step + 1) if step + 1 < setup.optimiser.steps else None
            yield batch


class _Made(Dataset[Any]):
    """The data of a step: the same whoever makes them, and when."""

    def __init__(self, setup: TrainingSetup, team: Team) -> None:
        self._setup = setup
        self._team = replace(team, device=torch.device("cpu")) if setup.batch_on_cpu else team

    def __getitem__(self, step: int) -> Any:
        with torch.no_grad():
            return self._setup.batch(step_generator(self._setup.seed, step, self._team))


def knows_bf16(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16; a CPU without them is several times slower with it."""
    if device.type != "cpu":
        return True
    return any(there for name, there in torch.cpu.get_capabilities().items() if "bf16" in name)


def _one_step(
    setup: TrainingSetup, network: nn.Module, optimisers: Optimisers, step: int, team: Team, batch: Any
) -> Mapping[str, Tensor]:
    for group in (group for optimiser in optimisers for group in optimiser.param_groups):
        group["lr"] = learning_rate(step, setup.optimiser) * group.get("share", 1.0)
    with torch.autocast(team.device.type, torch.bfloat16, enabled=setup.optimiser.bf16 and knows_bf16(team.device)):
        losses = setup.loss(network.train(), batch)
    network.zero_grad(set_to_none=True)
    losses["total"].backward()
    nn.utils.clip_grad_norm_(network.parameters(), setup.optimiser.clip)
    for optimiser in optimisers:
        optimiser.step()
    return {name: value.detach() for name, value in losses.items()}


def _validated(setup: TrainingSetup, average: dict[str, Tensor], report: Report, step: int) -> float:
    """Judges the averaged weights without touching those in training."""
    own = {name: value.detach().clone() for name, value in setup.model.state_dict().items()}
    setup.model.load_state_dict(average)
    figures = setup.validate(setup.model.eval())
    setup.model.load_state_dict(own)
    report(step, figures)
    return figures["score"]
