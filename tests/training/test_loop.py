"""The loop: the same numbers whether it was killed or not, and what a step is made of."""

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from safetensors.torch import load_file  # noqa: E402

from metricpose._errors import InputError  # noqa: E402
from metricpose.training.distributed import Team, agreed  # noqa: E402
from metricpose.training.loop import (  # noqa: E402
    RunOptions,
    _updated_average,
    knows_bf16,
    learning_rate,
    step_generator,
    trained,
)
from metricpose.training.setup import OptimiserOptions, TrainingSetup  # noqa: E402
from tests.training.tiny import ALONE, run, tiny_batch, tiny_setup  # noqa: E402


class _Killed(BaseException):
    """Stands for a signal that ends the process."""


def _same(one: Path, other: Path) -> None:
    ours, theirs = (load_file(folder / "checkpoint.safetensors") for folder in (one, other))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def _dying(steps: int, at: int) -> TrainingSetup:
    """A set-up whose process is killed while it makes the data of step number `at`."""
    setup, made = tiny_setup(steps), [0]

    def batch(generator: torch.Generator):
        made[0] += 1
        if made[0] == at:
            raise _Killed
        return tiny_batch(generator)

    return TrainingSetup(**{**vars(setup), "batch": batch})


def _on_cpu(steps: int = 6, **options) -> TrainingSetup:
    return replace(tiny_setup(steps, **options), batch_on_cpu=True)


def test_batches_made_by_other_processes_are_the_same(tmp_path: Path) -> None:
    run(tmp_path / "alone", tiny_setup())
    run(tmp_path / "ahead", _on_cpu(), workers=2)
    _same(tmp_path / "alone", tmp_path / "ahead")


def test_with_other_processes_a_run_goes_on_with_the_right_step(tmp_path: Path) -> None:
    level = {"fall": 1e-9}  # so that the first steps are the same whatever the last
    run(tmp_path / "whole", tiny_setup(**level))
    run(tmp_path / "parts", _on_cpu(3, **level), workers=2)
    run(tmp_path / "parts", _on_cpu(**level), workers=2)
    _same(tmp_path / "whole", tmp_path / "parts")


def test_workers_make_what_is_made_on_the_cpu_and_nothing_else(tmp_path: Path) -> None:
    makers = []

    def batch(generator: torch.Generator):
        makers.append(os.getpid())
        return tiny_batch(generator)

    setup = replace(tiny_setup(2), batch=batch)
    with pytest.raises(InputError, match="expected no workers, got 2: its batches are made on the device"):
        run(tmp_path / "here", setup, workers=2)
    assert not (tmp_path / "here").exists()
    run(tmp_path / "here", setup)
    assert makers == [os.getpid()] * 2
    run(tmp_path / "there", replace(setup, batch_on_cpu=True), workers=2)
    assert len(makers) == 2  # by others, whose lists are their own


@pytest.mark.parametrize("killed_in", [4, 5])  # right after the save of step 3, and one step later
def test_a_killed_training_goes_on_bit_for_bit(tmp_path: Path, killed_in: int) -> None:
    run(tmp_path / "whole", tiny_setup())
    with pytest.raises(_Killed):
        run(tmp_path / "killed", _dying(6, killed_in))
    result = run(tmp_path / "killed", tiny_setup())
    assert result.step == 6
    assert result.done
    _same(tmp_path / "whole", tmp_path / "killed")


def test_a_training_that_is_stopped_by_the_clock_goes_on_bit_for_bit(tmp_path: Path) -> None:
    run(tmp_path / "whole", tiny_setup(steps=3))
    for step in (1, 2):
        result = run(tmp_path / "parts", tiny_setup(steps=3), minutes=0.0)
        assert (result.step, result.done) == (step, False)
    assert run(tmp_path / "parts", tiny_setup(steps=3), minutes=0.0).done
    _same(tmp_path / "whole", tmp_path / "parts")


def test_judging_saving_and_reporting_leave_the_training_as_it_is(tmp_path: Path) -> None:
    run(tmp_path / "often", tiny_setup(steps=4), save_every=1, report_every=1, validate_every=1)
    run(tmp_path / "seldom", tiny_setup(steps=4), save_every=99, report_every=99, validate_every=99)
    _same(tmp_path / "often", tmp_path / "seldom")


def test_a_finished_training_only_finishes_again(tmp_path: Path) -> None:
    seen = []
    run(tmp_path, tiny_setup(steps=3, finish=lambda model, folder: seen.append(model.training)))
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    result = run(tmp_path, tiny_setup(steps=3, finish=lambda model, folder: seen.append(model.training)))
    assert (result.step, result.done) == (3, True)
    assert seen == [False, False]
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_what_is_finished_are_the_averaged_weights(tmp_path: Path) -> None:
    kept = {}
    run(tmp_path, tiny_setup(steps=3, finish=lambda model, folder: kept.update(model.state_dict())))
    saved = load_file(tmp_path / "checkpoint.safetensors")
    assert all(torch.equal(value, saved[f"average/{name}"]) for name, value in kept.items())
    assert not torch.equal(saved["average/embed.weight"], saved["model/embed.weight"])


