"""2D people in our own JSON, schema metricpose.people2d/1.

    {"schema": "metricpose.people2d/1", "skeleton": {"name": "coco17", "joints": ["nose", ...]},
     "images": [{"image": "a.jpg", "width": 1920, "height": 1080,
                 "camera": {"intrinsics_px", "distortion", "cam_from_world"} or null,   (see camera_json)
                 "people": [{"id": 0, "score": 0.9, "box_px": [x0, y0, x1, y1],
                             "joints_px": [[x, y], ...], "joint_scores": [...]}]}]}

Only `joints_px` is needed of a person. A joint with score 0 is unseen and may have any coordinates, or null. Missing
joint scores are 1 (0 where the coordinates are null); a missing box, score or id is filled in as `people_of` says.
Other keys of an image are kept; other keys elsewhere are ignored.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.io.atomic import write_text
from metricpose.io.camera_json import camera_from_json, camera_to_json
from metricpose.io.detections import Detection, people_of
from metricpose.io.fields import located, member, number, numbers, shown, whole_number
from metricpose.io.json_text import json_text, plain_numbers, read_json
from metricpose.io.records import ImagePeople2D
from metricpose.people import People2D
from metricpose.skeletons import CATALOGUE, Skeleton

PEOPLE2D_SCHEMA = "metricpose.people2d/1"

_IMAGE_KEYS = {"image", "width", "height", "camera", "people"}


def read_people2d_json(path: str | Path) -> list[ImagePeople2D]:
    """The pictures of one file, in its order. InputError and FileError say what is wrong with it, and where."""
    document = read_json(path)
    with located(path):
        return people2d_from_document(document)


def people2d_from_document(document: Any) -> list[ImagePeople2D]:
    """The pictures of a parsed document in our own schema, in its order."""
    check_schema(document, PEOPLE2D_SCHEMA)
    skeleton = skeleton_from_json(member(document, "skeleton", (dict, str)))
    records = []
    for where, image in located_images(document):
        with located(where):
            records.append(_record(image, skeleton))
    return records


def write_people2d(path: str | Path, records: Sequence[ImagePeople2D], skeleton: Skeleton | str = "coco17") -> None:
    """Write pictures with 2D people as our own JSON, atomically, in their order; masks are not written.

    All must have one skeleton; `skeleton` is only for a file without pictures.
    """
    shared = shared_skeleton([record.people.skeleton for record in records], skeleton)
    entries = (_image_entry(record) for record in records)
    write_text(path, document_text({"schema": PEOPLE2D_SCHEMA, "skeleton": skeleton_to_json(shared)}, entries))


def check_schema(document: Any, expected: str) -> None:
    """InputError unless the document states the `expected` schema."""
    schema = member(document, "schema", str)
    if schema != expected:
        raise InputError(f"schema: expected {expected!r}, got {shown(schema)}; give a file of that kind")


def skeleton_from_json(value: Any) -> Skeleton:
    """The skeleton of a name, or of {"name", "joints"}; joints in the order of a known skeleton do for a new name."""
    name = value if isinstance(value, str) else member(value, "name", str)
    joints = None if isinstance(value, str) else member(value, "joints", list, None)
    known = CATALOGUE.get(name)
    if known is None and joints is not None:
        known = next((skeleton for skeleton in CATALOGUE.values() if list(skeleton.joints) == joints), None)
    if known is None:
        raise InputError(f"unknown skeleton {shown(name)}; known: {', '.join(CATALOGUE)}; convert the joints to one")
    if joints is not None and joints != list(known.joints):
        raise InputError(_order_fault(joints, known))
    return known


def skeleton_to_json(skeleton: Skeleton) -> dict[str, Any]:
    """The `skeleton` object."""
    return {"name": skeleton.name, "joints": list(skeleton.joints)}


def shared_skeleton(skeletons: Sequence[Skeleton], fallback: Skeleton | str) -> Skeleton:
    """The one skeleton of all; `fallback` where there is none."""
    names = sorted({skeleton.name for skeleton in skeletons})
    if len(names) > 1:
        raise InputError(f"people of one file: expected one skeleton, got {', '.join(names)}; convert with .to(name)")
    if skeletons:
        return skeletons[0]
    return skeleton_from_json(fallback) if isinstance(fallback, str) else fallback


def located_images(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entry of `images`, with words that say which it is."""
    for index, image in enumerate(member(document, "images", list)):
        with located(f"images[{index}]"):
            name = member(image, "image", str)
        yield f"images[{index}] ({shown(name)})", image


def image_size_of(image: Mapping[str, Any]) -> tuple[int, int]:
    """`width` and `height` of an entry of `images`."""
    size = tuple(whole_number(member(image, side, (int, float)), side) for side in ("width", "height"))
    if min(size) < 1:
        raise InputError(f"picture size: expected width and height of at least 1, got {size[0]} x {size[1]}")
    return size[0], size[1]


