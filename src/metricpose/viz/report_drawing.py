"""A true person and the prediction drawn as SVG, in the page's own colours: in the picture, aside, from above."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image

from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.skeleton import Skeleton
from metricpose.viz.strokes import strokes

_SIDE, _MARGIN, _FOOT = 300.0, 16.0, 20.0  # of a panel in its own units; the scale stands at its foot
_CROP_PX, _QUALITY = 600, 78
_AROUND = 0.25  # of the people's size is shown about them
_NEAR_M = 0.3  # nearer than this nobody stands: joints there are relative to a root
_SIZE_SLACK = 0.03
Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """Joints (J, 2) of one person in a panel's plane, NaN where unknown. role: "truth" or "predicted"."""

    points: np.ndarray
    skeleton: Skeleton
    role: str


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A cut of a photo: a JPEG as a data URI, and its place x, y, width, height in pixels of the photo."""

    uri: str
    place: Box


def case_drawings(truth: PeopleFrame, row: int, predicted: PeopleFrame | None, guess: int) -> list[str]:
    """SVG panels of one true person and its prediction (none for guess < 0), each under its heading.

    In the picture where both have pixels or a camera, on the photo where its file is there; aside, with the roots at
    one place; and from above, where both say where people stand.
    """
    pair = [(truth, row, "truth")]
    if predicted is not None and guess >= 0:
        pair.append((predicted, guess, "predicted"))
    panels = [_in_the_picture(pair, truth)]
    if truth.joints_cam is not None:
        panels += [_relative(pair, "From the side, roots at one place", (2, 1))]
        panels += [_from_above(pair)] if panels[0] else [_relative(pair, "From the front, roots at one place", (0, 1))]
    return [panel for panel in panels if panel]


def panel(heading: str, figures: Sequence[Figure], *, shot: Shot | None = None, unit: str = "") -> str:
    """One SVG with its heading; y goes down. unit "m" draws a scale. Empty where no joint is known."""
    known = [f.points[np.isfinite(f.points).all(axis=-1)] for f in figures]
    points = np.concatenate(known) if known else np.zeros((0, 2))
    if not len(points):
        return ""
    box = _spread(points) if shot is None else shot.place
    scale = (_SIDE - 2 * _MARGIN) / max(box[2], box[3])
    width, height = box[2] * scale + 2 * _MARGIN, box[3] * scale + 2 * _MARGIN + (_FOOT if unit else 0.0)
    to_panel = _ToPanel(np.array(box[:2]), scale)
    parts = [] if shot is None else [_image(shot, scale)]
    parts += [part for figure in figures for part in _skeleton_lines(figure, to_panel)]
    if unit == "m":
        parts.append(_scale_bar(scale, height))
    words = "; ".join(dict.fromkeys(f.role for f in figures))
    ground = "plain" if shot is None else "photo"
    return (
        f'<figure class="panel"><svg class="{ground}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(heading)}: {escape(words)}">{"".join(parts)}</svg>'
        f"<figcaption>{escape(heading)}</figcaption></figure>"
    )


@dataclass(frozen=True)
class _ToPanel:
    corner: np.ndarray
    scale: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        return (points - self.corner) * self.scale + _MARGIN


def root_of(frame: PeopleFrame, row: int) -> np.ndarray:
    """Where a person's root is, (3,) m: as stated, else the root joint, the middle of the hips, of all known joints."""
    if frame.root_cam is not None and np.isfinite(frame.root_cam[row]).all():
        return frame.root_cam[row]
    assert frame.joints_cam is not None
    joints, skeleton = frame.joints_cam[row], frame.skeleton
    choices = [] if skeleton.root is None else [joints[skeleton.root]]
    choices += [] if skeleton.hips is None else [joints[list(skeleton.hips)].mean(axis=0)]
    known = joints[np.isfinite(joints).all(axis=-1)]
    choices.append(known.mean(axis=0) if len(known) else np.zeros(3))
    return next(place for place in choices if np.isfinite(place).all())


def pixels_of(frame: PeopleFrame, row: int, camera_of: PeopleFrame) -> np.ndarray | None:
    """Joints (J, 2) px of a person: projected where there are metres and a camera, else as stated; or None."""
    camera = frame.camera or camera_of.camera
    if frame.joints_cam is not None and camera is not None and _stands(frame, row):
        projected, in_front = camera.project(np.nan_to_num(frame.joints_cam[row], nan=0.0))
        return np.where((np.asarray(in_front) & frame.known[row])[:, None], projected, np.nan)
    if frame.joints_px is None:
        return None
    seen = np.ones(len(frame.skeleton), bool) if frame.joint_scores is None else frame.joint_scores[row] > 0
    return np.where(seen[:, None], frame.joints_px[row], np.nan)


def _stands(frame: PeopleFrame, row: int) -> bool:
    """Whether the joints are in the camera's frame, and not about a root at its origin."""
    assert frame.joints_cam is not None
    depths = frame.joints_cam[row, :, 2]
    return bool(np.isfinite(depths).any() and np.nanmin(depths) > _NEAR_M)


