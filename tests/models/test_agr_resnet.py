"""The paper's AGR network: its size, its shapes, and initial weights loaded strictly."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from safetensors.torch import save_file  # noqa: E402

from metricpose._errors import InputError, WeightsError  # noqa: E402
from metricpose.models.agr_resnet import AgrResNet, AgrResNetOptions  # noqa: E402

_HEADS = ("deconvolutions", "person_out", "map_out")


@pytest.mark.parametrize(("depth", "millions"), [(18, 11.18), (50, 23.51), (152, 58.14)])
def test_the_backbone_is_resnet(depth, millions):
    """Parameter counts of He et al.'s networks without their classifiers."""
    with torch.device("meta"):
        net = AgrResNet(AgrResNetOptions(depth=depth))
    count = sum(p.numel() for name, p in net.named_parameters() if not name.startswith(_HEADS))
    assert count / 1e6 == pytest.approx(millions, abs=0.01)


def test_shapes():
    maps = AgrResNet(AgrResNetOptions(depth=18, joints=5)).eval()(torch.rand(1, 3, 64, 96))
    assert maps.joint_logits.shape == (1, 5, 16, 24) and maps.mask_logits.shape == (1, 1, 16, 24)
    assert maps.box_sides.shape == (1, 4, 8, 12) and maps.joint_offsets.shape == (1, 10, 8, 12)


def test_initial_weights_are_loaded_strictly(tmp_path):
    torch.manual_seed(0)
    net, other = AgrResNet(AgrResNetOptions(depth=18)), AgrResNet(AgrResNetOptions(depth=18))
    backbone = {name: value.clone() for name, value in net.state_dict().items() if not name.startswith(_HEADS)}
    save_file({**backbone, "fc.weight": torch.zeros(1000, 512)}, tmp_path / "r18.safetensors")
    other.load_backbone(tmp_path / "r18.safetensors")
    assert torch.equal(other.state_dict()["layer4.1.conv2.weight"], backbone["layer4.1.conv2.weight"])
    save_file({n: v for n, v in backbone.items() if n != "layer2.0.conv1.weight"}, tmp_path / "less.safetensors")
    with pytest.raises(WeightsError, match=r"ResNet-18, got others; the first that does not fit: layer2\.0\.conv1"):
        other.load_backbone(tmp_path / "less.safetensors")
    with pytest.raises(WeightsError, match="does not load"):
        other.load_backbone(tmp_path / "none.safetensors")


def test_other_depths_are_refused():
    with pytest.raises(InputError, match="expected a depth of 18, 50, 152, got 34"):
        AgrResNetOptions(depth=34)
