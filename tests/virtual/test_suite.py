"""The virtual suite: every family within its bands, from the test split alone, the same every time."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

import metricpose.virtual.suite as suite_module  # noqa: E402
from metricpose.bodies.bank import BodyBank  # noqa: E402
from metricpose.virtual.cameras import HELD_OUT_BANDS, CameraBatch  # noqa: E402
from metricpose.virtual.scenes import SceneBatch  # noqa: E402
from metricpose.virtual.suite import CAMERA_FAMILIES, SuiteOptions, suite_scenes  # noqa: E402
from metricpose.virtual.world import World, WorldOptions, built_world  # noqa: E402

Suite = dict[str, SceneBatch]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[WorldOptions]:
    """The worlds that the suite asks for, which are made with fewer poses."""
    worlds: list[WorldOptions] = []

    def small(options: WorldOptions) -> World:
        worlds.append(options)
        return built_world(replace(options, procedural_count=100))

    monkeypatch.setattr(suite_module, "built_world", small)
    return worlds


def _suite(seed: int = 3) -> Suite:
    return dict(suite_scenes(SuiteOptions(scenes=60, seed=seed, child_share=0.4)))


def _values(cameras: CameraBatch) -> dict[str, torch.Tensor]:
    ratio = cameras.focal_px / cameras.size_px[:, 0]
    return {"focal_over_width": ratio, "height_m": cameras.height_m, "pitch_deg": cameras.pitch_deg}


@pytest.mark.usefixtures("asked")
def test_families_respect_their_bands() -> None:
    suite = _suite()
    assert tuple(suite) == tuple(CAMERA_FAMILIES)
    assert {len(scenes.cameras) for scenes in suite.values()} == {60}
    held = {
        "trained ranges": set(),
        "held-out focal": {"focal_over_width"},
        "held-out pitch": {"pitch_deg"},
        "held-out height": {"height_m"},
        "held-out all three": set(HELD_OUT_BANDS),
    }
    for family, scenes in suite.items():
        for name, value in _values(scenes.cameras).items():
            low, high = HELD_OUT_BANDS[name]
            within = (value > low - 1e-5) & (value < high + 1e-5)
            if name in held[family]:
                assert within.all(), (family, name)
            elif family == "trained ranges":
                assert not ((value > low + 1e-5) & (value < high - 1e-5)).any(), name
            else:
                assert not within.all(), (family, name)


def test_the_suite_is_of_the_test_split_without_the_prior(asked: list[WorldOptions]) -> None:
    suite = _suite()
    assert [(world.split, world.prior_share, world.mocap_share) for world in asked] == [("test", 0.0, 0.0)]
    bank = BodyBank.load()
    known = torch.as_tensor(bank.stature_m[bank.split == "test"])
    for scenes in suite.values():
        assert torch.isin(scenes.stature_m[scenes.real], known).all()
        assert scenes.child[scenes.real].float().mean() == pytest.approx(0.4, abs=0.12)


@pytest.mark.usefixtures("asked")
def test_a_seed_gives_the_same_suite() -> None:
    one, same, other = _suite(), _suite(), _suite(seed=4)
    for family, scenes in one.items():
        assert torch.equal(scenes.joints_cam, same[family].joints_cam)
        assert torch.equal(scenes.detections.joints_px, same[family].detections.joints_px)
        assert not torch.equal(scenes.joints_cam, other[family].joints_cam)
    assert not torch.equal(one["held-out focal"].joints_cam, one["held-out pitch"].joints_cam)
