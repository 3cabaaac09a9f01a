"""A lifter adapted to one camera: which one that was, as its file says, and how far another camera is from it."""

from collections.abc import Mapping

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.io.camera_json import camera_document, camera_from_document
from metricpose.io.json_text import json_text, parsed_json

_CAMERA = "adapted_to"
_RAYS_DEG, _TILT_DEG, _HEIGHT = 1.0, 2.0, 0.05  # how far a camera may be off, to be the same for a lifter


def facts_of_adaptation(camera: Camera, *, people: str, adapted_from: str, licence: str) -> dict[str, str]:
    """What an adapted file says of itself: the camera as far as it is known, what people were shown, its origin and
    its licence."""
    document = json_text(camera_document(camera))
    return {_CAMERA: document, "people": people, "adapted_from": adapted_from, "licence": licence}


def camera_adapted_to(facts: Mapping[str, str]) -> Camera | None:
    """The camera that weights with these facts were adapted to; None for weights for any camera, or other facts."""
    if _CAMERA not in facts:
        return None
    try:
        return camera_from_document(parsed_json(facts[_CAMERA], _CAMERA))
    except InputError:  # of another program, or another version: no reason not to lift
        return None


def departures(camera: Camera, from_camera: Camera) -> list[str]:
    """How `camera` differs from the one that a lifter was adapted to, in words; empty where it does not matter."""
    found = []
    (width, height), (w, h) = from_camera.image_size, camera.image_size
    angle = _largest_angle_deg(camera, from_camera) if abs((w / width) / (h / height) - 1) < 0.02 else None
    if angle is None:
        found.append(f"a picture of {w} x {h} px and not {width} x {height}")
    elif angle > _RAYS_DEG:
        found.append(f"rays that differ by up to {angle:.1f} degrees")
    found += _of_known("tilt", camera.up, from_camera.up)
    if camera.up is not None and from_camera.up is not None:
        tilt = float(np.rad2deg(np.arccos(np.clip(camera.up @ from_camera.up, -1.0, 1.0))))
        found += [f"a tilt that differs by {tilt:.1f} degrees"] if tilt > _TILT_DEG else []
    here, there = camera.height_m, from_camera.height_m
    found += _of_known("height", here, there)
    if here is not None and there is not None and abs(here / there - 1) > _HEIGHT:
        found.append(f"a height of {here:.2f} m and not {there:.2f}")
    return found


def _of_known(what: str, here: object, there: object) -> list[str]:
    if (here is None) == (there is None):
        return []
    return [f"no known {what}" if here is None else f"a known {what}, which was not known then"]


def _largest_angle_deg(camera: Camera, other: Camera) -> float:
    """Between the rays of both through the same places of the picture, a grid of 5 x 5."""
    width, height = camera.image_size
    grid = np.stack(np.meshgrid(np.linspace(0, width - 1, 5), np.linspace(0, height - 1, 5)), -1)
    resized = other.resized(camera.image_size)
    (ours, valid), (theirs, too) = camera.rays_marked(grid), resized.rays_marked(grid)
    cos = (ours * theirs).sum(-1) / np.linalg.norm(ours, axis=-1) / np.linalg.norm(theirs, axis=-1)
    both = valid & too
    return float(np.rad2deg(np.arccos(np.clip(cos[both], -1.0, 1.0))).max()) if both.any() else 180.0
