"""The AGR network's set-up: windows are disturbed by the seed that came with them, where the network is."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.models.agr_net import AgrNet, AgrNetOptions  # noqa: E402
from metricpose.training.agr_setup import AgrTraining, Drawn, Source, agr_setup  # noqa: E402
from metricpose.training.agr_windows import WindowOptions  # noqa: E402
from tests.training.agr_made import sample  # noqa: E402
from tests.training.devices import DeviceWatch  # noqa: E402

CPU = torch.device("cpu")
SMALL = AgrNetOptions(
    stem=(8, 16), widths=(24, 32, 32), blocks=(1, 1, 1), attention_layers=1, heads=2, neck=(24, 24, 24)
)
SAMPLES = [sample((120, 130)), sample((70, 128), (190, 130), scale=0.8)]


def setup(*sources: Source):
    given = sources or (source(),)
    return agr_setup(AgrTraining(name="made", batch=6, net=SMALL), given, {"virtual": SAMPLES}, CPU)


def source(share: float = 1.0, **options) -> Source:
    return Source(name="v", samples=SAMPLES, share=share, windows=WindowOptions(size=64, **options))


def loss_of(made, data) -> float:
    with torch.no_grad():
        return float(made.loss(made.model.eval(), data)["total"])


def test_it_goes_on_from_a_file_of_weights(monkeypatch):
    there = {Path("crop.safetensors"): AgrNet(SMALL)}
    monkeypatch.setattr("metricpose.training.agr_setup.begun_agr_net", there.__getitem__)
    training = AgrTraining(name="made", net=SMALL, initial=Path("crop.safetensors"))
    assert agr_setup(training, [source()], {"virtual": SAMPLES}, CPU).model is there[Path("crop.safetensors")]


def test_a_seed_disturbs_windows_alike_and_another_one_otherwise():
    made = setup()
    (drawn,) = made.batch(torch.Generator().manual_seed(1))
    other = drawn._replace(seed=drawn.seed + 1)
    assert loss_of(made, [drawn]) == loss_of(made, [drawn]) != loss_of(made, [other])


def test_each_source_is_disturbed_by_its_own_options():
    plain = {"backdrop": 0.0, "grey": 0.0, "blurred": 0.0, "erased": 0.0, "noise": 0.0}
    made = setup(source(**plain), source(**plain | {"erased": 1.0}))
    batch = {drawn.source: drawn for drawn in made.batch(torch.Generator().manual_seed(1))}
    assert set(batch) == {0, 1} and sum(len(drawn.windows.pictures) for drawn in batch.values()) == 6
    as_other = batch[0]._replace(source=1)
    assert loss_of(made, [batch[0]]) != loss_of(made, [as_other])


def test_batches_are_made_on_the_cpu_from_the_generator_alone():
    made = setup()
    one, two, other = (made.batch(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert made.batch_on_cpu
    assert torch.equal(one[0].windows.pictures, two[0].windows.pictures) and one[0].seed == two[0].seed
    assert not torch.equal(one[0].windows.pictures, other[0].windows.pictures)


def test_what_the_loss_makes_is_on_the_networks_device():
    made = setup(source(filtered=1.0, blurred=1.0, erased=1.0, backdrop=1.0))
    data = made.batch(torch.Generator().manual_seed(1))
    with DeviceWatch() as watch:
        loss_of(made, data)
    assert watch.nowhere == []


def test_nothing_to_learn_from():
    empty = Source(name="v", samples=[], share=1.0)
    with pytest.raises(InputError, match="made: expected samples to learn from and to validate on, got none"):
        setup(empty)


def test_windows_travel_as_they_are():
    (drawn,) = setup().batch(torch.Generator().manual_seed(1))
    assert isinstance(drawn, Drawn) and drawn.windows.pictures.shape == (6, 3, 64, 64)
    assert np.isfinite(drawn.windows.joints_px.numpy()).all()
