"""Left and right: how often a method puts both joints of a pair on one limb."""

from collections.abc import Sequence

import numpy as np

APART = 0.4  # of the torso: limbs nearer to each other cannot be told apart


def collapsed_pairs(
    truth_px: np.ndarray, guess_px: np.ndarray, torso_px: np.ndarray, pairs: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """How many left/right pairs of joints (N, J, 2) have both predictions nearest to one true joint, and of how many.

    Only pairs count that are known (not NaN) on both sides and, in truth, more than 0.4 torsos (N,) px apart.
    """
    together, count = 0, 0
    for pair in map(list, pairs):
        truth, guess = truth_px[:, pair], guess_px[:, pair]
        both = np.isfinite(truth).all((1, 2)) & np.isfinite(guess).all((1, 2))
        both &= np.linalg.norm(truth[:, 0] - truth[:, 1], axis=-1) > APART * torso_px
        nearest = np.linalg.norm(guess[both][:, :, None] - truth[both][:, None], axis=-1).argmin(-1)
        together, count = together + int((nearest[:, 0] == nearest[:, 1]).sum()), count + int(both.sum())
    return together, count
