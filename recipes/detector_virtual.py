"""Detectors on pictures of virtual people who were held out: OKS AP, box AP, ghosts, and left/right.

    metricpose generate people --split test --seed 31 --count 300 --size 512x960 -o runs/people_test ...
    python -m recipes.detector_virtual --data runs/people_test base base-research
    python -m recipes.detector_virtual --data runs/people_test base+mediapipe mediapipe    (numpy < 2)

AP is COCO's (pycocotools), over people at least 60 px tall and with 4 or more visible joints; others are neither asked
for nor held against anybody. Keypoints are COCO-17's visible ones (`hidden AP`: hidden ones inside the picture, too).
Ghosts: of the people found at the detector's default threshold, those whose box overlaps nobody's by 0.3 or more.
"""

import argparse
import contextlib
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import MetricposeError
from metricpose.evaluation.metrics.limbs import collapsed_pairs
from metricpose.geometry.boxes import iou_matrix
from metricpose.inference.detectors import Detector, detector_named
from metricpose.inference.detectors.choose import AgrOptions
from metricpose.people import People2D
from metricpose.virtual.render.shards import ShardPicture, read_shard

LEAST_PX, LEAST_JOINTS = 60.0, 4
_GHOST_IOU = 0.3
_UNSURE = 0.25  # least score of a person who counts for AP
_PAIRS = ((7, 8), (9, 10), (13, 14), (15, 16))  # left and right elbows, wrists, knees, ankles of COCO-17


@dataclass(frozen=True, kw_only=True)
class VirtualRow:
    """One detector; shares in %."""

    detector: str
    pictures: int
    people: int
    oks_ap: float
    oks_ap50: float
    hidden_ap: float
    box_ap: float
    recall: float
    ghosts: float
    collapsed: float


def detector_of(name: str, min_score: float | None) -> Detector:
    """By name, or WEIGHTS+mediapipe: found by our network, joints by MediaPipe; `min_score` is of ours."""
    if name in ("mediapipe", "rtmlib"):
        return detector_named(name)
    weights, _, refine = name.partition("+")
    options = AgrOptions(weights=weights, refine=refine or "own")  # type: ignore[arg-type]
    return detector_named("agr", agr=options if min_score is None else replace(options, min_score=min_score))


def judged(name: str, pictures: Sequence[ShardPicture]) -> VirtualRow:
    """All pictures; AP takes even unsure people, ghosts are counted at the default threshold."""
    unsure, usual = detector_of(name, _UNSURE), detector_of(name, None)
    every = [unsure(picture.rgb).to("coco17") for picture in pictures]
    shown = [usual(picture.rgb).to("coco17") for picture in pictures]
    truth = [true_people(picture) for picture in pictures]
    ghosts = sum(_ghosts(found, true) for found, true in zip(shown, truth, strict=True))
    seen, with_hidden = (coco_ap(truth, every, "keypoints", hidden=hidden) for hidden in (False, True))
    boxes = coco_ap(truth, every, "bbox", hidden=False)
    joined = [collapse_of(found, true) for found, true in zip(shown, truth, strict=True)]
    together, pairs = np.sum(joined, axis=0)
    return VirtualRow(
        detector=name, pictures=len(pictures), people=sum(int(t["asked"].sum()) for t in truth),
        oks_ap=seen[0], oks_ap50=seen[1], hidden_ap=with_hidden[0], box_ap=boxes[0], recall=seen[2],
        ghosts=round(100 * ghosts / max(sum(map(len, shown)), 1), 2),
        collapsed=round(100 * together / max(pairs, 1), 1),
    )  # fmt: skip


def true_people(picture: ShardPicture) -> dict[str, np.ndarray]:
    """Of one picture: boxes (P, 4), areas (P,), joints (P, 17, 2), visible and inside (P, 17), asked (P,)."""
    people = [p for p in picture.record["people"] if p["box_px"][0] is not None]

    def of(kind: str) -> np.ndarray:
        return np.array([p["joints"]["coco17"][kind] for p in people], float).reshape(len(people), 17, -1)

    boxes = np.array([p["box_px"] for p in people], float).reshape(-1, 4)
    visible, inside = of("visible")[..., 0] > 0, of("inside")[..., 0] > 0
    tall = (boxes[:, 3] - boxes[:, 1]) >= LEAST_PX
    return {
        "boxes": boxes, "areas": np.array([p["area_px"] for p in people], float), "joints": of("px"),
        "visible": visible, "inside": inside, "asked": tall & (visible.sum(1) >= LEAST_JOINTS),
    }  # fmt: skip


