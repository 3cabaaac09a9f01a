"""Batched random numbers for n people from one generator, in the words that pose tables use."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

Range = tuple[float, float]


class Draws:
    """Draws for `n` people; every shape begins with n. Angles are given in degrees and come out in radians."""

    def __init__(self, n: int, generator: torch.Generator) -> None:
        self.n = n
        self.generator = generator

    def uniform(self, bounds: Range, *shape: int) -> Tensor:
        low, high = bounds
        return low + (high - low) * torch.rand((self.n, *shape), generator=self.generator)

    def angle(self, bounds_deg: Range, *shape: int) -> Tensor:
        """Uniform within bounds in degrees."""
        return self.uniform((math.radians(bounds_deg[0]), math.radians(bounds_deg[1])), *shape)

    def both(self, bounds_deg: Range, alike: float = 0.6) -> Tensor:
        """(n, 2) angles of both sides: `alike` of the width is common to them, the rest each side's own."""
        low, high = (math.radians(x) for x in bounds_deg)
        mix = alike * self.uniform((0, 1), 1) + (1 - alike) * self.uniform((0, 1), 2)
        return low + (high - low) * mix

    def normal(self, deviation: float, *shape: int) -> Tensor:
        return deviation * torch.randn((self.n, *shape), generator=self.generator).clamp(-2.5, 2.5)

    def chance(self, probability: float, *shape: int) -> Tensor:
        return torch.rand((self.n, *shape), generator=self.generator) < probability

    def sign(self) -> Tensor:
        return self.chance(0.5).float() * 2 - 1

    def choice(self, weights: Mapping[int, float], *shape: int) -> Tensor:
        """Keys of `weights`, drawn in proportion."""
        keys, values = torch.tensor(list(weights)), torch.tensor(list(weights.values()), dtype=torch.float32)
        count = self.n * math.prod(shape)
        if count == 0:
            return torch.zeros((self.n, *shape), dtype=torch.long)
        drawn = torch.multinomial(values, count, replacement=True, generator=self.generator)
        return keys[drawn].reshape(self.n, *shape)
