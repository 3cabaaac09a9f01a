"""`metricpose bench evaluate`: every 3D metric on made people, one by one and then all in a row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from metricpose.cli.timing import Row, measured
from metricpose.evaluation import metrics
from metricpose.skeletons.catalogue import H36M17

_PER_FRAME = 3
_TRACK = 100  # frames of a track, for metrics of movement


@dataclass(frozen=True, kw_only=True, eq=False)
class _People:
    """N people, J joints, metres; the same as F frames of up to three and as tracks (T, N / T)."""

    predicted: np.ndarray
    true: np.ndarray
    root: np.ndarray
    true_root: np.ndarray
    known: np.ndarray
    sigma: np.ndarray
    interval: np.ndarray
    scores: np.ndarray

    def frames(self, values: np.ndarray) -> list[np.ndarray]:
        """Of (N, ...), as a reader would give them: one array per picture."""
        return [values[i : i + _PER_FRAME] for i in range(0, len(values), _PER_FRAME)]

    def tracks(self, values: np.ndarray) -> np.ndarray:
        """(N, ...) as (T, N // T, ...); what does not fill a track is left out."""
        frames = min(_TRACK, len(values))
        people = len(values) // frames
        return values[: frames * people].reshape(frames, people, *values.shape[1:])


def rows(people: tuple[int, ...], repeats: int) -> Iterator[Row]:
    """Per count of people a row for each metric, and one for all of them in a row."""
    few = max(3, repeats // 40)
    for count in people:
        calls = _calls(made_people(count, seed=0))
        for name, call in calls.items():
            yield measured(name, count, call, repeats=few)
        yield measured("all 3D metrics", count, lambda calls=calls: [call() for call in calls.values()], repeats=few)


def made_people(count: int, *, seed: int) -> _People:
    """People who are off by 5 cm per joint and 10 cm as a whole, a tenth of the joints not known."""
    random = np.random.default_rng(seed)
    true_root = random.uniform([-3.0, -1.0, 3.0], [3.0, 1.0, 12.0], (count, 3))
    true = true_root[:, None] + random.normal(0.0, 0.4, (count, len(H36M17), 3))
    true[:, 0] = true_root
    predicted = true + random.normal(0.0, 0.05, true.shape) + random.normal(0.0, 0.1, (count, 1, 3))
    depth = predicted[:, 0, 2]
    return _People(
        predicted=predicted,
        true=true,
        root=predicted[:, 0],
        true_root=true_root,
        known=random.random(true.shape[:2]) < 0.9,
        sigma=random.uniform(0.03, 0.08, true.shape[:2]),
        interval=np.stack([0.95 * depth, 1.05 * depth], axis=-1),
        scores=random.random(count),
    )


def _calls(p: _People) -> Mapping[str, Callable[[], object]]:
    return {**_person_calls(p), **_movement_calls(p), **_set_calls(p), **_uncertainty_calls(p)}


def _person_calls(p: _People) -> Mapping[str, Callable[[], object]]:
    relative = (p.predicted, p.true, p.root, p.true_root, p.known)
    placed = (p.predicted, p.true, p.known)
    return {
        "mpjpe": lambda: metrics.mpjpe(*relative),
        "pa_mpjpe": lambda: metrics.pa_mpjpe(*placed),
        "n_mpjpe": lambda: metrics.n_mpjpe(*relative),
        "pck": lambda: metrics.pck(*relative),
        "auc_3dhp": lambda: metrics.auc_3dhp(*relative),
        "auc_metrabs": lambda: metrics.auc_metrabs(*relative),
        "pck_abs": lambda: metrics.pck_abs(*placed),
        "cps": lambda: metrics.cps(*placed),
        "auc_cps": lambda: metrics.auc_cps(*placed),
        "mrpe": lambda: metrics.mrpe(p.root, p.true_root),
        "mrpe_xyz": lambda: metrics.mrpe_xyz(p.root, p.true_root),
        "mrpe_z_percent": lambda: metrics.mrpe_z_percent(p.root, p.true_root),
        "pck_root": lambda: metrics.pck_root(p.root, p.true_root),
        "bone_symmetry": lambda: metrics.bone_symmetry(p.predicted, H36M17, p.known),
        "joint_order_accuracy": lambda: metrics.joint_order_accuracy(*placed),
    }


def _movement_calls(p: _People) -> Mapping[str, Callable[[], object]]:
    track = [p.tracks(values) for values in (p.predicted, p.true, p.root, p.true_root, p.known)]
    return {
        "mpjve": lambda: metrics.mpjve(*track),
        "acceleration_error": lambda: metrics.acceleration_error(*track),
        "bone_consistency": lambda: metrics.bone_consistency(track[0], H36M17, track[4]),
    }


def _set_calls(p: _People) -> Mapping[str, Callable[[], object]]:
    root, true_root, scores = p.frames(p.root), p.frames(p.true_root), p.frames(p.scores)
    predicted, true, known = p.frames(p.predicted), p.frames(p.true), p.frames(p.known)
    depth, true_depth = p.frames(p.root[:, 2]), p.frames(p.true_root[:, 2])
    return {
        "root_detection": lambda: metrics.root_detection(root, scores, true_root),
        "panoptic_detection": lambda: metrics.panoptic_detection(predicted, scores, true, known),
        "pcod": lambda: metrics.pcod(depth, true_depth),
    }


def _uncertainty_calls(p: _People) -> Mapping[str, Callable[[], object]]:
    depth, true_depth = p.root[:, 2], p.true_root[:, 2]
    relative = (p.predicted, p.true, p.root, p.true_root)
    return {
        "interval_covers": lambda: metrics.interval_covers(p.interval, true_depth),
        "sharpness": lambda: metrics.sharpness(p.interval),
        "interval_score": lambda: metrics.interval_score(p.interval, true_depth),
        "sigma_covers": lambda: metrics.sigma_covers(*relative, p.sigma, p.known),
        "reliability_of_intervals": lambda: metrics.reliability_of_intervals(p.interval, depth, true_depth),
        "reliability_of_sigmas": lambda: metrics.reliability_of_sigmas(
            metrics.relative_error(*relative), p.sigma, p.known
        ),
    }
