"""Patches and windows: every label stays on its own dot, through every turn, shift and mirror image."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.training.agr_samples import SKELETON  # noqa: E402
from metricpose.training.backdrops import randomly_filtered  # noqa: E402
from metricpose.training.crop_patches import (  # noqa: E402
    CropWindowOptions,
    crop_windows,
    cut_patches,
    drawn_affines,
    drawn_patches,
    mask_boxes,
    patch_px,
)
from tests.training.agr_made import colour, sample  # noqa: E402

PLAIN = CropWindowOptions(size=192, backdrop=0, grey=0, erased=0, noise=0)
SEEN = ("left_wrist", "right_wrist", "left_knee", "right_knee", "left_elbow", "right_elbow", "head")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def patches():
    return cut_patches([sample((120, 130)), sample((70, 128), (190, 130), scale=0.8)])


def test_everybody_is_a_patch(patches):
    assert len(patches) == 3
    assert patches.pictures.shape == (3, 3, 248, 248) and patches.pictures.dtype == torch.uint8
    assert patches.people.unique().tolist() == [0, 1, 2] and bool(patches.masked.all())
    assert int((patches.people[0] == 1).sum()) == 0 < int((patches.people[1] == 1).sum())  # the first one is alone


@pytest.mark.parametrize("size", [96, 128, 160])
def test_patches_of_a_windows_size_are_as_fine_as_the_window(size):
    patches = cut_patches([sample((120, 130))], patch_px(size))
    plain = CropWindowOptions(size=size, turned_deg=0, any_turn=0, scale=0, shift=0, mirrored=0)
    linear, _ = drawn_affines(patches, plain, generator())
    assert 0.95 < float(torch.linalg.det(linear)[0]) ** 0.5 <= 1.0


def test_what_was_decoded_to_be_cut_is_forgotten_and_can_be_had_again():
    both = [sample((70, 128), (190, 130), scale=0.8), sample((120, 130))]
    before = both[0].rgb().copy()
    cut_patches(both)
    assert [one._kept for one in both] == [{}, {}]
    assert np.array_equal(both[0].rgb(), before)


def test_the_small_the_hidden_and_the_empty_are_none():
    hidden = sample((120, 130))
    hidden.seen[:] = False
    assert len(cut_patches([hidden])) == len(cut_patches([])) == len(cut_patches([sample((120, 130), scale=0.2)])) == 0


@pytest.mark.parametrize("mirrored", [0.0, 1.0])
@pytest.mark.parametrize("any_turn", [0.0, 1.0])
def test_labels_are_on_their_dots(patches, any_turn, mirrored, monkeypatch):
    """The hues of dots are compared before light and noise change them; in the mirror a left wrist is a right one."""
    from metricpose.training import crop_patches

    monkeypatch.setattr(crop_patches, "disturbed", lambda x, options, g: x)
    options = CropWindowOptions(
        **{**vars(PLAIN), "any_turn": any_turn, "mirrored": mirrored, "scale": 0.2, "shift": 0.05}
    )
    chosen = drawn_patches([(patches, 1.0)], 40, generator(3))
    pictures, targets = crop_windows(chosen, options, generator(4))
    errors = []
    for picture, joints, inside in zip(pictures, targets.joints_px, targets.inside, strict=True):
        for name in SEEN:
            j = SKELETON.joints.index(name)
            x, y = torch.round(joints[j]).long().tolist()
            if bool(inside[j]) and 2 <= x < 190 and 2 <= y < 190:
                own = picture[:, y - 1 : y + 2, x - 1 : x + 2].mean((1, 2)) * 255
                other = SKELETON.mirror[j] if name != "head" else 0
                hues = torch.tensor([colour(k) for k in ((other, j) if mirrored and name != "head" else (j, other))])
                errors.append(1 - torch.cosine_similarity(own[None], hues.float(), dim=1).numpy())
    own, others = np.array(errors).T  # dots are a few pixels, and darker where they were made smaller
    assert len(own) > 150 and np.median(own) < 1e-3 and np.median(others) > 4e-3
    assert np.mean(own < others) > 0.95


def test_mirrored_windows_exchange_left_and_right(patches):
    rows = patches[torch.zeros(1, dtype=torch.long)]
    left, right = SKELETON.joints.index("left_wrist"), SKELETON.joints.index("right_wrist")
    still = {"turned_deg": 0.0, "any_turn": 0.0, "scale": 0.0, "shift": 0.0}
    for mirrored, sign in ((0.0, 1), (1.0, 1)):  # a person who faces the camera does so in the mirror
        options = CropWindowOptions(**{**vars(PLAIN), **still, "mirrored": mirrored})
        _, targets = crop_windows(rows, options, generator())
        assert sign * float(targets.joints_px[0, left, 0] - targets.joints_px[0, right, 0]) > 0


def test_without_chance_a_window_is_the_crop_of_the_box(patches):
    options = CropWindowOptions(**{**vars(PLAIN), "turned_deg": 0.0, "any_turn": 0.0, "scale": 0.0, "shift": 0.0,
                                   "mirrored": 0.0})  # fmt: skip
    linear, shift = drawn_affines(patches, options, generator())
    middle = torch.einsum("bxy,y->bx", linear, torch.full((2,), 123.5)) + shift
    assert torch.allclose(middle, torch.full((3, 2), 95.5), atol=1e-4)
    assert torch.allclose(linear[:, 0, 0], torch.full((3,), 192 * 1.9 / (248 * 1.25)), atol=1e-5)


def test_the_same_seed_draws_the_same(patches):
    one, two, other = (crop_windows(patches, CropWindowOptions(size=96), generator(s))[0] for s in (5, 5, 6))
    assert torch.equal(one, two) and not torch.equal(one, other)
    assert one.shape == (3, 3, 96, 96) and one.min() >= 0 and one.max() <= 1


def test_backdrops_change_only_what_nobody_covers(patches):
    still = {"turned_deg": 0.0, "any_turn": 0.0, "scale": 0.0, "shift": 0.0, "mirrored": 0.0}
    options = CropWindowOptions(**{**vars(PLAIN), **still, "backdrop": 1.0})
    unmasked = type(patches)(**{**vars(patches), "masked": torch.zeros(3, dtype=torch.bool)})
    changed, _ = crop_windows(patches, options, generator())
    kept, _ = crop_windows(unmasked, options, generator())
    assert float((changed - kept).abs().mean()) > 0.05


def test_sources_are_drawn_by_their_shares(patches):
    other = type(patches)(**{**vars(patches), "masked": torch.zeros(3, dtype=torch.bool)})
    drawn = drawn_patches([(patches, 0.25), (other, 0.75)], 16, generator())
    assert int(drawn.masked.sum()) == 4 and len(drawn) == 16


def test_people_are_pasted_on_places_too(patches):
    still = {"turned_deg": 0.0, "any_turn": 0.0, "scale": 0.0, "shift": 0.0, "mirrored": 0.0, "blurred": 0.0}
    options = CropWindowOptions(**{**vars(PLAIN), **still, "backdrop": 1.0})
    red = torch.zeros(1, 3, 50, 50, dtype=torch.uint8)
    red[:, 0] = 255
    chosen = drawn_patches([(patches, 1.0)], 60, generator())
    pictures, _ = crop_windows(chosen, options, generator(), red)
    corner = pictures[:, :, :6, :6].mean((2, 3))
    share = float(((corner[:, 0] > 0.5) & (corner[:, 1:] < 0.25).all(1)).float().mean())
    assert 0.5 < share < 0.85


def test_random_filters_keep_mean_and_spread_and_shapes():
    x = 0.3 + 0.05 * torch.rand(8, 3, 64, 64, generator=generator())
    x[:, :, 20:40, 20:40] += 0.3
    out = randomly_filtered(x, generator(1))
    assert torch.allclose(out.mean((1, 2, 3)), x.mean((1, 2, 3)), atol=0.02)
    assert float((out - x).abs().mean()) > 0.01
    inner, outer = out[:, :, 25:35, 25:35].mean((2, 3)), out[:, :, :10, :10].mean((2, 3))
    assert ((inner - outer).norm(dim=1) > 0.05).float().mean() > 0.7  # the square is still there


def test_backdrops_are_cut_from_panoramas(tmp_path):
    from metricpose._errors import MetricposeError
    from metricpose.training.backdrops import cut_backdrops

    with pytest.raises(MetricposeError):
        cut_backdrops(tmp_path)
    light = bytes([128, 64, 32, 129]) * (64 * 32)
    (tmp_path / "a.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 32 +X 64\n" + light)
    cuts = cut_backdrops(tmp_path, count=5, px=24)
    assert cuts.shape == (5, 3, 24, 24) and cuts.dtype == torch.uint8
    assert (cuts[:, 0] > cuts[:, 1]).all() and (cuts[:, 1] > cuts[:, 2]).all()  # the panorama's colour
    assert torch.equal(cuts, cut_backdrops(tmp_path, count=5, px=24)) and len(cuts.flatten(1).unique(dim=0)) > 1


def test_boxes_are_about_what_is_seen_of_the_person(patches):
    """Without a turn that of the sample, in the mirror its mirror image; in a turn the dots lie in it."""
    still = {"turned_deg": 0.0, "any_turn": 0.0, "scale": 0.0, "shift": 0.0, "backdrop": 0.0}
    for mirrored in (0.0, 1.0):
        options = CropWindowOptions(**{**vars(PLAIN), **still, "mirrored": mirrored})
        _, targets = crop_windows(patches, options, generator())
        middle = (targets.boxes_px[:, :2] + targets.boxes_px[:, 2:]) / 2
        longer = (targets.boxes_px[:, 2:] - targets.boxes_px[:, :2]).amax(1)
        assert targets.boxed.all()
        assert torch.allclose(middle, torch.full((3, 2), 95.5), atol=1.5)
        assert torch.allclose(longer, torch.full((3,), 192 / 1.25), atol=2.5)
    options = CropWindowOptions(**{**vars(PLAIN), "any_turn": 1.0})
    _, targets = crop_windows(drawn_patches([(patches, 1.0)], 20, generator(2)), options, generator(3))
    for box, joints, seen in zip(targets.boxes_px, targets.joints_px, targets.seen, strict=True):
        inside = (joints >= box[:2] - 2) & (joints <= box[2:] + 2)
        assert inside[seen].all()


def test_without_a_mask_the_box_is_unknown(patches):
    unmasked = type(patches)(**{**vars(patches), "masked": torch.zeros(3, dtype=torch.bool)})
    assert not crop_windows(unmasked, PLAIN, generator())[1].boxed.any()


def test_boxes_of_masks():
    masks = torch.zeros(3, 12, 12, dtype=torch.bool)
    masks[0, 2:8, 3:9] = True
    masks[1, 0, 0] = masks[1, 11, 11] = True  # too few pixels
    boxes, boxed = mask_boxes(masks)
    assert boxes[0].tolist() == [2.5, 1.5, 8.5, 7.5] and boxes[1].tolist() == [-0.5, -0.5, 11.5, 11.5]
    assert boxed.tolist() == [True, False, False]
