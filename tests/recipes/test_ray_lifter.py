"""The recipe of the shipped lifter, tiny, through the command: it learns, is judged, calibrated and exported."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("onnxscript", reason="export needs the train extra")

import onnxruntime  # noqa: E402
from safetensors import safe_open  # noqa: E402

import metricpose.virtual.world as world_module  # noqa: E402
from metricpose.cli.main import main  # noqa: E402
from metricpose.virtual.world import World, WorldOptions, built_world  # noqa: E402

# torch's exporter warns about itself
pytestmark = pytest.mark.filterwarnings("ignore")

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "ray_lifter.py"
TINY = {
    "steps": 3, "scenes": 8, "validation_scenes": 24, "mocap_cache": "none",
    "mocap_share": 0.0, "prior_share": 0.0, "procedural_share": 1.0, "width": 16, "hidden": 24, "blocks": 1,
}  # fmt: skip


@pytest.fixture
def worlds(monkeypatch: pytest.MonkeyPatch) -> list[WorldOptions]:
    """The worlds that the recipe asks for, which are made with few poses."""
    asked: list[WorldOptions] = []

    def small(options: WorldOptions, device: torch.device | str = "cpu") -> World:
        asked.append(options)
        return built_world(replace(options, procedural_count=100), device)

    monkeypatch.setattr(world_module, "built_world", small)
    return asked


def test_a_tiny_run_ends_with_weights_that_lift(
    tmp_path: Path, worlds: list[WorldOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [part for name, value in TINY.items() for part in ("--set", f"{name}={value}")]
    call = ["train", str(RECIPE), *settings, "-o", str(tmp_path), "--device", "cpu", "--json"]
    assert main([*call, "--report-every", "1", "--validate-every", "2"]) == 0
    ended = json.loads(capsys.readouterr().out)
    assert (ended["step"], ended["done"]) == (3, True)
    assert [world.split for world in worlds] == ["train", "val"]
    _assert_judged(tmp_path)
    _assert_lifts(tmp_path)


def _assert_judged(folder: Path) -> None:
    logged = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert all(np.isfinite(value) for entry in logged for value in entry.values())
    judged = [entry for entry in logged if "score" in entry]
    assert judged
    figures = ("mrpe_z_percent", "mpjpe_mm", "pa_mpjpe_mm", "coverage_percent")
    assert {*figures, *(f"{name}_known" for name in figures), "score"} <= set(judged[-1])


def _assert_lifts(folder: Path) -> None:
    """The calibrated weights are there in both forms, and two people come out in front of the camera."""
    with safe_open(folder / "ray_lifter.safetensors", "pt") as stored:
        assert json.loads(stored.metadata()["options"])["width"] == TINY["width"]
        stretches = [stored.get_tensor(name) for name in ("interval_stretch", "sigma_stretch")]
    assert all((stretch > 0).all() and not (stretch == 1).any() for stretch in stretches)
    session = onnxruntime.InferenceSession(str(folder / "ray_lifter.onnx"), providers=["CPUExecutionProvider"])
    rays = np.random.default_rng(0).normal(0, 0.2, (1, 2, 17, 3)).astype(np.float32)
    rays[..., 2] = 1
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    given = {"rays": rays, "scores": np.ones((1, 2, 17), np.float32), "camera": np.zeros((1, 8), np.float32)}
    answer = dict(zip((output.name for output in session.get_outputs()), session.run(None, given), strict=True))
    assert np.asarray(answer["joints_cam"]).shape == (1, 2, 17, 3)
    assert (np.asarray(answer["root_cam"])[..., 2] > 0).all()
