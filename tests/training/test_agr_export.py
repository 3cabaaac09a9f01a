"""The exported AGR network: ONNX equal to torch with the same rounded weights, small, and of any size of picture."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")
pytest.importorskip("onnx", reason="onnx comes with metricpose[train]")
pytest.importorskip("onnxscript", reason="onnxscript comes with metricpose[train]")

from metricpose._errors import WeightsError  # noqa: E402
from metricpose._onnxruntime import imported_onnxruntime  # noqa: E402
from metricpose.models.agr_net import AgrNet, AgrNetOptions  # noqa: E402
from metricpose.models.agr_weights import loaded_agr_net  # noqa: E402
from metricpose.training import agr_export  # noqa: E402
from metricpose.training.agr_export import OUTPUTS, exported, folded, rounded_, written_onnx  # noqa: E402

# The exporter of torch 2.13 warns of its own doings.
pytestmark = pytest.mark.filterwarnings("ignore")
SMALL = AgrNetOptions(
    joints=5, stem=(8, 8), widths=(24, 32, 32), blocks=(1, 1, 1), attention_layers=1, heads=2, neck=(24, 24, 32)
)


def trained_a_little(seed: int = 0) -> AgrNet:
    """With batch norms that are not the identity."""
    torch.manual_seed(seed)
    net = AgrNet(SMALL).train()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    net(torch.rand(4, 3, 64, 64))
    return net.eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    exported(trained_a_little(), folder, "small", {"licence": "none"})
    return folder


def test_folding_changes_nothing():
    net, picture = trained_a_little(), torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        for before, after in zip(net(picture), folded(net)(picture), strict=True):
            assert torch.allclose(before, after, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(32, 32), (64, 160), (192, 192)])
def test_onnx_equals_torch(folder, size):
    """Weights in the file are bytes; torch with the same rounded weights says the same."""
    picture = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(size[1]))
    session = imported_onnxruntime().InferenceSession(str(folder / "small.onnx"), providers=["CPUExecutionProvider"])
    got = dict(zip(OUTPUTS, session.run(list(OUTPUTS), {"image": picture.numpy()}), strict=True))
    with torch.no_grad():
        maps = rounded_(folded(trained_a_little()))(picture)
    for name, expected in (("joint_maps", maps.joint_logits.sigmoid()), ("box_sides", maps.box_sides)):
        largest = max(1.0, float(expected.abs().max()))
        assert np.abs(got[name] - expected.numpy()).max() <= 1e-4 * largest, name
    assert got["joint_visible"].shape == (2, 5, size[0] // 8, size[1] // 8)


def test_safetensors_are_the_network_and_say_their_licence(folder):
    net, loaded = trained_a_little(), loaded_agr_net(folder / "small.safetensors")
    assert loaded.options == SMALL
    for name, value in net.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.allclose(loaded.state_dict()[name], value, rtol=1e-3, atol=1e-6), name
    import onnx

    facts = {entry.key: entry.value for entry in onnx.load(str(folder / "small.onnx")).metadata_props}
    assert facts["licence"] == "none"


def test_bytes_are_a_quarter():
    weights = sum(p.numel() for p in AgrNet(SMALL).parameters())
    large = sum(p.numel() for p in AgrNet(SMALL).parameters() if p.ndim >= 2 and p.numel() >= 4096)
    assert large > 0.8 * weights  # else the test below says nothing


def test_a_network_that_differs_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(agr_export, "worst_difference", lambda *_: 3e-3)
    with pytest.raises(WeightsError, match=r"differs from torch by 3\.00e-03, expected at most 1e-4"):
        written_onnx(trained_a_little(), tmp_path / "x.onnx", {})
    assert not list(tmp_path.iterdir())