def _in_the_picture(pair: Sequence[tuple[PeopleFrame, int, str]], truth: PeopleFrame) -> str:
    figures = []
    for frame, row, role in pair:
        points = pixels_of(frame, row, truth)
        if points is not None:
            figures.append(Figure(points=points, skeleton=frame.skeleton, role=role))
    if not figures or figures[0].role != "truth":
        return ""
    return panel("In the picture", figures, shot=_shot(truth, figures))


def _relative(pair: Sequence[tuple[PeopleFrame, int, str]], heading: str, axes: tuple[int, int]) -> str:
    figures = [
        Figure(points=(f.joints_cam[r] - root_of(f, r))[:, list(axes)], skeleton=f.skeleton, role=role)
        for f, r, role in pair
        if f.joints_cam is not None
    ]
    return panel(heading, figures, unit="m")


def _from_above(pair: Sequence[tuple[PeopleFrame, int, str]]) -> str:
    """x to the right and depth upwards; the camera is below."""
    if len(pair) < 2 or any(f.joints_cam is None or not _stands(f, r) for f, r, _ in pair):
        return ""
    figures = [
        Figure(points=f.joints_cam[r][:, [0, 2]] * [1.0, -1.0], skeleton=f.skeleton, role=role)
        for f, r, role in pair
        if f.joints_cam is not None
    ]
    return panel("From above, the camera below", figures, unit="m")


def _spread(points: np.ndarray) -> Box:
    """The box of the points, at least a sliver wide."""
    (x0, y0), (x1, y1) = np.min(points, axis=0).tolist(), np.max(points, axis=0).tolist()
    least = 0.35 * max(x1 - x0, y1 - y0, 1e-6)
    width, height = max(x1 - x0, least), max(y1 - y0, least)
    return (x0 + x1 - width) / 2, (y0 + y1 - height) / 2, width, height


def _skeleton_lines(figure: Figure, to_panel: _ToPanel) -> list[str]:
    points = to_panel(figure.points)
    known = np.asarray(np.isfinite(points).all(axis=-1))
    parts = []
    for start, end, side in strokes(figure.skeleton):
        if known[start] and known[end]:
            (x0, y0), (x1, y1) = np.clip(points[[start, end]], -5000, 5000)
            parts.append(f'<path class="{figure.role} {side}" d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"/>')
    for x, y in np.clip(points[known], -5000, 5000):
        parts.append(f'<circle class="{figure.role}" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>')
    return parts


def _scale_bar(scale: float, height: float) -> str:
    """A length of a round number of metres, about a quarter of the panel."""
    length = next((m for m in (10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1) if m * scale <= _SIDE / 3), 0.1)
    y, end = height - 4, _MARGIN + length * scale
    return (
        f'<path class="scale" d="M{_MARGIN:.0f} {y:.1f}H{end:.1f}"/>'
        f'<text class="scale" x="{_MARGIN:.0f}" y="{y - 4:.1f}">{length:g} m</text>'
    )


def _image(shot: Shot, scale: float) -> str:
    _, _, width, height = shot.place
    return (
        f'<image href="{shot.uri}" x="{_MARGIN:.1f}" y="{_MARGIN:.1f}" width="{width * scale:.1f}" '
        f'height="{height * scale:.1f}" preserveAspectRatio="none"/>'
    )


def _shot(truth: PeopleFrame, figures: Sequence[Figure]) -> Shot | None:
    """The photo about the people, or None where its file is not there, no picture or of another size."""
    if truth.image_path is None or not truth.image_path.is_file():
        return None
    points = np.concatenate([f.points[np.isfinite(f.points).all(axis=-1)] for f in figures])
    if not len(points):
        return None
    try:
        with Image.open(truth.image_path) as photo:
            if truth.camera is not None and not _alike(photo.size, truth.camera.image_size):
                return None
            cut = _cut(points, photo.size)
            image = photo.convert("RGB").crop(cut) if cut else None
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    if image is None or cut is None:
        return None
    image.thumbnail((_CROP_PX, _CROP_PX))
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=_QUALITY)
    uri = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
    # The centre of the first pixel is (0, 0), so its corner is half a pixel before.
    return Shot(uri=uri, place=(cut[0] - 0.5, cut[1] - 0.5, cut[2] - cut[0], cut[3] - cut[1]))


def _cut(points: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The part of a photo about the points, in whole pixels; None where they lie outside."""
    x, y, width, height = _spread(points)
    around = _AROUND * max(width, height) + 4
    x0, y0 = max(0, int(x - around)), max(0, int(y - around))
    x1, y1 = min(size[0], int(x + width + around) + 1), min(size[1], int(y + height + around) + 1)
    return (x0, y0, x1, y1) if x1 - x0 >= 8 and y1 - y0 >= 8 else None


def _alike(size: tuple[int, int], camera_size: tuple[int, int]) -> bool:
    return all(abs(a - b) <= _SIZE_SLACK * b for a, b in zip(size, camera_size, strict=True))
