"""A sheet of pictures with their labels drawn on, to look at before thousands are made."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from metricpose._errors import InputError
from metricpose.skeletons import Skeleton
from metricpose.viz.strokes import Side, joint_sides, strokes

_COLOURS: dict[Side, tuple[int, int, int]] = {"left": (64, 196, 255), "right": (255, 152, 0), "middle": (245, 245, 245)}
_BOX, _AMODAL_BOX, _GAP = (120, 255, 120), (255, 120, 200), 6
_TINTS = np.array([(255, 90, 90), (90, 255, 90), (90, 140, 255), (255, 230, 80), (255, 90, 255), (80, 255, 255)])


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledPicture:
    """A picture and what is to be drawn on it.

    Attributes:
        rgb: (H, W, 3) uint8.
        joints_px: (P, J, 2); NaN is not drawn.
        visible: (P, J) bool; hidden joints are drawn hollow, and lines to them thin.
        boxes_px: (P, 4) x0, y0, x1, y1.
        skeleton: of the J joints.
        amodal_boxes_px: (P, 4), or None.
        person_ids: (H, W) uint8, or None; people are tinted by it.
        caption: a line below.
    """

    rgb: np.ndarray
    joints_px: np.ndarray
    visible: np.ndarray
    boxes_px: np.ndarray
    skeleton: Skeleton
    amodal_boxes_px: np.ndarray | None = None
    person_ids: np.ndarray | None = None
    caption: str = ""


def preview_sheet(pictures: Sequence[LabelledPicture], *, columns: int = 4, height_px: int = 480) -> Image.Image:
    """The pictures in rows of `columns`, each `height_px` high with its labels."""
    if not pictures or columns < 1 or height_px < 16:
        raise InputError(f"preview: expected pictures, got {len(pictures)} in {columns} columns of {height_px} px")
    tiles = [drawn_labels(picture, height_px) for picture in pictures]
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    width = max(sum(tile.width + _GAP for tile in row) for row in rows) + _GAP
    sheet = Image.new("RGB", (width, len(rows) * (tiles[0].height + _GAP) + _GAP), (24, 26, 30))
    for r, row in enumerate(rows):
        x = _GAP
        for tile in row:
            sheet.paste(tile, (x, _GAP + r * (tile.height + _GAP)))
            x += tile.width + _GAP
    return sheet


def drawn_labels(picture: LabelledPicture, height_px: int) -> Image.Image:
    """One picture scaled to `height_px`, with boxes, skeletons and tints, over a line for its caption."""
    height, width = picture.rgb.shape[:2]
    scale = height_px / height
    size = max(1, round(width * scale)), height_px
    tile = Image.new("RGB", (size[0], height_px + 16), (24, 26, 30))
    tile.paste(Image.fromarray(_tinted(picture)).resize(size, Image.Resampling.BILINEAR))
    draw = ImageDraw.Draw(tile)
    for boxes, colour in ((picture.amodal_boxes_px, _AMODAL_BOX), (picture.boxes_px, _BOX)):
        for box in () if boxes is None else np.asarray(boxes):
            x0, y0, x1, y1 = (float(v) for v in (np.asarray(box) + 0.5) * scale - 0.5)
            draw.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), outline=colour)
    for joints, visible in zip(np.asarray(picture.joints_px), np.asarray(picture.visible), strict=True):
        _draw_person(draw, (joints + 0.5) * scale - 0.5, visible, picture.skeleton)
    draw.rectangle((0, height_px, size[0], height_px + 16), fill=(24, 26, 30))
    draw.text((2, height_px + 2), picture.caption, fill=(220, 220, 220))
    return tile


def _draw_person(draw: ImageDraw.ImageDraw, joints: np.ndarray, visible: np.ndarray, skeleton: Skeleton) -> None:
    known = [bool(np.abs(place).max() < 1e5) for place in np.nan_to_num(joints, nan=np.inf)]
    for start, end, side in strokes(skeleton):
        if known[start] and known[end]:
            both = bool(visible[start] and visible[end])
            draw.line((*joints[start], *joints[end]), fill=_COLOURS[side], width=2 if both else 1)
    for j, side in enumerate(joint_sides(skeleton)):
        if known[j]:
            x, y = (float(v) for v in joints[j])
            fill = _COLOURS[side] if visible[j] else None
            draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=fill, outline=_COLOURS[side])


def _tinted(picture: LabelledPicture) -> np.ndarray:
    if picture.person_ids is None:
        return picture.rgb
    ids = picture.person_ids.astype(int)
    tint = _TINTS[(ids - 1) % len(_TINTS)]
    mixed = np.where((ids > 0)[..., None], 0.75 * picture.rgb + 0.25 * tint, picture.rgb)
    return mixed.astype(np.uint8)
