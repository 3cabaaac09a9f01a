"""Disturbances: each does one thing to the pictures that it chose, on the generator's device."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.training.backdrops import drawn_backdrops, textures  # noqa: E402
from metricpose.training.crop_patches import CropWindowOptions, crop_windows, cut_patches, drawn_patches  # noqa: E402
from metricpose.training.disturbances import blurred, chosen, grained, greyed, hidden, relit  # noqa: E402
from tests.training.agr_made import sample  # noqa: E402
from tests.training.devices import DeviceWatch  # noqa: E402


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 6, size: int = 32) -> torch.Tensor:
    return 0.2 + 0.6 * torch.rand(count, 3, size, size, generator=generator(9))


@pytest.mark.parametrize("change", [blurred, greyed, lambda x, share, g: hidden(x, share, 0.3, g)])
def test_a_share_of_the_pictures_is_changed_and_the_input_kept(change) -> None:
    x = pictures(400, 16)
    kept = x.clone()
    out = change(x, 0.25, generator())
    assert torch.equal(x, kept)
    share = float(((out - x).abs().amax((1, 2, 3)) > 1e-6).float().mean())
    assert 0.17 < share < 0.33
    assert torch.equal(change(x, 0.0, generator()), x)


def test_chosen_rows_are_rows() -> None:
    assert chosen(5, 1.0, generator()).tolist() == [0, 1, 2, 3, 4]
    assert chosen(5, 0.0, generator()).tolist() == chosen(0, 1.0, generator()).tolist() == []


def test_blur_spreads_a_dot_and_keeps_its_light() -> None:
    x = torch.zeros(50, 3, 17, 17)
    x[:, :, 8, 8] = 1
    out = blurred(x, 1.0, generator())
    assert torch.allclose(out.sum((2, 3)), torch.ones(50, 3), atol=1e-5)
    line = torch.arange(17.0) - 8
    variances = [(out.sum(axis) * line**2).sum(-1).sqrt() for axis in (2, 3)]
    assert torch.allclose(*variances, atol=1e-5)
    assert 0.05 < float(variances[0].min()) < 0.5 < 1.1 < float(variances[0].max()) < 1.35
    assert torch.allclose(blurred(torch.full((2, 3, 9, 9), 0.4), 1.0, generator()), torch.full((2, 3, 9, 9), 0.4))


def test_grey_is_grey() -> None:
    x = pictures()
    out = greyed(x, 1.0, generator())
    assert torch.allclose(out, x.mean(1, keepdim=True).expand_as(x), atol=1e-6)


def test_other_light_keeps_the_order_of_brightness() -> None:
    x = torch.linspace(0.3, 0.6, 64).reshape(1, 1, 8, 8).repeat(20, 3, 1, 1)
    out = relit(x, generator())
    assert float(out.min()) >= 0 and float(out.max()) <= 1
    steps = out.flatten(2).diff(dim=-1)
    assert (steps >= 0).all() and (steps > 0).float().mean() > 0.9
    assert float(out.mean((1, 2, 3)).std()) > 0.05  # each picture its own


def test_what_is_in_the_way_is_a_rectangle_and_not_too_large() -> None:
    x = pictures(60, 40)
    out = hidden(x, 1.0, 0.4, generator())
    flat = 0
    for before, after in zip(x, out, strict=True):
        changed = (before != after).any(0)
        rows, columns = changed.any(1).nonzero()[:, 0], changed.any(0).nonzero()[:, 0]
        block = changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert block.all()
        assert 3 <= len(rows) <= 16 and 3 <= len(columns) <= 16
        part = after[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        flat += int(float(part.flatten(1).std(1).max()) < 1e-6)
    assert 15 < flat < 45  # the others have another picture's texture


def test_grain_has_one_brightness_for_all_colours() -> None:
    x = torch.full((30, 3, 64, 64), 0.5)
    out = grained(x, 0.1, generator())
    assert torch.equal(out[:, 0], out[:, 1]) and torch.equal(out[:, 1], out[:, 2])
    spread = out[:, 0].flatten(1).std(1)
    assert float(spread.min()) < 0.005 and 0.09 < float(spread.max()) < 0.105


def test_textures_differ_and_are_pictures() -> None:
    made = textures(8, 24, generator())
    assert made.shape == (8, 3, 24, 24) and float(made.min()) >= 0 and float(made.max()) <= 1
    assert len(made.flatten(1).unique(dim=0)) == 8
    assert drawn_backdrops(None, 0, 24, generator()).shape == (0, 3, 24, 24)


def test_without_places_there_is_noise_alone() -> None:
    red = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    red[:, 0] = 255
    out = drawn_backdrops(red, 200, 16, generator())
    is_red = (out[:, 0] > 0.99).all(-1).all(-1) & (out[:, 1:] < 0.01).flatten(1).all(1)
    assert 0.6 < float(is_red.float().mean()) < 0.8
    after = generator()
    torch.rand(50, generator=after)
    assert torch.equal(drawn_backdrops(None, 50, 16, generator()), textures(50, 16, after))


def test_everything_is_made_on_the_generators_device() -> None:
    patches = cut_patches([sample((120, 130))])
    options = CropWindowOptions(size=64, filtered=1.0, blurred=1.0, grey=0.5, erased=1.0, backdrop=1.0, any_turn=0.5)
    places = torch.zeros(2, 3, 20, 20, dtype=torch.uint8)
    with DeviceWatch() as watch:
        crop_windows(drawn_patches([(patches, 1.0)], 8, generator()), options, generator(), places)
    assert watch.nowhere == []
