"""The ray lifter: 2D joints as rays, and what is known of the camera, to people in metres, with how sure that is.

Axes: B images, P people, J = 17 COCO joints, W width. A person is one token; people of a picture attend to each other,
since they share ground, horizon and camera. Shapes are written beside each step of `forward`.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from metricpose.models.ray_features import CAMERA_SIZE, FEATURE_COUNT, PersonFrame, ray_features

__all__ = ["CAMERA_SIZE", "Lifted", "RayLifterNet", "RayLifterOptions"]

_JOINTS = 17
_PARENT = (-2, 0, 0, 1, 2, -2, -2, 5, 6, 7, 8, -1, -1, 11, 12, 13, 14)  # -1 mid hip, -2 middle of the shoulders
_QUANTILES = 2


@dataclass(frozen=True, kw_only=True)
class RayLifterOptions:
    """Size of the network."""

    width: int = 256
    hidden: int = 1024
    blocks: int = 4
    attention_layers: int = 2
    attention_width: int = 128
    heads: int = 4


class Lifted(NamedTuple):
    """The network's answer in the camera frame, metres.

    joints_cam (B, P, 17, 3); joint_sigma (B, P, 17) per axis, of the joint relative to the root; root_cam (B, P, 3),
    the middle of the hips; root_depth_interval (B, P, 2), central 90 %; log_bounds (B, P, 2), the same as logarithms of
    its ratio to the root's own depth; joint_error (B, P, 17), the expected length of the joint's error.
    """

    joints_cam: Tensor
    joint_sigma: Tensor
    root_cam: Tensor
    root_depth_interval: Tensor
    log_bounds: Tensor
    joint_error: Tensor


def float32_on(like: Tensor) -> AbstractContextManager[object]:
    """Switches automatic lower precision off; nothing where it is off already, as in an export."""
    kind = like.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()


def depth_tree() -> Tensor:
    """(17, 17) matrix that sums depth steps along the kinematic tree from the root to every joint.

    The hips take one step in opposite directions, so that the root is exactly their middle; step 12 serves the middle
    of the shoulders.
    """
    tree = torch.zeros(_JOINTS, _JOINTS)
    for joint in range(_JOINTS):
        node = joint
        while node >= 0:
            if node == 11:
                tree[joint, 11] += 1
            elif node == 12:
                tree[joint, 11] -= 1
            else:
                tree[joint, node] += 1
            node = _PARENT[node]
        if node == -2:
            tree[joint, 12] += 1
    return tree


class Block(nn.Module):
    """x + MLP(norm(x)) with squared ReLU (So et al. 2021, Primer), each person alone."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(torch.relu(self.up(self.norm(x))).square())


class PeopleAttention(nn.Module):
    """x + attention between the people of each picture.

    Without a mask x is (B, P, W), all people present. With mask (B, P), x holds the present people alone, (N, 1, W).
    """

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * inner)
        self.out = nn.Linear(inner, width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        qkv = self.qkv(self.norm(x))
        if mask is not None:
            qkv = scattered(qkv, mask)
        q, k, v = qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, P, d)
        logits = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        if mask is not None:
            logits = logits.masked_fill(~mask[:, None, None], -1e4)
        mixed = (logits.softmax(-1) @ v).transpose(1, 2).flatten(2)
        return x + self.out(mixed if mask is None else mixed[mask][:, None])


def scattered(packed: Tensor, mask: Tensor) -> Tensor:
    """(N, 1, ...) rows of the people in mask (B, P), put where they belong; zeros elsewhere: (B, P, ...)."""
    whole = packed.new_zeros(*mask.shape, *packed.shape[2:])
    return whole.index_put(tuple(mask.nonzero().unbind(1)), packed[:, 0])


