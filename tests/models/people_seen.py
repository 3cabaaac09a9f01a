"""Small networks with answers that differ, and people for them."""

import torch
from torch import Tensor, nn

from metricpose.models.ray_lifter import RayLifterNet, RayLifterOptions

SMALL = RayLifterOptions(width=24, hidden=32, blocks=4, attention_layers=2, attention_width=16, heads=2)

# A standing person in the order of COCO-17: right and up of the middle of the feet, metres.
STANDING_M = torch.tensor(
    [
        [0.0, 1.58], [0.03, 1.61], [-0.03, 1.61], [0.07, 1.58], [-0.07, 1.58], [0.18, 1.40], [-0.18, 1.40],
        [0.24, 1.12], [-0.24, 1.12], [0.26, 0.87], [-0.26, 0.87], [0.1, 0.9], [-0.1, 0.9], [0.11, 0.48],
        [-0.11, 0.48], [0.11, 0.07], [-0.11, 0.07],
    ]
)  # fmt: skip


def small_net(seed: int = 0, gain: float = 10.0) -> RayLifterNet:
    """A random network; its last layers are `gain` times as large as at the start of a training."""
    torch.manual_seed(seed)
    net = RayLifterNet(SMALL).eval()
    with torch.no_grad():
        for head in (net.head_pose, net.head_depth, net.head_sigma):
            head.weight.mul_(gain)
        net.interval_stretch.copy_(torch.tensor([[1.3, 0.8], [0.7, 1.1]]))
        net.sigma_stretch.copy_(torch.tensor([1.4, 0.9]))
    return net


def seen_people(images: int, people: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Unit rays (B, P, 17, 3), scores (B, P, 17) with a fifth unseen, camera rows (B, 8) known in part."""
    generator = torch.Generator().manual_seed(seed)
    place = torch.rand(images, people, 1, 2, generator=generator) * torch.tensor([4.0, 8.0]) + torch.tensor([-2.0, 3.0])
    across, up = STANDING_M.unbind(-1)
    points = torch.stack([place[..., 0] + across, 1.6 - up.expand(images, people, 17)], -1) / place[..., 1:]
    points = points + 0.02 * torch.randn(points.shape, generator=generator)
    rays = nn.functional.normalize(torch.cat([points, torch.ones_like(points[..., :1])], -1), dim=-1)
    scores = torch.rand(images, people, 17, generator=generator)
    scores = scores * (torch.rand(scores.shape, generator=generator) > 0.2)
    camera = torch.zeros(images, 8)
    camera[::2] = torch.tensor([0.0, -1.0, 0.0, 1.0, 0.01, 1.6, 1.0, 0.02])
    camera[1::3] = torch.tensor([0.0, -0.96, -0.28, 1.0, 0.0, 0.0, 0.0, 0.0])
    return rays, scores, camera
