"""The layer for the box alone: it learns, and nothing else of the network changes."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.models.crop_net import CropNet, CropNetOptions  # noqa: E402
from metricpose.training.crop_patches import cut_patches  # noqa: E402
from recipes.box_layer import BATCH, HELD_OUT, features_of, learnt, main  # noqa: E402
from tests.training.agr_made import sample  # noqa: E402

SMALL = CropNetOptions(
    stem=(8, 16), widths=(24, 32, 32), blocks=(1, 1, 1), attention_layers=1, heads=2, neck=(24, 24, 24)
)


def test_the_layer_learns_and_the_rest_stays() -> None:
    torch.manual_seed(0)
    net = CropNet(SMALL).eval()
    start = {name: value.clone() for name, value in net.state_dict().items()}
    kept = features_of(net, cut_patches([sample((120, 130))]), HELD_OUT + 2, None)
    assert kept[0][0].shape == (BATCH, 24, 40, 40) and kept[0][1].boxed.all()
    with pytest.raises(InputError, match="--batches: expected more than the 6 that judge, got 6"):
        learnt(net.edge_out, kept[:HELD_OUT], 1)
    before, after = learnt(net.edge_out, kept, 200)
    assert after < before - 0.03
    changed = {name for name, value in net.state_dict().items() if not torch.equal(value, start[name])}
    assert changed == {"edge_out.weight", "edge_out.bias"}


def test_a_file_that_is_none_is_told(tmp_path, capsys) -> None:
    assert main([str(tmp_path / "none.safetensors"), "--data", str(tmp_path), "-o", str(tmp_path / "out")]) == 1
    assert "expected safetensors of a crop network, got a file that does not load" in capsys.readouterr().err
