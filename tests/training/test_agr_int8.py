"""The twin with 8-bit activations: near the network, small beside it, and of the same weights."""

import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")
pytest.importorskip("onnx", reason="onnx comes with metricpose[train]")
pytest.importorskip("onnxscript", reason="onnxscript comes with metricpose[train]")

from metricpose._errors import WeightsError  # noqa: E402
from metricpose._onnxruntime import imported_onnxruntime  # noqa: E402
from metricpose.inference.detectors.agr_network import AgrNetwork  # noqa: E402
from metricpose.inference.detectors.network_files import twin_of  # noqa: E402
from metricpose.models.agr_net import AgrNet, AgrNetOptions  # noqa: E402
from metricpose.training.agr_export import OUTPUTS, exported  # noqa: E402
from metricpose.training.agr_int8 import written_int8  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the exporter of torch 2.13, about its own doings
SMALL = AgrNetOptions(
    stem=(16, 32), widths=(48, 64, 64), blocks=(1, 1, 1), attention_layers=1, heads=2, neck=(32, 48, 48)
)
PICTURES = [np.random.default_rng(k).integers(0, 256, (64, 96, 3), dtype=np.uint8) for k in range(4)]


def written(folder, seed=0):
    torch.manual_seed(seed)
    net = AgrNet(SMALL).train()
    for parameter in net.parameters():
        if parameter.ndim >= 2:
            torch.nn.init.normal_(parameter, std=(1 / parameter[0].numel()) ** 0.5)
    net(torch.rand(4, 3, 64, 64))
    exported(net.eval(), folder, "net", {"licence": "none"})
    return folder / "net.onnx"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = written(tmp_path_factory.mktemp("weights"))
    written_int8(path, PICTURES)
    return path


def test_the_twin_says_nearly_the_same(path):
    runtime, image = imported_onnxruntime(), (PICTURES[0].transpose(2, 0, 1)[None] / 255).astype(np.float32)
    whole, twin = (
        runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"]).run(list(OUTPUTS), {"image": image})
        for file in (path, path.with_name("net_int8.onnx"))
    )
    for name, ours, theirs in zip(OUTPUTS, whole, twin, strict=True):
        spread = float(np.std(ours))
        assert 0 < np.abs(ours - theirs).mean() < 0.25 * spread, name  # not the same file, and near it


def test_it_has_no_weights_of_its_own(path):
    import onnx

    twin = path.with_name("net_int8.onnx")
    assert twin.stat().st_size < 0.75 * path.stat().st_size  # of a small network; graph and last layers are the rest
    tensors = onnx.load(str(twin), load_external_data=False).graph.initializer
    shared = [t for t in tensors if t.data_location == onnx.TensorProto.EXTERNAL]
    assert len(shared) > 10 and {e.value for t in shared for e in t.external_data if e.key == "location"} == {path.name}


def test_headroom_widens_ranges_and_leaves_the_answer_where_it_is(path, tmp_path):
    """Twice the range: half the zero points and twice the scales, biases as they were in units of their scales."""
    import onnx

    shutil.copy(path, tmp_path / "net.onnx")
    wide = written_int8(tmp_path / "net.onnx", PICTURES, headroom=2.0)
    ours, theirs = (onnx.load(str(file)).graph for file in (path.with_name("net_int8.onnx"), wide))
    values = [{t.name: onnx.numpy_helper.to_array(t).astype(float) for t in g.initializer} for g in (ours, theirs)]
    ranges = [node.input[1:3] for node in ours.node if node.op_type == "QuantizeLinear"]
    assert len(ranges) > 10
    for scale, zero in ranges:
        assert values[1][scale] == pytest.approx(2 * values[0][scale])
        assert abs(values[1][zero] - values[0][zero] / 2) <= 0.5
    whole, normal, wider = (
        imported_onnxruntime()
        .InferenceSession(str(file), providers=["CPUExecutionProvider"])
        .run(["joint_maps"], {"image": (PICTURES[0].transpose(2, 0, 1)[None] / 255).astype(np.float32)})[0]
        for file in (path, path.with_name("net_int8.onnx"), wide)
    )
    assert 0 < np.abs(wider - whole).mean() < 4 * np.abs(normal - whole).mean() + 1e-3


def test_the_loader_takes_the_twin_unless_told_not_to(path):
    pixels = PICTURES[1]
    fast, whole = (AgrNetwork.load(path, threads=1, precision=p) for p in ("int8", "float32"))
    assert (fast.weights, fast.licence) == (whole.weights, whole.licence) == ("net.onnx", "none")
    difference = np.abs(fast.maps([pixels]).joint_maps - whole.maps([pixels]).joint_maps)
    assert 0 < difference.max() < 0.3


def test_without_a_twin_the_file_itself_is_taken(path, tmp_path):
    alone = shutil.copy(path, tmp_path / "net.onnx")
    assert twin_of(alone) == alone


def test_a_twin_of_other_weights_is_refused(path, tmp_path):
    other = written(tmp_path, seed=1)
    shutil.copy(path.with_name("net_int8.onnx"), tmp_path)
    with pytest.raises(WeightsError, match=r"expected the 8-bit twin of net.onnx, got one of other weights"):
        AgrNetwork.load(other)


def test_a_network_whose_weights_are_no_bytes_has_no_twin(tmp_path):
    """Where nothing could be shared, the twin would be as large as the network."""
    program = torch.onnx.export(AgrNet(SMALL).eval(), (torch.rand(1, 3, 64, 64),), dynamo=True, input_names=["image"])
    program.save(str(tmp_path / "plain.onnx"), external_data=False)
    with pytest.raises(WeightsError, match=r"plain.onnx: expected an exported network whose weights are bytes"):
        written_int8(tmp_path / "plain.onnx", [PICTURES[0][:, :64]])
    assert [file.name for file in tmp_path.iterdir()] == ["plain.onnx"]
