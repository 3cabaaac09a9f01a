"""Cameras with and without a world, people seen exactly, and a second stage small enough for a test."""

import numpy as np
import torch

from metricpose.agr import encode
from metricpose.geometry import BrownConrady, Camera
from metricpose.models.depth_estimator import DepthEstimatorOptions
from metricpose.models.pose_net import PoseNetOptions
from metricpose.models.root_net import RootNetOptions
from metricpose.models.root_volume import RootVolumeOptions
from metricpose.models.v2v import V2VOptions
from metricpose.models.volumes import VolumeOptions
from metricpose.models.voxel_input import VoxelInput
from metricpose.models.voxel_pose import VoxelPose, VoxelPoseOptions
from metricpose.people import People2D
from metricpose.skeletons import Skeleton

HIPS = Skeleton(
    name="hips", joints=("mid_hip", "left_hip", "right_hip", "head_top"), parents=(-1, 0, 0, 0), mirror=(0, 2, 1, 3)
)
STRIDE = 4
SIZE = (192, 128)
LENS = BrownConrady((-0.12, 0.03, 0.004, -0.003))
SMALL = VoxelPoseOptions(
    joints=4,
    root_joints=(0,),
    depth=DepthEstimatorOptions(widths=(4, 4, 8, 8), blocks=1, neck=4),
    roots=RootNetOptions(
        volume=RootVolumeOptions(size_m=(4.0, 4.0, 2.0), cells=(8, 8, 4), place="people"),
        net=V2VOptions(width=4),
        least_score=-100.0,
        most_people=3,
    ),
    pose=PoseNetOptions(volume=VolumeOptions(size_m=(2.0, 2.0, 2.0), cells=(8, 8, 8)), net=V2VOptions(width=4)),
)


def world_camera(
    pitch_deg: float = 15.0, roll_deg: float = 0.0, height_m: float = 2.0, yaw_deg: float = 0.0, lens=None,
    at_m: tuple[float, float] = (0.0, 0.0), focal_px: float = 150.0,
) -> Camera:  # fmt: skip
    """A camera over the floor z = 0, looking along the world's x turned by yaw, pitched down, rolled."""
    pitch, roll, yaw = np.deg2rad([pitch_deg, roll_deg, yaw_deg])
    ahead = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    forward = np.cos(pitch) * ahead - np.sin(pitch) * up
    right = np.cross(ahead, up)
    down = np.cross(forward, right)
    rows = np.stack([np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right, forward])
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = rows
    cam_from_world[:3, 3] = -rows @ np.array([*at_m, height_m])
    camera = Camera.from_focal(SIZE, focal_px)
    return camera.replaced(cam_from_world=cam_from_world, distortion=lens)


def without_world(camera: Camera) -> Camera:
    """The same camera of which only the tilt is known."""
    return camera.replaced(cam_from_world=None, up_cam=camera.up)


def without_tilt(camera: Camera) -> Camera:
    """The same camera of which nothing is known outside the picture."""
    return camera.replaced(cam_from_world=None, up_cam=None)


def joints_about(roots_cam: np.ndarray) -> np.ndarray:
    """(P, 4, 3) m: root, hips, and a head over it, in the picture's own upright."""
    steps = [[0.0, 0.0, 0.0], [0.08, 0.0, 0.0], [-0.08, 0.0, 0.0], [0.0, -0.7, 0.0]]
    return np.asarray(roots_cam, dtype=np.float64).reshape(-1, 1, 3) + np.array(steps)


def people_seen(camera: Camera, roots_cam) -> People2D:
    """Exact 2D people with roots (P, 3) m, boxes of 0.8 x 1.8 m about them."""
    joints = joints_about(roots_cam)
    corners = joints[:, :1] + np.array([[-0.4, -0.9, 0.0], [0.4, 0.9, 0.0]])
    joints_px, corners_px = (np.asarray(camera.project(points)[0]) for points in (joints, corners))
    return People2D(
        boxes_px=np.concatenate([corners_px.min(1), corners_px.max(1)], axis=-1),
        joints_px=joints_px,
        joint_scores=np.ones(joints_px.shape[:2]),
        scores=np.ones(len(joints)),
        skeleton=HIPS,
        image_size=camera.image_size,
    )


def voxel_input(*scenes: tuple[Camera, list]) -> VoxelInput:
    """Pictures, each a camera and the roots (P, 3) m that it sees, as exact heatmaps."""
    people = [people_seen(camera, np.reshape(roots, (-1, 3))) for camera, roots in scenes]
    maps = encode(people, map_size=(SIZE[0] // STRIDE, SIZE[1] // STRIDE), stride=STRIDE).joint_maps
    return VoxelInput.of_people(torch.as_tensor(maps), STRIDE, people, [camera for camera, _ in scenes])


def small_stage(options: VoxelPoseOptions = SMALL, seed: int = 0) -> VoxelPose:
    """A random second stage whose answers differ from cell to cell and person to person."""
    torch.manual_seed(seed)
    stage = VoxelPose(options).eval()
    with torch.no_grad():
        for net in (stage.root_net.net, stage.pose_net.net):
            net.out.weight.mul_(1000.0)
        stage.depth_estimator.out.weight.mul_(30.0)
        for module in stage.modules():
            if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
                module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(0.1, 0.3)
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.2, 0.2)
    return stage
