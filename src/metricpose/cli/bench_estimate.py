"""`metricpose bench estimate`: from the bytes of a picture of 1280 x 720 px with three people to JSON in memory.

After the whole way come its parts, each for itself: they add up to a little less, as merging and checks are in none
of them. Look 1 is cutting, scaling and the AGR network; look 2, at three people, is the crop network's, with the way
from its maps to joints. The whole way looks again at whoever might be somebody, so at a few more.
"""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from metricpose._errors import InputError, MissingExtraError
from metricpose.agr.decode import decode
from metricpose.agr.single import CROP_FACTOR
from metricpose.agr.types import AGR
from metricpose.cli.demo import packaged_picture
from metricpose.cli.timing import Row, measured
from metricpose.geometry.camera import Camera
from metricpose.inference import RayLifter
from metricpose.inference.detectors.agr import AgrDetector
from metricpose.inference.detectors.agr_network import AgrNetwork
from metricpose.inference.detectors.crop_network import CROP_PX, CropNetwork
from metricpose.inference.detectors.first_look import LOOK_PX, SCALES
from metricpose.inference.detectors.looks import looks
from metricpose.inference.detectors.network_files import WEIGHTS
from metricpose.inference.detectors.windows import Window, square_box, window
from metricpose.inference.intrinsics import default_camera
from metricpose.io import ImagePeople3D, decode_image
from metricpose.io.people3d_json import people3d_text
from metricpose.people import People3D
from metricpose.skeletons.catalogue import HALPE26

SIZE = (1280, 720)
_PEOPLE = 3
_CALLS = 10
"""A call takes about 100 ms: so many times fewer repeats than of the lifter."""


def rows(people: tuple[int, ...], repeats: int, weights: str = "base") -> Iterator[Row]:
    """A row for the whole way, one for each part, and one for MediaPipe where it is installed."""
    if people != (_PEOPLE,):
        raise InputError(f"bench estimate: expected no --people, as its picture shows {_PEOPLE}, got {people}")
    data, boxes_px = picture()
    image, camera, lifter = decode_image(data), default_camera(SIZE), RayLifter.load()
    network, crops = AgrNetwork.load(weights), CropNetwork.load(weights if weights in WEIGHTS else "base")
    detector, exact = AgrDetector(weights), AgrDetector(weights, precision="float32")
    seen = [look.window for look in looks(image, LOOK_PX, SCALES, tiles=False)]
    first = [network.maps([one.pixels]) for one in seen]
    found = detector(image)
    lifted = lifter(found, camera)
    parts = {
        f"estimate ({len(found)} found)": lambda: _estimated(data, detector, lifter, camera),
        "estimate in float32": lambda: _estimated(data, exact, lifter, camera),
        "decode JPEG": lambda: decode_image(data),
        "look 1": lambda: [network.maps([look.window.pixels]) for look in looks(image, LOOK_PX, SCALES, tiles=False)],
        "its maps to people": lambda: _decoded(seen, first),
        "look 2": lambda: crops.people(_crops(image, boxes_px), [CROP_PX / CROP_FACTOR] * len(boxes_px)),
        "lift": lambda: lifter(found, camera),
        "JSON": lambda: _text(lifted),
    }
    for name, call in parts.items():
        yield measured(name, _PEOPLE, call, repeats=max(3, repeats // _CALLS))
    yield from _mediapipe(image, repeats)


def picture() -> tuple[bytes, np.ndarray]:
    """The demo's picture at 1280 x 720 as JPEG, and its people's boxes (3, 4)."""
    pixels, truth = packaged_picture()
    scale = np.tile(np.array(SIZE) / truth.people.camera.image_size, 2)
    encoded = io.BytesIO()
    Image.fromarray(pixels).resize(SIZE, Image.Resampling.BICUBIC).save(encoded, "JPEG", quality=90)
    return encoded.getvalue(), (truth.people.boxes_px + 0.5) * scale - 0.5


def _estimated(data: bytes, detector: AgrDetector, lifter: RayLifter, camera: Camera) -> str:
    return _text(lifter(detector(decode_image(data)), camera))


def _text(people: People3D) -> str:
    return people3d_text([ImagePeople3D(image="picture.jpg", people=people)])


def _crops(image: np.ndarray, boxes_px: np.ndarray) -> list[np.ndarray]:
    return [window(image, square_box(box, CROP_FACTOR), (CROP_PX, CROP_PX)).pixels for box in boxes_px]


def _decoded(seen: list[Window], first: list[AGR]) -> None:
    for one, maps in zip(seen, first, strict=True):
        decode(maps, HALPE26, one.size, min_score=0.1, search_joints=False)


def _mediapipe(image: np.ndarray, repeats: int) -> Iterator[Row]:
    from metricpose.inference.detectors.mediapipe import MediapipeDetector

    try:
        detector = MediapipeDetector()
    except MissingExtraError:
        return
    yield measured("mediapipe, one person", 1, lambda: detector(image), repeats=max(3, repeats // _CALLS))
