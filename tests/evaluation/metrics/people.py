"""Made people, and the plain loops that stand beside the metrics."""

import numpy as np

COUNTS = (0, 1, 2, 3)


def made(count: int, seed: int = 0, joints: int = 17, spread: float = 0.1) -> tuple[np.ndarray, ...]:
    """Predicted and true joints (P, J, 3), their roots (P, 3) and known (P, J); joint 0 is the root and known."""
    random = np.random.default_rng(seed)
    true = random.normal(size=(count, joints, 3)) * 0.5 + [0.3, 0.2, 5.0]
    predicted = true + random.normal(size=true.shape) * spread
    known = random.random((count, joints)) < 0.7
    known[:, :1] = True
    return predicted, true, predicted[:, 0], true[:, 0], known


def distance(a, b) -> float:
    return sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


def relative_errors(predicted, true, root, true_root, known) -> list[list[float]]:
    """Per person the root-relative errors of known joints."""
    return [
        [distance(predicted[i, j] - root[i], true[i, j] - true_root[i]) for j in range(len(true[i])) if known[i, j]]
        for i in range(len(true))
    ]


def scaled_errors(predicted, true, root, true_root, known) -> list[list[float]]:
    """Per person the root-relative errors of known joints after the best scale, found by a least-squares solver."""
    errors = []
    for i in range(len(true)):
        p, t = predicted[i, known[i]] - root[i], true[i, known[i]] - true_root[i]
        scale = np.linalg.lstsq(p.reshape(-1, 1), t.reshape(-1), rcond=None)[0][0]
        errors.append([distance(scale * a, b) for a, b in zip(p, t, strict=True)])
    return errors


def procrustes_errors(predicted, true, known) -> list[list[float]]:
    """Per person the errors of known joints after the best similarity, by scipy's solution of Wahba's problem."""
    from scipy.spatial.transform import Rotation

    errors = []
    for p, t, k in zip(predicted, true, known, strict=True):
        a, b = p[k] - p[k].mean(0), t[k] - t[k].mean(0)
        turned = Rotation.align_vectors(b, a)[0].apply(a)
        scale = (turned * b).sum() / (turned * turned).sum()
        errors.append([distance(x, y) for x, y in zip(scale * turned, b, strict=True)])
    return errors


def mean(values) -> float:
    return sum(values) / len(values) if len(values) else float("nan")
