"""How the lifter's answer spans the latent skeleton: COCO's joints fix what they can of it, free vectors the rest.

With W (17, 38) the decoder's rows of COCO's joints, latents q = A j + N f: A (38, 17) is the best affine mix of joints
j for each latent point (kriging, as in `skeletons.affine`), corrected so that W A = 1 wherever W can; N spans the
latents that COCO's joints do not see, W N = 0. One direction is free, too: W's last singular value is 0.0008 (eyes and
ears lie alike on every body), and an inverse would blow a millimetre up to a metre.
"""

from typing import NamedTuple

import numpy as np

from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.affine import SOURCE_ERROR_M
from metricpose.skeletons.catalogue import COCO17
from metricpose.skeletons.distances import packaged_distances

_LEAST_SINGULAR = 0.01


class LatentBasis(NamedTuple):
    """decoder (152, 38) of the autoencoder's points, COCO's first; of_joints A (38, 17); of_free N (38, 22)."""

    decoder: np.ndarray
    of_joints: np.ndarray
    of_free: np.ndarray


def latent_basis() -> LatentBasis:
    """That of the packaged autoencoder."""
    acae = AffineAutoencoder.load()
    assert acae.points[:17] == COCO17.joints
    seen = acae.decoder[:17]
    left, size, right = np.linalg.svd(seen)
    kept = int((size > _LEAST_SINGULAR).sum())
    back = right[:kept].T / size[:kept] @ left[:, :kept].T
    mix = _best_mix(acae)
    return LatentBasis(acae.decoder, mix + back @ (np.eye(17) - seen @ mix), right[kept:].T)


def _best_mix(acae: AffineAutoencoder) -> np.ndarray:
    """(38, 17): rows sum to 1; the least mean square error of each latent point, errors of the joints included.

    For w = e - a S (e a latent's mix of the points, S which of them are joints) the error is -w D w / 2, D the mean
    squared distances: linear equations in a with a multiplier for the sum.
    """
    known = packaged_distances()
    places = [known.index[point] for point in acae.points]
    joints = places[:17]
    to_latents = known.learnt_m2[np.ix_(joints, places)] @ acae.encoder.T  # (17, 38)
    noise = 3 * SOURCE_ERROR_M**2
    system = np.ones((18, 18))
    system[:17, :17] = known.learnt_m2[np.ix_(joints, joints)] - 2 * noise * np.eye(17)
    system[17, 17] = 0.0
    return np.linalg.solve(system, np.concatenate([to_latents, np.ones((1, len(acae)))]))[:17].T
