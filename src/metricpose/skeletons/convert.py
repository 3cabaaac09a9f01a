"""From one skeleton to another: by canonical name, else by simple affine rules; what neither gives is not covered.

`learnt.learnt_converter` makes the same kind of map from what is known of where joints lie on bodies.
"""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, overload

import numpy as np

from metricpose.geometry.arrays import Array, floating, like, namespace
from metricpose.skeletons.distances import packaged_distances
from metricpose.skeletons.mixing import mixed_in_batches
from metricpose.skeletons.points import body_points
from metricpose.skeletons.skeleton import Skeleton


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A point (by canonical name) as the mean of others. Exact: by definition; else the usual approximation."""

    target: str
    sources: tuple[str, ...]
    exact: bool


_HIPS, _SHOULDERS = ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")

RULES = (
    Rule(target="mid_hip", sources=_HIPS, exact=True),
    Rule(target="mid_shoulder", sources=_SHOULDERS, exact=True),  # OpenPose: the neck of COCO-18, BODY_25, Panoptic
    # Modelled or annotated pelvises lie some centimetres from the middle of the hips, above it as a rule.
    Rule(target="mpi_pelvis", sources=_HIPS, exact=False),
    Rule(target="mpii_pelvis", sources=_HIPS, exact=False),
    Rule(target="smpl_pelvis", sources=_HIPS, exact=False),
    # The base of the neck, taken as the middle of the shoulders: usual for H36M when 2D joints come from COCO.
    Rule(target="h36m_thorax", sources=_SHOULDERS, exact=False),
    Rule(target="h36m_spine", sources=_HIPS + _SHOULDERS, exact=False),
    Rule(target="mpii_thorax", sources=_SHOULDERS, exact=False),
    Rule(target="mpi_neck", sources=_SHOULDERS, exact=False),
    Rule(target="halpe_neck", sources=_SHOULDERS, exact=False),
    # Halpe's "head" is annotated at its top; Halpe's neck and that of LSP a few centimetres above the shoulders.
    Rule(target="halpe_head", sources=("head_top",), exact=False),
    Rule(target="head_top", sources=("halpe_head",), exact=False),
    Rule(target="lsp_neck", sources=("halpe_neck",), exact=False),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class JointConverter:
    """An affine map between two skeletons.

    Attributes:
        source, target: the skeletons.
        weights: (Jt, Js); each row sums to 1, or is all 0 where the target joint is not covered.
        covered: (Jt,) whether the target joint can be had from the source.
        exact: (Jt,) whether it is the same point (by name or by definition), not an approximation.
        guessed: (Jt,) whether the source does not determine it, and it was asked for all the same.
        learnt: whether the rows that are not exact were learnt, and add an error that was measured.
    """

    source: Skeleton
    target: Skeleton
    weights: np.ndarray
    covered: np.ndarray
    exact: np.ndarray
    guessed: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    learnt: bool = False

    def __post_init__(self) -> None:
        if not len(self.guessed):
            object.__setattr__(self, "guessed", np.zeros(len(self.target), dtype=bool))

    @cached_property
    def error_mm(self) -> np.ndarray:
        """(Jt,) root mean square error on held-out virtual people; NaN where not covered or never measured."""
        distances = packaged_distances()
        points, errors = body_points(self.source), np.full(len(self.target), np.nan)
        for row, point in enumerate(body_points(self.target)):
            used = np.flatnonzero(self.weights[row])
            if len(used) and {point, *(points[joint] for joint in used)} <= distances.index.keys():
                places = [distances.index[points[joint]] for joint in used]
                weights = self.weights[row, used].astype(np.float64)
                errors[row] = 1000.0 * distances.heldout_error_m(weights, places, distances.index[point])
        return errors

    @overload
    def __call__(self, joints: Array, scores: None = None) -> Array: ...
    @overload
    def __call__(self, joints: Array, scores: Array) -> tuple[Array, Array]: ...
    def __call__(self, joints: Array, scores: Array | None = None) -> Any:
        """Joints (..., Js, D) of the source as joints (..., Jt, D) of the target.

        Joints that are not covered are NaN. With `scores` (..., Js), returns the target's scores (..., Jt) too:
        the least of the joints it is made from, 0 where it is not covered.
        """
        converted = self._mixed(floating(joints))
        return converted if scores is None else (converted, self._least(floating(scores)))

    def _least(self, scores: Array) -> Array:
        """The least score among the joints that each target joint is made from."""
        xp = namespace(scores)
        used = like(self.weights != 0, scores) > 0
        spread = scores[..., None, :]
        least = xp.min(xp.where(used, spread, xp.ones_like(spread)), axis=-1)
        return xp.where(xp.any(used, axis=-1), least, xp.zeros_like(least))

    def _mixed(self, joints: Array) -> Array:
        """weights @ joints, where NaN in one source joint spoils only the joints made from it."""
        xp = namespace(joints)
        if xp is np and joints.size and np.isfinite(joints).all():
            mixed = mixed_in_batches(self.weights, joints)
            mixed[..., ~self.covered, :] = np.nan
            return mixed
        weights = like(self.weights, joints)
        sound = xp.isfinite(joints)
        mixed = weights @ xp.where(sound, joints, xp.zeros_like(joints))
        used = like(self.weights != 0, joints)
        spoilt = used @ xp.astype(~sound, joints.dtype) > 0
        keep = ~spoilt & xp.any(used > 0, axis=-1)[:, None]
        return xp.where(keep, mixed, xp.full_like(mixed, float("nan")))


@lru_cache(maxsize=256)
def converter(source: Skeleton, target: Skeleton) -> JointConverter:
    """The converter between two skeletons: by canonical name, else by `RULES`, else not covered."""
    rules = {rule.target: rule for rule in RULES}
    weights = np.zeros((len(target), len(source)), dtype=np.float32)
    exact = np.zeros(len(target), dtype=bool)
    for row, point in enumerate(target.canonical):
        rule = Rule(target=point, sources=(point,), exact=True) if point in source.canonical else rules.get(point)
        if rule is None or not set(rule.sources) <= set(source.canonical):
            continue
        weights[row, [source.canonical.index(name) for name in rule.sources]] = 1.0 / len(rule.sources)
        exact[row] = rule.exact
    covered = np.asarray(weights.sum(axis=1) > 0)
    for array in (weights, covered, exact):
        array.setflags(write=False)
    return JointConverter(source=source, target=target, weights=weights, covered=covered, exact=exact)
