"""Checkpoints: there and back, whole at any moment, and refused with a reason where they do not fit."""

import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from safetensors.torch import load_file, save_file  # noqa: E402

from metricpose._errors import FileError, InputError  # noqa: E402
from metricpose.training import checkpoint as module  # noqa: E402
from metricpose.training.checkpoint import (  # noqa: E402
    Progress,
    checkpoint_step,
    load_average,
    load_checkpoint,
    save_checkpoint,
)


def _parts(width: int = 3, momentum: bool = False):
    """A layer after one step of its optimiser(s), and an average of its weights."""
    torch.manual_seed(width)
    model = torch.nn.Linear(2, width)
    optimisers: list[torch.optim.Optimizer] = [torch.optim.AdamW(model.parameters(), lr=0.1)]
    if momentum:
        optimisers.append(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
    model(torch.ones(1, 2)).sum().backward()
    for optimiser in optimisers:
        optimiser.step()
    average = {name: 2 * value for name, value in model.state_dict().items()}
    return model, average, optimisers


_PROGRESS = Progress(step=7, name="line", seed=3, best_score=math.inf)


def _saved(path: Path, **options):
    parts = _parts(**options)
    save_checkpoint(path, *parts, _PROGRESS)
    return parts


@pytest.mark.parametrize("momentum", [False, True])
def test_there_and_back(tmp_path: Path, momentum: bool) -> None:
    path = tmp_path / "checkpoint.safetensors"
    model, average, optimisers = _saved(path, momentum=momentum)
    other, other_average, others = _parts(momentum=momentum)
    with torch.no_grad():
        other.weight.zero_()
        other_average["bias"].zero_()
    assert load_checkpoint(path, other, other_average, others) == _PROGRESS
    assert torch.equal(model.weight, other.weight)
    assert all(torch.equal(average[name], other_average[name]) for name in average)
    for ours, theirs in zip(optimisers, others, strict=True):
        for index, fields in ours.state_dict()["state"].items():
            for name, value in fields.items():
                assert torch.equal(value, theirs.state_dict()["state"][index][name])
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_step_and_average_can_be_had_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    assert checkpoint_step(path) == 0
    _, average, _ = _saved(path)
    other = torch.nn.Linear(2, 3)
    load_average(path, other)
    assert checkpoint_step(path) == 7
    assert all(torch.equal(average[name], value) for name, value in other.state_dict().items())


def test_step_and_average_of_a_damaged_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(FileError, match=r"not a readable checkpoint .*; delete it to start afresh"):
        checkpoint_step(path)
    _saved(path)
    with pytest.raises(FileError, match="not a readable checkpoint of this model; delete it to start afresh"):
        load_average(path, torch.nn.Linear(2, 4))


def _half_written(tensors, path: Path, metadata) -> None:
    save_file(tensors, path, metadata=metadata)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    raise OSError(28, "No space left on device")


def _interrupted(*args) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("place", "fault", "error"),
    [
        ("save_file", _half_written, OSError),
        ("os.fsync", _interrupted, KeyboardInterrupt),
        ("os.replace", _interrupted, KeyboardInterrupt),
    ],
)
def test_a_crash_while_writing_leaves_the_last_whole_file(tmp_path: Path, monkeypatch, place, fault, error) -> None:
    path = tmp_path / "checkpoint.safetensors"
    _saved(path)
    before = path.read_bytes()
    model, average, optimisers = _parts()
    with monkeypatch.context() as patched:
        patched.setattr(f"{module.__name__}.{place}", fault)
        with pytest.raises(error):
            save_checkpoint(path, model, average, optimisers, Progress(step=8, name="line", seed=3, best_score=0.0))
    assert path.read_bytes() == before
    assert load_checkpoint(path, *_parts()).step == 7
    save_checkpoint(path, model, average, optimisers, Progress(step=9, name="line", seed=3, best_score=0.0))
    assert load_checkpoint(path, *_parts()).step == 9


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", None])
def test_a_damaged_file_is_told_of(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "checkpoint.safetensors"
    _saved(path)
    path.write_bytes(path.read_bytes()[:-9] if content is None else content)
    with pytest.raises(FileError) as caught:
        load_checkpoint(path, *_parts())
    assert str(caught.value).startswith(f"{path}: not a readable checkpoint (")
    assert str(caught.value).endswith("); delete it to start afresh")


def test_plain_weights_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    save_file(_parts()[0].state_dict(), path)
    with pytest.raises(InputError) as caught:
        load_checkpoint(path, *_parts())
    assert str(caught.value) == (
        f"{path}: expected a training checkpoint, got plain weights; choose another --output folder"
    )


def _without(name: str):
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without("model/bias"), 'Missing key(s) in state_dict: "bias"'),
        (_without("average/weight"), "'weight'"),
        (lambda tensors: {**tensors, "foreign/thing": torch.zeros(1)}, "'foreign'"),
        (lambda tensors: {**tensors, "model/extra": torch.zeros(1)}, 'Unexpected key(s) in state_dict: "extra"'),
        (lambda tensors: {**tensors, "optimiser/1.0/step": torch.zeros(())}, "an optimiser more than the 1"),
        (lambda tensors: {**tensors, "optimiser/0.5/step": torch.zeros(())}, "parameter 5 is another"),
        (lambda tensors: {**tensors, "optimiser/0.0/exp_avg": torch.zeros(9)}, "parameter 0 is another"),
        (lambda tensors: {**tensors, "model/weight": torch.zeros(5, 2)}, "size mismatch for weight"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, change, reason: str) -> None:
    path = tmp_path / "checkpoint.safetensors"
    _saved(path)
    metadata = {"progress": '{"step": 1, "name": "line", "seed": 0, "best_score": 1.0}'}
    save_file(change(load_file(path)), path, metadata=metadata)
    with pytest.raises(InputError) as caught:
        load_checkpoint(path, *_parts())
    text = str(caught.value)
    assert text.startswith(f"{path}: the checkpoint is of another model or optimiser (")
    assert reason in text
    assert text.endswith("); choose another --output folder")
    assert "\n" not in text


@pytest.mark.parametrize("progress", ["{}", "no json", "[1]", '{"step": 1, "colour": 2}'])
def test_progress_that_is_none_is_refused(tmp_path: Path, progress: str) -> None:
    path = tmp_path / "checkpoint.safetensors"
    _saved(path)
    save_file(load_file(path), path, metadata={"progress": progress})
    with pytest.raises(InputError, match="the checkpoint is of another model or optimiser"):
        load_checkpoint(path, *_parts())