class RayLifterNet(nn.Module):
    """Rays and camera rows in, `Lifted` out. `interval_stretch` and `sigma_stretch` are set by calibration."""

    depth_tree: Tensor
    interval_stretch: Tensor
    sigma_stretch: Tensor

    def __init__(self, options: RayLifterOptions | None = None) -> None:
        super().__init__()
        o = self.options = options or RayLifterOptions()
        self.embed = nn.Linear(FEATURE_COUNT, o.width)
        self.blocks = nn.ModuleList(Block(o.width, o.hidden) for _ in range(o.blocks))
        self.attention = nn.ModuleList(
            PeopleAttention(o.width, o.attention_width, o.heads) for _ in range(o.attention_layers)
        )
        self.norm = nn.LayerNorm(o.width)
        self.head_pose = nn.Linear(o.width, 3 * _JOINTS)
        self.head_depth = nn.Linear(o.width, 4 + 1 + _QUANTILES)
        self.head_sigma = nn.Linear(o.width, _JOINTS)
        self.register_buffer("depth_tree", depth_tree(), persistent=False)
        self.register_buffer("interval_stretch", torch.ones(2, 2))  # (extrinsics unknown / known, lower / upper)
        self.register_buffer("sigma_stretch", torch.ones(2))  # joints unseen / seen
        for head in (self.head_pose, self.head_depth, self.head_sigma):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)
        with torch.no_grad():
            self.head_sigma.bias.fill_(-2.5)
            self.head_depth.bias.copy_(torch.tensor([3.0, 0, 0, 0, 0, -2.0, -2.0]))

    def forward(self, rays: Tensor, scores: Tensor, camera: Tensor, mask: Tensor | None = None) -> Lifted:
        """rays (B, P, 17, 3) unit, camera frame; scores (B, P, 17), 0 unseen; camera (B, 8); mask (B, P) or None.

        With a mask only its people are computed (training batches are mostly padding); the others' answers are zeros.
        """
        if mask is not None:
            rays, scores, camera = rays[mask][:, None], scores[mask][:, None], camera[mask.nonzero()[:, 0]]
        with float32_on(rays):  # bfloat16 would round millimetres away, on the way in and on the way out
            features, candidates, frame = ray_features(rays, scores, camera)  # (B, P, F), (B, P, 3)
            x = self.embed(features)  # (B, P, W)
        x = self.between(x, mask)
        with float32_on(rays):
            lifted = self.read(self.norm(x.float()), candidates, frame, scores, camera)
        return lifted if mask is None else Lifted(*(scattered(value, mask) for value in lifted))

    def between(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, P, W) through the blocks and layers of attention."""
        every = max(1, len(self.blocks) // (len(self.attention) + 1))
        layers = iter(self.attention)
        for i, block in enumerate(self.blocks):
            x = block(x)  # (B, P, W)
            layer = next(layers, None) if (i + 1) % every == 0 and i + 1 < len(self.blocks) else None
            x = x if layer is None else layer(x, mask)  # (B, P, W)
        return x

    def read(self, x: Tensor, candidates: Tensor, frame: PersonFrame, scores: Tensor, camera: Tensor) -> Lifted:
        """The heads' answer for normed x (B, P, W)."""
        pose, depth = self.head_pose(x), self.head_depth(x)  # (B, P, 51), (B, P, 7)
        error = self.head_sigma(x).clamp(-5.0, 2.0)  # (B, P, 17)
        gates = depth[..., :4].softmax(-1)[..., 1:]  # the anchor's own gate stands for candidate 0
        shift = (gates * candidates).sum(-1) + depth[..., 4]
        log_distance = frame.anchor.log() + shift
        known = (camera[:, 3] * camera[:, 6])[:, None, None]
        stretch = torch.lerp(self.interval_stretch[0], self.interval_stretch[1], known)
        half = nn.functional.softplus(depth[..., 5:7]) * stretch
        log_bounds = half * half.new_tensor((-1.0, 1.0))
        anchor, distance = frame.anchor[..., None], log_distance.exp()[..., None]
        step = (pose[..., 34:] @ self.depth_tree.T) / anchor
        relative = (1 + step).clamp_min(0.1)  # depth over the root's, (B, P, 17)
        points = frame.points + pose[..., :34].unflatten(-1, (_JOINTS, 2)) / anchor[..., None]
        person = torch.cat([points * relative[..., None], relative[..., None]], -1) * distance[..., None]
        joints_cam = person @ frame.rotation  # (B, P, 17, 3): rows times person_from_cam turn back
        root = (joints_cam[..., 11, :] + joints_cam[..., 12, :]) / 2
        interval = log_bounds.exp() * root[..., 2:]
        joint_error = error.exp() * (distance / anchor)
        seen = (scores > 0).to(error.dtype)
        sigma = joint_error / 1.596 * torch.lerp(self.sigma_stretch[0], self.sigma_stretch[1], seen)
        return Lifted(joints_cam, sigma, root, interval, log_bounds, joint_error)
