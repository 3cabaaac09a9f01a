"""A scene of a batch as the values users hold: what a detector saw, and the exact truth with words about it."""

import numpy as np
from torch import Tensor

from metricpose.geometry.camera import Camera
from metricpose.people import People2D, People3D
from metricpose.skeletons.catalogue import COCO17
from metricpose.virtual.cameras import CameraBatch
from metricpose.virtual.pose_pool import GROUPS
from metricpose.virtual.scenes import SceneBatch

_BOX_MARGIN = 0.05  # of the larger side, as boxes of detectors are wider than their joints
_OCCLUDED_SHARE = 0.3  # of the joints inside the picture


def camera_of(cameras: CameraBatch, index: int, *, with_extrinsics: bool) -> Camera:
    """Camera `index` of a batch; without extrinsics nothing is said of its tilt and height."""
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = _array(cameras.rotation[index])
    cam_from_world[:3, 3] = -cam_from_world[:3, 2] * float(cameras.height_m[index])
    return cameras.lens(index).replaced(cam_from_world=cam_from_world if with_extrinsics else None)


def family_of(cameras: CameraBatch, index: int) -> str:
    """In words: the focal length against the picture's width (under 0.7, under 1.4, over) and the pitch downwards."""
    ratio = float(cameras.focal_px[index] / cameras.size_px[index, 0])
    lens = "wide" if ratio < 0.7 else "normal" if ratio < 1.4 else "tele"
    pitch = float(cameras.pitch_deg[index])
    tilt = "up" if pitch < -5.0 else "level" if pitch < 15.0 else "down" if pitch < 50.0 else "steep"
    return f"{lens} {tilt}"


def detected_people(scenes: SceneBatch, index: int, camera: Camera) -> People2D:
    """What the virtual detector answers: real people, ghosts and duplicates, ids by their place in the batch."""
    present = _array(scenes.present[index])
    joints_px = _array(scenes.detections.joints_px[index])[present]
    joint_scores = _array(scenes.detections.scores[index])[present]
    return People2D(
        boxes_px=_boxes(joints_px, joint_scores),
        joints_px=joints_px,
        joint_scores=joint_scores,
        scores=joint_scores.mean(axis=1),
        skeleton=COCO17,
        image_size=camera.image_size,
        ids=tuple(np.flatnonzero(present).tolist()),
    )


def true_people(scenes: SceneBatch, index: int, camera: Camera) -> People3D:
    """The people who are there and were seen, exactly; their ids are those of their detections."""
    real = _array(scenes.real[index])
    joints_cam = _array(scenes.joints_cam[index])[real]
    joints_px = _array(scenes.joints_px[index])[real]
    depth = joints_cam[:, [11, 12], 2].mean(axis=1)
    return People3D(
        joints_cam=joints_cam,
        joint_sigma=np.zeros(joints_cam.shape[:2]),
        root_depth_interval=np.stack([depth, depth], axis=1),
        joints_px=joints_px,
        joint_scores=_array(scenes.visible[index])[real].astype(np.float32),
        boxes_px=_boxes(joints_px, np.ones(joints_px.shape[:2])),
        scores=np.ones(len(joints_cam)),
        skeleton=COCO17,
        camera=camera,
        camera_source="given",
        ids=tuple(np.flatnonzero(real).tolist()),
    )


def tags_of(scenes: SceneBatch, index: int) -> list[list[str]]:
    """Words for each of the true people: the kind of pose, child or adult, raised, truncated, occluded."""
    return [_tags(scenes, index, person) for person in np.flatnonzero(_array(scenes.real[index])).tolist()]


def _tags(scenes: SceneBatch, index: int, person: int) -> list[str]:
    inside, visible = scenes.inside[index, person], scenes.visible[index, person]
    hidden = float((inside & ~visible).sum()) / max(1.0, float(inside.sum()))
    facts = {
        "child": bool(scenes.child[index, person]),
        "adult": not scenes.child[index, person],
        "raised": bool(scenes.raised[index, person]),
        "truncated": not bool(inside.all()),
        "occluded": hidden > _OCCLUDED_SHARE,
    }
    return [GROUPS[int(scenes.group[index, person])], *(word for word, holds in facts.items() if holds)]


def _boxes(joints_px: np.ndarray, joint_scores: np.ndarray) -> np.ndarray:
    """Boxes (P, 4) about the seen joints."""
    seen = (joint_scores > 0)[..., None]
    low = np.where(seen, joints_px, np.inf).min(axis=1)
    high = np.where(seen, joints_px, -np.inf).max(axis=1)
    margin = np.maximum(_BOX_MARGIN * (high - low).max(axis=1, keepdims=True), 1.0)
    return np.concatenate([low - margin, high + margin], axis=1)


def _array(value: Tensor) -> np.ndarray:
    return value.cpu().numpy()
