"""Pictures as other cameras, other light and things in the way would have them: whole batches at once, on any device.

Axes: B pictures, S px. Pictures (B, 3, S, S) are in [0, 1]; numbers are drawn from the generator, whose device is the
pictures'.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from metricpose.training.backdrops import drawn_backdrops, randomly_filtered

_BLUR_PX = (0.3, 1.3)  # standard deviation: a camera that resolves two fifths of the pixels, or nearly all
_BLUR_REACH = 3
_LEAST_HIDDEN = 0.08  # of the side of the window: the smallest thing in the way


class Disturbances(Protocol):
    """What windows' options say of disturbances. Shares of the pictures: filtered, blurred, grey, erased (each of the
    `things` in the way); the largest thing in the way, of the side; the most noise."""

    @property
    def filtered(self) -> float: ...
    @property
    def blurred(self) -> float: ...
    @property
    def grey(self) -> float: ...
    @property
    def erased(self) -> float: ...
    @property
    def things(self) -> int: ...
    @property
    def most_hidden(self) -> float: ...
    @property
    def noise(self) -> float: ...


def disturbed(pictures: Tensor, options: Disturbances, generator: torch.Generator) -> Tensor:
    """The pictures with other light, colour, sharpness and noise, and with things that hide people."""
    x = pictures
    rows = chosen(len(x), options.filtered, generator)
    if len(rows):
        x = x.clone()
        x[rows] = randomly_filtered(x[rows], generator)
    x = relit(greyed(blurred(x, options.blurred, generator), options.grey, generator), generator)
    for _ in range(options.things):
        x = hidden(x, options.erased, options.most_hidden, generator)
    return grained(x, options.noise, generator)


def on_backdrops(
    pictures: Tensor, people: Tensor, rows: Tensor, generator: torch.Generator, backdrops: Tensor | None
) -> Tensor:
    """Those `rows` of the pictures with other places, or noise, behind people (B, 1, S, S) in [0, 1] in other light."""
    x = pictures.clone()
    light = uniform(len(rows), 0.7, 1.3, generator, 3, 1, 1)
    behind = drawn_backdrops(backdrops, len(rows), x.shape[-1], generator)
    x[rows] = people[rows] * (x[rows] * light).clamp(0, 1) + (1 - people[rows]) * behind
    return x


def uniform(count: int, low: float, high: float, generator: torch.Generator, *shape: int) -> Tensor:
    """(count, *shape) numbers between low and high."""
    return low + (high - low) * torch.rand(count, *shape, generator=generator, device=generator.device)


def chosen(count: int, share: float, generator: torch.Generator) -> Tensor:
    """Some rows out of `count`, each with the probability `share`."""
    return (uniform(count, 0, 1, generator) < share).nonzero()[:, 0]


def blurred(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A share of the pictures out of focus."""
    rows = chosen(len(x), share, generator)
    if len(rows):
        x = x.clone()
        x[rows] = _smoothed(x[rows], uniform(len(rows), *_BLUR_PX, generator))
    return x


def _smoothed(x: Tensor, sigma: Tensor) -> Tensor:
    """By a Gaussian of sigma (B,) px; edges repeat."""
    size, taps = x.shape[-1], torch.arange(-_BLUR_REACH, _BLUR_REACH + 1, device=x.device)
    kernel = torch.exp(-(taps**2) / (2 * sigma[:, None] ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).T[..., None, None, None]  # 7, B, 1, 1, 1
    for axis, sides in ((-1, (_BLUR_REACH, _BLUR_REACH, 0, 0)), (-2, (0, 0, _BLUR_REACH, _BLUR_REACH))):
        wide = F.pad(x, sides, mode="replicate")
        x = torch.stack([weight * wide.narrow(axis, k, size) for k, weight in enumerate(kernel)]).sum(0)
    return x


def greyed(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A share of the pictures without colours."""
    grey = (uniform(len(x), 0, 1, generator, 1, 1, 1) < share).to(x.dtype)
    return x + grey * (x.mean(1, keepdim=True) - x)


def relit(x: Tensor, generator: torch.Generator) -> Tensor:
    """Other contrast, brightness, white balance and gamma."""
    count = len(x)
    mean = x.mean((1, 2, 3), keepdim=True)
    contrast = uniform(count, 0.6, 1.4, generator, 1, 1, 1)
    light = uniform(count, -0.15, 0.15, generator, 1, 1, 1)
    gain = uniform(count, 0.87, 1.15, generator, 3, 1, 1)
    x = torch.addcmul(gain * (mean * (1 - contrast) + light), x, gain * contrast).clamp_(1e-4, 1)
    return x.pow_(torch.exp(uniform(count, -0.35, 0.35, generator, 1, 1, 1)))


def hidden(x: Tensor, share: float, most: float, generator: torch.Generator) -> Tensor:
    """Something before a share of the pictures: a rectangle of up to `most` of the window's side, of one colour, or
    with the texture of what stands at the edges of another picture of the batch."""
    count, size = len(x), x.shape[-1]
    rows = chosen(count, share, generator)
    draws = uniform(len(rows), 0, 1, generator, 5)
    sides = ((_LEAST_HIDDEN + (most - _LEAST_HIDDEN) * draws[:, :2]) * size).floor()
    starts = (draws[:, 2:4] * (size - sides)).floor()
    line = torch.arange(size, device=x.device)
    within = (line >= starts[..., None]) & (line < (starts + sides)[..., None])  # rows, 2, S
    covered = within[:, 1, :, None] & within[:, 0, None, :]
    other = torch.randint(count, (len(rows),), generator=generator, device=generator.device)
    texture = x[other].flip(-1).roll((size // 2, size // 2), (-2, -1))  # the middle holds the corners
    flat = uniform(len(rows), 0, 1, generator, 3, 1, 1)
    before = torch.where((draws[:, 4] < 0.5)[:, None, None, None], flat, texture)
    out = x.clone()
    out[rows] = torch.where(covered[:, None], before, x[rows])
    return out


def grained(x: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Noise of one brightness for all colours, of a standard deviation of up to `most`."""
    count, size = len(x), x.shape[-1]
    grain = torch.randn(count, 1, size, size, generator=generator, device=generator.device)
    return (x + grain * uniform(count, 0, most, generator, 1, 1, 1)).clamp_(0, 1)
