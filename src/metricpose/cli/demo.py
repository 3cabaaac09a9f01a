"""From the packaged picture to people in metres, beside the truth; and both drawn.

The picture shows virtual people, clothes, poses and a place that training never saw (recipes/build_demo_picture.py made
it); with --from-2d the start is a scene of 2D people as another detector may find them (recipes/build_demo_scene.py).
"""

import io
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricpose.cli.arguments import ArgumentParser, Namespace
from metricpose.cli.detectors import detector_facts
from metricpose.cli.output import counted, table, warn, write_json, write_line

if TYPE_CHECKING:
    import numpy as np

    from metricpose.io.records import ImagePeople3D
    from metricpose.people import People2D, People3D

_NEXT = "metricpose estimate your.jpg -o out"
_HEADERS = ("person", "who", "true", "estimated", "error", "90 % interval", "within")
PICTURE, PICTURE_TRUTH = "picture.jpg", "picture_truth.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """What the demo begins with: 2D people, the truth, the picture if there is one, and facts of the detector."""

    people: "People2D"
    truth: "ImagePeople3D"
    picture: "np.ndarray | None"
    facts: dict[str, object]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), metavar="DIR", help="default: ./demo")
    parser.add_argument("--from-2d", action="store_true", help="start from 2D people instead of the picture")
    parser.add_argument(
        "--weights", metavar="NAME|FILE", help="of our own detector: base (default), base-research, FILE"
    )
    parser.add_argument(
        "--no-extrinsics", action="store_true", help="do not tell the lifter of the camera's height and tilt"
    )
    parser.add_argument("--next-command", default=_NEXT, metavar="TEXT", help="what to name at the end")
    parser.add_argument("--json", action="store_true", help="write the table as JSON")


def run(args: Namespace) -> int:
    """Detect, lift, compare, write people.json, overlay.png and scene.html."""
    from metricpose.cli.cameras import believed
    from metricpose.cli.folders import made_folder
    from metricpose.inference import RayLifter
    from metricpose.io import ImagePeople3D, write_people3d

    start = _from_2d() if args.from_2d or _lacks_picture(args) else _from_picture(args.weights or "base")
    truth = start.truth.people
    camera = believed(truth.camera, "none" if args.no_extrinsics else "full")
    people, rows, ghosts = compared(RayLifter.load()(start.people, camera), truth, start.truth.extra["tags"])
    lifted = ImagePeople3D(image=start.truth.image, people=people, extra=start.facts)
    folder = made_folder(args.output)
    write_people3d(folder / "people.json", [lifted])
    _draw(lifted, start, folder)
    if args.json:
        write_json({"output": str(folder), "people": rows, "ghosts": ghosts, **start.facts})
    else:
        write_line(_text(rows, ghosts, folder, args.next_command))
    return 0


def compared(
    people: "People3D", truth: "People3D", tags: list[list[str]]
) -> tuple["People3D", list[dict[str, object]], int]:
    """The people with the ids of the true ones they are paired with, a row for each true person, and ghosts counted.

    The depth of who was not found is None.
    """
    import numpy as np

    from metricpose.evaluation.matching import paired

    pairs = paired(people, truth)
    of_truth = dict(zip(pairs.true.tolist(), pairs.predicted.tolist(), strict=True))
    true_ids = truth.ids or tuple(range(len(truth)))
    ids = dict(zip(pairs.predicted.tolist(), (true_ids[t] for t in pairs.true), strict=True))
    spare = (number for number in range(len(people) + len(truth)) if number not in true_ids)
    people = people.replaced(ids=tuple(ids[p] if p in ids else next(spare) for p in range(len(people))))
    rows = []
    for index, identity in enumerate(true_ids):
        true = float(truth.root_cam[index, 2])
        row: dict[str, object] = {"id": identity, "tags": tags[index], "true_depth_m": round(true, 4)}
        row |= {"depth_m": None, "depth_interval_m": None, "root_error_mm": None, "within": False}
        if index in of_truth:
            p = of_truth[index]
            near, far = (float(value) for value in people.root_depth_interval[p])
            error_m = float(np.linalg.norm(people.root_cam[p] - truth.root_cam[index]))
            row |= {
                "depth_m": round(float(people.root_cam[p, 2]), 4),
                "depth_interval_m": [round(near, 4), round(far, 4)],
                "root_error_mm": round(error_m * 1e3, 1),
                "within": near <= true <= far,
            }
        rows.append(row)
    return people, rows, len(pairs.ghosts)


def packaged_picture() -> tuple["np.ndarray", "ImagePeople3D"]:
    """The picture, uint8 RGB (H, W, 3), and its truth."""
    from metricpose.io import read_image
    from metricpose.io.people3d_json import read_people3d_json

    with resources.as_file(_scene()) as folder:
        (truth,) = read_people3d_json(folder / PICTURE_TRUTH)
        return read_image(folder / PICTURE), truth


def _scene() -> Any:
    """The folder in the package; the module of its type differs between versions of Python."""
    return resources.files("metricpose.cli") / "demo_scene"


def _lacks_picture(args: Namespace) -> bool:
    """Whether the package lacks its picture or the weights to look at it with; then it says so."""
    from metricpose.inference.detectors.network_files import WEIGHTS, lacking_weights

    name = args.weights or "base"
    lacking = [PICTURE] if not (_scene() / PICTURE).is_file() else []
    lacking += lacking_weights(name) if name in WEIGHTS else []
    if lacking:
        warn(f"the package lacks {' and '.join(lacking)}; the demo starts from its 2D people instead")
    return bool(lacking)


def _from_picture(weights: str) -> Start:
    from metricpose.inference.detectors.agr import AgrDetector

    picture, truth = packaged_picture()
    detector = AgrDetector(weights)
    return Start(people=detector(picture), truth=truth, picture=picture, facts=detector_facts(detector))


def _from_2d() -> Start:
    from metricpose.io.people2d_json import read_people2d_json
    from metricpose.io.people3d_json import read_people3d_json

    with resources.as_file(_scene()) as folder:
        (seen,) = read_people2d_json(folder / "people2d.json")
        (truth,) = read_people3d_json(folder / "truth.json")
    return Start(people=seen.people, truth=truth, picture=None, facts={})


def _draw(lifted: "ImagePeople3D", start: Start, folder: Path) -> None:
    import numpy as np

    from metricpose.io.atomic import write_bytes
    from metricpose.viz import overlay
    from metricpose.viz.scene_page import write_scene_page

    drawing, encoded = overlay(lifted.people, start.picture, truth=start.truth.people), io.BytesIO()
    drawing.save(encoded, format="PNG")
    write_bytes(folder / "overlay.png", encoded.getvalue())
    pictures = {} if start.picture is None else {lifted.image: np.asarray(drawing)}
    write_scene_page(folder / "scene.html", [lifted], truth=[start.truth], pictures=pictures)


def _text(rows: list[dict[str, object]], ghosts: int, folder: Path, next_command: str) -> str:
    parts = [
        "Distances along the camera's axis, and errors of the position, in a virtual scene that training never saw:",
        table(_HEADERS, [_cells(row) for row in rows], align="<<>>>>>"),
        *([f"Found besides: {counted(ghosts, 'person', 'people')} who are not there."] if ghosts else []),
        f"Written to {folder}: people.json, overlay.png and scene.html (open it in a browser and turn it).",
        f"Your own photo: {next_command}",
    ]
    return "\n\n".join(parts)


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    who = str(row["id"]), ", ".join(row["tags"]), f"{row['true_depth_m']:.2f} m"  # type: ignore[arg-type]
    if row["depth_m"] is None:
        return (*who, "not found", "", "", "no")
    near, far = row["depth_interval_m"]  # type: ignore[misc]
    figures = f"{row['depth_m']:.2f} m", f"{row['root_error_mm']:.0f} mm", f"{near:.2f} - {far:.2f} m"
    return (*who, *figures, "yes" if row["within"] else "no")
