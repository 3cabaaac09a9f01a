"""A study from beginning to end, in one process or several; what is there already is not done again."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import torch
from safetensors.torch import save_file

from metricpose._errors import InputError
from metricpose.study.cell import Cell, CellKey, finished_cell, learnt, read_cell
from metricpose.study.learner import Learner, Pupil
from metricpose.study.studies import LEARNERS, METHODS, Sizes, Study, built_study

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What is asked for. methods: of METHODS[study], all if empty; mocap_cache: None for poses of the shipped prior;
    pictures: rendered people, for `backgrounds`; workers: processes of one thread each."""

    study: str
    folder: Path
    mocap_cache: Path | None = None
    pictures: Path | None = None
    methods: tuple[str, ...] = ()
    seeds: int = 3
    sizes: Sizes = field(default_factory=Sizes)
    device: str = "cpu"
    workers: int = 1

    def __post_init__(self) -> None:
        if self.study not in METHODS:
            raise InputError(f"study: expected one of {', '.join(METHODS)}, got {self.study!r}")
        if self.seeds < 1:
            raise InputError(f"study: expected 1 seed or more, got {self.seeds}; 3 show a spread")
        if self.workers < 1:
            raise InputError(f"study: expected 1 worker or more, got {self.workers}")
        known = METHODS[self.study]
        unknown = sorted(set(self.methods) - set(known))
        if unknown:
            raise InputError(f"study {self.study}: expected methods of {', '.join(known)}, got {', '.join(unknown)}")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The methods, in the order of training."""
        return tuple(method for method in METHODS[self.study] if not self.methods or method in self.methods)


def study_of(options: StudyOptions) -> Study:
    """Its situations. Raises InputError where they cannot be."""
    return _built(options.study, options.mocap_cache, options.pictures, options.sizes)


def all_keys(options: StudyOptions, study: Study) -> list[CellKey]:
    """The cells, in the order in which they are done: whoever begins from another's weights comes last."""
    ordered = sorted(options.chosen, key=lambda method: learner_of(options.study, method).begins)
    return [
        cell_key(options, study, method, trained_on, seed)
        for method in ordered
        for seed in range(options.seeds)
        for trained_on in study.training
    ]


def cell_key(options: StudyOptions, study: Study, method: str, trained_on: str, seed: int) -> CellKey:
    """One of them."""
    return CellKey(
        world=study.world, method=method, trained_on=trained_on, seed=seed,
        effort=options.sizes.effort(method, pictures=options.study == "backgrounds"), poses=_poses_of(options),
    )  # fmt: skip


def run_study(options: StudyOptions, say: Say) -> list[Cell]:
    """All cells of the study, those done before as they were read."""
    study = study_of(options)
    keys = all_keys(options, study)
    there = {key: cell for key in keys if (cell := read_cell(key, options.folder)) is not None}
    missing = [key for key in keys if key not in there]
    if there:
        say(f"{len(there)} of {len(keys)} cells are there already")
    for begins in (False, True):
        part = [key for key in missing if learner_of(options.study, key.method).begins == begins]
        for cell in _done(options, part):
            there[cell.key] = cell
            figure = next(iter(cell.figures.values()))
            shown = ", ".join(f"{test} {values['mrpe_z_mm']:.0f}" for test, values in figure.items())
            say(
                f"{len(there)} of {len(keys)}: {cell.key.method} trained on {cell.key.trained_on}, seed "
                f"{cell.key.seed}: MRPE_z {shown} mm ({cell.seconds:.0f} s)"
            )
    return [there[key] for key in keys]


def learner_of(study: str, method: str) -> Learner:
    """The method as the study has it: `backgrounds` shows its methods pictures, the others heatmaps."""
    if study == "backgrounds":
        from metricpose.study.backgrounds import PICTURE_LEARNERS

        return PICTURE_LEARNERS[method]
    return LEARNERS[method]


def _done(options: StudyOptions, keys: Sequence[CellKey]) -> Iterator[Cell]:
    if options.workers == 1 or len(keys) < 2:
        yield from (_finished(options, key) for key in keys)
        return
    with ProcessPoolExecutor(options.workers, get_context("spawn"), _one_thread) as pool:
        futures = [pool.submit(_finished, options, key) for key in keys]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _one_thread() -> None:
    torch.set_num_threads(1)


def _finished(options: StudyOptions, key: CellKey) -> Cell:
    study, device = study_of(options), torch.device(options.device)
    learner = learner_of(options.study, key.method)
    begin = _de_weights(options, study, key, device) if learner.begins else None
    return finished_cell(key, learner, study.training[key.trained_on], study.tests, options.folder, device, begin=begin)


def _de_weights(options: StudyOptions, study: Study, key: CellKey, device: torch.device) -> Path:
    """Of the DE of the same training set and seed, trained here if it was not kept."""
    own = cell_key(options, study, "de", key.trained_on, key.seed)
    path = own.weights(options.folder)
    if not path.exists():
        pupil = Pupil(
            name=f"{own.world}-de-{own.trained_on}", situation=study.training[own.trained_on], effort=own.effort,
            seed=own.seed, device=device,
        )  # fmt: skip
        model = learnt(LEARNERS["de"], pupil, options.folder / "training" / f"{own.path(options.folder).stem}-again")
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(model.state_dict(), path)
    return path


def _poses_of(options: StudyOptions) -> str:
    if options.study == "backgrounds":
        return "rendered"
    return "prior" if options.mocap_cache is None else "mocap"


@cache
def _built(name: str, mocap_cache: Path | None, pictures: Path | None, sizes: Sizes) -> Study:
    if name == "backgrounds":
        from metricpose.study.backgrounds import built_backgrounds

        return built_backgrounds(pictures)
    return built_study(name, mocap_cache, sizes)
