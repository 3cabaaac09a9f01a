"""Windows on labelled pictures: labels go where the pixels go, and what is not known is not taught."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.agr import AGR, decode  # noqa: E402
from metricpose.training.agr_samples import SKELETON  # noqa: E402
from metricpose.training.agr_targets import agr_targets  # noqa: E402
from metricpose.training.agr_windows import (  # noqa: E402
    WindowOptions,
    disturbed_windows,
    drawn_affine,
    drawn_windows,
    warped,
    with_backdrops,
)
from tests.training.agr_made import STANDING, colour, sample  # noqa: E402

PLAIN = WindowOptions(large_share=1.0, empty_share=0.0)
WILD = dataclasses.replace(PLAIN, any_turn=1.0)


def windows(options=PLAIN, count=6, seed=1, **kinds):
    return drawn_windows([sample((120, 130), **kinds)], np.zeros(count, int), options, seed)


@pytest.mark.parametrize("options", [PLAIN, WILD])
def test_each_label_lies_on_its_own_dot(options):
    """Through every turn, scale and mirror; a mirrored person's left joints are on the other dots, as they should."""
    drawn = windows(options, count=24, seed=3)
    checked, mirrored = 0, 0
    for k in range(24):
        joints, inside = drawn.joints_px[k, 0].numpy(), drawn.heights[k, 0].numpy() > 0
        a, b = SKELETON.joints.index("left_hip"), SKELETON.joints.index("right_hip")
        c = SKELETON.joints.index("neck")
        across, up = joints[a] - joints[b], joints[c] - (joints[a] + joints[b]) / 2
        flipped = across[0] * up[1] - across[1] * up[0] > 0  # sides are exchanged with the picture
        mirrored += flipped
        for j in np.flatnonzero(inside):
            x, y = np.round(joints[j]).astype(int)
            shown = drawn.pictures[k, :, y, x].numpy() * 255
            own, other = np.array(colour(j)), np.array(colour(SKELETON.mirror[j]))
            checked += np.abs(shown - own).max() < 40 or np.abs(shown - other).max() < 40
    assert checked > 0.85 * (drawn.heights[:, 0] > 0).sum()
    assert mirrored == 0  # a person and their mirror image both have the left hip on the same side of the spine


WHOLE = dataclasses.replace(PLAIN, size=192, picture_px=(150.0, 300.0), any_turn=0.0, turned_deg=0.0, mirrored=0.0)


def corners(matrix, size=256):
    """Of the picture, in pixels of the window: left, top, right, bottom edges."""
    ends = np.array([[-0.5, -0.5], [size - 0.5, size - 0.5]]) @ matrix[:, :2].T + matrix[:, 2]
    return ends.ravel()


def test_windows_of_first_looks_show_as_much_of_the_picture_as_they_can():
    """Its longer side is as asked for; what is larger than the window fills it, what is smaller is all there."""
    rng, one = np.random.default_rng(5), sample((40, 130), scale=0.4)
    larger, to_the_right, sides = 0, 0, []
    for _ in range(200):
        x0, y0, x1, y1 = corners(drawn_affine(one, WHOLE, rng))
        sides.append(x1 - x0)
        assert y1 - y0 == pytest.approx(x1 - x0)
        if x1 - x0 > 192:
            larger += 1
            assert max(x0, y0) <= -0.5 + 1e-9 and min(x1, y1) >= 191.5 - 1e-9
        else:
            assert min(x0, y0) >= -0.5 - 1e-9 and max(x1, y1) <= 191.5 + 1e-9
            to_the_right += x1 > 191  # so whoever stands on its left is nearer to the middle
    assert to_the_right > 20 and 40 < larger < 180 and 150 <= min(sides) < 165 and 280 < max(sides) <= 300


def test_windows_of_first_looks_are_where_somebody_is():
    """Whoever stands at an edge is shown by a window which stays in the picture."""
    close = dataclasses.replace(WHOLE, picture_px=(500.0, 500.0), shift=0.0)
    rng, one = np.random.default_rng(5), sample((20, 130), scale=0.4)
    x0, y0, x1, _ = corners(drawn_affine(one, close, rng))
    assert x0 == pytest.approx(-0.5) and x1 - x0 == pytest.approx(500.0)
    middle = (STANDING[:, 1].min() + STANDING[:, 1].max()) / 2 * 0.4 + 130 + 0.5
    assert y0 == pytest.approx(95.5 - middle * 500 / 256, abs=0.51 * 500 / 256)


