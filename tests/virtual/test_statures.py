"""Bodies of known statures keep a body's proportions; the floor of unknown statures is the least possible mean."""

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose._errors import InputError  # noqa: E402
from metricpose.virtual.scenes import Bodies, SceneOptions, generate_scenes  # noqa: E402
from metricpose.virtual.statures import bodies_of_stature, stature_floor_percent  # noqa: E402
from metricpose.virtual.world import World  # noqa: E402


def _made(world: World, low: float, high: float, seed: int = 0, count: int = 500) -> Bodies:
    return bodies_of_stature(world.bodies, (low, high), torch.Generator().manual_seed(seed), count)


def test_statures_fill_the_range(small_world: World) -> None:
    made = _made(small_world, 1.62, 1.85)
    assert made.stature_m.min() >= 1.62 - 1e-6
    assert made.stature_m.max() <= 1.85 + 1e-6
    assert made.stature_m.mean() == pytest.approx(1.735, abs=0.01)
    assert made.stature_m.std() == pytest.approx(0.23 / 12**0.5, rel=0.1)


def test_one_stature_is_everybodys_and_bodies_still_differ(small_world: World) -> None:
    made = _made(small_world, 1.75, 1.75)
    torch.testing.assert_close(made.stature_m, torch.full((500,), 1.75))
    shin = made.node_offsets[:, 14].norm(dim=-1)
    assert shin.std() > 0.002
    assert len(shin.unique()) > 20


def test_lengths_and_stature_are_scaled_alike(small_world: World) -> None:
    made, old = _made(small_world, 2.3, 2.4, count=50), small_world.bodies
    shares = {
        name: getattr(old, name).flatten(1) / old.stature_m[:, None] for name in ("node_offsets", "radii", "sole")
    }
    for name, share in shares.items():
        own = getattr(made, name).flatten(1) / made.stature_m[:, None]
        assert torch.cdist(own.double(), share.double()).amin(1).max() < 1e-6, name


def test_short_people_have_childrens_proportions(small_world: World) -> None:
    legs = [bodies.node_offsets[:, 14].norm(dim=-1) / bodies.stature_m for bodies in (
        _made(small_world, 0.9, 0.95), _made(small_world, 1.7, 1.75))]  # fmt: skip
    assert legs[0].mean() < 0.93 * legs[1].mean()


def test_a_seed_gives_the_same_bodies(small_world: World) -> None:
    assert torch.equal(_made(small_world, 1.6, 1.9).node_offsets, _made(small_world, 1.6, 1.9).node_offsets)
    assert not torch.equal(_made(small_world, 1.6, 1.9).node_offsets, _made(small_world, 1.6, 1.9, 1).node_offsets)


def test_scenes_hold_people_of_the_known_statures(small_world: World) -> None:
    options = SceneOptions(child_share=0.0)
    generator = torch.Generator().manual_seed(3)
    scenes = generate_scenes(20, small_world.poses, _made(small_world, 1.5, 1.51), options, generator)
    stature = scenes.stature_m[scenes.real]
    assert stature.min() >= 1.5 - 1e-6
    assert stature.max() <= 1.51 + 1e-6
    assert not scenes.child[scenes.real].any()


@pytest.mark.parametrize("bounds", [(0.4, 1.0), (1.6, 2.6), (1.8, 1.6), (float("nan"), 1.7), (175.0, 175.0)])
def test_statures_of_nobody_are_refused(small_world: World, bounds: tuple[float, float]) -> None:
    with pytest.raises(InputError, match=r"statures: expected metres from 0\.5 to 2\.5, low to high, got "):
        _made(small_world, *bounds)


def test_the_floor_is_the_least_mean_error_of_any_constant_stature() -> None:
    stature = 1.7 * (0.06 * torch.randn(501, generator=torch.Generator().manual_seed(0))).exp()
    guesses = torch.linspace(1.3, 2.1, 4001)
    slow = (guesses[:, None] / stature - 1).abs().mean(1).min()
    assert stature_floor_percent(stature) == pytest.approx(100 * float(slow), abs=2e-3)
    assert stature_floor_percent(torch.full((7,), 1.8)) == 0.0
    assert stature_floor_percent(torch.tensor([1.8])) == 0.0


def test_adults_with_a_spread_of_4_7_percent_leave_3_8() -> None:
    stature = 1.7 * (0.047 * torch.randn(20_000, generator=torch.Generator().manual_seed(0))).exp()
    assert stature_floor_percent(stature) == pytest.approx(3.75, abs=0.1)
