"""One file of HTML with a scene to walk around: no network, no libraries, any browser."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from metricpose.io.atomic import write_text
from metricpose.io.records import ImagePeople3D
from metricpose.viz.scene_data import scene_data


def scene_page(
    records: Sequence[ImagePeople3D],
    *,
    truth: Sequence[ImagePeople3D] = (),
    pictures: Mapping[str, np.ndarray] | None = None,
    title: str = "metricpose",
) -> str:
    """The page as text.

    It shows the people in metres before their camera, with their uncertainty: a blob of one standard deviation about
    each joint, and the central 90 % interval of the root's depth as a line along its ray. Several records are frames
    to play. It loads nothing from anywhere and says so to the browser (Content-Security-Policy).

    Args:
        records: one per picture; none is fine.
        truth: true people, drawn in grey in the frame of the same picture; depths are compared for equal ids.
        pictures: uint8 RGB by name of the picture (an overlay, say), shown small beside the scene.
        title: of the page.
    """
    data = scene_data(records, {record.image: record for record in truth}, pictures or {})
    parts = {
        "title": html.escape(title),
        "style": _part("scene.css"),
        "script": _part("scene.js"),
        "data": _json_in_html(data),
    }
    # In one pass, so that nothing in the data is taken for a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _part("scene.html"))


def write_scene_page(
    path: str | Path,
    records: Sequence[ImagePeople3D],
    *,
    truth: Sequence[ImagePeople3D] = (),
    pictures: Mapping[str, np.ndarray] | None = None,
    title: str = "metricpose",
) -> None:
    """Write `scene_page` to a file, whole or not at all. Raises FileError where it cannot be written."""
    write_text(path, scene_page(records, truth=truth, pictures=pictures, title=title))


def _part(name: str) -> str:
    return (resources.files("metricpose.viz") / "page" / name).read_text(encoding="utf-8")


def _json_in_html(data: object) -> str:
    """JSON that no HTML parser takes for the end of its element."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
