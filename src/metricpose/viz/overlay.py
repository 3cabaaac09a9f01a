"""People drawn on their picture: skeletons, boxes, and how far away everybody is."""

from typing import Final

import numpy as np
from PIL import Image

from metricpose._errors import InputError
from metricpose.people import People3D
from metricpose.viz.canvas import Canvas, Colour, Point, Span
from metricpose.viz.captions import camera_note, count, distance
from metricpose.viz.strokes import Side, joint_sides, strokes

SIDE_COLOURS: Final[dict[Side, Colour]] = {"left": (64, 196, 255), "right": (255, 152, 0), "middle": (245, 245, 245)}
_PEOPLE: Final[tuple[Colour, ...]] = (
    *((255, 209, 102), (6, 214, 160), (239, 125, 190), (144, 190, 255)),
    *((255, 133, 102), (190, 225, 90), (196, 165, 255), (120, 220, 232)),
)
_TRUTH: Final[Colour] = (190, 190, 190)
_DARK: Final[Colour] = (16, 18, 22)
_LABEL_SIZE, _NOTE_SIZE = 12.0, 11.0
# Beyond this many, only the nearest people are labelled: nobody could tell whose label is whose.
_MOST_LABELS = 60
# Codecs cut or pad a few rows and columns; the pixels that are left keep their places.
_PADDING = 0.03


def overlay(people: People3D, image: np.ndarray | None = None, *, truth: People3D | None = None) -> Image.Image:
    """The picture with the people drawn on it.

    Seen joints stand where they were found; joints with score 0 where the 3D estimate projects to, faint and dashed.
    Left limbs are blue and right ones orange (the person's own left and right). Each label says the root's depth and
    its central 90 % interval in metres; below stands where the camera comes from.

    Args:
        people: who to draw; nobody is fine.
        image: uint8 RGB (H, W, 3) of the camera's size, give or take a codec's padding; a blank without it.
        truth: true people, drawn in grey below the estimate.

    Returns:
        An RGB picture whose longer side has between 640 and 2048 pixels.

    Raises:
        InputError: `image` is no RGB picture of the camera's size.
    """
    canvas = Canvas(image, _canvas_size(image, people.camera.image_size))
    if truth is not None:
        _draw_truth(canvas, truth)
    order = np.argsort(-people.root_cam[:, 2], kind="stable")  # the nearest last, on top
    for p in order:
        _draw_person(canvas, people, int(p))
    _write_labels(canvas, people, order)
    compared = "" if truth is None else "; grey: truth"
    _write_note(canvas, f"{count(len(people))}; {camera_note(people.camera, people.camera_source)}{compared}")
    return canvas.finished()


def drawn_joints(people: People3D, person: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a person's joints are drawn (J, 2) px, which of them can be drawn (J,), and which were seen (J,)."""
    projected, in_front = people.camera.project(np.nan_to_num(people.joints_cam[person], nan=0.0))
    seen = people.joint_scores[person] > 0
    drawable = seen | (np.asarray(in_front) & people.joint_known[person])
    return np.where(seen[:, None], people.joints_px[person], projected), drawable, seen


def _canvas_size(image: np.ndarray | None, camera_size: tuple[int, int]) -> tuple[int, int]:
    if image is None:
        return camera_size
    width, height = camera_size
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not _alike(image.shape, camera_size):
        raise InputError(
            f"overlay: expected a picture uint8 RGB of the camera's size {width} x {height} px, got {image.dtype} of "
            f"shape {image.shape}; resize the picture or the camera"
        )
    return image.shape[1], image.shape[0]


def _alike(shape: tuple[int, ...], camera_size: tuple[int, int]) -> bool:
    width, height = camera_size
    return abs(shape[1] - width) <= _PADDING * width and abs(shape[0] - height) <= _PADDING * height


def _draw_person(canvas: Canvas, people: People3D, person: int) -> None:
    joints_px, drawable, seen = drawn_joints(people, person)
    box = _span(people.boxes_px[person])
    canvas.box(box, colour_of(people, person), width=1.2, alpha=170)
    width = float(np.clip(0.008 * (box[3] - box[1]) * max(canvas.size) / max(people.camera.image_size), 0.8, 3.0))
    for start, end, side in strokes(people.skeleton):
        if drawable[start] and drawable[end]:
            found = bool(seen[start] and seen[end])
            alpha, thick = (255, width) if found else (150, 0.6 * width)
            ends = _point(joints_px[start]), _point(joints_px[end])
            canvas.line(*ends, SIDE_COLOURS[side], width=thick, alpha=alpha, dashed=not found)
    for joint, side in enumerate(joint_sides(people.skeleton)):
        if drawable[joint]:
            canvas.dot(_point(joints_px[joint]), _DARK, radius=1.25 * width, alpha=200 if seen[joint] else 60)
            alpha = 255 if seen[joint] else 110
            canvas.dot(_point(joints_px[joint]), SIDE_COLOURS[side], radius=0.85 * width, alpha=alpha)


def _draw_truth(canvas: Canvas, truth: People3D) -> None:
    for person in range(len(truth)):
        projected, in_front = truth.camera.project(np.nan_to_num(truth.joints_cam[person], nan=0.0))
        drawable = np.asarray(in_front) & truth.joint_known[person]
        for start, end, _ in strokes(truth.skeleton):
            if drawable[start] and drawable[end]:
                canvas.line(_point(projected[start]), _point(projected[end]), _TRUTH, width=1.2, alpha=200)


def _write_labels(canvas: Canvas, people: People3D, order: np.ndarray) -> None:
    taken: list[Span] = []
    for p in order[::-1][:_MOST_LABELS]:
        text = f"#{people.ids[p] if people.ids is not None else p}  {distance(people, int(p))}"
        span = canvas.words_span(_point(people.boxes_px[p, :2]), text, size=_LABEL_SIZE)
        span = _moved_free(span, taken, canvas.size)
        taken.append(span)
        canvas.words(span, text, size=_LABEL_SIZE, colour=_DARK, ground=colour_of(people, int(p)))


def _write_note(canvas: Canvas, text: str) -> None:
    size = _NOTE_SIZE
    span = canvas.words_span((-0.5, 1e6), text, size=size)
    if span[2] > canvas.size[0]:  # smaller on narrow pictures; beyond that it is cut
        size = max(5.0, size * canvas.size[0] / (span[2] - span[0]))
        span = canvas.words_span((-0.5, 1e6), text, size=size)
    canvas.words(span, text, size=size, colour=(240, 240, 240), ground=_DARK)


def _moved_free(span: Span, taken: list[Span], size: tuple[int, int]) -> Span:
    """`span` moved down past the spans it would cover, while there is room."""
    high = span[3] - span[1]
    for _ in range(len(taken)):
        hit = next((other for other in taken if _overlap(span, other)), None)
        if hit is None or hit[3] + high > size[1]:
            return span
        span = span[0], hit[3] + 1.0, span[2], hit[3] + 1.0 + high
    return span


def _overlap(a: Span, b: Span) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def colour_of(people: People3D, person: int) -> Colour:
    """A colour for a person, the same in every frame of its track."""
    track = people.track_ids[person]
    number = track if track is not None else people.ids[person] if people.ids is not None else person
    return _PEOPLE[number % len(_PEOPLE)]


def _point(px: np.ndarray) -> Point:
    return float(px[0]), float(px[1])


def _span(box_px: np.ndarray) -> Span:
    x0, y0, x1, y1 = (float(value) for value in box_px)
    return x0, y0, x1, y1
