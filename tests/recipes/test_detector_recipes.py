"""The recipes of the detector's networks, without their data: the knobs reach the set-up."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.training.setup import OptimiserOptions  # noqa: E402
from recipes import agr_base, agr_research, crop_net  # noqa: E402

RECIPES = {
    "agr_base": (agr_base, "agr_setup", agr_base.AgrBaseRecipe, 150),
    "agr_research": (agr_research, "agr_setup", agr_research.AgrResearchRecipe, 100),
    "crop_net": (crop_net, "crop_setup", crop_net.CropNetRecipe, 100),
}


@pytest.mark.parametrize("name", RECIPES)
def test_the_optimiser_is_the_detectors_with_the_recipes_knobs(name, monkeypatch):
    module, setup, knobs, warm_up = RECIPES[name]
    for reader in ("virtual_samples", "photo_samples", "cut_patches", "read_lspet"):
        monkeypatch.setattr(module, reader, lambda *args, **kwargs: [], raising=False)
    monkeypatch.setattr(module, setup, lambda training, *args: training)
    training = getattr(module, name)(knobs(steps=777, rate=2e-3, fall=0.3), torch.device("cpu"))
    assert training.optimiser == OptimiserOptions(
        steps=777, rate=2e-3, fall=0.3, warm_up=warm_up, weight_decay=0.05, clip=5.0, average=0.998, prefetch=True,
        muon_prefixes=module.MUON_PREFIXES,
    )  # fmt: skip


def test_a_run_that_goes_on_can_warm_up_for_less(monkeypatch):
    monkeypatch.setattr(agr_base, "virtual_samples", lambda *_: [])
    monkeypatch.setattr(agr_base, "agr_setup", lambda training, *_: training)
    training = agr_base.agr_base(agr_base.AgrBaseRecipe(warm_up=10), torch.device("cpu"))
    assert training.optimiser.warm_up == 10


def test_windows_of_a_first_look(monkeypatch):
    monkeypatch.setattr(agr_base, "virtual_samples", lambda *_: [])
    monkeypatch.setattr(agr_base, "agr_setup", lambda training, sources, *_: sources[0].windows)
    for least, expected in ((0.0, None), (200.0, (200.0, 400.0))):
        recipe = agr_base.AgrBaseRecipe(focus="people", size=224, least_px=least, most_px=400.0)
        windows = agr_base.agr_base(recipe, torch.device("cpu"))
        assert windows.picture_px == expected and windows.size == 224 and windows.people == 8
    with pytest.raises(InputError, match="least_px, most_px: expected 0 <= least <= most, got 500 and 400"):
        agr_base.agr_base(agr_base.AgrBaseRecipe(least_px=500, most_px=400), torch.device("cpu"))
