"""The crop network's recipe on made pictures: it learns, is written, is loaded, and equals its ONNX file."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")
pytest.importorskip("onnx", reason="onnx comes with metricpose[train]")
pytest.importorskip("onnxscript", reason="onnxscript comes with metricpose[train]")

from metricpose._errors import InputError, WeightsError  # noqa: E402
from metricpose._onnxruntime import imported_onnxruntime  # noqa: E402
from metricpose.models.agr_net import AgrNet, AgrNetOptions  # noqa: E402
from metricpose.models.agr_weights import begun_agr_net, loaded_agr_net, loaded_crop_net  # noqa: E402
from metricpose.models.crop_net import CropNet, CropNetOptions, boxes_of_edges  # noqa: E402
from metricpose.training.agr_export import CROP_OUTPUTS, exported, folded, rounded_  # noqa: E402
from metricpose.training.crop_patches import CropWindowOptions, cut_patches  # noqa: E402
from metricpose.training.crop_setup import CropTraining, crop_setup, take_what_fits  # noqa: E402
from metricpose.training.distributed import Team  # noqa: E402
from metricpose.training.loop import RunOptions, trained  # noqa: E402
from metricpose.training.setup import OptimiserOptions  # noqa: E402
from tests.training.agr_made import sample  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the exporter of torch 2.13, about its own doings
SIZE = {"stem": (8, 16), "widths": (24, 32, 32), "blocks": (1, 1, 1), "attention_layers": 1, "neck": (24, 24, 24)}
SMALL = CropNetOptions(**SIZE, heads=2)
PEOPLE = [sample((120, 130)), sample((70, 128), (190, 130), scale=0.8)]
CPU = torch.device("cpu")


def training(**changes):
    options = {
        "name": "made", "batch": 8, "net": SMALL, "windows": CropWindowOptions(size=64, backdrop=0, erased=0),
        "optimiser": OptimiserOptions(
            steps=40, rate=4e-3, warm_up=5, fall=0.3, average=0.9, muon_prefixes=("stages.",)
        ),
        "facts": {"licence": "none"},
    }  # fmt: skip
    return CropTraining(**{**options, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder, reports = tmp_path_factory.mktemp("run"), []
    setup = crop_setup(training(), [(cut_patches(PEOPLE), 1.0)], {"virtual": PEOPLE}, CPU)
    options = RunOptions(folder=folder, report_every=10, validate_every=40)
    trained(setup, options, Team(device=CPU, rank=0, size=1), lambda step, figures: reports.append(figures))
    return folder, reports


def test_it_learns_and_says_what(run):
    _, reports = run
    steps = [r for r in reports if "places" in r]
    assert steps[-1]["places"] < steps[0]["places"] - 0.3
    (last,) = [r for r in reports if "score" in r]
    assert last["score"] == -last["virtual_pck"] and {"virtual_pck_upright", "virtual_collapse"} <= set(last)


def test_onnx_equals_torch(run):
    folder, _ = run
    picture = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    session = imported_onnxruntime().InferenceSession(str(folder / "made.onnx"), providers=["CPUExecutionProvider"])
    maps, seen, boxes = session.run(list(CROP_OUTPUTS), {"image": picture.numpy()})
    assert maps.sum((2, 3)) == pytest.approx(np.ones((3, 26)), abs=1e-4)
    with torch.no_grad():
        expected = rounded_(folded(loaded_crop_net(folder / "made.safetensors")))(picture)
    # the file of torch keeps halves, the other bytes: equal to the rounding of the first
    assert seen == pytest.approx(expected.seen_logits.sigmoid().numpy(), abs=5e-3)
    assert maps == pytest.approx(expected.joint_logits.flatten(2).softmax(-1).reshape(maps.shape).numpy(), abs=5e-3)
    assert boxes == pytest.approx(boxes_of_edges(expected.edge_logits).numpy(), abs=0.5)


def test_the_twin_with_8_bit_activations_is_written_where_asked_for(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("metricpose.training.crop_setup.exported", lambda *_: None)
    monkeypatch.setattr("metricpose.training.crop_setup.written_int8", lambda *given: asked.append(given))
    for int8 in (False, True):
        setup = crop_setup(training(int8=int8), [(cut_patches(PEOPLE), 1.0)], {"virtual": PEOPLE}, CPU)
        setup.finish(setup.model, tmp_path)
    ((path, crops, headroom),) = asked
    assert path == tmp_path / "made.onnx" and headroom > 1
    assert len(crops) == 3 and all(crop.shape == (64, 64, 3) and crop.dtype == np.uint8 for crop in crops)


def test_each_kind_of_network_refuses_the_others_file(run, tmp_path):
    folder, _ = run
    with pytest.raises(WeightsError, match="expected safetensors of an AGR network, got a crop network's"):
        loaded_agr_net(folder / "made.safetensors")
    exported(AgrNet(AgrNetOptions(**SIZE, heads=2, joints=5)).eval(), tmp_path, "agr")
    with pytest.raises(WeightsError, match="expected safetensors of a crop network, got an AGR network's"):
        loaded_crop_net(tmp_path / "agr.safetensors")


def test_an_agr_network_begins_with_a_crop_networks_features(run, tmp_path):
    """The same features of the same picture; last layers of its own."""
    folder, _ = run
    crops, begun = loaded_crop_net(folder / "made.safetensors"), begun_agr_net(folder / "made.safetensors").eval()
    assert isinstance(begun, AgrNet) and begun.options.widths == crops.options.widths
    picture = torch.rand(2, 3, 96, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for own, theirs in zip(begun.features(picture), crops.features(picture), strict=True):
            assert torch.equal(own, theirs)
        assert begun(picture).joint_logits.shape == (2, 26, 24, 16)
    exported(begun, tmp_path, "agr")
    again = begun_agr_net(tmp_path / "agr.safetensors")
    assert torch.equal(again.map_out.weight, loaded_agr_net(tmp_path / "agr.safetensors").map_out.weight)
    with pytest.raises(WeightsError, match="expected safetensors of an AGR or a crop network, got a file that does"):
        begun_agr_net(tmp_path / "none.safetensors")


def test_initial_weights_are_what_fits(run, tmp_path):
    folder, _ = run
    net = CropNet(SMALL)
    take_what_fits(net, folder / "made.safetensors")
    assert torch.allclose(net.joint_out.weight, loaded_crop_net(folder / "made.safetensors").joint_out.weight)
    agr = AgrNet(AgrNetOptions(**SIZE, heads=2)).eval()
    exported(agr, tmp_path, "agr")
    take_what_fits(net, tmp_path / "agr.safetensors")
    assert torch.allclose(net.stages[0][0][0].weight, agr.stages[0][0][0].weight, atol=1e-3)
    with pytest.raises(WeightsError, match="got a file that does not load"):
        take_what_fits(net, tmp_path / "none.safetensors")
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(WeightsError, match="got none that fits"):
        take_what_fits(net, tmp_path / "x.safetensors")


def test_nothing_to_learn_from():
    with pytest.raises(InputError, match="made: expected people to learn from and to validate on, got none"):
        crop_setup(training(), [(cut_patches([]), 1.0)], {"virtual": PEOPLE}, CPU)


def test_windows_of_any_multiple_of_32():
    maps = CropNet(SMALL).eval()(torch.rand(2, 3, 96, 64))
    assert maps.joint_logits.shape == (2, 26, 24, 16) and maps.seen_logits.shape == (2, 26)
    assert maps.edge_logits.shape == (2, 4, 24, 16)
