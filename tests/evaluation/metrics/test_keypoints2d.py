"""2D shares, OKS and its average precision: by hand, against loops, and against pycocotools."""

import contextlib
import io

import numpy as np
import pytest

from metricpose import InputError
from metricpose.evaluation import metrics
from metricpose.evaluation.metrics.oks_ap import OksFrame
from tests.evaluation.metrics.people import COUNTS, distance, mean

COCO_NAMES = ("AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl")


def people2d(count: int, seed: int = 0, joints: int = 17) -> tuple[np.ndarray, ...]:
    """Predicted and true pixels (P, J, 2), known (P, J), sizes (P,)."""
    random = np.random.default_rng(seed)
    true = random.uniform(0, 600, size=(count, joints, 2))
    predicted = true + random.normal(0, 20, size=true.shape)
    return predicted, true, random.random((count, joints)) < 0.8, random.uniform(30, 90, size=count)


@pytest.mark.parametrize("count", COUNTS)
def test_shares_and_oks_equal_their_loops(count: int) -> None:
    predicted, true, known, size = people2d(count)
    errors = [[distance(p[j], t[j]) for j in range(17) if k[j]] for p, t, k in zip(predicted, true, known, strict=True)]
    expected = [mean([x / s <= 0.2 for x in e]) for e, s in zip(errors, size, strict=True)]
    assert metrics.pck2d(predicted, true, size, known) == pytest.approx(expected)
    expected = [mean([x / s <= 0.5 for x in e]) for e, s in zip(errors, size, strict=True)]
    assert metrics.pckh(predicted, true, size, known) == pytest.approx(expected)
    similar = []
    for p, t, k, s in zip(predicted, true, known, size, strict=True):
        each = [
            np.exp(-(distance(p[j], t[j]) ** 2) / (2 * (s * 2 * metrics.COCO_SIGMAS[j]) ** 2))
            for j in range(17)
            if k[j]
        ]
        similar.append(mean(each))
    assert metrics.oks(predicted, true, known, size**2) == pytest.approx(similar)


def test_thresholds_by_hand() -> None:
    true = np.zeros((1, 4, 2))
    predicted = np.array([[[3.0, 4], [6, 8], [0, 10.1], [np.nan, 0]]])  # 5, 10, 10.1 px, not predicted
    size = np.array([20.0])
    assert metrics.pckh(predicted, true, size) == pytest.approx(0.5)  # up to 10 px, included
    assert metrics.pck2d(predicted, true, size, fraction=0.5, inclusive=False) == pytest.approx(0.25)
    assert np.isnan(metrics.pckh(predicted, true, size, np.zeros((1, 4), dtype=bool))).all()


def test_oks_by_hand() -> None:
    true, known = np.zeros((1, 17, 2)), np.zeros((1, 17), dtype=bool)
    known[0, :2] = True
    predicted = np.full((1, 17, 2), 500.0)
    predicted[0, 0] = 0
    predicted[0, 1] = [2 * 0.025 * 100, 0]  # one spread of the left eye at an area of 100^2
    assert metrics.oks(predicted, true, known, np.array([1e4])) == pytest.approx((1 + np.exp(-0.5)) / 2)
    assert np.isnan(metrics.oks(predicted, true, known & False, np.array([1e4]))).all()


def test_size_and_pixels_scale_together() -> None:
    predicted, true, known, size = people2d(3)
    assert metrics.pck2d(3 * predicted + 5, 3 * true + 5, 3 * size, known) == pytest.approx(
        metrics.pck2d(predicted, true, size, known)
    )
    scaled = metrics.oks(3 * predicted, 3 * true, known, (3 * size) ** 2)
    assert scaled == pytest.approx(metrics.oks(predicted, true, known, size**2))
    assert (metrics.oks(true + 5, true, known, size**2) < 1).all()


def coco_frames(seed: int, count: int) -> list[OksFrame]:
    """Pictures with 0 to 4 true people, doubles, ghosts, crowds, people without joints, and scores with ties."""
    random = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        q = int(random.integers(0, 5))
        true = random.uniform(100, 400, size=(q, 1, 2)) + random.uniform(0, 150, size=(q, 17, 2))
        known = random.random((q, 17)) < random.choice([0.0, 0.5, 1.0], size=(q, 1), p=[0.2, 0.3, 0.5])
        pick = random.integers(0, q, size=int(random.integers(0, 7))) if q else np.zeros(0, dtype=int)
        spread = random.choice([1, 5, 15, 80], size=(len(pick), 1, 1))
        predicted = true[pick] + random.normal(size=(len(pick), 17, 2)) * spread
        frames.append(
            OksFrame(
                predicted_px=predicted,
                scores=random.integers(0, 10, size=len(pick)) / 10,
                true_px=true,
                known=known,
                areas_px=random.choice([20.0, 50.0, 150.0], size=q) ** 2,
                boxes_px=np.concatenate([true.min(1), true.max(1)], axis=1) if q else np.zeros((0, 4)),
                crowd=random.random(q) < 0.15,
            )
        )
    return frames


