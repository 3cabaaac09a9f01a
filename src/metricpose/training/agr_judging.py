"""How well an AGR network finds the joints of one person in a crop, and whether it tells left from right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from metricpose.agr.crops import crop_person
from metricpose.agr.decode import decode
from metricpose.agr.single import CROP_FACTOR, joints_of_maps
from metricpose.agr.types import AGR
from metricpose.evaluation.metrics.limbs import collapsed_pairs
from metricpose.evaluation.protocols.lspet import upright
from metricpose.geometry.boxes import iou_matrix
from metricpose.skeletons.catalogue import LSP14
from metricpose.training.agr_samples import SKELETON, Sample
from metricpose.training.agr_windows import warped

_PAIRS = tuple((SKELETON.joints.index(f"left_{part}"), SKELETON.joints.index(f"right_{part}")) for part in
               ("elbow", "wrist", "knee", "ankle"))  # fmt: skip
LSP_ORDER = tuple(SKELETON.joints.index({"head_top": "head"}.get(name, name)) for name in LSP14.joints)
_LEAST_PERSON_PX = 32.0
_TORSO = (SKELETON.joints.index("left_shoulder"), SKELETON.joints.index("right_hip"))


@dataclass(frozen=True, kw_only=True, eq=False)
class CropAnswers:
    """Of N crops, in their pixels: predicted joints (N, 26, 2), NaN where nobody was found, and scores (N, 26); true
    joints (N, 26, 2), and which of them are judged (N, 26)."""

    joints_px: np.ndarray
    scores: np.ndarray
    truth_px: np.ndarray
    judged: np.ndarray


def maps_of(net: nn.Module, pictures: torch.Tensor) -> AGR:
    """What a network says of pictures (B, 3, H, W), as maps in [0, 1] and pixels."""
    with torch.no_grad():
        maps = net(pictures)
    return AGR(
        joint_maps=maps.joint_logits.float().sigmoid(),
        anchor_map=maps.anchor_logits.float().sigmoid(),
        person_mask=maps.mask_logits.float().sigmoid(),
        box_sides=maps.box_sides.float(),
        joint_offsets=maps.joint_offsets.float(),
        joint_visible=maps.visible_logits.float().sigmoid(),
        supervised=torch.ones(len(pictures), *maps.box_sides.shape[2:], dtype=torch.bool),
        stride=4,
    )


def crop_answers(net: nn.Module, samples: Sequence[Sample], size: int = 192, batch: int = 64) -> CropAnswers:
    """Every person of the samples in a crop of their box times 1.25, one network pass each, no augmentation."""

    def answer(pictures: torch.Tensor, boxes_px: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        agr = maps_of(net, pictures)
        found = [crop_person(agr, k, box, SKELETON, (size, size)) for k, box in enumerate(boxes_px)]
        return [(one.joints_px, one.joint_scores) for one in found]

    return answers_of(answer, samples, size, batch)


def single_answers(
    net: nn.Module, samples: Sequence[Sample], size: int = 128, batch: int = 64, device: torch.device | None = None
) -> CropAnswers:
    """The same by the crop network, whose maps are distributions over the cells."""

    def answer(pictures: torch.Tensor, boxes_px: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        with torch.no_grad():
            logits = net(pictures.to(device)).joint_logits.float()
        shares = logits.flatten(2).softmax(-1).unflatten(2, logits.shape[2:]).cpu().numpy()
        return [joints_of_maps(maps, 4.0, SKELETON, size / CROP_FACTOR) for maps in shares]

    return answers_of(answer, samples, size, batch)


Answer = Callable[[torch.Tensor, np.ndarray], Sequence[tuple[np.ndarray, np.ndarray]]]
"""Crops (B, 3, S, S) and boxes (B, 4) in them -> joints (J, 2) px and scores (J,) of each."""


def answers_of(answer: Answer, samples: Sequence[Sample], size: int, batch: int) -> CropAnswers:
    """What is answered about every person of the samples, in a crop of their box times 1.25."""
    crops = [(s, i) for s in samples for i in range(len(s.joints_px)) if _usable(s, i)]
    parts = []
    for start in range(0, len(crops), batch):
        chosen = crops[start : start + batch]
        matrices = [crop_affine(s.boxes_px[i], size) for s, i in chosen]
        pictures = torch.stack([warped(s, m, size)[0] for (s, _), m in zip(chosen, matrices, strict=True)])
        boxes = [s.boxes_px[i].reshape(2, 2) @ m[:, :2].T + m[:, 2] for (s, i), m in zip(chosen, matrices, strict=True)]
        found = answer(pictures, np.stack(boxes).reshape(-1, 4))
        for (joints, scores), (s, i), matrix in zip(found, chosen, matrices, strict=True):
            parts.append((joints, scores, s.joints_px[i] @ matrix[:, :2].T + matrix[:, 2], s.seen[i]))
    columns = [np.stack(values) for values in zip(*parts, strict=True)]
    return CropAnswers(joints_px=columns[0], scores=columns[1], truth_px=columns[2], judged=columns[3])


def people_crops(samples: Sequence[Sample], size: int) -> list[np.ndarray]:
    """Crops (S, S, 3) uint8 of everybody who would be judged."""
    people = [(s, s.boxes_px[i]) for s in samples for i in range(len(s.joints_px)) if _usable(s, i)]
    crops = [warped(s, crop_affine(box, size), size)[0] for s, box in people]
    return [(255 * crop).round().to(torch.uint8).permute(1, 2, 0).numpy() for crop in crops]


def _usable(sample: Sample, person: int) -> bool:
    box = sample.boxes_px[person]
    if not np.isfinite(box).all():
        return False
    torso = np.linalg.norm(sample.joints_px[person, _TORSO[0]] - sample.joints_px[person, _TORSO[1]])
    size = float((box[2:] - box[:2]).max())
    return bool(sample.seen[person].sum() >= 6 and size >= 48 and torso >= 0.15 * size)


def crop_affine(box_px: np.ndarray, size: int) -> np.ndarray:
    """(2, 3): pixels of a square window of `size` from those of the picture, about a box times `CROP_FACTOR`."""
    scale = size / (CROP_FACTOR * float(max((box_px[2:] - box_px[:2]).max(), 1.0)))
    shift = (size - 1) / 2 - scale * (box_px[:2] + box_px[2:]) / 2
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])


def crop_figures(answers: CropAnswers) -> dict[str, float]:
    """PCK@0.2 of the torso over 14 joints, of all and of upright people; `collapse_percent`. All in %."""
    truth, guess = answers.truth_px, answers.joints_px
    torso = np.linalg.norm(truth[:, _TORSO[0]] - truth[:, _TORSO[1]], axis=-1)
    error = np.linalg.norm(guess - truth, axis=-1)
    order = list(LSP_ORDER)
    right = (error <= 0.2 * torso[:, None])[:, order]
    judged = answers.judged[:, order]
    upright = upright_people(truth)
    return {
        "pck": 100 * float(right[judged].mean()),
        "pck_upright": 100 * float(right[upright][judged[upright]].mean()) if upright.any() else float("nan"),
        "collapse": collapse_percent(answers),
    }


def people_figures(net: nn.Module, samples: Sequence[Sample], *, overlap: float = 0.5) -> dict[str, float]:
    """How well people are found in whole pictures as they are: AP of boxes at one overlap, in %, over people whose
    longer side is 32 px or more; smaller ones are neither asked for nor held against anybody."""
    scores, hits, asked = [], [], 0
    for sample in samples:
        rgb = in_multiples(sample.rgb())
        picture = torch.from_numpy(rgb.copy()).permute(2, 0, 1)[None].float() / 255
        agr = maps_of(net, picture.to(next(net.parameters()).device))
        found = decode(agr, SKELETON, (rgb.shape[1], rgb.shape[0]), min_score=0.05, search_joints=False)[0].people
        truth = sample.boxes_px[np.isfinite(sample.boxes_px).all(1)]
        large = (truth[:, 2:] - truth[:, :2]).max(1, initial=0) >= _LEAST_PERSON_PX
        asked += int(large.sum())
        free = np.ones(len(truth), bool)
        iou = iou_matrix(np.asarray(found.boxes_px, float), truth)
        for row, score in zip(iou, found.scores, strict=True):  # the surest first
            best = int(np.argmax(row * free)) if len(truth) else -1
            hit = best >= 0 and free[best] and row[best] >= overlap
            if hit:
                free[best] = False
            if not hit or large[best]:
                scores.append(float(score))
                hits.append(bool(hit))
    return {"box_ap50": 100 * _average_precision(np.array(scores), np.array(hits, bool), asked)}


def in_multiples(rgb: np.ndarray, of: int = 32) -> np.ndarray:
    """A picture (H, W, 3) without the last rows and columns beyond multiples of 32."""
    return rgb[: rgb.shape[0] // of * of, : rgb.shape[1] // of * of]


def _average_precision(scores: np.ndarray, hits: np.ndarray, asked: int) -> float:
    """Area under the precision that is reached at each recall or beyond it."""
    if not len(scores) or not asked:
        return 0.0
    hits = hits[np.argsort(-scores, kind="stable")]
    precision = hits.cumsum() / np.arange(1, len(hits) + 1)
    reached = np.maximum.accumulate(precision[::-1])[::-1]
    return float((reached * hits).sum() / asked)


def upright_people(joints_px: np.ndarray) -> np.ndarray:
    """(N,) bool of joints (N, 26, 2): upright as the LSPET protocol has it."""
    return upright(joints_px[:, list(LSP_ORDER)])


def collapse_percent(answers: CropAnswers) -> float:
    """Of pairs of elbows, wrists, knees and ankles that are seen, and apart: both predictions are nearest to one."""
    torso = np.linalg.norm(answers.truth_px[:, _TORSO[0]] - answers.truth_px[:, _TORSO[1]], axis=-1)
    truth = np.where(answers.judged[..., None], answers.truth_px, np.nan)
    together, count = collapsed_pairs(truth, answers.joints_px, torso, _PAIRS)
    return 100 * together / max(count, 1)
