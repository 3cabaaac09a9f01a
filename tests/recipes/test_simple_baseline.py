"""The recipe of SimpleBaseline, tiny, through the command: it learns, goes on after a stop, and its network lifts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("onnxscript", reason="export needs the train extra")

import metricpose.virtual.world as world_module  # noqa: E402
from baselines import SimpleMlp  # noqa: E402
from metricpose.cli.main import main  # noqa: E402
from metricpose.geometry.camera import Camera  # noqa: E402
from metricpose.people import People2D  # noqa: E402
from metricpose.skeletons.catalogue import COCO17  # noqa: E402
from metricpose.virtual.world import World, WorldOptions, built_world  # noqa: E402
from recipes.simple_baseline import (  # noqa: E402
    MaxNormLinear,
    People,
    SimpleBaselineNet,
    inputs_of,
    judged,
    standardised,
    towards,
)

# torch's exporter warns about itself
pytestmark = pytest.mark.filterwarnings("ignore")

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "simple_baseline.py"
TINY = {
    "steps": 4, "scenes": 8, "validation_scenes": 12, "mocap_cache": "none",
    "mocap_share": 0.0, "prior_share": 0.0, "procedural_share": 1.0, "width": 32,
}  # fmt: skip


@pytest.fixture
def worlds(monkeypatch: pytest.MonkeyPatch) -> list[WorldOptions]:
    """The worlds that the recipe asks for, which are made with few poses."""
    asked: list[WorldOptions] = []

    def small(options: WorldOptions, device: "torch.device | str" = "cpu") -> World:
        asked.append(options)
        return built_world(replace(options, procedural_count=100), device)

    monkeypatch.setattr(world_module, "built_world", small)
    return asked


def test_a_tiny_run_is_stopped_goes_on_and_ends_with_a_network_that_lifts(
    tmp_path: Path, worlds: list[WorldOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [part for name, value in TINY.items() for part in ("--set", f"{name}={value}")]
    call = ["train", str(RECIPE), *settings, "-o", str(tmp_path), "--device", "cpu", "--json"]
    assert main([*call, "--minutes", "1e-9"]) == 0
    stopped = json.loads(capsys.readouterr().out)
    assert (stopped["step"], stopped["done"]) == (1, False)
    assert not (tmp_path / "simple_baseline.onnx").exists()
    assert main([*call, "--report-every", "1", "--validate-every", "2"]) == 0
    ended = json.loads(capsys.readouterr().out)
    assert (ended["step"], ended["done"]) == (4, True)
    assert [world.split for world in worlds] == ["train", "val"] * 2
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert all(np.isfinite(value) for entry in logged for value in entry.values())
    assert {"mpjpe_mm", "pa_mpjpe_mm", "score"} <= set(logged[-1])
    _assert_lifts(tmp_path / "simple_baseline.onnx")


def _assert_lifts(file: Path) -> None:
    px = np.random.default_rng(0).uniform(300, 600, (2, 17, 2))
    people = People2D(
        boxes_px=np.tile([300.0, 300, 600, 600], (2, 1)), joints_px=px, joint_scores=np.ones((2, 17)),
        scores=np.ones(2), skeleton=COCO17, image_size=(1000, 800),
    )  # fmt: skip
    answer = SimpleMlp.load(file, threads=1)(people, Camera.from_focal((1000, 800), 900.0))
    assert answer.joints_cam.shape == (2, 17, 3)
    assert (answer.root_cam[:, 2] > 0).all()
    np.testing.assert_allclose(answer.joints_root[:, [11, 12]].mean(axis=1), 0, atol=1e-5)


def people(count: int = 40, seed: int = 0) -> People:
    generator = torch.Generator().manual_seed(seed)
    joints = torch.randn(count, 17, 3, generator=generator) * 0.3
    joints = joints - joints[:, (11, 12)].mean(1, keepdim=True)
    place = torch.rand(count, 1, 3, generator=generator) * torch.tensor([3.0, 2.0, 4.0]) + torch.tensor([-1.5, -1, 3])
    rays = torch.nn.functional.normalize(joints + place, dim=-1)
    return People(rays, (torch.rand(count, 17, generator=generator) - 0.2).clamp_min(0), joints)


def test_inputs_ignore_size_and_unseen_joints():
    rays, scores, _ = people()
    straight = torch.eye(3).expand(len(rays), 3, 3)
    inputs = inputs_of(rays, scores, straight)
    assert inputs.shape == (40, 51)
    small = torch.cat([0.2 * rays[..., :2] / rays[..., 2:], torch.ones(40, 17, 1)], -1)
    torch.testing.assert_close(inputs_of(small, scores, straight), inputs, atol=1e-3, rtol=1e-3)
    moved = torch.where((scores > 0)[..., None], rays, rays + 0.5)
    torch.testing.assert_close(inputs_of(moved, scores, straight), inputs)
    assert (inputs[:, 34:] == (scores > 0)).all()
    assert not inputs[:, :34].unflatten(-1, (17, 2))[scores == 0].any()


def test_a_person_has_the_middle_of_the_rays_ahead():
    rays, scores, _ = people()
    turned = (rays @ towards(rays, scores).transpose(-1, -2)) * (scores > 0)[..., None]
    middle = torch.nn.functional.normalize(turned.sum(1), dim=-1)
    torch.testing.assert_close(middle, torch.tensor([0.0, 0, 1]).expand(40, 3), atol=1e-4, rtol=1e-4)


def test_the_answer_is_about_the_hips_and_turns_back_to_the_camera():
    torch.manual_seed(0)
    data = people()
    net = standardised(SimpleBaselineNet(width=16), data).eval()
    with torch.no_grad():
        joints, cam_from_person = net(data.rays, data.scores)
    torch.testing.assert_close(joints[:, (11, 12)].mean(1), torch.zeros(40, 3), atol=1e-6, rtol=0)
    told = judged(lambda *_: (data.joints_root @ cam_from_person, cam_from_person), data)  # type: ignore[arg-type]
    assert told["mpjpe_mm"] == pytest.approx(0, abs=1e-3)
    larger = judged(lambda *_: (1.2 * data.joints_root @ cam_from_person, cam_from_person), data)  # type: ignore[arg-type]
    assert larger["score"] == larger["mpjpe_mm"] == pytest.approx(200 * float(data.joints_root.norm(dim=-1).mean()))
    assert larger["pa_mpjpe_mm"] == pytest.approx(0, abs=0.1)


def test_joints_are_standardised_in_the_persons_axes():
    data = people()
    net = standardised(SimpleBaselineNet(width=8), data)
    turned = data.joints_root @ towards(data.rays, data.scores).transpose(-1, -2)
    torch.testing.assert_close(((turned - net.mean) / net.std).std(0), torch.ones(17, 3))


def test_units_have_weights_of_norm_one_at_most():
    layer = MaxNormLinear(3, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 0, 4], [0.3, 0, 0.4]]))
    assert layer(torch.tensor([[1.0, 0, 1]])).tolist() == [[pytest.approx(1.4), pytest.approx(0.7)]]