def pycocotools_figures(frames: list[OksFrame]) -> dict[str, float]:
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is the twin")
    from pycocotools.cocoeval import COCOeval

    annotations, results = [], []
    for image, frame in enumerate(frames, start=1):
        for q, (true, known, area, box, crowd) in enumerate(
            zip(frame.true_px, frame.known, frame.areas_px, frame.boxes_px, frame.crowd, strict=True)
        ):
            triples = np.concatenate([true * known[:, None], 2.0 * known[:, None]], axis=1)
            annotations.append({
                "id": 100 * image + q, "image_id": image, "category_id": 1, "iscrowd": int(crowd), "area": area,
                "bbox": [*box[:2], *(box[2:] - box[:2])], "keypoints": triples.ravel().tolist(),
                "num_keypoints": int(known.sum()),
            })  # fmt: skip
        for predicted, score in zip(frame.predicted_px, frame.scores, strict=True):
            triples = np.concatenate([predicted, np.ones((17, 1))], axis=1)
            results.append({"image_id": image, "category_id": 1, "score": score, "keypoints": triples.ravel().tolist()})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = {
            "images": [{"id": i} for i in range(1, len(frames) + 1)],
            "annotations": annotations,
            "categories": [{"id": 1, "name": "person"}],
        }
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(results), "keypoints")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return dict(zip(COCO_NAMES, judge.stats, strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_oks_ap_is_that_of_pycocotools(seed: int) -> None:
    frames = coco_frames(seed, 40)
    expected = pycocotools_figures(frames)
    every = metrics.oks_ap(frames)
    medium = metrics.oks_ap(frames, area_range_px=(32.0**2, 96.0**2))
    large = metrics.oks_ap(frames, area_range_px=(96.0**2, 1e10))
    ours = (
        every.mean_ap, every.ap[0], every.ap[5], medium.mean_ap, large.mean_ap,
        every.mean_recall, every.recall[0], every.recall[5], medium.mean_recall, large.mean_recall,
    )  # fmt: skip
    assert dict(zip(COCO_NAMES, ours, strict=True)) == pytest.approx(expected, abs=1e-9)
    assert 0.05 < every.mean_ap < 0.95


def test_oks_ap_by_hand_and_for_nobody() -> None:
    _, true, known, _ = people2d(2)
    known[:] = True
    far = true + 5000
    frame = OksFrame(
        predicted_px=np.concatenate([true[:1], far[:1], true[1:]]),
        scores=[0.9, 0.8, 0.7],
        true_px=true,
        known=known,
        areas_px=[1e4, 1e4],
    )
    # Hits at ranks 1 and 3: 51 of the 101 recalls up to 0.5 have precision 1, the other 50 have 2/3.
    assert metrics.oks_ap([frame]).ap == pytest.approx([(51 + 50 * 2 / 3) / 101] * 10)
    assert metrics.oks_ap([frame]).mean_recall == 1
    assert metrics.oks_matrix(frame)[:, 0] == pytest.approx(
        [1, 0, float(metrics.oks(true[1], true[0], known[0], np.array(1e4)))]
    )
    assert np.isnan(metrics.oks_ap([]).mean_ap)
    nobody = OksFrame(predicted_px=true, scores=[1, 1], true_px=true[:0], known=known[:0], areas_px=[])
    assert np.isnan(metrics.oks_ap([nobody]).mean_ap)
    missed = OksFrame(predicted_px=true[:0], scores=[], true_px=true, known=known, areas_px=[1e4, 1e4])
    assert (metrics.oks_ap([missed]).mean_ap, metrics.oks_ap([missed]).mean_recall) == (0, 0)


def test_a_list_of_another_length_is_refused() -> None:
    predicted, true, known, _ = people2d(2)
    with pytest.raises(InputError, match="OKS: areas_px: expected one per person, 2, got 1"):
        OksFrame(predicted_px=predicted, scores=[1, 1], true_px=true, known=known, areas_px=[1.0])
