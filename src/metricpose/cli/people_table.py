"""The people of a run as a table, or as JSON."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from metricpose.cli.output import counted, note, table, write_json, write_line

if TYPE_CHECKING:
    from metricpose.io.records import ImagePeople3D

_MOST_ROWS = 40
_HEADERS = ("picture", "person", "distance", "90 % interval", "score", "camera")


def say_people(records: Sequence["ImagePeople3D"], output: object, *, as_json: bool, failed: int = 0) -> None:
    """Write who was found at which distance along the optical axis, and where the whole result lies."""
    rows = list(_entries(records))
    if as_json:
        write_json({"output": str(output), "images": len(records), "failed": failed, "people": rows})
        return
    shown = [_cells(row) for row in rows[:_MOST_ROWS]]
    write_line(table(_HEADERS, shown, align="<>>>>>") if rows else "no people")
    if len(rows) > len(shown):
        write_line(f"... and {len(rows) - len(shown)} more people")
    where = counted(len(records), "picture", "pictures")
    note(f"{counted(len(rows), 'person', 'people')} in {where}, written to {output}")


def _entries(records: Sequence["ImagePeople3D"]) -> Iterator[dict[str, object]]:
    for record in records:
        people = record.people
        for p in range(len(people)):
            near, far = (round(float(value), 4) for value in people.root_depth_interval[p])
            yield {
                "image": record.image,
                "id": people.ids[p] if people.ids is not None else p,
                "depth_m": round(float(people.root_cam[p, 2]), 4),
                "depth_interval_m": [near, far],
                "score": round(float(people.scores[p]), 4),
                "camera_source": people.camera_source,
            }


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    near, far = row["depth_interval_m"]  # type: ignore[misc]
    depth, score = f"{row['depth_m']:.2f} m", f"{row['score']:.2f}"
    return (str(row["image"]), str(row["id"]), depth, f"{near:.2f} - {far:.2f} m", score, str(row["camera_source"]))
