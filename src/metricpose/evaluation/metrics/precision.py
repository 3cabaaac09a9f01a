"""Average precision of ranked predictions, of which each is a hit or not."""

import numpy as np


def ranking(scores: np.ndarray) -> np.ndarray:
    """Rows by falling score (N,): equal scores keep their order."""
    return np.argsort(-scores, kind="stable")


def first_of_each(targets: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Hits (N,) bool among ranked predictions: near their target (N,), and the first that is near that target."""
    rows = np.flatnonzero(near)
    _, first = np.unique(targets[rows], return_index=True)
    hits = np.zeros(len(targets), dtype=bool)
    hits[rows[first]] = True
    return hits


def precision_recall(hits: np.ndarray, total: int) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall (N,) after each of the ranked predictions; `total` > 0 true people."""
    found = np.cumsum(hits)
    return found / np.arange(1, len(hits) + 1), found / total


def step_area(hits: np.ndarray, total: int) -> float:
    """Sum over hits of the precision there, over total: the area of the raw steps. NaN without true people."""
    if total == 0:
        return float("nan")
    precision, _ = precision_recall(hits, total)
    return float(precision[hits].sum() / total)


def envelope_area(hits: np.ndarray, total: int) -> float:
    """The same with the precision at each recall raised to the best at that recall or above (PASCAL VOC 2010)."""
    if total == 0:
        return float("nan")
    precision, _ = precision_recall(hits, total)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[hits].sum() / total)


def sampled_area(hits: np.ndarray, total: int, samples: int = 101) -> float:
    """Mean of the raised precision at evenly spaced recalls from 0 to 1 (COCO's AP). NaN without true people."""
    if total == 0:
        return float("nan")
    precision, recall = precision_recall(hits, total)
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(recall, np.linspace(0.0, 1.0, samples), side="left")].mean())
