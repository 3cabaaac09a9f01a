"""Bodies of known statures, and the depth error that unknown statures leave."""

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.virtual.scenes import Bodies

STATURES_M = (0.5, 2.5)
"""Statures outside of this are no people's, but another unit."""

_COUNT = 4000
_NEIGHBOURS = 0.1  # of the bodies: those nearest in stature lend their proportions


def bodies_of_stature(
    bodies: Bodies, stature_m: tuple[float, float], generator: torch.Generator, count: int = _COUNT
) -> Bodies:
    """`count` bodies of statures that are uniform between two bounds in metres; `Bodies.draw` takes all alike.

    Each has the proportions of one of the bodies nearest in stature, a tenth of all, scaled to its own stature; so
    short people have a child's proportions where only children are as short. InputError for bounds outside STATURES_M.
    """
    low, high = stature_m
    least, most = STATURES_M
    if not least <= low <= high <= most:
        raise InputError(f"statures: expected metres from {least} to {most}, low to high, got {low:g} to {high:g}")
    known = bodies.stature_m.cpu()
    who = torch.cat([bodies.adults, bodies.children]).cpu()
    target = low + (high - low) * torch.rand(count, generator=generator)
    near = max(1, round(_NEIGHBOURS * len(who)))
    distance = (known[who].log() - target.log()[:, None]).abs()
    nearest = distance.topk(near, largest=False).indices
    chosen = who[nearest.gather(1, torch.randint(near, (count, 1), generator=generator))[:, 0]]
    scale = (target / known[chosen]).to(bodies.stature_m.device)
    chosen = chosen.to(scale.device)
    everybody = torch.arange(count, device=scale.device)
    return Bodies(
        node_offsets=bodies.node_offsets[chosen] * scale[:, None, None],
        landmark_offsets=bodies.landmark_offsets[chosen] * scale[:, None, None],
        radii=bodies.radii[chosen] * scale[:, None],
        sole=bodies.sole[chosen] * scale[:, None],
        stature_m=bodies.stature_m[chosen] * scale,
        adults=everybody,
        children=everybody,
    )


def stature_floor_percent(stature_m: Tensor) -> float:
    """The mean depth error, in % of the depth, of whoever knows all of these people (N,) but their statures.

    A person of stature h at depth z looks like one of stature c at depth z c / h. Who takes everybody for c is wrong by
    |c / h - 1| of the depth, and the floor is the mean of that for the best c: the median of h weighted with 1 / h.
    A camera that sees the ground under the feet, or a body's proportions, can tell more and get below it.
    """
    ordered = stature_m.double().sort().values
    weight = (1 / ordered).cumsum(0)
    best = ordered[int((weight < weight[-1] / 2).sum())]
    return 100 * float((best / ordered - 1).abs().mean())
