"""The AGR network's shapes, and that it does not care where in the picture somebody is."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import WeightsError  # noqa: E402
from metricpose.models.agr_net import AgrNet, AgrNetOptions  # noqa: E402
from metricpose.models.agr_weights import loaded_agr_net  # noqa: E402

SMALL = AgrNetOptions(
    joints=5, stem=(8, 8), widths=(8, 16, 16), blocks=(1, 1, 1), attention_layers=1, heads=2, neck=(8, 8, 16)
)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 160), (96, 32)])
def test_shapes(height, width):
    maps = AgrNet(SMALL).eval()(torch.rand(2, 3, height, width))
    fine, coarse = (height // 4, width // 4), (height // 8, width // 8)
    assert maps.joint_logits.shape == (2, 5, *fine) and maps.anchor_logits.shape == (2, 1, *fine)
    assert maps.mask_logits.shape == (2, 1, *fine) and maps.box_sides.shape == (2, 4, *coarse)
    assert maps.joint_offsets.shape == (2, 10, *coarse) and maps.visible_logits.shape == (2, 5, *coarse)


def test_a_shifted_picture_has_shifted_maps():
    """By a whole cell of the coarsest stride, away from the borders, attention switched off."""
    torch.manual_seed(0)
    net = AgrNet(AgrNetOptions(**{**vars(SMALL), "attention_layers": 0})).eval()
    picture = torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        here, there = net(picture), net(picture.roll(32, dims=3))
    assert torch.allclose(here.joint_logits[..., 20:36, 20:36], there.joint_logits[..., 20:36, 28:44], atol=1e-5)


def test_attention_sees_the_whole_picture():
    """What happens in one corner changes what is said in the other: left and right need the face and the toes."""
    torch.manual_seed(0)
    net = AgrNet(SMALL).eval()
    picture = torch.rand(1, 3, 256, 256)
    changed = picture.clone()
    changed[..., :32, :32] = 0
    with torch.no_grad():
        difference = (net(picture).joint_logits - net(changed).joint_logits).abs()
    assert difference[..., -4:, -4:].max() > 0


def test_other_files_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="expected safetensors of an AGR network, got a file that does not load"):
        loaded_agr_net(tmp_path / "none.safetensors")
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors", metadata={"options": "{}"})
    with pytest.raises(WeightsError, match="got another network's"):
        loaded_agr_net(tmp_path / "other.safetensors")
