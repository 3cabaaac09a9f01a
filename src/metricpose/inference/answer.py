"""What the lifter's network says of people, in COCO-17 or decoded to another skeleton."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from metricpose.people.people3d import moved_root
from metricpose.skeletons import Skeleton
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.mixing import mixed_in_batches


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """joints_cam (P, J, 3), joint_sigma (P, J), root_cam (P, 3), root_depth_interval (P, 2), all metres."""

    joints_cam: np.ndarray
    joint_sigma: np.ndarray
    root_cam: np.ndarray
    root_depth_interval: np.ndarray

    @classmethod
    def empty(cls, people: int, joints: int) -> Self:
        shapes = ((joints, 3), (joints,), (3,), (2,))
        return cls(**{name: np.empty((people, *s), np.float32) for name, s in zip(FIELDS, shapes, strict=True)})


FIELDS = tuple(Answer.__dataclass_fields__)
LATENT_FIELDS = ("latents_cam", "points_sigma")


def answer_in(
    skeleton: Skeleton, *, latents_cam: np.ndarray, points_sigma: np.ndarray, root_cam: np.ndarray,
    root_depth_interval: np.ndarray,
) -> Answer:  # fmt: skip
    """The answer in a skeleton from latents (P, 38, 3) and the sigmas (P, 152) of all points; the root follows it.

    Raises InputError for a skeleton with joints that were never measured.
    """
    decoder, places = _decoder(skeleton)
    joints_cam = mixed_in_batches(decoder, latents_cam - root_cam[:, None]) + root_cam[:, None]
    moved = moved_root(root_cam, joints_cam, skeleton)
    return Answer(
        joints_cam=joints_cam,
        joint_sigma=points_sigma[:, places],
        root_cam=moved,
        root_depth_interval=root_depth_interval + (moved - root_cam)[:, 2:],
    )


@lru_cache(maxsize=64)
def _decoder(skeleton: Skeleton) -> tuple[np.ndarray, list[int]]:
    """(J, 38) float32 and the points of the autoencoder that the joints are."""
    acae = AffineAutoencoder.load()
    return acae.decoder_for(skeleton).astype(np.float32), acae.places_of(skeleton)
