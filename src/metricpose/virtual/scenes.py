"""Virtual scenes in batches: bodies, poses, floors and cameras make exact 3D people and what a detector sees."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.bodies.bank import BodyBank
from metricpose.virtual.cameras import CameraBatch, CameraOptions, CameraSource
from metricpose.virtual.kinematics import posed
from metricpose.virtual.noise import Detections, NoiseOptions, detected
from metricpose.virtual.occlusion import (
    OcclusionOptions,
    behind_bodies,
    behind_furniture,
    far_side_of_head,
    in_picture,
)
from metricpose.virtual.placement import SOLES, PlacementOptions, filled_slots, floor_heights, lowest_z, place
from metricpose.virtual.point_bank import PointBank
from metricpose.virtual.point_layout import COCO, PointLayout
from metricpose.virtual.pose_pool import PoseAugmentation, PosePool
from metricpose.virtual.rig import LANDMARKS, NODES

_COCO = slice(0, 17)
_NODE_OF = [NODES.index(node) for _, node in LANDMARKS[:17]]


@dataclass(frozen=True, kw_only=True)
class SceneOptions:
    """Everything a virtual world is drawn from."""

    cameras: CameraSource = field(default_factory=CameraOptions)
    placement: PlacementOptions = field(default_factory=PlacementOptions)
    occlusion: OcclusionOptions = field(default_factory=OcclusionOptions)
    noise: NoiseOptions = field(default_factory=NoiseOptions)
    augmentation: PoseAugmentation | None = field(default_factory=PoseAugmentation)
    child_share: float = 0.12
    size_jitter: float = 0.015  # of each bone's length (log standard deviation)
    ghost_share: float = 0.05  # of scenes show a person who is not there
    duplicate_share: float = 0.04  # of scenes show somebody twice
    least_joints: int = 4  # a detector needs to find somebody


@dataclass(frozen=True, kw_only=True, eq=False)
class OtherPoints:
    """The E points of a PointBank on the people of B scenes, beside their COCO joints."""

    joints_cam: Tensor  # (B, P, E, 3) m, exact
    joints_px: Tensor  # (B, P, E, 2) as detected
    scores: Tensor  # (B, P, E) 0 where unseen


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneBatch:
    """B scenes of up to P people in COCO-17. `real` people have truth; `present` ones are in the detector's answer."""

    cameras: CameraBatch
    joints_cam: Tensor  # (B, P, 17, 3) m, exact
    joints_px: Tensor  # (B, P, 17, 2) exact
    visible: Tensor  # (B, P, 17) bool, exact
    inside: Tensor  # (B, P, 17) bool, in the picture
    detections: Detections
    present: Tensor  # (B, P)
    real: Tensor  # (B, P)
    group: Tensor  # (B, P) index into pose_pool.GROUPS
    child: Tensor  # (B, P)
    raised: Tensor  # (B, P)
    stature_m: Tensor  # (B, P)
    others: OtherPoints | None = None  # where the bodies have more points