def _ghosts(found: People2D, true: dict[str, np.ndarray]) -> int:
    overlap = iou_matrix(np.asarray(found.boxes_px, float), true["boxes"])
    return int((overlap.max(axis=1, initial=0.0) < _GHOST_IOU).sum())


def collapse_of(found: People2D, true: dict[str, np.ndarray]) -> tuple[int, int]:
    """Pairs of limbs that fell on one limb, and all pairs, of people whose boxes overlap by half or more."""
    overlap = iou_matrix(true["boxes"], np.asarray(found.boxes_px, float))
    rows = np.flatnonzero((overlap.max(axis=1, initial=0.0) >= 0.5) & true["asked"])
    if not len(rows):
        return 0, 0
    guess = np.asarray(found.joints_px, float)[overlap[rows].argmax(1)]
    truth = np.where(true["visible"][rows][..., None], true["joints"][rows], np.nan)
    torso = np.linalg.norm(true["joints"][rows, 5] - true["joints"][rows, 12], axis=-1)
    return collapsed_pairs(truth, guess, torso, _PAIRS)


def coco_ap(
    truth: Sequence[dict[str, np.ndarray]], found: Sequence[People2D], kind: str, *, hidden: bool
) -> tuple[float, float, float]:
    """COCO's AP, AP50 and AR in %, by pycocotools."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image, (true, people) in enumerate(zip(truth, found, strict=True)):
        for i in range(len(true["boxes"])):
            flags = np.where(true["visible"][i], 2, np.where(true["inside"][i] & hidden, 1, 0))
            x0, y0, x1, y1 = true["boxes"][i].tolist()
            points = np.column_stack([np.nan_to_num(true["joints"][i]), flags]).ravel().tolist()
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": image, "category_id": 1, "area": float(true["areas"][i]),
                    "bbox": [x0, y0, x1 - x0, y1 - y0], "iscrowd": int(not true["asked"][i]),
                    "ignore": int(not true["asked"][i]), "keypoints": points, "num_keypoints": int((flags > 0).sum()),
                    "segmentation": [],
                }
            )  # fmt: skip
        for p in range(len(people)):
            x0, y0, x1, y1 = people.boxes_px[p].tolist()
            joints = np.column_stack([people.joints_px[p], people.joint_scores[p]]).ravel().tolist()
            entry = {"image_id": image, "category_id": 1, "score": float(people.scores[p]), "keypoints": joints}
            results.append(entry | ({"bbox": [x0, y0, x1 - x0, y1 - y0]} if kind == "bbox" else {}))
    if not results:
        return 0.0, 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        data: Any = COCO()
        data.dataset = {
            "images": [{"id": k} for k in range(len(truth))], "annotations": annotations,
            "categories": [{"id": 1, "name": "person"}],
        }  # fmt: skip
        data.createIndex()
        judge: Any = COCOeval(data, data.loadRes(results), kind)  # pyright: ignore[reportArgumentType]
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    stats = judge.stats
    return tuple(round(100 * float(stats[k]), 1) for k in (0, 1, 5 if kind == "keypoints" else 8))  # type: ignore


def main(arguments: list[str] | None = None) -> int:
    """Judge and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("detectors", nargs="+", metavar="DETECTOR")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="shards of generate people")
    parser.add_argument("--quick", action="store_true", help="the first 20 pictures")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(arguments)
    try:
        pictures = [p for shard in sorted(args.data.glob("shard-*.tar")) for p in read_shard(shard)]
        pictures = pictures[: 20 if args.quick else None]
        rows = [judged(name, pictures) for name in args.detectors]
    except MetricposeError as error:
        print(f"detector_virtual: error: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return 0
    columns = list(VirtualRow.__dataclass_fields__)
    print("| " + " | ".join(columns) + " |\n" + "|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(value) for value in asdict(row).values()) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
