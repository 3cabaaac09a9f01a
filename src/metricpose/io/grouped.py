"""Detections listed one by one with the name or number of their picture, gathered by picture."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from metricpose.io.detections import Detection, people_of
from metricpose.io.fields import located, shown
from metricpose.io.options import ReadOptions
from metricpose.io.records import ImagePeople2D
from metricpose.skeletons import CATALOGUE, Skeleton


def grouped_records(
    entries: Sequence[Any],
    read: Callable[[Any, ReadOptions], tuple[str, Detection, Skeleton]],
    options: ReadOptions,
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> list[ImagePeople2D]:
    """One record for each picture: those of `sizes` first, in its order, then others as they first appear.

    `read` gives an entry's picture, detection and skeleton. All entries must have the skeleton of the first.
    """
    pictures: dict[str, list[Detection]] = {name: [] for name in sizes or {}}
    skeleton = options.skeleton
    for index, entry in enumerate(entries):
        settled = options if skeleton is None else ReadOptions(skeleton=skeleton)
        with located(f"entry {index}{_picture_of(entry)}"):
            name, detection, skeleton = read(entry, settled)
        pictures.setdefault(name, []).append(detection)
    skeleton = skeleton or CATALOGUE["coco17"]
    records = []
    for name, detections in pictures.items():
        with located(f"picture {name!r}"):
            people = people_of(detections, skeleton, options.size((sizes or {}).get(name)))
        records.append(ImagePeople2D(image=name, people=people, camera=options.camera))
    return records


def _picture_of(entry: Any) -> str:
    return f" (picture {shown(entry.get('image_id'))})" if isinstance(entry, dict) else ""
