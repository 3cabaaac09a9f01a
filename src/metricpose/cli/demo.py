"""Lift the packaged virtual scene, compare with its truth, and draw both.

The scene is made of bodies, motions and a camera that training never saw; recipes/build_demo_scene.py made it.
"""

import io
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from metricpose.cli.arguments import ArgumentParser, Namespace
from metricpose.cli.output import table, write_json, write_line

if TYPE_CHECKING:
    from metricpose.io.records import ImagePeople2D, ImagePeople3D
    from metricpose.people import People3D

_NEXT = "pip install 'metricpose[mediapipe]' && metricpose estimate your.jpg -o out --detector mediapipe"
_HEADERS = ("person", "who", "true", "estimated", "error", "90 % interval", "within")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), metavar="DIR", help="default: ./demo")
    parser.add_argument(
        "--no-extrinsics", action="store_true", help="do not tell the lifter of the camera's height and tilt"
    )
    parser.add_argument("--next-command", default=_NEXT, metavar="TEXT", help="what to name at the end")
    parser.add_argument("--json", action="store_true", help="write the table as JSON")


def run(args: Namespace) -> int:
    """Lift, compare, write people.json, overlay.png and scene.html."""
    from metricpose.cli.cameras import believed
    from metricpose.cli.folders import made_folder
    from metricpose.inference import RayLifter
    from metricpose.io import ImagePeople3D, write_people3d

    seen, truth = packaged_scene()
    camera = believed(truth.people.camera, "none" if args.no_extrinsics else "full")
    lifted = ImagePeople3D(image=seen.image, people=RayLifter.load()(seen.people, camera))
    folder = made_folder(args.output)
    write_people3d(folder / "people.json", [lifted])
    _draw(lifted, truth, folder)
    rows = compared(lifted.people, truth.people, truth.extra["tags"])
    if args.json:
        write_json({"output": str(folder), "people": rows})
    else:
        write_line(_text(rows, folder, args.next_command))
    return 0


def packaged_scene() -> tuple["ImagePeople2D", "ImagePeople3D"]:
    """What a detector saw of the scene, and its truth."""
    from metricpose.io.people2d_json import read_people2d_json
    from metricpose.io.people3d_json import read_people3d_json

    with resources.as_file(resources.files("metricpose.cli") / "demo_scene") as folder:
        (seen,) = read_people2d_json(folder / "people2d.json")
        (truth,) = read_people3d_json(folder / "truth.json")
    return seen, truth


def compared(people: "People3D", truth: "People3D", tags: list[list[str]]) -> list[dict[str, object]]:
    """Each person's depth beside the truth; detections carry the ids of the true people."""
    import numpy as np

    place = {identity: index for index, identity in enumerate(people.ids or ())}
    rows = []
    for index, identity in enumerate(truth.ids or ()):
        p = place[identity]
        near, far = (float(value) for value in people.root_depth_interval[p])
        depth, true = float(people.root_cam[p, 2]), float(truth.root_cam[index, 2])
        rows.append(
            {
                "id": identity,
                "tags": tags[index],
                "true_depth_m": round(true, 4),
                "depth_m": round(depth, 4),
                "depth_interval_m": [round(near, 4), round(far, 4)],
                "root_error_mm": round(float(np.linalg.norm(people.root_cam[p] - truth.root_cam[index])) * 1e3, 1),
                "within": near <= true <= far,
            }
        )
    return rows


def _draw(lifted: "ImagePeople3D", truth: "ImagePeople3D", folder: Path) -> None:
    from metricpose.io.atomic import write_bytes
    from metricpose.viz import overlay
    from metricpose.viz.scene_page import write_scene_page

    picture = io.BytesIO()
    overlay(lifted.people, truth=truth.people).save(picture, format="PNG")
    write_bytes(folder / "overlay.png", picture.getvalue())
    write_scene_page(folder / "scene.html", [lifted], truth=[truth])


def _text(rows: list[dict[str, object]], folder: Path, next_command: str) -> str:
    parts = [
        "Distances along the camera's axis, and errors of the position, in a virtual scene that training never saw:",
        table(_HEADERS, [_cells(row) for row in rows], align="<<>>>>>"),
        f"Written to {folder}: people.json, overlay.png and scene.html (open it in a browser and turn it).",
        f"Your own photo: {next_command}",
    ]
    return "\n\n".join(parts)


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    near, far = row["depth_interval_m"]  # type: ignore[misc]
    words = ", ".join(row["tags"])  # type: ignore[arg-type]
    figures = (f"{row['true_depth_m']:.2f} m", f"{row['depth_m']:.2f} m", f"{row['root_error_mm']:.0f} mm")
    return (str(row["id"]), words, *figures, f"{near:.2f} - {far:.2f} m", "yes" if row["within"] else "no")
