"""PCK and the collapse of left and right, on answers made by hand."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.training.agr_judging import (  # noqa: E402
    CropAnswers,
    collapse_percent,
    crop_affine,
    crop_answers,
    crop_figures,
    people_figures,
    upright_people,
)
from metricpose.training.agr_samples import SKELETON  # noqa: E402
from tests.training.agr_made import STANDING, sample  # noqa: E402

_SIDES = np.array(SKELETON.mirror)


def answers(guess: np.ndarray, truth: np.ndarray | None = None) -> CropAnswers:
    truth = np.array([STANDING] * len(guess)) if truth is None else truth
    seen = np.ones(truth.shape[:2], bool)
    return CropAnswers(joints_px=guess, scores=seen * 1.0, truth_px=truth, judged=seen)


def test_the_truth_is_perfect():
    assert crop_figures(answers(np.array([STANDING] * 3))) == {"pck": 100.0, "pck_upright": 100.0, "collapse": 0.0}


def test_exchanged_sides_are_wrong_but_do_not_collapse():
    figures = crop_figures(answers(STANDING[_SIDES][None]))
    assert figures["collapse"] == 0 and figures["pck"] == pytest.approx(100 * 2 / 14)  # neck and head stay


def test_one_limb_for_both_collapses():
    guess = STANDING.copy()
    for part in ("elbow", "wrist", "knee", "ankle"):
        guess[SKELETON.joints.index(f"left_{part}")] = STANDING[SKELETON.joints.index(f"right_{part}")]
    assert collapse_percent(answers(guess[None])) == 100
    half = np.array([guess, STANDING])
    assert collapse_percent(answers(half)) == 50


def test_nobody_found_is_wrong_everywhere():
    nobody = np.full((1, len(SKELETON), 2), np.nan)
    assert crop_figures(answers(nobody))["pck"] == 0


def test_upright_is_within_thirty_degrees():
    def turned(degrees):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        return STANDING @ np.array([[c, s], [-s, c]])

    people = np.array([turned(d) for d in (0, 25, -25, 35, 90, 180)])
    assert upright_people(people).tolist() == [True, True, True, False, False, False]


def test_the_crop_holds_the_box_times_a_quarter_more():
    box = np.array([10.0, 20.0, 110.0, 60.0])
    matrix = crop_affine(box, 192)
    corners = box.reshape(2, 2) @ matrix[:, :2].T + matrix[:, 2]
    assert corners.mean(0) == pytest.approx([95.5, 95.5]) and np.ptp(corners[:, 0]) == pytest.approx(192 / 1.25)


def test_a_network_that_reads_the_labels_is_right_through_every_crop():
    """A fake network with one peak per joint at its dot's colour: crops map there and back without an offset."""
    from tests.training.agr_made import colour

    class Eyes(torch.nn.Module):
        def forward(self, pictures):
            from metricpose.models.agr_net import AgrMaps

            count, _, height, width = pictures.shape
            far = [(pictures * 255 - torch.tensor(colour(j))[:, None, None]).abs().sum(1) for j in range(26)]
            near = torch.stack([torch.nn.functional.max_pool2d(10 - 0.3 * f, 4) for f in far], 1)  # B, J, h, w
            flat = near.flatten(2).argmax(-1)
            at = torch.stack([flat % (width // 4), flat // (width // 4)], -1).float() * 4 + 1.5
            root = at[:, SKELETON.joints.index("hip")]
            anchor = torch.full((count, 1, height // 4, width // 4), -9.0)
            sides = torch.zeros(count, 4, height // 8, width // 8)
            offsets = (at - root[:, None]).flatten(1)[..., None, None].expand(-1, -1, height // 8, width // 8)
            for k in range(count):
                column, row_ = (root[k] / 4).long().tolist()
                anchor[k, 0, row_, column] = 9.0
                sides[k] = torch.tensor([60.0, 80.0, 60.0, 80.0])[:, None, None]
            quiet = torch.full_like(near, -9.0)
            seen = torch.full((count, 26, height // 8, width // 8), 9.0)
            return AgrMaps(
                joint_logits=quiet, anchor_logits=anchor, mask_logits=anchor, box_sides=sides,
                joint_offsets=offsets, visible_logits=seen,
            )  # fmt: skip

    found = crop_answers(Eyes(), [sample((120, 130)), sample((128, 128), scale=0.9)])
    error = np.linalg.norm(found.joints_px - found.truth_px, axis=-1)
    assert len(error) == 2 and np.median(error) < 4.0


class _Sees(torch.nn.Module):
    """Says that people with these boxes are in every picture, the first the surest."""

    def __init__(self, *boxes):
        super().__init__()
        self.boxes, self.nothing = boxes, torch.nn.Parameter(torch.zeros(1))

    def forward(self, pictures):
        from metricpose.models.agr_net import AgrMaps

        _, _, height, width = pictures.shape
        fine, coarse = (height // 4, width // 4), (height // 8, width // 8)
        anchor, sides = torch.full((1, 1, *fine), -9.0), torch.zeros(1, 4, *coarse)
        for k, (x0, y0, x1, y1) in enumerate(self.boxes):
            column, row = int((x0 + x1) / 8), int((y0 + y1) / 8)
            x, y = 4 * column + 1.5, 4 * row + 1.5
            anchor[0, 0, row, column] = 3.0 - k
            sides[0, :, row // 2, column // 2] = torch.tensor([x - x0, y - y0, x1 - x, y1 - y])
        return AgrMaps(
            joint_logits=torch.full((1, 26, *fine), -9.0), anchor_logits=anchor, mask_logits=anchor, box_sides=sides,
            joint_offsets=torch.zeros(1, 52, *coarse), visible_logits=torch.zeros(1, 26, *coarse),
        )  # fmt: skip


def test_people_found_in_whole_pictures():
    picture = sample((70, 128), (190, 130), scale=0.8)
    one, two = picture.boxes_px
    assert people_figures(_Sees(one, two), [picture])["box_ap50"] == pytest.approx(100)
    assert people_figures(_Sees(one), [picture])["box_ap50"] == pytest.approx(50)
    assert people_figures(_Sees(one, two - 60), [picture])["box_ap50"] == pytest.approx(50)
    ghost_first = people_figures(_Sees((100, 10, 140, 60), one, two), [picture])["box_ap50"]
    assert ghost_first == pytest.approx(100 * 2 / 3)  # recall 1 at a precision of 2/3
    assert people_figures(_Sees(one, (100, 10, 140, 60)), [picture])["box_ap50"] == pytest.approx(50)  # a late ghost
    assert people_figures(_Sees(), [picture])["box_ap50"] == 0


def test_small_people_are_neither_asked_for_nor_held_against_anybody():
    picture = sample((70, 128), (190, 130), scale=0.8)
    small = sample((70, 128), (190, 130), scale=0.15)
    assert people_figures(_Sees(*picture.boxes_px), [picture])["box_ap50"] == pytest.approx(100)
    assert people_figures(_Sees(*small.boxes_px), [small])["box_ap50"] == 0
