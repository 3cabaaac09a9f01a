"""People in metres as our own JSON, schema metricpose.people3d/1.

    {"schema": "metricpose.people3d/1", "unit": "m", "frame": "camera", "skeleton": {"name", "joints"},
     "images": [{"image", "width", "height", "camera": {..., "source": "given"},
                 "people": [{"id", "track_id", "score", "box_px", "joints_px", "joint_scores", "joints_cam",
                             "joint_sigma", "root_cam", "root_depth_interval"}]}]}

The camera is that of camera_json with its source (given, exif, fov, estimated or default); it is never null. A joint
of which nothing is known has null in `joints_cam` and in `joint_sigma`. Reading back gives the same float32 numbers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.io.atomic import write_text
from metricpose.io.camera_json import camera_from_json, camera_to_json
from metricpose.io.detections import people_of
from metricpose.io.fields import LARGEST, located, member, numbers, shown, whole_number
from metricpose.io.json_text import plain_numbers, read_json
from metricpose.io.people2d_json import (
    check_schema,
    detection_of,
    document_text,
    extra_of,
    image_entry,
    image_size_of,
    located_images,
    shared_skeleton,
    skeleton_from_json,
    skeleton_to_json,
)
from metricpose.io.records import ImagePeople3D
from metricpose.people import People3D
from metricpose.skeletons import Skeleton

PEOPLE3D_SCHEMA = "metricpose.people3d/1"

UNITS = {"unit": "m", "frame": "camera"}


def read_people3d_json(path: str | Path) -> list[ImagePeople3D]:
    """The pictures of one file, in its order. InputError and FileError say what is wrong with it, and where."""
    document = read_json(path)
    with located(path):
        return people3d_from_document(document)


def people3d_from_document(document: Any) -> list[ImagePeople3D]:
    """The pictures of a parsed document in our own schema, in its order."""
    check_schema(document, PEOPLE3D_SCHEMA)
    for key, expected in UNITS.items():
        if member(document, key, str) != expected:
            raise InputError(f"{key}: expected {expected!r}, got {shown(document[key])}; convert the file first")
    skeleton = skeleton_from_json(member(document, "skeleton", (dict, str)))
    records = []
    for where, image in located_images(document):
        with located(where):
            records.append(_record(image, skeleton))
    return records


def write_people3d_json(
    path: str | Path, records: Sequence[ImagePeople3D], skeleton: Skeleton | str = "coco17"
) -> None:
    """Write `people3d_text` to a file, atomically."""
    write_text(path, people3d_text(records, skeleton))


def people3d_text(records: Sequence[ImagePeople3D], skeleton: Skeleton | str = "coco17") -> str:
    """Pictures with people in metres as our own JSON, in their order.

    All must have one skeleton; `skeleton` is only for no pictures. People without ids get their place in the picture
    as id.
    """
    shared = shared_skeleton([record.people.skeleton for record in records], skeleton)
    entries = (_image_entry(record) for record in records)
    head = {"schema": PEOPLE3D_SCHEMA, **UNITS, "skeleton": skeleton_to_json(shared)}
    return document_text(head, entries)


def _image_entry(record: ImagePeople3D) -> dict[str, Any]:
    people = record.people
    camera = camera_to_json(people.camera) | {"source": people.camera_source}
    return image_entry(record.image, people.camera.image_size, camera, _people_entries(people), record.extra)


def _people_entries(people: People3D) -> list[dict[str, Any]]:
    columns = {
        "score": people.scores,
        "box_px": people.boxes_px,
        "joints_px": people.joints_px,
        "joint_scores": people.joint_scores,
        "joints_cam": people.joints_cam,
        "joint_sigma": people.joint_sigma,
        "root_cam": people.root_cam,
        "root_depth_interval": people.root_depth_interval,
    }
    ids = people.ids if people.ids is not None else tuple(range(len(people)))
    rows = zip(ids, people.track_ids, *map(plain_numbers, columns.values()), strict=True)
    return [dict(zip(("id", "track_id", *columns), row, strict=True)) for row in rows]


def _record(image: dict[str, Any], skeleton: Skeleton) -> ImagePeople3D:
    size = image_size_of(image)
    entry = member(image, "camera", dict)
    with located("camera"):
        camera, source = camera_from_json(entry, size), member(entry, "source", str)
    people = _people(member(image, "people", list), skeleton, camera, source)
    return ImagePeople3D(image=image["image"], people=people, extra=extra_of(image))


def _people(entries: list[Any], skeleton: Skeleton, camera: Camera, source: Any) -> People3D:
    detections, estimates = [], []
    for index, person in enumerate(entries):
        with located(f"people[{index}]"):
            detections.append(detection_of(person, skeleton))
            estimates.append(_estimate(person, skeleton))
    if not entries:
        return People3D.empty(skeleton, camera, source)
    people = people_of(detections, skeleton, camera.image_size)
    return People3D(
        **{key: np.stack([estimate[key] for estimate in estimates]) for key in estimates[0] if key != "track_ids"},
        track_ids=tuple(estimate["track_ids"] for estimate in estimates),
        joints_px=people.joints_px,
        joint_scores=people.joint_scores,
        boxes_px=people.boxes_px,
        scores=people.scores,
        ids=people.ids,
        skeleton=skeleton,
        camera=camera,
        camera_source=source,
    )


def _estimate(person: Any, skeleton: Skeleton) -> dict[str, Any]:
    """The 3D part of an entry of `people`, by the names of People3D."""
    joints = len(skeleton)
    rows = [[None] * 3 if row is None else row for row in member(person, "joints_cam", list)]
    sigma = numbers(member(person, "joint_sigma", list), (joints,), "joint_sigma", finite=False)
    joints_cam = numbers(rows, (joints, 3), "joints_cam", finite=False)
    known = ~np.isnan(sigma)
    sound = (
        (np.abs(joints_cam[known]) <= LARGEST).all() and (sigma[known] >= 0).all() and (sigma[known] <= LARGEST).all()
    )
    if not sound:
        raise InputError(
            "joints_cam and joint_sigma: expected finite metres and sigmas of 0 or more, got others; "
            "a joint of which nothing is known has null in both"
        )
    interval = numbers(member(person, "root_depth_interval", list), (2,), "root_depth_interval")
    if interval[0] > interval[1]:
        raise InputError(f"root_depth_interval: expected low <= high, got {shown(interval.tolist())}; swap them")
    track_id = member(person, "track_id", (int, float), None)
    return {
        "joints_cam": joints_cam,
        "joint_sigma": np.where(np.isnan(sigma), np.inf, sigma),
        "root_cam": numbers(member(person, "root_cam", list), (3,), "root_cam"),
        "root_depth_interval": interval,
        "track_ids": None if track_id is None else whole_number(track_id, "track_id"),
    }
