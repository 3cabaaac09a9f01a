"""Hypothesis strategies for the central values."""

import numpy as np
from hypothesis import strategies as st

from metricpose.geometry import BrownConrady, Camera, Fisheye
from metricpose.people import People2D, People3D
from metricpose.skeletons import CATALOGUE

seeds = st.integers(0, 2**32 - 1)
skeletons = st.sampled_from(tuple(CATALOGUE.values()))


def random_rotations(generator: np.random.Generator, *shape: int) -> np.ndarray:
    """Rotations (*shape, 3, 3), from the QR factors of random matrices."""
    q, r = np.linalg.qr(generator.normal(size=(*shape, 3, 3)))
    q = q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q * np.linalg.det(q)[..., None, None]


@st.composite
def brown_conrady(draw) -> BrownConrady:
    """Moderate lenses with 4, 5 or 8 coefficients."""
    radial = st.floats(-0.3, 0.3)
    tangential = st.floats(-0.01, 0.01)
    k1, k2, p1, p2 = draw(radial), draw(st.floats(-0.1, 0.1)), draw(tangential), draw(tangential)
    rest = draw(st.sampled_from((0, 1, 4)))
    return BrownConrady((k1, k2, p1, p2, *(draw(st.floats(-0.02, 0.02)) for _ in range(rest))))


@st.composite
def fisheyes(draw) -> Fisheye:
    """Moderate fisheye lenses."""
    return Fisheye(tuple(draw(st.floats(-limit, limit)) for limit in (0.1, 0.03, 0.01, 0.003)))


lenses = st.one_of(st.none(), brown_conrady(), fisheyes())


@st.composite
def cameras(draw, distortions=lenses) -> Camera:
    """Cameras of any size, skewed and off centre, with and without a lens, a place and a tilt."""
    generator = np.random.default_rng(draw(seeds))
    width = draw(st.integers(1, 4000))
    height = draw(st.integers(-(-width // 3), 3 * width))
    fx = draw(st.floats(0.4, 3.0)) * width
    matrix = [
        [fx, generator.normal(scale=0.01) * fx, generator.uniform(0, width)],
        [0.0, fx * generator.uniform(0.8, 1.2), generator.uniform(0, height)],
        [0.0, 0.0, 1.0],
    ]
    extrinsics = np.eye(4)
    extrinsics[:3, :3] = random_rotations(generator)
    extrinsics[:3, 3] = generator.normal(scale=3.0, size=3)
    return Camera(
        intrinsics_px=np.array(matrix),
        image_size=(width, height),
        distortion=draw(distortions),
        cam_from_world=draw(st.sampled_from((None, extrinsics))),
        up_cam=draw(st.sampled_from((None, random_rotations(generator)[0]))),
    )


def made_people2d(generator: np.random.Generator, people: int, skeleton, image_size=(640, 480)) -> People2D:
    """People at random, some joints unseen."""
    joints_px = generator.uniform(0, 400, size=(people, len(skeleton), 2))
    joint_scores = generator.uniform(size=joints_px.shape[:2]) * (generator.uniform(size=joints_px.shape[:2]) > 0.2)
    return People2D(
        boxes_px=np.concatenate([joints_px.min(1) - 1, joints_px.max(1) + 1], axis=-1),
        joints_px=joints_px,
        joint_scores=joint_scores,
        scores=generator.uniform(size=people),
        skeleton=skeleton,
        image_size=image_size,
        ids=tuple(range(people)),
    )


def made_people3d(generator: np.random.Generator, people: int, skeleton, **changes) -> People3D:
    """People at random before a pinhole."""
    people2d = made_people2d(generator, people, skeleton)
    joints_cam = generator.normal(size=(people, len(skeleton), 3)) + [0.0, 0.0, 6.0]
    values = {
        "joints_cam": joints_cam,
        "joint_sigma": generator.uniform(0.01, 0.1, size=joints_cam.shape[:2]),
        "root_cam": joints_cam.mean(axis=1),
        "root_depth_interval": joints_cam.mean(axis=1)[:, 2:] + np.array([-0.5, 0.5]),
        "joints_px": people2d.joints_px,
        "joint_scores": people2d.joint_scores,
        "boxes_px": people2d.boxes_px,
        "scores": people2d.scores,
        "skeleton": skeleton,
        "camera": Camera.from_fov((640, 480), 60.0),
        "camera_source": "given",
        "ids": people2d.ids,
    }
    return People3D(**{**values, **changes})
