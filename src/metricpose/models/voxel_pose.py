"""VirtualPose's second stage (ECCV 2022, section 4): heatmaps and boxes of people to people in metres.

    heatmaps -> DE -> depth of each seen person's root            depth_estimator, eq. (4)
    heatmaps, boxes, depths -> gated volume -> REN -> roots       root_net, eqs. (5), (6)
    heatmaps, roots -> fine volumes -> PEN -> joints              pose_net, eqs. (7), (8)

Built on VoxelPose (Tu et al., ECCV 2020). Nothing here takes truth; the losses do (`losses.voxel`). Everything is in
the frame of each picture's own camera, whose tilt and height are used if it knows them.

Axes: B pictures, J joints, P people in 2D, N people found in all pictures together, X Y Z cells.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor, nn

from metricpose._errors import InputError
from metricpose.models.depth_estimator import (
    DepthEstimator,
    DepthEstimatorOptions,
    depth_at_roots,
    metres_per_canonical,
)
from metricpose.models.pose_net import PoseNet, PoseNetOptions
from metricpose.models.root_net import RootHeat, RootNet, RootNetOptions, Roots
from metricpose.models.volumes import Volume
from metricpose.models.voxel_input import VoxelInput
from metricpose.models.voxel_picture import PictureOptions


@dataclass(frozen=True, kw_only=True)
class VoxelPoseOptions:
    """joints: of the skeleton; root_joints: those whose mean is the root, COCO-17's hips by default; covered_below: the
    share of a joint's probability in the outermost cells from which on it counts as not covered; picture: that the
    network has learnt from."""

    joints: int = 17
    root_joints: tuple[int, ...] = (11, 12)
    covered_below: float = 0.5
    depth: DepthEstimatorOptions = field(default_factory=DepthEstimatorOptions)
    roots: RootNetOptions = field(default_factory=RootNetOptions)
    pose: PoseNetOptions = field(default_factory=PoseNetOptions)
    picture: PictureOptions = field(default_factory=PictureOptions)

    def __post_init__(self) -> None:
        if not self.root_joints or not all(0 <= joint < self.joints for joint in self.root_joints):
            raise InputError(
                f"VoxelPose: expected root_joints among {self.joints} joints, got {self.root_joints}; name the root or "
                "both hips"
            )


class VoxelPeople(NamedTuple):
    """N people found: picture (N,), index of the picture each is in, rising; root_cam (N, 3) m and joints_cam
    (N, J, 3) m in that picture's camera frame; scores (N,) in [0, 1]; covered (N, J) bool, False where a joint seems to
    lie outside PEN's volume and its place is a bound.

    And what led to them, for the losses: outermost (N, J), see `pose_net.Poses`; candidates_cam (N, 3) m, REN's roots;
    canonical_depth (B, P) m, DE's; root_heat (B, X, Y, Z) in `volumes`, B of them.
    """

    picture: Tensor
    root_cam: Tensor
    joints_cam: Tensor
    scores: Tensor
    covered: Tensor
    outermost: Tensor
    candidates_cam: Tensor
    canonical_depth: Tensor
    root_heat: Tensor
    volumes: tuple[Volume, ...]


class VoxelPose(nn.Module):
    """See the module."""

    def __init__(self, options: VoxelPoseOptions | None = None) -> None:
        super().__init__()
        self.options = o = options or VoxelPoseOptions()
        self.depth_estimator = DepthEstimator(o.joints, o.depth)
        self.root_net = RootNet(o.joints, o.roots)
        self.pose_net = PoseNet(o.joints, o.pose)

    def forward(self, seen: VoxelInput) -> VoxelPeople:
        """Raises InputError where the heatmaps are not of this network's joints."""
        canonical_depth = self.canonical_depth(seen)
        heat = self.root_net(seen, canonical_depth * metres_per_canonical(seen.cameras, canonical_depth))
        return self.people_about(seen, canonical_depth, heat, self.root_net.found(heat, seen))

    def canonical_depth(self, seen: VoxelInput) -> Tensor:
        """(B, P) m: what DE says of the seen people's roots, at the canonical focal length."""
        joints = seen.joint_maps.shape[1]
        if joints != self.options.joints:
            raise InputError(
                f"VoxelPose: expected heatmaps of {self.options.joints} joints, got {joints}; convert the 2D people to "
                "the network's skeleton first"
            )
        depth_maps = self.depth_estimator(seen.joint_maps)  # B, 1, h, w
        return depth_at_roots(depth_maps, seen.roots_px, seen.stride)

    def people_about(self, seen: VoxelInput, canonical_depth: Tensor, heat: RootHeat, roots: Roots) -> VoxelPeople:
        """PEN's people about `roots`, with what led to them."""
        poses = self.pose_net(seen, roots)
        return VoxelPeople(
            picture=roots.picture,
            root_cam=self.roots_of(poses.joints_cam),
            joints_cam=poses.joints_cam,
            scores=roots.scores,
            covered=poses.outermost < self.options.covered_below,
            outermost=poses.outermost,
            candidates_cam=roots.roots_cam,
            canonical_depth=canonical_depth,
            root_heat=heat.heat,
            volumes=heat.volumes,
        )

    def roots_of(self, joints: Tensor) -> Tensor:
        """(..., 3) of joints (..., J, 3)."""
        return joints[..., list(self.options.root_joints), :].mean(-2)