@dataclass(frozen=True, kw_only=True, eq=False)
class Bodies:
    """A bank's arrays as tensors, split into adults and children; `points`: what else is known of them, or None."""

    node_offsets: Tensor
    landmark_offsets: Tensor
    radii: Tensor
    sole: Tensor
    stature_m: Tensor
    adults: Tensor
    children: Tensor
    points: PointBank | None = None

    @classmethod
    def of(
        cls, bank: BodyBank, split: str, device: torch.device | str = "cpu", points: PointBank | None = None
    ) -> "Bodies":
        chosen = torch.as_tensor(bank.split == split)
        child = torch.as_tensor(bank.age_years < 14)
        tensors = {
            name: torch.as_tensor(getattr(bank, name)).float().to(device)
            for name in ("node_offsets", "landmark_offsets", "radii", "stature_m")
        }
        tensors["sole"] = _sole(bank).float().to(device)
        adults, children = ((chosen & mask).nonzero()[:, 0].to(device) for mask in (~child, child))
        return cls(**tensors, adults=adults, children=children, points=points)

    def draw(self, n: int, child_share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Indices (n,) and who is a child (n,)."""

        def pick(index: Tensor) -> Tensor:
            return index[torch.randint(len(index), (n,), generator=generator, device=generator.device)]

        child = torch.rand(n, generator=generator, device=generator.device) < child_share
        return torch.where(child, pick(self.children), pick(self.adults)), child


def _sole(bank: BodyBank) -> Tensor:
    """(N, 6) m how far the sole lies under each heel and toe landmark, in the rest pose with flat feet."""
    ankle_over_sole = torch.as_tensor(bank.sole_m)[:, None]
    drops = []
    for landmark in SOLES:
        node = NODES.index(LANDMARKS[landmark][1])
        to_toes = torch.as_tensor(bank.node_offsets[:, node, 2]) if "toes" in NODES[node] else 0.0
        drops.append(torch.as_tensor(bank.landmark_offsets[:, landmark, 2]) + to_toes)
    return (ankle_over_sole + torch.stack(drops, 1)).clamp_min(0)


def _yawed(points: Tensor, yaw: Tensor) -> Tensor:
    cos, sin = yaw.cos()[:, None], yaw.sin()[:, None]
    x, y, z = points.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y, z], -1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Persons:
    """B x P people around their own pelvis, turned, with floors chosen; J points, first COCO's joints."""

    joints: Tensor  # (B, P, J, 3)
    detector_joints: Tensor  # (B, P, J, 3): the same as a detector defines them
    pelvis_height: Tensor  # (B, P) m
    stature: Tensor
    group: Tensor
    child: Tensor
    raised: Tensor


def _persons(
    slots: Tensor, pool: PosePool, bodies: Bodies, options: SceneOptions, generator: torch.Generator,
    layout: PointLayout,
) -> _Persons:  # fmt: skip
    """People for the filled `slots` (B, P) alone: poses and bodies are made for nobody else."""
    scene, n, device = slots.nonzero()[:, 0], int(slots.sum()), generator.device
    rotations, flat_group = pool.draw(n, generator, options.augmentation)
    body, flat_child = bodies.draw(n, options.child_share, generator)
    jitter = (options.size_jitter * torch.randn(n, len(NODES), 1, generator=generator, device=device)).exp()
    nodes, landmarks = posed(bodies.node_offsets[body] * jitter, bodies.landmark_offsets[body], rotations)
    yaw = torch.rand(n, generator=generator, device=device) * (2 * torch.pi)
    flat_stature = bodies.stature_m[body]
    shift = torch.randn(len(slots), 17, 3, generator=generator, device=device)[scene]
    shift = shift * (options.noise.definition_m * flat_stature / 1.7)[:, None, None]
    moved = (rotations[:, _NODE_OF] @ shift[..., None])[..., 0]
    joints = landmarks[:, _COCO]
    if bodies.points is not None:
        joints = torch.cat([joints, bodies.points.posed(body, nodes, rotations)], 1)
        moved = moved[:, list(layout.near)]

    def padded(flat: Tensor) -> Tensor:
        return flat.new_zeros(*slots.shape, *flat.shape[1:]).masked_scatter_(
            slots.reshape(*slots.shape, *(1,) * (flat.ndim - 1)), flat
        )

    group = padded(flat_group)
    floor, raised = floor_heights(group, options.placement, generator)
    return _Persons(
        joints=padded(_yawed(joints, yaw)),
        detector_joints=padded(_yawed(joints + moved, yaw)),
        pelvis_height=floor - padded(lowest_z(nodes, landmarks, bodies.radii[body], bodies.sole[body])),
        stature=padded(flat_stature),
        group=group,
        child=padded(flat_child),
        raised=raised,
    )


def _with_impostors(
    found: Detections, present: Tensor, options: SceneOptions, generator: torch.Generator, size_px: Tensor
) -> tuple[Detections, Tensor]:
    """Puts a duplicate or a ghost of the first person into the last slot of some scenes, where it is free."""
    b = len(present)
    device = generator.device
    kind = torch.rand(b, generator=generator, device=device)
    free = ~present[:, -1] & present[:, 0]
    duplicate = free & (kind < options.duplicate_share)
    ghost = free & (kind > 1 - options.ghost_share)
    first, score = found.joints_px[:, 0], found.scores[:, 0]
    seen = score > 0
    low = torch.where(seen[..., None], first, torch.inf).amin(1, keepdim=True)
    high = torch.where(seen[..., None], first, -torch.inf).amax(1, keepdim=True)
    extent = torch.where(torch.isfinite(high - low), high - low, torch.zeros_like(low)).clamp_min(4)
    noise = torch.randn(first.shape, generator=generator, device=device)
    moved = first + extent * (0.02 * noise)
    place = torch.rand(b, 1, 2, generator=generator, device=device) * size_px[:, None]
    invented = place + extent * (0.5 * torch.randn(first.shape, generator=generator, device=device) * 0.6)
    limit = size_px[:, None] - 1
    px = torch.where(ghost[:, None, None], invented, moved).clamp_min(0).minimum(limit)
    factor = 0.3 + 0.6 * torch.rand(b, 1, generator=generator, device=device)
    joints_px, scores = found.joints_px.clone(), found.scores.clone()
    added = duplicate | ghost
    joints_px[:, -1] = torch.where(added[:, None, None], px, joints_px[:, -1])
    scores[:, -1] = torch.where(added[:, None], score * factor, scores[:, -1])
    present = present.clone()
    present[:, -1] |= added
    return Detections(joints_px=joints_px, scores=scores), added


def generate_scenes(
    count: int, pool: PosePool, bodies: Bodies, options: SceneOptions, generator: torch.Generator
) -> SceneBatch:
    """`count` scenes, each with at least one detected person; the same for the same generator state.

    Scenes that show nobody are replaced by others of the same batch, so that the count holds.
    """
    layout = COCO if bodies.points is None else PointLayout.of(bodies.points.names)
    drawn = count + count // 3 + 4
    cameras = options.cameras.draw(drawn, generator)
    slots = filled_slots(drawn, options.placement, generator)
    people = _persons(slots, pool, bodies, options, generator, layout)
    position, placed = place(cameras, people.pelvis_height, people.stature, slots, options.placement, generator)
    placed_at = torch.where(placed[..., None], position, torch.zeros_like(position))[:, :, None]
    points_cam = cameras.to_cam(people.joints + placed_at)
    placed &= (points_cam[:, :, _COCO, 2] > 0.25).all(-1)
    points_cam = torch.where(placed[..., None, None], points_cam, torch.ones_like(points_cam))
    detector_cam = torch.where(placed[..., None, None], cameras.to_cam(people.detector_joints + placed_at), points_cam)
    points_px = cameras.to_px(points_cam)
    points_inside = in_picture(points_px, cameras.size_px)
    joints_cam, joints_px, inside = (value[:, :, _COCO] for value in (points_cam, points_px, points_inside))
    stature_px = people.stature * cameras.focal_px[:, None] / joints_cam[..., 2].mean(-1)
    hidden = behind_bodies(joints_px, joints_cam[..., 2], stature_px, placed, options.occlusion)
    hidden |= far_side_of_head(joints_cam) | behind_furniture(joints_px, options.occlusion, generator)
    told_px, size_px = cameras.to_px(detector_cam), cameras.size_px
    found = detected(told_px, hidden, points_inside, stature_px, size_px, options.noise, generator, layout)
    present = placed & ((found.scores[..., _COCO] > 0).sum(-1) >= options.least_joints)
    present &= (inside & ~hidden).sum(-1) >= options.least_joints
    order = (~present).to(torch.int8).sort(dim=1, stable=True).indices

    def sorted_people(value: Tensor) -> Tensor:
        index = order.reshape(*order.shape, *(1,) * (value.ndim - 2)).expand(-1, -1, *value.shape[2:])
        return value.gather(1, index)

    keep = present.any(1).nonzero()[:, 0]
    if len(keep) == 0:
        raise InputError(
            f"virtual scenes: expected cameras that see somebody, got none of {drawn}; widen the camera options"
        )
    keep = keep[torch.arange(count, device=keep.device) % len(keep)]
    found = Detections(
        joints_px=sorted_people(found.joints_px)[keep],
        scores=sorted_people(found.scores * present[..., None])[keep],
    )
    real = sorted_people(present)[keep]
    found, added = _with_impostors(found, real, options, generator, cameras.size_px[keep])
    shown = real.clone()
    shown[:, -1] |= added
    names = {
        "joints_cam": joints_cam, "joints_px": joints_px, "visible": inside & ~hidden, "inside": inside,
        "group": people.group, "child": people.child, "raised": people.raised, "stature_m": people.stature,
    }  # fmt: skip
    others = None
    if bodies.points is not None:
        others = OtherPoints(
            joints_cam=sorted_people(points_cam[:, :, 17:])[keep],
            joints_px=found.joints_px[:, :, 17:],
            scores=found.scores[..., 17:],
        )
    return SceneBatch(
        cameras=cameras[keep],
        detections=Detections(joints_px=found.joints_px[:, :, _COCO], scores=found.scores[..., _COCO]),
        others=others,
        present=shown,
        real=real,
        **{name: sorted_people(value)[keep] for name, value in names.items()},
    )
