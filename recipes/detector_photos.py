"""Detectors on real photos that nothing was trained on: LSPET's test fold, as crops and as whole pictures.

    python -m recipes.detector_photos --data ../shared/data/lspet base base-research
    .venv-photo/bin/python -m recipes.detector_photos --data ../shared/data/lspet mediapipe

DETECTOR is base, base-research, an .onnx file, mediapipe, or rtmlib. In a crop a detector sees only the box of the
annotated joints times 1.25 (cut at the picture's edges), and the person is the one whose box fits it best; in a whole
picture it is the one whose box fits the annotated joints' best. PCK@0.2 of the torso over the labelled ones of 14
joints; a person who is not found fails. Collapsed: of the pairs of elbows, wrists, knees and ankles whose labels are
at least 0.4 torsos apart, those of which both predictions are nearest to the same one. --flip and --split val are for
development. No truth is used but the box of a crop.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from metricpose._errors import MetricposeError
from metricpose.datasets.lsp import read_lspet
from metricpose.evaluation.metrics.limbs import collapsed_pairs
from metricpose.evaluation.protocols.lspet import upright
from metricpose.geometry.boxes import around_joints, iou_matrix
from metricpose.inference.detectors import Detector
from metricpose.io.image import read_image
from metricpose.people import People2D, PeopleFrame
from metricpose.skeletons.catalogue import LSP14

CROP_FACTOR = 1.25
FRACTION = 0.2
_TORSO = (9, 2)
_PAIRS = ((10, 7), (11, 6), (4, 1), (5, 0))  # left and right elbows, wrists, knees, ankles of LSP-14
_BODY = 1.24  # times the box of joints: about the box of the body
_FROM_MEDIAPIPE = {
    "neck": ("left_shoulder", "right_shoulder"), "head_top": ("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
}  # fmt: skip

Answer = Callable[[np.ndarray, np.ndarray], People2D]
"""A picture and the box of the joints in it -> people."""


@dataclass(frozen=True, kw_only=True)
class PhotoRow:
    """One detector in one mode. Shares in %, times in ms per picture (median)."""

    detector: str
    mode: str
    people: int
    pck: float
    pck_upright: float
    collapsed: float
    found: float
    ms: float


def answers(name: str, flip: bool, turns: bool) -> tuple[Answer, Answer]:
    """How a detector answers for a crop and for a whole picture."""
    if name in ("mediapipe", "rtmlib"):
        from metricpose.inference.detectors import detector_named

        other: Detector = detector_named(name)
        return (lambda image, box: other(image)), (lambda image, box: other(image))
    from metricpose.inference.detectors.agr import AgrDetector

    own = AgrDetector(name, flip=flip, turns=turns)

    def crop(image: np.ndarray, box: np.ndarray) -> People2D:
        middle, half = (box[:2] + box[2:]) / 2, _BODY * (box[2:] - box[:2]) / 2
        return own.refined(image, np.concatenate([middle - half, middle + half])[None])

    return crop, (lambda image, box: own(image))


def lsp_joints(people: People2D) -> np.ndarray:
    """(P, 14, 2) px; NaN where the detector's skeleton does not have one. MediaPipe's neck and head top are guesses."""
    joints = np.array(people.to(LSP14).joints_px, float)
    names = people.skeleton.joints
    own = np.array(people.joints_px, float)
    if "head" not in names:  # neck and head top as most who judge MediaPipe or COCO joints make them
        shoulders = own[:, [names.index("left_shoulder"), names.index("right_shoulder")]].mean(1)
        face = own[:, [names.index(name) for name in _FROM_MEDIAPIPE["head_top"]]].mean(1)
        joints[:, 12] = shoulders + 0.2 * (face - shoulders)
        joints[:, 13] = shoulders + 1.55 * (face - shoulders)
    return joints


def judged(name: str, frames: list[PeopleFrame], mode: str, answer: Answer) -> PhotoRow:
    """All photos in one mode."""
    truth, guess, times = [], [], []
    for frame in frames:
        image = read_image(str(frame.image_path))
        joints, known = np.asarray(frame.joints_px)[0], np.asarray(frame.joint_scores)[0] > 0
        box = np.asarray(around_joints(np.nan_to_num(joints), known.astype(float))[0], float)
        shift = np.zeros(2)
        if mode == "crop":
            image, shift = cropped(image, box)
        start = time.perf_counter()
        people = answer(image, box - np.tile(shift, 2))
        times.append(time.perf_counter() - start)
        guess.append(chosen(people, box - np.tile(shift, 2)) + shift)
        truth.append(np.where(known[:, None], joints, np.nan))
    return row(name, mode, np.stack(truth), np.stack(guess), 1000 * float(np.median(times)))


def cropped(image: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture's part in the box times 1.25, and its first pixel."""
    middle, half = (box[:2] + box[2:]) / 2, CROP_FACTOR * (box[2:] - box[:2]) / 2
    size = image.shape[1], image.shape[0]
    low = np.clip(np.floor(middle - half), 0, np.array(size) - 2).astype(int)
    high = np.clip(np.ceil(middle + half) + 1, low + 2, size).astype(int)
    return np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]]), low


