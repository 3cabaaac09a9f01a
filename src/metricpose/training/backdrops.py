"""What is behind people, and how it all looks: places cut from panoramas, noise, and random filters.

A network that has seen people in made rooms alone finds them there alone.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from metricpose.virtual.render.environment import panorama_files
from metricpose.virtual.render.hdr import read_hdr
from metricpose.virtual.render.people_scene import of_split
from metricpose.virtual.render.tone import film_curve, srgb_from_linear

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_MIDDLE_GREY = 0.14  # light that the film curve shows in the middle
_PLACED = 0.7  # of backdrops: those that are places
_SIDES = (0.2, 0.9)  # of the panorama's height: those of the squares that are cut


def cut_backdrops(folder: Path, *, split: str = "train", count: int = 600, px: int = 160, seed: int = 0) -> Tensor:
    """(count, 3, px, px) uint8: squares of the panoramas of one split (Radiance HDR, equirectangular), none of them
    near the poles; brighter and darker than a meter would have it.

    Raises FileError or InputError for a folder without panoramas, or a file that is none.
    """
    rng = np.random.default_rng([seed, 71])
    panoramas = [read_hdr(path) for path in of_split(panorama_files(folder), split)]
    cuts = []
    for number in rng.integers(len(panoramas), size=count):
        light = panoramas[number]
        height, width = light.shape[:2]
        side = int(height * rng.uniform(*_SIDES))
        top = int(rng.integers(max(1, int(0.05 * height)), max(2, int(0.95 * height) - side + 1)))
        columns = (int(rng.integers(width)) + np.arange(side)) % width
        part = light[top : top + side, columns]
        exposure = _MIDDLE_GREY / max(float(np.median(part @ _LUMA)), 1e-4) * float(np.exp(rng.normal(0, 0.6)))
        code = torch.from_numpy(srgb_from_linear(film_curve(part * exposure))).permute(2, 0, 1)[None].float()
        cuts.append(F.interpolate(code, size=(px, px), mode="bilinear", align_corners=False, antialias=True)[0])
    return torch.stack(cuts).round().clamp(0, 255).byte()


def drawn_backdrops(backdrops: Tensor | None, count: int, size: int, generator: torch.Generator) -> Tensor:
    """(count, 3, size, size) in [0, 1], on the generator's device: mostly some of `backdrops` (K, 3, p, p) uint8, there
    too, noise of several scales otherwise."""
    device = generator.device
    placed = torch.rand(count, generator=generator, device=device) < (0 if backdrops is None else _PLACED)
    out = torch.empty(count, 3, size, size, device=device)
    noise, places = (~placed).nonzero()[:, 0], placed.nonzero()[:, 0]
    out[noise] = textures(len(noise), size, generator)
    if backdrops is not None and len(places):
        which = torch.randint(len(backdrops), (len(places),), generator=generator, device=device)
        whole = F.interpolate(
            backdrops[which] / 255, size=(size, size), mode="bilinear", align_corners=False, antialias=True
        )
        mirrored = torch.rand(len(places), generator=generator, device=device) < 0.5
        out[places] = torch.where(mirrored[:, None, None, None], whole.flip(-1), whole)
    return out


def textures(count: int, size: int, generator: torch.Generator) -> Tensor:
    """(count, 3, size, size) in [0, 1]: noise of several scales about random colours, with a few edges across it."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator, device=generator.device)

    out = uniform(3, 1, 1).repeat(1, 1, size, size)
    for cells in (2, 5, 12, 30, 70):
        noise, strength, edged = uniform(3, cells, cells) - 0.5, 0.5 * uniform(1, 1, 1) ** 2, uniform(1, 1, 1) < 0.4
        soft = F.interpolate(noise, size=(size, size), mode="bilinear")
        out += strength * torch.where(edged, F.interpolate(noise, size=(size, size), mode="nearest"), soft)
    return out.clamp_(0, 1)


def randomly_filtered(x: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (B, 3, S, S) through random convolutions of 1, 3 or 5 px, mixed with themselves (Xu et al., ICLR 2021).

    Mean and spread of each picture stay, so that what changes is how colours and textures look.
    """
    count, size, device = len(x), x.shape[-1], generator.device
    side = (1, 3, 5)[int(torch.randint(3, (), generator=generator, device=device))]
    kernels = torch.randn(count * 3, 3, side, side, generator=generator, device=device) / (3 * side * side) ** 0.5
    centred = x - x.mean((1, 2, 3), keepdim=True)
    out = F.conv2d(centred.reshape(1, count * 3, size, size), kernels, padding=side // 2, groups=count)
    out = out.reshape(x.shape)
    out = out - out.mean((1, 2, 3), keepdim=True)
    spread = x.std((1, 2, 3), keepdim=True)
    out = out * (spread / out.std((1, 2, 3), keepdim=True).clamp_min(1e-4)) + x.mean((1, 2, 3), keepdim=True)
    own = torch.rand(count, 1, 1, 1, generator=generator, device=device)
    return (own * x + (1 - own) * out).clamp(0, 1)