def extra_of(image: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of an entry of `images` that the schemas do not use."""
    extra = {key: value for key, value in image.items() if key not in _IMAGE_KEYS}
    if extra:
        json_text(extra)  # refuses NaN here, where the picture is known, not when a result is to be written
    return extra


def image_entry(
    record_image: str, image_size: tuple[int, int], camera: Any, people: list[Any], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """An entry of `images`; keys of the schema win over those of `extra`."""
    width, height = image_size
    entry = {"image": record_image, "width": width, "height": height, "camera": camera, "people": people}
    return entry | {key: value for key, value in extra.items() if key not in entry}


def document_text(head: Mapping[str, Any], entries: Iterator[dict[str, Any]]) -> str:
    """The document as text, one picture on a line, so that people and version control can look at it."""
    lines = ",\n".join(json_text(entry) for entry in entries)
    images = f"[\n{lines}\n]" if lines else "[]"
    return f'{json_text(dict(head))[:-1]},"images":{images}}}\n'


def joints_of(person: Any, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """`joints_px` (J, 2), NaN where null, and `joint_scores` (J,) of an entry of `people`."""
    rows = member(person, "joints_px", list)
    if len(rows) != len(skeleton):
        raise InputError(
            f"joints_px: expected {len(skeleton)} joints ({skeleton.name}), got {len(rows)}; name the right skeleton"
        )
    rows = [[None, None] if row is None else row for row in rows]
    joints_px = numbers(rows, (len(skeleton), 2), "joints_px", finite=False)
    scores = member(person, "joint_scores", list, None)
    if scores is None:
        return joints_px, np.where(np.isnan(joints_px).any(axis=-1), 0.0, 1.0)
    return joints_px, _checked_scores(numbers(scores, (len(skeleton),), "joint_scores"), "joint_scores")


def detection_of(person: Any, skeleton: Skeleton) -> Detection:
    """An entry of `people`, in its 2D part."""
    joints_px, joint_scores = joints_of(person, skeleton)
    box = member(person, "box_px", list, None)
    score = member(person, "score", (int, float), None)
    if score is not None:
        score = float(_checked_scores(np.array([number(score, "score")]), "score")[0])
    identity = member(person, "id", (int, float), None)
    return Detection(
        joints_px=joints_px,
        joint_scores=joint_scores,
        box_px=None if box is None else numbers(box, (4,), "box_px"),
        score=score,
        id=None if identity is None else whole_number(identity, "id"),
    )


def _record(image: dict[str, Any], skeleton: Skeleton) -> ImagePeople2D:
    size = image_size_of(image)
    camera = member(image, "camera", dict, None)
    if camera is not None:
        with located("camera"):
            camera = camera_from_json(camera, size)
    detections = []
    for index, person in enumerate(member(image, "people", list)):
        with located(f"people[{index}]"):
            detections.append(detection_of(person, skeleton))
    people = people_of(detections, skeleton, size)
    return ImagePeople2D(image=image["image"], people=people, camera=camera, extra=extra_of(image))


def _image_entry(record: ImagePeople2D) -> dict[str, Any]:
    camera = None if record.camera is None else camera_to_json(record.camera)
    return image_entry(record.image, record.people.image_size, camera, people2d_to_json(record.people), record.extra)


def people2d_to_json(people: People2D) -> list[dict[str, Any]]:
    """The entries of `people`."""
    ids = people.ids if people.ids is not None else tuple(range(len(people)))
    columns = (people.scores, people.boxes_px, people.joints_px, people.joint_scores)
    keys = ("id", "score", "box_px", "joints_px", "joint_scores")
    return [dict(zip(keys, row, strict=True)) for row in zip(ids, *map(plain_numbers, columns), strict=True)]


def _checked_scores(scores: np.ndarray, what: str) -> np.ndarray:
    outside = scores[(scores < 0.0) | (scores > 1.0)]
    if len(outside):
        raise InputError(f"{what}: expected values in [0, 1], got {outside[0]:g}; scale them")
    return scores


def _order_fault(joints: list[Any], known: Skeleton) -> str:
    if len(joints) != len(known):
        return f"skeleton {known.name!r}: expected {len(known)} joints, got {len(joints)}; name the right skeleton"
    place = next(i for i, (ours, theirs) in enumerate(zip(known.joints, joints, strict=True)) if ours != theirs)
    return (
        f"skeleton {known.name!r}: expected joint {place} to be {known.joints[place]!r}, got {shown(joints[place])}; "
        "reorder the joints or name the right skeleton"
    )
