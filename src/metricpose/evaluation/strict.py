"""The strict protocol: one-to-one matching, misses and ghosts counted, figures overall and by group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation import metrics
from metricpose.evaluation.matching import GATE, paired
from metricpose.evaluation.report import METRICS, OVERALL, Figure, GroupRow, Report
from metricpose.people.people3d import People3D
from metricpose.skeletons.convert import converter
from metricpose.skeletons.skeleton import Skeleton

MATCHING = f"strict: one to one, 2D distance at most {GATE} of the person's size, depth never forbids a pair"
Named = Iterable[tuple[str, People3D]]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Picture:
    """What one picture gave: values (M,) per metric, tags of the M matched and the K missed people."""

    family: str | None
    values: Mapping[str, np.ndarray]
    matched_tags: tuple[frozenset[str], ...]
    missed_tags: tuple[frozenset[str], ...]
    ghosts: int


def evaluate(
    predictions: Named,
    truth: Named,
    *,
    tags: Mapping[str, Sequence[Sequence[str]]] | None = None,
    families: Mapping[str, str] | None = None,
    provenance: Mapping[str, str] | None = None,
) -> Report:
    """Judge (picture, people) pairs against the truth's pairs of the same names.

    A picture without a prediction makes all its people misses. Only joints that are the same point in both skeletons
    are compared, never an approximation of one, and only where the truth knows them; the report names them.
    tags: per picture, per true person, words such as "child" or "sitting": each word becomes a group.
    families: per picture a family, such as the camera's: each becomes a group.
    Raises InputError for pictures the truth lacks or that come twice, mixed skeletons, no common joint, picture sizes
    that differ, and tags that do not fit.
    """
    predicted, true = _by_name(predictions, "predictions"), _by_name(truth, "truth")
    _check_names(predicted, true)
    target = _one_skeleton(true, "truth")
    source = _one_skeleton(predicted, "predictions") or target
    common = _common_joints(source, target)
    tags, families = tags or {}, families or {}
    pictures = [
        _picture(name, predicted.get(name), people, common, tags.get(name), families.get(name))
        for name, people in true.items()
    ]
    return Report(
        rows=tuple(_rows(pictures)),
        joints=() if target is None else tuple(target.joints[j] for j in np.flatnonzero(common)),
        images=len(pictures),
        matching=MATCHING,
        provenance=dict(provenance or {}),
    )


def _by_name(named: Named, side: str) -> dict[str, People3D]:
    people: dict[str, People3D] = {}
    for name, value in named:
        if name in people:
            raise InputError(f"evaluate: expected each picture once, got {name!r} twice in the {side}; merge them")
        people[name] = value
    return people


def _check_names(predicted: Mapping[str, People3D], true: Mapping[str, People3D]) -> None:
    extra = sorted(set(predicted) - set(true))
    if extra:
        raise InputError(
            f"evaluate: expected predictions for the truth's {len(true)} pictures, got {extra[0]!r} "
            f"({len(extra)} such); leave out what has no truth"
        )
    for name, people in predicted.items():
        sizes = people.camera.image_size, true[name].camera.image_size
        if sizes[0] != sizes[1]:
            raise InputError(f"evaluate: expected {name!r} at {sizes[1]} px as in the truth, got {sizes[0]}")


def _one_skeleton(people: Mapping[str, People3D], side: str) -> Skeleton | None:
    skeletons = {value.skeleton.name: value.skeleton for value in people.values()}
    if len(skeletons) > 1:
        raise InputError(f"evaluate: expected one skeleton in the {side}, got {', '.join(sorted(skeletons))}")
    return next(iter(skeletons.values()), None)


def _common_joints(source: Skeleton | None, target: Skeleton | None) -> np.ndarray:
    """Which of the target's joints (J,) are the same points in the source, by name or by definition."""
    if source is None or target is None:
        return np.zeros(0, dtype=bool)
    common = converter(source, target).exact
    if not common.any():
        raise InputError(
            f"evaluate: expected joints in common, got none of {source.name} and {target.name}; convert one of them"
        )
    return common


def _picture(
    name: str,
    predicted: People3D | None,
    true: People3D,
    common: np.ndarray,
    tags: Sequence[Sequence[str]] | None,
    family: str | None,
) -> _Picture:
    words = _words(name, tags, len(true))
    if family is not None and not isinstance(family, str):
        raise InputError(f"evaluate: expected the family of {name!r} to be a word, got {family!r:.60}")
    if predicted is None:
        return _Picture(family=family, values=_no_values(), matched_tags=(), missed_tags=tuple(words), ghosts=0)
    if predicted.skeleton.name != true.skeleton.name:
        predicted = predicted.to(true.skeleton, how="names")
    pairs = paired(predicted, true)
    return _Picture(
        family=family,
        values=_values(predicted[pairs.predicted], true[pairs.true], common) if len(pairs.true) else _no_values(),
        matched_tags=tuple(words[row] for row in pairs.true),
        missed_tags=tuple(words[row] for row in pairs.misses),
        ghosts=len(pairs.ghosts),
    )