def test_mirroring_exchanges_left_and_right_labels_with_the_dots():
    never, always = (windows(dataclasses.replace(PLAIN, mirrored=share), count=1) for share in (0.0, 1.0))
    left, right = SKELETON.joints.index("left_wrist"), SKELETON.joints.index("right_wrist")
    for drawn, expected in ((never, left), (always, right)):
        x, y = np.round(drawn.joints_px[0, 0, left].numpy()).astype(int)
        assert np.abs(drawn.pictures[0, :, y, x].numpy() * 255 - colour(expected)).max() < 40


def test_backdrops_change_what_is_behind_people_only():
    made = windows(count=4)
    options = dataclasses.replace(PLAIN, backdrop=1.0)
    inside = torch.nn.functional.interpolate(made.masked[:, None], scale_factor=4.0)[:, 0] == 1
    behind = torch.nn.functional.interpolate(made.masked[:, None], scale_factor=4.0)[:, 0] == 0
    changed = with_backdrops(made.pictures, made.masked, made.whole, options, torch.Generator().manual_seed(1))
    for k in range(4):
        black = made.pictures[k].sum(0) == 0
        assert (changed[k].sum(0)[behind[k] & black] > 0).float().mean() > 0.9
        kept = inside[k] & black
        kept &= torch.nn.functional.avg_pool2d(inside[k][None].float(), 9, 1, 4)[0] == 1  # away from the soft edge
        assert changed[k][:, kept].abs().max() < 1e-6
    photos = windows(count=2, whole=False)
    same = with_backdrops(photos.pictures, photos.masked, photos.whole, options, torch.Generator().manual_seed(1))
    assert torch.equal(same, photos.pictures)


def test_same_seed_same_windows():
    first, again, other = (windows(seed=seed).pictures for seed in (5, 5, 6))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_disturbances_change_pictures_and_nothing_else():
    made = windows(seed=5)
    one, two, other = (
        disturbed_windows(made, WindowOptions(backdrop=0.0), torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(one.pictures, two.pictures) and not torch.equal(one.pictures, other.pictures)
    assert float((one.pictures - made.pictures).abs().mean()) > 0.02
    assert all(torch.equal(a, b) for a, b in zip(one[1:], made[1:], strict=True))


def test_shrinking_takes_means():
    """A chequerboard of single pixels, four times smaller, is grey and not a pattern of chance."""
    fine = np.indices((256, 256)).sum(0) % 2 * 255
    made = sample((120, 130))
    made.rgb()[:] = fine[..., None]
    small, ids = warped(made, np.array([[0.25, 0, 0], [0, 0.25, 0]]), 64)
    assert abs(float(small[:, 4:-4, 4:-4].mean()) - 0.5) < 0.02 and float(small[:, 4:-4, 4:-4].std()) < 0.12
    assert ids is not None and set(np.unique(ids)) == {0, 1}


def test_a_window_beside_the_picture_is_grey():
    picture, ids = warped(sample((120, 130)), np.array([[1.0, 0, 5000], [0, 1.0, 0]]), 32)
    assert torch.allclose(picture, torch.full((3, 32, 32), 0.45)) and ids is not None and not ids.any()


def test_targets_decode_to_the_people():
    """A network that says exactly its targets finds everybody: encoder, targets and decoder are one convention."""
    made = sample((70, 125), (190, 125), scale=0.7)
    drawn = drawn_windows([made], np.zeros(4, int), dataclasses.replace(PLAIN, shift=0.02), 2)
    targets = agr_targets(drawn)
    agr = AGR(
        joint_maps=targets.joint_maps, anchor_map=targets.anchor_map, box_sides=targets.box_sides,
        joint_offsets=targets.offsets, joint_visible=targets.visible, supervised=targets.near > 0, stride=4,
    )  # fmt: skip
    for k, found in enumerate(decode(agr, SKELETON, (192, 192))):
        true = drawn.joints_px[k][drawn.present[k]].numpy()
        assert len(found.people) == len(true)
        for person in true:
            error = np.linalg.norm(found.people.joints_px - person, axis=-1).max(-1).min()
            inside = ((person > -0.5) & (person < 191.5)).all()
            assert not inside or error < 1.0


def test_photos_teach_nothing_beyond_their_person():
    made = sample((120, 130), whole=False)
    known = made.known.copy()
    known[0, SKELETON.joints.index("nose")] = False
    drawn = drawn_windows([dataclasses.replace(made, known=known, seen=known)], np.zeros(3, int), PLAIN, 1)
    targets = agr_targets(drawn)
    assert not drawn.judged_joints[:, SKELETON.joints.index("nose")].any() and drawn.judged_joints.sum() == 3 * 25
    assert 0 < drawn.judged.mean() < 1 and not targets.mask_judged.any()
    assert not targets.boxed.any() and not targets.visible_judged.any() and targets.near.any()
    assert not targets.weights[:, SKELETON.joints.index("nose")].any()
