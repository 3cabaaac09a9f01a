"""Lengths of bones: as long on the left as on the right, and always the same. Needs no truth.

Joints (..., J, 3) in metres, in the order of a skeleton; bones are its limbs. A bone of which a joint is not `known`
(..., J) is not measured.
"""

from typing import Any

import numpy as np

from metricpose.evaluation.metrics.known import known_mean, zeroed
from metricpose.evaluation.metrics.pose import joint_error
from metricpose.geometry.arrays import namespace
from metricpose.skeletons.skeleton import Skeleton


def bone_lengths(joints: Any, skeleton: Skeleton, known: Any = None) -> Any:
    """Length of each of the skeleton's limbs: (..., B) metres, NaN where an end is not known."""
    xp = namespace(joints)
    parents, children = (xp.asarray([limb[end] for limb in skeleton.limbs], dtype=xp.int64) for end in (0, 1))
    lengths = joint_error(xp.take(joints, parents, axis=-2), xp.take(joints, children, axis=-2))
    if known is None:
        return lengths
    both = xp.take(known, parents, axis=-1) & xp.take(known, children, axis=-1)
    return xp.where(both, lengths, xp.full_like(lengths, xp.nan))


def bone_pairs(skeleton: Skeleton) -> tuple[tuple[int, int], ...]:
    """Indices into `limbs` of each bone and of the bone that mirrors it, each pair once, the lower index first."""
    index = {frozenset(limb): i for i, limb in enumerate(skeleton.limbs)}
    mirrored = [index.get(frozenset(skeleton.mirror[j] for j in limb)) for limb in skeleton.limbs]
    return tuple((i, other) for i, other in enumerate(mirrored) if other is not None and i < other)


def bone_symmetry(joints: Any, skeleton: Skeleton, known: Any = None) -> Any:
    """Mean over pairs of bones of |left - right| length: (...) metres, NaN where no pair is known."""
    xp = namespace(joints)
    lengths = bone_lengths(joints, skeleton, known)
    left, right = ([pair[side] for pair in bone_pairs(skeleton)] for side in (0, 1))
    apart = xp.abs(lengths[..., left] - lengths[..., right])
    return known_mean(apart, ~xp.isnan(apart))


def bone_consistency(joints: Any, skeleton: Skeleton, known: Any = None) -> Any:
    """Standard deviation over time of each bone's length, joints (T, ..., J, 3) of a track: (..., B) metres.

    Over the frames in which the bone is known (divided by their number), NaN where they are fewer than two.
    """
    xp = namespace(joints)
    lengths = bone_lengths(joints, skeleton, known)
    seen = ~xp.isnan(lengths)
    frames = xp.sum(xp.astype(seen, lengths.dtype), axis=0)
    divisor = xp.where(frames > 0, frames, xp.ones_like(frames))
    mean = xp.sum(zeroed(lengths, seen), axis=0) / divisor
    variance = xp.sum(zeroed((lengths - mean) ** 2, seen), axis=0) / divisor
    return xp.where(frames > 1, xp.sqrt(variance), xp.full_like(variance, np.nan))
