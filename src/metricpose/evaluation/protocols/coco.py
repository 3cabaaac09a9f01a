"""COCO key points (Lin et al., ECCV 2014): AP and AR by OKS, through COCO's own pycocotools.

People without labelled joints, crowds and people who are not judged are ignored by it, and so are predictions on them.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metricpose._errors import MissingExtraError
from metricpose.evaluation import metrics
from metricpose.evaluation.protocols.checks import checked
from metricpose.evaluation.protocols.columns import higher
from metricpose.evaluation.protocols.flat import Flat, require_joints, truth_and_predictions
from metricpose.evaluation.protocols.missing_joints import MissingJoints
from metricpose.evaluation.protocols.outcome import outcome
from metricpose.evaluation.protocols.result import ProtocolResult, Row, Table
from metricpose.evaluation.protocols.strict2d import strict_mode_2d
from metricpose.evaluation.protocols.tables import parts_of
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.catalogue import COCO17

NAME = "coco"
_STATISTICS = (
    ("ap", "AP", "mean over OKS 0.50, 0.55 ... 0.95"),
    ("ap_50", "AP50", "OKS 0.50"),
    ("ap_75", "AP75", "OKS 0.75"),
    ("ap_m", "AP_M", "people of 32^2 to 96^2 px"),
    ("ap_l", "AP_L", "people above 96^2 px"),
    ("ar", "AR", "mean over OKS 0.50, 0.55 ... 0.95"),
    ("ar_50", "AR50", "OKS 0.50"),
    ("ar_75", "AR75", "OKS 0.75"),
    ("ar_m", "AR_M", "people of 32^2 to 96^2 px"),
    ("ar_l", "AR_L", "people above 96^2 px"),
)
_COLUMNS = tuple(
    higher(key, heading, f"average {'precision' if key.startswith('ap') else 'recall'}: {about}")
    for key, heading, about in _STATISTICS
)
_OKS = higher("oks", "OKS", "mean similarity of joints; a miss counts 0")
_OKS_50 = higher("oks_50", "OKS>=.5", "people found with OKS of at least 0.5")


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction have nobody in them."""

    allow_missing: bool = False


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """COCO's ten figures, and the strict table.

    Raises InputError (what `checked` refuses, joints that are missing) and MissingExtraError (no pycocotools).
    """
    options = options or Options()
    tools = _pycocotools()
    pair = checked(NAME, truth, predicted, dimensions=2, allow_missing=options.allow_missing)
    true, guess = truth_and_predictions(pair, COCO17)
    require_joints(NAME, true, range(17), pair.true_skeleton, "truth", may_be_unseen=True)
    require_joints(NAME, guess, range(17), pair.predicted_skeleton, "predictions", may_be_unseen=True)
    areas = _areas(true)
    measurable = true.any_seen & (areas > 0)
    official = _table(
        _statistics(tools, guess, true, areas), int((true.judged & true.any_seen).sum()), _said_of_areas(true)
    )

    def similarity(p: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
        oks = metrics.oks(guess.joints_px[p], true.joints_px[t], true.seen[t], areas[t])
        return {"oks": 100.0 * oks, "oks_50": 100.0 * (oks >= 0.5)}

    parts = parts_of([frame.sequence for frame in pair.truth])
    strict = strict_mode_2d(pair, guess, true, parts, (_OKS, _OKS_50), similarity, measurable=measurable)
    return outcome(NAME, (official,), strict, pair, options)


def _pycocotools() -> tuple[Any, Any]:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise MissingExtraError("COCO's evaluation", "datasets") from error
    return COCO, COCOeval


def _areas(true: Flat) -> np.ndarray:
    """(N,) px^2: of the mask, else of the box."""
    box = np.prod(true.boxes_px[:, 2:] - true.boxes_px[:, :2], axis=-1)
    return np.where(np.isfinite(true.areas_px), true.areas_px, np.nan_to_num(box))


def _said_of_areas(true: Flat) -> str:
    stated = np.isfinite(true.areas_px)
    return "areas of masks" if stated.all() else "areas of masks, else of boxes" if stated.any() else "areas of boxes"


def _statistics(tools: tuple[Any, Any], guess: Flat, true: Flat, areas: np.ndarray) -> list[float]:
    """The ten numbers in pycocotools' order; -1 where there is nobody to find."""
    make, judge_with = tools
    with contextlib.redirect_stdout(io.StringIO()):  # it prints
        coco = make()
        coco.dataset = _dataset(true, areas)
        coco.createIndex()
        results = _results(guess)
        if not results:
            anyone = (true.judged & true.any_seen).any()
            return [0.0 if anyone else -1.0] * len(_STATISTICS)
        evaluation = judge_with(coco, coco.loadRes(results), "keypoints")
        evaluation.params.imgIds = list(range(1, len(true.counts) + 1))
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in evaluation.stats]


def _dataset(true: Flat, areas: np.ndarray) -> dict[str, Any]:
    """Ids from 1: pycocotools takes an annotation with the id 0 for none."""
    joints = np.where(true.seen[..., None], true.joints_px, 0.0)
    boxes = np.nan_to_num(true.boxes_px)
    return {
        "info": {},
        "images": [{"id": number + 1} for number in range(len(true.counts))],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [
            {
                "id": row + 1,
                "image_id": int(true.picture[row]) + 1,
                "category_id": 1,
                "iscrowd": int(true.crowd[row]),
                "area": float(areas[row]),
                "bbox": [*boxes[row, :2].tolist(), *(boxes[row, 2:] - boxes[row, :2]).tolist()],
                "keypoints": np.concatenate([joints[row], 2.0 * true.seen[row][:, None]], axis=1).ravel().tolist(),
                # People with 0 are ignored.
                "num_keypoints": int(true.seen[row].sum()) if true.judged[row] else 0,
            }
            for row in range(len(true))
        ],
    }


def _results(guess: Flat) -> list[dict[str, Any]]:
    joints = np.where(guess.seen[..., None], guess.joints_px, 0.0)
    triples = np.concatenate([joints, guess.seen[..., None] * 1.0], axis=-1)
    return [
        {
            "image_id": int(guess.picture[row]) + 1,
            "category_id": 1,
            "keypoints": triples[row].ravel().tolist(),
            "score": float(guess.scores[row]),
        }
        for row in range(len(guess))
    ]


def _table(statistics: Sequence[float], people: int, areas: str) -> Table:
    values = {
        column.key: None if value < 0 else 100.0 * value for column, value in zip(_COLUMNS, statistics, strict=True)
    }
    row = Row(label="all", values=values, people=people, matched=None, missed=None, ghosts=None, kind="pooled")
    return Table(
        title="pycocotools",
        mode="official",
        columns=_COLUMNS,
        rows=(row,),
        notes=(f"the best 20 predictions of a picture by score; {areas}; nobody is found or missed in this mode",),
    )
