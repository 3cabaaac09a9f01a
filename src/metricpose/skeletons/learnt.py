"""From one skeleton to another as well as the body allows: by name where joints are the same point, else by a learnt
affine mix where the source determines the joint, else not at all.

`convert.converter` follows names and the field's simple rules, for judging; this one knows where points lie on bodies.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from metricpose.skeletons.affine import affine_weights
from metricpose.skeletons.convert import JointConverter, converter
from metricpose.skeletons.distances import errors_about, packaged_distances
from metricpose.skeletons.points import body_points, other_side
from metricpose.skeletons.skeleton import Skeleton

DETERMINED_M = 0.035
"""A joint that its mix misses by more than this (root mean square, over the people it was learnt from) is a guess.

What hangs on a joint that the source lacks (toes without feet, a face without a head that turns) lies far beyond it.
"""

_BY_DEFINITION = {"mid_hip": ("left_hip", "right_hip"), "mid_shoulder": ("left_shoulder", "right_shoulder")}


@lru_cache(maxsize=512)
def learnt_converter(source: Skeleton, target: Skeleton, *, allow_guess: bool = False) -> JointConverter:
    """The converter between two skeletons, of the catalogue or of one's own with canonical names.

    A joint whose point was never measured is converted by name and rule alone, as `converter` does. With `allow_guess`
    the joints that the source does not determine are mixed all the same, and marked in `guessed`.
    """
    points, wanted = body_points(source), body_points(target)
    known = packaged_distances().index
    by_name = converter(source, target)
    weights, exact = np.zeros((len(target), len(source))), np.zeros(len(target), dtype=bool)
    guessed = np.zeros(len(target), dtype=bool)
    for row, point in enumerate(wanted):
        made_of = (point,) if point in points else _BY_DEFINITION.get(point, ())
        if made_of and set(made_of) <= set(points):
            weights[row, [points.index(name) for name in made_of]] = 1.0 / len(made_of)
            exact[row] = True
        elif point not in known:
            weights[row], exact[row] = by_name.weights[row], by_name.exact[row]
        else:
            weights[row], guessed[row] = _mixed(source, points, point)
    if _symmetric(source, points) and _symmetric(target, wanted):  # one side is the other's image, to the last bit
        for row, partner in enumerate(target.mirror):
            if partner < row and not exact[row] and wanted[row] in known:
                weights[row], guessed[row] = weights[partner][list(source.mirror)], guessed[partner]
    if not allow_guess:
        weights[guessed] = 0.0
        guessed = np.zeros_like(guessed)
    covered = np.asarray((weights != 0).any(axis=1))
    weights = weights.astype(np.float32)
    for array in (weights, covered, exact, guessed):
        array.setflags(write=False)
    return replace(by_name, weights=weights, covered=covered, exact=exact, guessed=guessed, learnt=True)


def _symmetric(skeleton: Skeleton, points: tuple[str, ...]) -> bool:
    """Whether each joint's mirror image is the same point on the other side; not so where one side was left out."""
    return all(points[image] == other_side(point) for point, image in zip(points, skeleton.mirror, strict=True))


@lru_cache(maxsize=4096)  # many skeletons share a point
def _mixed(source: Skeleton, points: tuple[str, ...], point: str) -> tuple[np.ndarray, bool]:
    """(weights (Js,), whether they are a guess) for a point that the source does not have."""
    distances = packaged_distances()
    usable = [joint for joint, name in enumerate(points) if name in distances.index]
    weights = np.zeros(len(points))
    if not usable:
        return weights, False
    places, place = [distances.index[points[joint]] for joint in usable], distances.index[point]
    central = other_side(point) == point and _symmetric(source, points)
    partners = [usable.index(source.mirror[joint]) for joint in usable] if central else None
    found = affine_weights(distances.learnt_m2, places, place, partners)
    weights[usable] = found
    error_m2 = found @ errors_about(distances.learnt_m2, places, place) @ found
    return weights, bool(error_m2 > DETERMINED_M**2)
