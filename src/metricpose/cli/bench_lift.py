"""`metricpose bench lift`: the lifter on synthetic people, from the arrays of one picture to arrays in metres."""

from collections.abc import Iterator

import numpy as np

from metricpose.cli.timing import Row, measured
from metricpose.geometry.camera import Camera
from metricpose.inference import RayLifter
from metricpose.people import People2D
from metricpose.skeletons.catalogue import COCO17

_BATCH_PICTURES = 100
# A standing person of 1.7 m in the order of COCO-17: right and up of the middle of the ankles, in metres.
_STANDING_M = np.array(
    [
        [0.0, 1.58], [0.03, 1.61], [-0.03, 1.61], [0.07, 1.58], [-0.07, 1.58], [0.18, 1.40], [-0.18, 1.40],
        [0.24, 1.12], [-0.24, 1.12], [0.26, 0.87], [-0.26, 0.87], [0.1, 0.9], [-0.1, 0.9], [0.11, 0.48],
        [-0.11, 0.48], [0.11, 0.07], [-0.11, 0.07],
    ]
)  # fmt: skip


def rows(people: tuple[int, ...], repeats: int) -> Iterator[Row]:
    """A row per picture with so many people, and one for a batch of pictures with as many as the second count."""
    lifter, camera = RayLifter.load(), Camera.from_fov((1920, 1080), 60.0)
    for count in people:
        crowd = standing_people(count, camera, seed=count)
        yield measured("lift", count, lambda crowd=crowd: lifter(crowd, camera), repeats=repeats)
    each = people[min(1, len(people) - 1)]
    pictures = [(standing_people(each, camera, seed=seed), camera) for seed in range(_BATCH_PICTURES)]
    batch_repeats = max(3, repeats // 20)
    yield measured("lift_many", each * _BATCH_PICTURES, lambda: lifter.many(pictures), repeats=batch_repeats)


def standing_people(count: int, camera: Camera, *, seed: int) -> People2D:
    """`count` people who stand 3 to 12 m before a level camera at 1.6 m, their joints disturbed by a pixel."""
    random = np.random.default_rng(seed)
    depth = random.uniform(3.0, 12.0, (count, 1))
    size = random.uniform(0.8, 1.15, (count, 1))
    x = size * _STANDING_M[:, 0] + random.uniform(-0.4, 0.4, (count, 1)) * depth
    y = 1.6 - size * _STANDING_M[:, 1]
    joints_px, _ = camera.project(np.stack([x, y, np.broadcast_to(depth, x.shape)], axis=-1))
    joints_px = joints_px + random.normal(0.0, 1.0, joints_px.shape)
    return People2D(
        boxes_px=np.concatenate([joints_px.min(1) - 5.0, joints_px.max(1) + 5.0], axis=1).astype(np.float32),
        joints_px=joints_px.astype(np.float32),
        joint_scores=random.uniform(0.6, 1.0, (count, len(COCO17))).astype(np.float32),
        scores=np.ones(count, np.float32),
        skeleton=COCO17,
        image_size=camera.image_size,
    )
