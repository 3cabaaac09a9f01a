"""The ray lifter that reads and answers in every skeleton: points beside COCO's joints in, latent points out.

Axes: B images, P people, E = 65 other points that are read, L = 38 latent points, Q = 152 points of the autoencoder
(COCO's 17 first), F = 22 free vectors. A row of zeros for what is not seen makes it the lifter of COCO's joints.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from metricpose.models.latent_basis import latent_basis
from metricpose.models.ray_features import PersonFrame, ray_features
from metricpose.models.ray_lifter import RayLifterNet, RayLifterOptions, float32_on, scattered
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.distances import packaged_distances
from metricpose.skeletons.lifter_points import OTHER_POINTS

_PER_POINT = 4


class LatentLifted(NamedTuple):
    """`Lifted`, with joints_cam decoded from the latents, and what stands for every skeleton.

    latents_cam (B, P, 38, 3) m; points_sigma (B, P, 152) m per axis, of each point relative to the root; points_error
    (B, P, 152), the expected length of its error.
    """

    joints_cam: Tensor
    joint_sigma: Tensor
    root_cam: Tensor
    root_depth_interval: Tensor
    log_bounds: Tensor
    joint_error: Tensor
    latents_cam: Tensor
    points_sigma: Tensor
    points_error: Tensor


class LatentLifterNet(RayLifterNet):
    """Rays of COCO's joints and of other points, and camera rows in, `LatentLifted` out."""

    decoder: Tensor
    of_joints: Tensor
    of_free: Tensor
    slot_of_point: Tensor

    def __init__(self, options: RayLifterOptions | None = None) -> None:
        super().__init__(options)
        width, points = self.options.width, AffineAutoencoder.load().points
        basis = latent_basis()
        for name, value in basis._asdict().items():
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32), persistent=name != "decoder")
        slots = [OTHER_POINTS.index(p) if p in OTHER_POINTS else len(OTHER_POINTS) for p in points[17:]]
        self.register_buffer("slot_of_point", torch.tensor(slots), persistent=False)
        self.embed_others = nn.Linear(_PER_POINT * len(OTHER_POINTS), width, bias=False)
        self.head_free = nn.Linear(width, 3 * basis.of_free.shape[1])
        self.head_others = nn.Linear(width, len(points) - 17)
        for layer in (self.embed_others, self.head_free):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.head_free.bias)
        self.lend_sigmas()

    @torch.no_grad()
    def lend_sigmas(self) -> None:
        """Makes every other point as sure as the nearest joint of COCO's."""
        known, points = packaged_distances(), AffineAutoencoder.load().points
        places = [known.index[point] for point in points]
        near = torch.from_numpy(known.learnt_m2[places[17:]][:, places[:17]].argmin(axis=1))
        self.head_others.weight.copy_(self.head_sigma.weight[near])
        self.head_others.bias.copy_(self.head_sigma.bias[near])

    def forward(
        self, rays: Tensor, scores: Tensor, camera: Tensor, mask: Tensor | None = None,
        other_rays: Tensor | None = None, other_scores: Tensor | None = None,
    ) -> LatentLifted:  # fmt: skip
        """As RayLifterNet; other_rays (B, P, 65, 3) unit, other_scores (B, P, 65), 0 unseen; None: none are seen."""
        shape = (*scores.shape[:2], len(OTHER_POINTS))
        others: Tensor = scores.new_zeros(*shape, 3) if other_rays is None else other_rays
        told: Tensor = scores.new_zeros(shape) if other_scores is None else other_scores
        if mask is not None:
            rays, scores, camera = rays[mask][:, None], scores[mask][:, None], camera[mask.nonzero()[:, 0]]
            others, told = others[mask][:, None], told[mask][:, None]
        with float32_on(rays):
            features, candidates, frame = ray_features(rays, scores, camera)  # (B, P, F), (B, P, 3)
            x = self.embed(features) + self.embed_others(other_features(others, told, frame))  # (B, P, W)
        x = self.between(x, mask)
        with float32_on(rays):
            x = self.norm(x.float())
            lifted = self.read(x, candidates, frame, scores, camera)
            unit = lifted.joint_error[..., :1] / self.head_sigma(x)[..., :1].clamp(-5.0, 2.0).exp()
            free = self.head_free(x).unflatten(-1, (-1, 3)) * unit[..., None] @ frame.rotation  # (B, P, F, 3)
            joints = lifted.joints_cam - lifted.root_cam[..., None, :]
            latents = self.of_joints @ joints + self.of_free @ free  # (B, P, 38, 3) from the root
            error = self.head_others(x).clamp(-5.0, 2.0).exp() * unit
            sigma = error / 1.596 * torch.lerp(self.sigma_stretch[0], self.sigma_stretch[1], self._seen(told))
            joints_cam = self.decoder[:17] @ latents + lifted.root_cam[..., None, :]
            root = (joints_cam[..., 11, :] + joints_cam[..., 12, :]) / 2
            answer = LatentLifted(
                joints_cam, lifted.joint_sigma, root, lifted.log_bounds.exp() * root[..., 2:], lifted.log_bounds,
                lifted.joint_error, latents + lifted.root_cam[..., None, :],
                torch.cat([lifted.joint_sigma, sigma], -1), torch.cat([lifted.joint_error, error], -1),
            )  # fmt: skip
        return answer if mask is None else LatentLifted(*(scattered(value, mask) for value in answer))

    def _seen(self, other_scores: Tensor) -> Tensor:
        """(B, P, 135) whether each point beside COCO's joints is seen; those that are never read are not."""
        seen = (other_scores > 0).to(other_scores.dtype)
        return torch.cat([seen, torch.zeros_like(seen[..., :1])], -1)[..., self.slot_of_point]


def other_features(rays: Tensor, scores: Tensor, frame: PersonFrame) -> Tensor:
    """(B, P, 4 E) places at the anchor distance, scores and whether seen, of rays (B, P, E, 3), scores (B, P, E)."""
    seen = (scores > 0).to(rays.dtype)
    turned = rays @ frame.rotation.transpose(-1, -2)
    points = turned[..., :2] / turned[..., 2:].clamp_min(0.2) * seen[..., None]
    metric = (points * frame.anchor[..., None, None]).clamp(-4.0, 4.0)
    return torch.cat([metric.flatten(-2), scores, seen], -1)
