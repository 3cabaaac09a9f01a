"""Finding recipes, filling in their options, and a training of three steps that is continued."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.cli.extras import needs_extra
from metricpose.cli.main import main
from metricpose.cli.recipes import filled_options, recipe_function, recipe_path

RECIPE = """
from dataclasses import dataclass
import torch
from metricpose.training.setup import OptimiserOptions, TrainingSetup

@dataclass(frozen=True, kw_only=True)
class LineOptions:
    steps: int = 6
    name: str | None = None

def line(options, device):
    return TrainingSetup(
        name="line", model=torch.nn.Linear(1, 1), batch=lambda generator: torch.randn(4, 1, generator=generator),
        loss=lambda model, x: {"total": (model(x) - x).square().mean()},
        validate=lambda model: {"score": float(model.weight.detach().sum())},
        finish=lambda model, folder: (folder / "finished").touch(),
        optimiser=OptimiserOptions(steps=options.steps, bf16=False),
    )
line.__annotations__["options"] = LineOptions
"""


@dataclass(frozen=True, kw_only=True)
class _Options:
    steps: int = 10
    rate: float = 0.5
    cache: str | None = "x"
    fast: bool = False


def test_options_are_read_as_their_types() -> None:
    filled = filled_options(_Options, ["steps=3", "rate=1e-2", "cache=none", "fast=true"])
    assert filled == _Options(steps=3, rate=0.01, cache=None, fast=True)
    assert filled_options(_Options, []) == _Options()


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("stepz=3", "--set stepz=3: expected NAME=VALUE with NAME one of steps, rate, cache, fast"),
        ("steps", "--set steps: expected NAME=VALUE with NAME one of steps, rate, cache, fast"),
        ("steps=many", "--set steps=many: expected a value of type int"),
        ("fast=perhaps", "--set fast=perhaps: expected a value of type bool"),
    ],
)
def test_a_wrong_setting_is_refused(setting: str, text: str) -> None:
    with pytest.raises(InputError) as caught:
        filled_options(_Options, [setting])
    assert str(caught.value) == text


def test_an_unknown_recipe_names_the_known_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "mine.py").touch()
    monkeypatch.chdir(tmp_path)
    assert recipe_path("mine") == Path("recipes/mine.py")
    with pytest.raises(FileError, match="recipe 'yours': expected one of mine, got no such file recipes/yours.py"):
        recipe_path("yours")


def test_a_file_without_its_function_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.py").touch()
    with pytest.raises(InputError, match=r"expected a function empty\(options, device\), got none"):
        recipe_function(tmp_path / "empty.py")


def test_a_missing_package_names_the_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install metricpose\[train\]"), needs_extra("training", "train"):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")


def test_a_missing_module_of_ours_is_no_missing_extra() -> None:
    with pytest.raises(ModuleNotFoundError), needs_extra("training", "train"):
        raise ModuleNotFoundError("No module named 'metricpose.x'", name="metricpose.x")


def test_training_runs_and_is_continued(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    recipe, folder = tmp_path / "line.py", tmp_path / "run"
    recipe.write_text(RECIPE)
    call = ["train", str(recipe), "-o", str(folder), "--device", "cpu", "--report-every", "1", "--json"]
    assert main([*call, "--minutes", "1e-9"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "output": str(folder), "step": 1, "done": False, "best_score": None,
    }  # fmt: skip
    assert main(call) == 0
    ended = json.loads(capsys.readouterr().out)
    assert (ended["step"], ended["done"]) == (6, True)
    assert (folder / "finished").exists()
    logged = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert sorted({entry["step"] for entry in logged}) == [1, 2, 3, 4, 5, 6]
