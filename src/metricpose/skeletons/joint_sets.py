"""Joints of several skeletons side by side, as a network with a head for each answers, and what they have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from metricpose._errors import InputError
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.points import body_points
from metricpose.skeletons.skeleton import Skeleton


@dataclass(frozen=True, kw_only=True)
class JointSet:
    """J joints: those of the first skeleton, then of the second, and so on. InputError for none, or one twice."""

    skeletons: tuple[Skeleton, ...]

    def __post_init__(self) -> None:
        names = [skeleton.name for skeleton in self.skeletons]
        if not names or len(set(names)) < len(names):
            raise InputError(f"joint set: expected one or more skeletons, each once, got {', '.join(names) or 'none'}")

    def __len__(self) -> int:
        return sum(map(len, self.skeletons))

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Where each skeleton's joints are."""
        ends = np.cumsum([len(skeleton) for skeleton in self.skeletons]).tolist()
        return tuple(slice(end - len(s), end) for end, s in zip(ends, self.skeletons, strict=True))

    @cached_property
    def points(self) -> tuple[str, ...]:
        """(J,) the point of the body that each joint is."""
        return tuple(point for skeleton in self.skeletons for point in body_points(skeleton))

    @cached_property
    def distinct(self) -> tuple[str, ...]:
        """(J,) as `points`, but one name for each place on the body."""
        first = dict(AffineAutoencoder.load().aliases)
        return tuple(first.get(point, point) for point in self.points)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """(J,) canonical names: what a merged skeleton would go by."""
        return tuple(name for skeleton in self.skeletons for name in skeleton.canonical)

    @cached_property
    def mirror(self) -> tuple[int, ...]:
        """(J,) each joint's image on the other side, in its own skeleton."""
        return tuple(
            own.start + image
            for own, skeleton in zip(self.slices, self.skeletons, strict=True)
            for image in skeleton.mirror
        )

    def merged(self) -> np.ndarray:
        """(J, M) 0 or 1: joints of the same name are taken for one of the M joints of a merged skeleton."""
        return one_hot(self.names, tuple(dict.fromkeys(self.names)))

    def decoder(self, acae: AffineAutoencoder) -> np.ndarray:
        """(J, L) rows sum to 1: joints of the autoencoder's latent points."""
        return np.concatenate([acae.decoder_for(skeleton) for skeleton in self.skeletons])

    def encoder(self, acae: AffineAutoencoder) -> np.ndarray:
        """(L, J) rows sum to 1: latents of joints; a joint that several skeletons have counts with their mean."""
        aliases = dict(acae.aliases)
        found = one_hot([aliases.get(point, point) for point in self.points], acae.points)  # (J, points)
        missing = found.sum(0) == 0
        if missing.any() and np.abs(acae.encoder[:, missing]).max() > 0:
            lacking = [point for point, none in zip(acae.points, missing, strict=True) if none]
            raise InputError(
                f"joint set: expected all points of the autoencoder, got none for {', '.join(lacking[:5])}"
            )
        return acae.encoder @ (found / np.maximum(found.sum(0), 1)).T


def one_hot(wanted: Sequence[str], known: Sequence[str]) -> np.ndarray:
    """(wanted, known) 1 where the names are the same. InputError for a wanted name that is not known."""
    places = {name: place for place, name in enumerate(known)}
    missing = [name for name in wanted if name not in places]
    if missing:
        raise InputError(f"joint set: expected known points, got {', '.join(sorted(set(missing)))}")
    rows = np.zeros((len(wanted), len(known)))
    rows[np.arange(len(wanted)), [places[name] for name in wanted]] = 1.0
    return rows
