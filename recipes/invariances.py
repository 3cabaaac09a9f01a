"""How far zoom and the world's yaw move the lifter's answer: python recipes/invariances.py

Zoom: picture and intrinsics doubled together. Yaw: the world turned about its z axis. On the packaged demo scene.
"""

from importlib import resources
from pathlib import Path

import numpy as np

from metricpose.geometry.camera import Camera
from metricpose.inference import RayLifter
from metricpose.io import read_people2d
from metricpose.people import People2D


def _zoomed(people: People2D, camera: Camera, scale: float) -> tuple[People2D, Camera]:
    """The same rays in a picture of `scale` times the size."""
    width, height = camera.image_size
    larger = camera.resized((round(scale * width), round(scale * height)))
    joints_px = (people.joints_px + 0.5) * scale - 0.5
    boxes_px = (people.boxes_px + 0.5) * scale - 0.5
    return people.replaced(joints_px=joints_px, boxes_px=boxes_px, image_size=larger.image_size), larger


def _turned(camera: Camera, deg: float) -> Camera:
    """The camera in a world that is turned about z."""
    assert camera.cam_from_world is not None
    cos, sin = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))
    turn = np.eye(4)
    turn[:2, :2] = [[cos, -sin], [sin, cos]]
    return camera.replaced(cam_from_world=camera.cam_from_world @ turn)


def main() -> None:
    scene = Path(str(resources.files("metricpose") / "cli" / "demo_scene" / "people2d.json"))
    record = read_people2d(scene)[0]
    assert record.camera is not None
    lifter, known = RayLifter.load(), record.camera
    for name, camera in (("with extrinsics", known), ("without extrinsics", known.replaced(cam_from_world=None))):
        depth = lifter(record.people, camera).root_cam[:, 2]
        zoomed = lifter(*_zoomed(record.people, camera, 2.0)).root_cam[:, 2]
        print(f"zoom 2x, {name}: depths change by at most {100 * np.abs(zoomed / depth - 1).max():.5f} %")
    joints = lifter(record.people, known).joints_cam
    worst = max(np.abs(lifter(record.people, _turned(known, d)).joints_cam - joints).max() for d in range(15, 360, 15))
    print(f"yaw of the world, 23 turns: joints move by at most {1000 * worst:.5f} mm")


if __name__ == "__main__":
    main()