def chosen(people: People2D, box: np.ndarray) -> np.ndarray:
    """(14, 2) px of the person whose box fits best; NaN: nobody."""
    seen = np.flatnonzero(people.joint_scores.max(axis=1, initial=0) > 0)
    if not len(seen):
        return np.full((14, 2), np.nan)
    overlap = iou_matrix(box[None], np.asarray(people.boxes_px, float))[0]
    return lsp_joints(people)[seen[int(np.argmax(overlap[seen]))]]


def row(name: str, mode: str, truth: np.ndarray, guess: np.ndarray, ms: float) -> PhotoRow:
    """Figures of predictions (N, 14, 2) against the truth (N, 14, 2), NaN for what is not labelled, or not found."""
    torso = np.linalg.norm(truth[:, _TORSO[0]] - truth[:, _TORSO[1]], axis=-1)
    use = torso > 0
    truth, guess, torso = truth[use], guess[use], torso[use]
    known = np.array(np.isfinite(truth).all(-1), dtype=bool)
    right = np.nan_to_num(np.linalg.norm(guess - truth, axis=-1), nan=np.inf) <= FRACTION * torso[:, None]
    up = np.asarray(upright(truth))
    together, pairs = collapsed_pairs(truth, guess, torso, _PAIRS)
    return PhotoRow(
        detector=name,
        mode=mode,
        people=len(truth),
        pck=round(100 * float(right[known].mean()), 1),
        pck_upright=round(100 * float(right[up][known[up]].mean()), 1),
        collapsed=round(100 * together / max(pairs, 1), 1),
        found=round(100 * float(np.isfinite(guess).all((1, 2)).mean()), 1),
        ms=round(ms, 1),
    )


def main(arguments: list[str] | None = None) -> int:
    """Judge and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("detectors", nargs="+", metavar="DETECTOR")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="LSPET's folder")
    parser.add_argument("--split", choices=("test", "val"), default="test")
    parser.add_argument("--quick", action="store_true", help="every tenth photo")
    parser.add_argument("--flip", action="store_true", help="with the mirror image (our networks only)")
    parser.add_argument("--turns", action="store_true", help="in four quarter turns (our networks only)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(arguments)
    try:
        frames = read_lspet(args.data, split=args.split)[:: 10 if args.quick else 1]
        rows = []
        for name in args.detectors:
            crop, whole = answers(name, args.flip, args.turns)
            rows += [judged(name, frames, mode, f) for mode, f in (("crop", crop), ("whole", whole))]
    except MetricposeError as error:
        print(f"detector_photos: error: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([asdict(r) for r in rows], indent=1))
        return 0
    print("| detector | photos as | people | PCK@0.2 | upright | collapsed % | found % | ms |")
    print("|" + "---|" * 8)
    for r in rows:
        cells = (r.detector, r.mode, r.people, r.pck, r.pck_upright, r.collapsed, r.found, r.ms)
        print("| " + " | ".join(map(str, cells)) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
