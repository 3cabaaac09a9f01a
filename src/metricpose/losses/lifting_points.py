"""The losses of points beside COCO's joints, that the lifter's latent points are decoded to."""

import torch
from torch import Tensor

from metricpose.models.latent_lifter import LatentLifted


def points_loss(lifted: LatentLifted, decoder: Tensor, others_cam: Tensor, joints_cam: Tensor, real: Tensor) -> Tensor:
    """(3,) pose, shape and error, as in `lifting_loss`, of points others_cam (B, P, 135, 3) m of the people `real`.

    decoder: (152, 38) of the autoencoder, COCO's joints first; joints_cam: (B, P, 17, 3), which tell the true root.
    """
    root = joints_cam[real][:, (11, 12)].mean(1)
    own_root = lifted.root_cam[real]
    ratio = (root.norm(dim=-1) / own_root.norm(dim=-1).clamp_min(1e-3))[:, None, None]
    residual = decoder[17:] @ (lifted.latents_cam[real] - own_root[:, None])
    target = others_cam[real] - root[:, None]
    error = (residual - target).square().sum(-1).add(1e-8).sqrt()
    shape_error = (residual * ratio - target).square().sum(-1).add(1e-8).sqrt()
    expected = lifted.points_error[real][:, 17:].clamp_min(1e-3)
    doubt = expected.log() + error.detach() / expected
    return torch.stack([error.mean(), shape_error.mean(), doubt.mean()])