@pytest.mark.parametrize(
    ("there", "used"), [({}, False), ({"avx2": True, "avx512_bf16": False}, False), ({"amx_bf16": True}, True)]
)
def test_bfloat16_is_used_where_the_cpu_knows_it(monkeypatch, tmp_path: Path, there: dict, used: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: there)
    kinds = []

    class Net(torch.nn.Linear):
        def forward(self, x):
            y = super().forward(x)
            kinds.append(y.dtype)
            return y

    setup = replace(
        tiny_setup(steps=1), model=Net(2, 2), batch=lambda generator: torch.ones(1, 2),
        loss=lambda model, x: {"total": model(x).float().sum()}, validate=lambda model: {"score": 0.0},
        finish=lambda model, folder: None,
    )  # fmt: skip
    run(tmp_path, setup)
    assert kinds == [torch.bfloat16 if used else torch.float32]
    assert knows_bf16(torch.device("cuda"))


def test_training_learns(tmp_path: Path) -> None:
    losses = []
    setup = tiny_setup(steps=80, bf16=False)
    trained(
        setup, RunOptions(folder=tmp_path, report_every=1, validate_every=999), ALONE,
        lambda step, figures: losses.append(figures.get("total")),
    )  # fmt: skip
    told = [value for value in losses if value is not None]
    assert len(told) == 80
    assert sum(told[-10:]) < 0.9 * sum(told[:10])


@pytest.mark.parametrize(("name", "seed"), [("other", 0), ("tiny", 1)])
def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, name: str, seed: int) -> None:
    run(tmp_path, tiny_setup(steps=1))
    with pytest.raises(InputError) as caught:
        run(tmp_path, TrainingSetup(**{**vars(tiny_setup(steps=1)), "name": name, "seed": seed}))
    assert str(caught.value).endswith(
        f"expected a checkpoint of {name} with seed {seed}, got one of tiny with seed 0; choose another --output folder"
    )


def test_the_learning_rate_climbs_stays_and_falls() -> None:
    options = OptimiserOptions(steps=1000, rate=2.0, warm_up=100, fall=0.3)
    rates = [learning_rate(step, options) for step in range(1000)]
    assert rates[0] == pytest.approx(0.02)
    assert rates[49] == pytest.approx(1.0)
    assert rates[99:700] == pytest.approx([2.0] * 601)
    assert rates[700 + 75] == pytest.approx(1.0)  # 1 - sqrt(1 / 4)
    assert all(early > late > 0 for early, late in pairwise(rates[700:]))
    assert learning_rate(1000, options) == 0
    longer = OptimiserOptions(steps=3000, rate=2.0, warm_up=100, fall=0.3)
    assert rates[:700] == [learning_rate(step, longer) for step in range(700)]


def test_each_step_and_process_has_data_of_its_own() -> None:
    def numbers(seed: int, step: int, rank: int) -> tuple[float, ...]:
        team = Team(rank=rank, size=2, device=torch.device("cpu"))
        return tuple(torch.rand(3, generator=step_generator(seed, step, team)).tolist())

    streams = {numbers(*where) for where in [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0)]}
    assert len(streams) == 6
    assert numbers(3, 7, 1) == numbers(3, 7, 1)


def test_the_average_starts_quickly_and_then_follows_slowly() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    average = {"weight": torch.zeros(1, 1)}
    _updated_average(average, model, step=1, decay=0.999)
    assert float(average["weight"]) == pytest.approx(1 - 2 / 11)
    average = {"weight": torch.zeros(1, 1)}
    _updated_average(average, model, step=10**6, decay=0.999)
    assert float(average["weight"]) == pytest.approx(0.001)


def test_a_team_of_one_agrees_with_itself() -> None:
    assert agreed(ALONE, True)
    assert not agreed(ALONE, False)


def test_new_layers_may_learn_at_a_rate_of_their_own(tmp_path: Path) -> None:
    """AdamW's first step is as long as its rate: the new layer moves ten times as far, the others as far as ever."""
    moved = []
    for options in ({}, {"new_prefixes": ("head_depth.",), "new_rate": 10.0}):
        setup = tiny_setup(1, warm_up=1, average=0.0, muon_prefixes=(), weight_decay=0.0, fall=1e-9, **options)
        start = {name: value.detach().clone() for name, value in setup.model.named_parameters()}
        run(tmp_path / str(len(moved)), setup)
        steps = {name: (value.detach() - start[name]).abs().max() for name, value in setup.model.named_parameters()}
        moved.append(steps)
    for name, before in moved[0].items():
        times = 10.0 if name.startswith("head_depth.") else 1.0
        torch.testing.assert_close(moved[1][name], times * before, rtol=1e-3, atol=1e-6, msg=name)
