"""Where people stand: on the ground, on steps, stages and seats, in front of the camera, not inside each other."""

from dataclasses import dataclass

import torch
from torch import Tensor

from metricpose.virtual.cameras import CameraBatch
from metricpose.virtual.pose_pool import GROUPS
from metricpose.virtual.rig import LANDMARKS, NODES

STAGE, STAIRS = 1, 2  # kinds of floor; 0 is the ground


@dataclass(frozen=True, kw_only=True)
class PlacementOptions:
    """Shares of scenes on raised floors, and the distances people keep."""

    people: tuple[float, ...] = (0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05, 0.05)  # probabilities of 1, 2, ... people
    stage_share: float = 0.12  # of scenes: all people on one platform
    stairs_share: float = 0.12  # of scenes: each person on a step or box of their own
    stage_m: tuple[float, float] = (-0.4, 1.5)
    step_m: tuple[float, float] = (0.14, 0.2)
    seat_raised_share: float = 0.25  # of sitting people have their feet off the ground
    jump_share: float = 0.04
    distance_m: tuple[float, float] = (0.8, 40.0)
    personal_space_m: float = 0.5
    candidates: int = 12


_TRUNK_RADIUS = {"pelvis", "spine", "chest", "head", "left_shin", "right_shin", "left_forearm", "right_forearm"}
SOLES = tuple(i for i, (name, _) in enumerate(LANDMARKS) if name.endswith(("heel", "toe")))
_HANDS = tuple(i for i, (name, _) in enumerate(LANDMARKS) if name.endswith("hand_tip"))
_ROUND = tuple(i for i, node in enumerate(NODES) if node in _TRUNK_RADIUS)


def lowest_z(nodes: Tensor, landmarks: Tensor, radii: Tensor, sole: Tensor) -> Tensor:
    """The lowest point (B,) m of bodies, z up: nodes (B, 21, 3), landmarks (B, 27, 3), part radii (B, 21) m.

    `sole` (B, 6) m: how far the sole lies under each of the SOLES landmarks.
    """
    feet = (landmarks[:, list(SOLES), 2] - sole).amin(1)
    hands = landmarks[:, list(_HANDS), 2].amin(1) - 0.01
    rounds = (nodes[:, list(_ROUND), 2] - 0.8 * radii[:, list(_ROUND)]).amin(1)
    return torch.minimum(torch.minimum(feet, hands), rounds)


def floor_heights(group: Tensor, options: PlacementOptions, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Height of the floor under each person (B, P) m above the ground, and whether that floor is raised (B, P)."""
    b, p = group.shape

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=generator.device)

    kind = rand(b, 1)
    on_stage = kind < options.stage_share
    on_stairs = (kind >= options.stage_share) & (kind < options.stage_share + options.stairs_share)
    low, high = options.stage_m
    stage = low + (high - low) * rand(b, 1)
    rise = options.step_m[0] + (options.step_m[1] - options.step_m[0]) * rand(b, 1)
    steps = torch.floor(rand(b, p) ** 1.5 * 9)
    floor = on_stage * stage + on_stairs * rise * steps
    sitting, climbing = group == GROUPS.index("sitting"), group == GROUPS.index("climbing")
    floor = floor + (sitting & (rand(b, p) < options.seat_raised_share)) * rand(b, p) * 0.4
    floor = floor + (climbing & (rand(b, p) < 0.7)) * rand(b, p) * 2.0
    floor = floor + ((group == 0) & (rand(b, p) < options.jump_share)) * rand(b, p) * 0.4
    return floor, floor.abs() > 0.07


def _ground_candidates(
    cameras: CameraBatch, height: Tensor, options: PlacementOptions, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """World (B, C, 3) m points at `height` (B,) in view, and which are valid: half by pixel, half by log distance."""
    b, c = len(cameras), options.candidates

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=generator.device)

    px = rand(b, c, 2) * cameras.size_px[:, None]
    norm, reached = cameras.to_norm(px)
    ray_cam = torch.cat([norm, torch.ones_like(norm[..., :1])], -1)
    ray = torch.bmm(ray_cam, cameras.rotation)
    drop = (height - cameras.height_m)[:, None]
    t = drop / torch.where(ray[..., 2].abs() < 1e-4, torch.full_like(ray[..., 2], 1e-4), ray[..., 2])
    by_pixel = ray * t[..., None]
    low, high = (torch.log(torch.tensor(v)) for v in options.distance_m)
    flat = (low + (high - low) * rand(b, c)).exp()
    side = norm[..., 0] * flat
    by_distance = torch.stack([flat, -side, drop.expand(b, c)], -1)
    use_pixel = rand(b, c) < 0.6
    offset = torch.where(use_pixel[..., None], by_pixel, by_distance)
    point = offset.clone()
    point[..., 2] = height[:, None]
    valid = ~use_pixel | ((t > 0) & reached)
    return point, valid


def _in_view(cameras: CameraBatch, point: Tensor, stature: Tensor, options: PlacementOptions) -> Tensor:
    """Candidates (B, C, 3) whose pelvis is in the picture and whose person is neither tiny nor far too near."""
    cam = cameras.to_cam(point)
    px = cameras.to_px(cam)
    near, far = options.distance_m
    distance = cam.norm(dim=-1)
    inside = ((px > 0) & (px < cameras.size_px[:, None])).all(-1)
    size_px = cameras.focal_px[:, None] * stature[:, None] / distance
    share = size_px / cameras.size_px.amin(1)[:, None]
    return inside & (cam[..., 2] > near) & (distance < far) & (share > 0.07) & (share < 1.3) & (size_px > 40)


def filled_slots(count: int, options: PlacementOptions, generator: torch.Generator) -> Tensor:
    """How many people each of `count` scenes would hold, as a mask (count, P) of filled slots."""
    share = torch.tensor(options.people, device=generator.device)
    people = torch.multinomial(share, count, replacement=True, generator=generator) + 1
    return torch.arange(len(share), device=generator.device) < people[:, None]


def place(
    cameras: CameraBatch, pelvis_height: Tensor, stature: Tensor, slots: Tensor,
    options: PlacementOptions, generator: torch.Generator,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Pelvis positions (B, P, 3) m in the world and who of `slots` could be placed (B, P), one after the other."""
    b, p = pelvis_height.shape
    position = torch.full((b, p, 3), 1e4, device=generator.device)
    placed = torch.zeros(b, p, dtype=torch.bool, device=generator.device)
    for person in range(p):
        point, valid = _ground_candidates(cameras, pelvis_height[:, person], options, generator)
        valid &= _in_view(cameras, point, stature[:, person], options)
        apart = (point[:, :, None, :2] - position[:, None, :, :2]).norm(dim=-1).amin(-1)
        valid &= (apart > options.personal_space_m) & slots[:, person, None]
        first = valid.float().argmax(1)
        placed[:, person] = valid.any(1)
        chosen = point[torch.arange(b, device=point.device), first]
        position[:, person] = torch.where(placed[:, person, None], chosen, position[:, person])
    return position, placed
