"""The affine-combining autoencoder: few latent points that stand for the points of all skeletons (numpy, for use).

Sarandi, Hermans and Leibe, WACV 2023: latents Q = W_enc P, points P' = W_dec Q, with the same weights for x, y and z,
W_enc 1 = 1 and W_dec 1 = 1, so that both maps turn, move and scale with the person; latents come as left, right and
central with tied weights, so that the mirrored person has the mirrored latents. recipes/acae.py trains it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError, WeightsError
from metricpose.skeletons.mixing import mixed_in_batches
from metricpose.skeletons.points import body_points
from metricpose.skeletons.skeleton import Skeleton

ROWS_SUM_WITHIN = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class AffineAutoencoder:
    """J points and L latent points.

    Attributes:
        points: names of the J points.
        point_mirror, latent_mirror: (J,), (L,) index of each one's image in a mirror.
        encoder: (L, J) W_enc, rows sum to 1.
        decoder: (J, L) W_dec, rows sum to 1.
        aliases: (other name, point) of points that have two names.

    Raises:
        WeightsError: shapes that do not fit, rows that do not sum to 1, weights that mirroring does not keep.
    """

    points: tuple[str, ...]
    point_mirror: tuple[int, ...]
    latent_mirror: tuple[int, ...]
    encoder: np.ndarray
    decoder: np.ndarray
    aliases: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        joints, latents = len(self.points), len(self.latent_mirror)
        if self.encoder.shape != (latents, joints) or self.decoder.shape != (joints, latents):
            got = f"{self.encoder.shape} and {self.decoder.shape}"
            raise WeightsError(f"acae: expected weights ({latents}, {joints}) and ({joints}, {latents}), got {got}")
        points, images = list(self.point_mirror), list(self.latent_mirror)
        for name, weights, rows, columns in (
            ("encoder", self.encoder, images, points),
            ("decoder", self.decoder, points, images),
        ):
            off = float(np.abs(weights.sum(axis=1) - 1.0).max())
            if not off <= ROWS_SUM_WITHIN:
                raise WeightsError(f"acae: expected rows of the {name} that sum to 1, got {off:.2g} off; train anew")
            if not np.array_equal(weights[np.ix_(rows, columns)], weights):
                raise WeightsError(f"acae: expected a {name} that mirroring keeps, got another; train anew")

    def __len__(self) -> int:
        return len(self.latent_mirror)

    @classmethod
    def load(cls, path: Path | str | None = None) -> "AffineAutoencoder":
        """The packaged autoencoder, or that of a file. FileError when it cannot be read."""
        source = files("metricpose") / "weights" / "acae.npz" if path is None else Path(path)
        try:
            with source.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                return cls(
                    points=tuple(str(name) for name in stored["points"]),
                    point_mirror=tuple(int(i) for i in stored["point_mirror"]),
                    latent_mirror=tuple(int(i) for i in stored["latent_mirror"]),
                    encoder=stored["encoder"].astype(np.float64),
                    decoder=stored["decoder"].astype(np.float64),
                    aliases=tuple((str(name), str(point)) for name, point in stored["aliases"]),
                )
        except (OSError, KeyError, ValueError) as error:
            raise FileError(f"acae: expected a file written by save, got {source}: {error}") from error

    def save(self, path: Path | str) -> None:
        """Writes it in double precision: rows then sum to 1 on reading, too."""
        with Path(path).open("wb") as stream:
            np.savez_compressed(
                stream,
                points=np.array(self.points),
                point_mirror=np.array(self.point_mirror, dtype=np.int16),
                latent_mirror=np.array(self.latent_mirror, dtype=np.int16),
                encoder=self.encoder,
                decoder=self.decoder,
                aliases=np.array(self.aliases, dtype=np.str_).reshape(-1, 2),
            )

    def encoded(self, points: np.ndarray) -> np.ndarray:
        """Latents (..., L, D) of points (..., J, D), in their frame and unit. InputError for NaN or another J."""
        return mixed_in_batches(self.encoder, _checked(points, len(self.points), "points"))

    def decoded(self, latents: np.ndarray) -> np.ndarray:
        """Points (..., J, D) of latents (..., L, D)."""
        return mixed_in_batches(self.decoder, _checked(latents, len(self), "latents"))

    def decoder_for(self, skeleton: Skeleton) -> np.ndarray:
        """(J_skeleton, L): the rows of the decoder for its joints. InputError names joints that are no points here."""
        return self.decoder[self.places_of(skeleton)]

    def places_of(self, skeleton: Skeleton) -> list[int]:
        """Which point each joint of the skeleton is. InputError names joints that are no points here."""
        return self._places(body_points(skeleton), skeleton.name)

    def _places(self, wanted: Sequence[str], name: str) -> list[int]:
        places = {point: place for place, point in enumerate(self.points)}
        places |= {name: places[point] for name, point in self.aliases}
        missing = [point for point in wanted if point not in places]
        if missing:
            raise InputError(
                f"acae: expected measured points, got {', '.join(missing)} of {name}; correct its canonical names"
            )
        return [places[point] for point in wanted]


def _checked(values: np.ndarray, count: int, what: str) -> np.ndarray:
    array = np.asarray(values)
    array = array if array.dtype.kind == "f" else array.astype(np.float64)
    if array.ndim < 2 or array.shape[-2] != count:
        raise InputError(
            f"acae: expected {what} (..., {count}, D), got shape {array.shape}; give all of them, in order"
        )
    if not np.isfinite(array).all():
        raise InputError(f"acae: expected finite {what}, got NaN or infinity; convert from known joints first")
    return array
