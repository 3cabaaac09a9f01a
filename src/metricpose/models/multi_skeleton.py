"""Many skeletons from one network: what it says of its own points, mixed to the joints of every skeleton.

Sarandi, Hermans and Leibe (WACV 2023) compare five ways, and all are an affine mix of the network's points here:
`merged`, joints of the same name are one point; `separate`, each joint of each skeleton is its own point (figure 3a);
`consistent`, the same, regularised towards the autoencoder's latent space (3c); `latent`, the points are the
latents, from which joints are decoded (4a); `hybrid`, joints and latents both, tied to each other (4b).
"""

from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from metricpose.models.metrabs import MetrabsNet, MetrabsOptions, Seen
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.joint_sets import JointSet

Way = Literal["merged", "separate", "consistent", "latent", "hybrid"]
WAYS: tuple[Way, ...] = ("merged", "separate", "consistent", "latent", "hybrid")
_NEAREST_M = 0.1


class Joints(NamedTuple):
    """Joints of each window: px (B, J, 2) in it; relative (B, J, 3) m up to a shift; joints_cam (B, J, 3) m."""

    px: Tensor
    relative: Tensor
    joints_cam: Tensor


class Answer(NamedTuple):
    """joints: what is answered; decoded: the same from the latents, of `hybrid` alone; tied (B, J, 3) m: what the
    answer's relative joints are drawn to, of `consistent` and `hybrid`."""

    joints: Joints
    decoded: Joints | None
    tied: Tensor | None


class MultiSkeletonNet(nn.Module):
    """A `MetrabsNet` with the points that the way needs; `joints`: which are answered."""

    mix: Tensor
    decoder: Tensor
    projection: Tensor

    def __init__(
        self, way: Way, joints: JointSet, acae: AffineAutoencoder | None, options: MetrabsOptions | None = None
    ) -> None:
        super().__init__()
        self.way, self.joint_set = way, joints
        count = len(joints)
        decoder = np.zeros((count, 0)) if acae is None else joints.decoder(acae)
        mix = {"merged": joints.merged(), "latent": decoder}.get(way, np.eye(count))
        if way == "hybrid":
            mix = np.concatenate([mix, np.zeros_like(decoder)], axis=1)
        projection = np.zeros((0, 0)) if acae is None else decoder @ joints.encoder(acae)
        for name, weights in (("mix", mix), ("decoder", decoder), ("projection", projection)):
            self.register_buffer(name, torch.tensor(weights, dtype=torch.float32), persistent=False)
        o = options or MetrabsOptions()
        self.net = MetrabsNet(MetrabsOptions(**{**vars(o), "points": mix.shape[1]}))

    def look(self, windows: Tensor) -> Tensor:
        """As `MetrabsNet.look`."""
        return self.net.look(windows)

    def forward(self, seen8: Tensor, focal_px: Tensor, centre_px: Tensor) -> Answer:
        """As `MetrabsNet.forward`."""
        seen = self.net(seen8, focal_px, centre_px)
        joints = mixed(seen, self.mix, focal_px, centre_px)
        if self.way == "consistent":
            return Answer(joints, None, self.projection @ joints.relative)
        if self.way == "hybrid":
            latents = torch.cat([self.mix.new_zeros(self.mix.shape[0], len(self.mix)), self.decoder], 1)
            decoded = mixed(seen, latents, focal_px, centre_px)
            return Answer(joints, decoded, decoded.relative)
        return Answer(joints, None, None)


def mixed(seen: Seen, weights: Tensor, focal_px: Tensor, centre_px: Tensor) -> Joints:
    """The joints that are `weights` (J, P) of the points; a mix in space is a mix of the rays weighted by depth."""
    relative = weights @ seen.relative
    depths = seen.depths.clamp_min(_NEAREST_M)[..., None]
    on_rays = weights @ torch.cat([seen.norm * depths, depths], -1)
    norm = on_rays[..., :2] / on_rays[..., 2:].clamp_min(_NEAREST_M)
    px = norm * focal_px[:, None, None] + centre_px[:, None]
    return Joints(px, relative, weights @ seen.points_cam)