def _words(name: str, tags: Any, people: int) -> list[frozenset[str]]:
    """Checked here, as they come straight from files."""
    if tags is None:
        return [frozenset()] * people
    if not isinstance(tags, Sequence) or isinstance(tags, str) or not all(map(_are_words, tags)):
        raise InputError(f'evaluate: expected tags of {name!r} such as [["child"], []], got {tags!r:.60}')
    if len(tags) != people:
        raise InputError(f"evaluate: expected tags for the {people} people of {name!r}, got {len(tags)}")
    return [frozenset(words) for words in tags]


def _are_words(words: Any) -> bool:
    return (
        isinstance(words, Sequence | frozenset | set)
        and not isinstance(words, str)
        and all(isinstance(word, str) for word in words)
    )


def _no_values() -> dict[str, np.ndarray]:
    return {metric.key: np.zeros(0) for metric in METRICS}


def _values(predicted: People3D, true: People3D, common: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of M >= 1 pairs, in the report's units."""
    joints, truth = predicted.joints_cam.astype(np.float64), true.joints_cam.astype(np.float64)
    root, true_root = predicted.root_cam.astype(np.float64), true.root_cam.astype(np.float64)
    known = common & true.joint_known & predicted.joint_known
    xyz = metrics.mrpe_xyz(root, true_root)
    interval, depth = predicted.root_depth_interval, true_root[:, 2]
    pck = metrics.pck_abs(joints, truth, known)
    values = {
        "mrpe": metrics.mrpe(root, true_root),
        "mrpe_x": xyz[:, 0],
        "mrpe_y": xyz[:, 1],
        "mrpe_z": xyz[:, 2],
        "mrpe_z_percent": metrics.mrpe_z_percent(root, true_root),
        "z_bias_percent": metrics.z_bias_percent(root, true_root),
        "mpjpe": metrics.mpjpe(joints, truth, root, true_root, known),
        "pa_mpjpe": metrics.pa_mpjpe(joints, truth, known),
        "n_mpjpe": metrics.n_mpjpe(joints, truth, root, true_root, known),
        "pck_abs": 100 * pck,
        "pck_abs_all": 100 * pck,
        "coverage": 100 * metrics.interval_covers(interval, depth),
        "width_percent": metrics.interval_width_percent(interval, depth),
        "sigma_coverage": 100 * metrics.sigma_covers(joints, truth, root, true_root, predicted.joint_sigma, known),
    }
    return {m.key: values[m.key] * (1000 if m.unit == "mm" else 1) for m in METRICS}


def _rows(pictures: Sequence[_Picture]) -> list[GroupRow]:
    """Everyone, then one row per tag, then one per family, each in order of name."""
    rows = [_row(OVERALL, pictures)]
    for tag in sorted({word for p in pictures for words in (*p.matched_tags, *p.missed_tags) for word in words}):
        rows.append(_row(tag, [_only(p, tag) for p in pictures], ghosts_known=False))
    for family in sorted({p.family for p in pictures if p.family is not None}):
        rows.append(_row(f"family {family}", [p for p in pictures if p.family == family]))
    return rows


def _only(picture: _Picture, tag: str) -> _Picture:
    mine = np.array([tag in words for words in picture.matched_tags], dtype=bool)
    return _Picture(
        family=picture.family,
        values={key: value[mine] for key, value in picture.values.items()},
        matched_tags=tuple(words for words in picture.matched_tags if tag in words),
        missed_tags=tuple(words for words in picture.missed_tags if tag in words),
        ghosts=0,
    )


def _row(group: str, pictures: Sequence[_Picture], ghosts_known: bool = True) -> GroupRow:
    matched = sum(len(p.matched_tags) for p in pictures)
    misses = sum(len(p.missed_tags) for p in pictures)
    return GroupRow(
        group=group,
        people=matched + misses,
        matched=matched,
        misses=misses,
        ghosts=sum(p.ghosts for p in pictures) if ghosts_known else None,
        figures=tuple(_figure(metric.key, metric.unit, pictures) for metric in METRICS),
    )


def _figure(key: str, unit: str, pictures: Sequence[_Picture]) -> Figure:
    per_picture = [p.values[key] for p in pictures]
    if key == "pck_abs_all":
        per_picture = [np.append(v, np.zeros(len(p.missed_tags))) for v, p in zip(per_picture, pictures, strict=True)]
    per_picture = [v[np.isfinite(v)] for v in per_picture]
    value, error, n = clustered_mean(per_picture)
    return Figure(metric=key, unit=unit, value=value, standard_error=error, n=n)


def clustered_mean(per_picture: Sequence[np.ndarray]) -> tuple[float | None, float | None, int]:
    """Mean over all people, its standard error with pictures as the independent units, and the number of people.

    The error is that of a ratio of sums (Cochran, Sampling Techniques, eq. 6.13): people of one picture share its
    camera, so their errors are not independent.
    """
    counts = np.array([len(v) for v in per_picture if len(v)])
    n, pictures = int(counts.sum()), len(counts)
    if n == 0:
        return None, None, 0
    sums = np.array([v.sum() for v in per_picture if len(v)])
    mean = float(sums.sum() / n)
    if pictures < 2:
        return mean, None, n
    residual = sums - mean * counts
    error = np.sqrt((residual**2).sum() * pictures / (pictures - 1)) / n
    return mean, float(error), n
