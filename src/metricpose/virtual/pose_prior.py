"""The pose prior: a small network learnt from mocap, which draws whole-body poses with no mocap at hand.

A variational autoencoder (Kingma & Welling, 2014) over yaw-free poses: the pelvis's rotation and each part's rotation
against its parent's, as six numbers each (the first two columns; Zhou et al., "On the Continuity of Rotation
Representations", 2019), made orthonormal by Gram-Schmidt, so that every draw is a valid pose of the rig. Latents are
drawn from a mixture of Gaussians fitted to the encoded training poses: the standard normal has holes where no one
stands.
"""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch
from torch import Tensor, nn

from metricpose._errors import FileError, MissingExtraError, WeightsError
from metricpose.virtual.mocap.clips import CMU_LICENCE
from metricpose.virtual.pose_source import facing_forward, mirrored
from metricpose.virtual.rig import NODES, PARENTS

POSE_DIM = 6 * len(NODES)
LATENT_DIM = 32
HIDDEN_DIM = 384
COMPONENTS = 64


def pose_features(rotations: Tensor) -> Tensor:
    """Global rotations (N, 21, 3, 3) facing +x -> (N, 126): two columns of each rotation against its parent's."""
    above = rotations[:, list(PARENTS[1:])]
    local = torch.cat([rotations[:, :1], above.transpose(-1, -2) @ rotations[:, 1:]], 1)
    return local[..., :2].transpose(-1, -2).reshape(-1, POSE_DIM)


def pose_rotations(features: Tensor) -> Tensor:
    """(N, 126) any numbers -> (N, 21, 3, 3) global rotations; the inverse of `pose_features` on valid poses."""
    first, second = features.reshape(-1, len(NODES), 2, 3).unbind(2)
    x = nn.functional.normalize(first, dim=-1)
    y = nn.functional.normalize(second - (second * x).sum(-1, keepdim=True) * x, dim=-1)
    local = torch.stack([x, y, torch.linalg.cross(x, y)], -1)
    parts: list[Tensor] = []
    for node, parent in enumerate(PARENTS):
        parts.append(local[:, node] if parent < 0 else parts[parent] @ local[:, node])
    return torch.stack(parts, 1)


class PoseDecoder(nn.Module):
    """Latents (N, 32) -> global rotations (N, 21, 3, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(LATENT_DIM, HIDDEN_DIM),
            nn.SiLU(),
            nn.Linear(HIDDEN_DIM, HIDDEN_DIM),
            nn.SiLU(),
            nn.Linear(HIDDEN_DIM, POSE_DIM),
        )
        self.register_buffer("mean_pose", torch.zeros(POSE_DIM))

    def forward(self, latent: Tensor) -> Tensor:
        return pose_rotations(self.layers(latent) + self.mean_pose)


@dataclass(frozen=True, kw_only=True, eq=False)
class LatentMixture:
    """Gaussians in the latent space: `weights` (K,), `means` (K, D), `factors` (K, D, D) lower triangular."""

    weights: Tensor
    means: Tensor
    factors: Tensor

    @classmethod
    def taken_from(cls, tensors: dict[str, Tensor]) -> "LatentMixture":
        """Takes the entries `mixture.*` out of `tensors`. Raises WeightsError when one is missing or misshapen."""
        shapes = {"weights": (COMPONENTS,), "means": (COMPONENTS, LATENT_DIM)}
        shapes["factors"] = (COMPONENTS, LATENT_DIM, LATENT_DIM)
        taken = {name: tensors.pop(f"mixture.{name}", None) for name in shapes}
        for name, tensor in taken.items():
            got = None if tensor is None else tuple(tensor.shape)
            if got != shapes[name]:
                raise WeightsError(
                    f"pose prior: expected mixture.{name} of shape {shapes[name]}, got {got}; reinstall or retrain"
                )
        return cls(**{name: tensor for name, tensor in taken.items() if tensor is not None})

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """(n, D), on the CPU."""
        ends = self.weights.cumsum(0) / self.weights.sum()
        component = torch.searchsorted(ends, torch.rand(n, generator=generator)).clamp_max(len(ends) - 1)
        noise = torch.randn(n, self.means.shape[1], generator=generator)
        result = torch.empty_like(noise)
        for k in component.unique().tolist():  # one factor at a time: (n, D, D) would be large
            who = component == k
            result[who] = self.means[k] + noise[who] @ self.factors[k].T
        return result


@dataclass(frozen=True, kw_only=True, eq=False)
class PosePrior:
    """Decoder and mixture; a PoseSource."""

    decoder: PoseDecoder
    mixture: LatentMixture
    licence: str = f"learnt from: {CMU_LICENCE}"

    @classmethod
    def load(cls, path: str | Path | None = None) -> "PosePrior":
        """The shipped prior, or that of a file. Raises FileError, WeightsError, MissingExtraError."""
        tensors = {name: tensor.float() for name, tensor in _read(path).items()}
        decoder = PoseDecoder().eval().requires_grad_(False)
        mixture = LatentMixture.taken_from(tensors)
        try:
            decoder.load_state_dict(tensors)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise WeightsError(
                f"pose prior: the weights do not fit the decoder; reinstall or retrain: {reason}"
            ) from error
        return cls(decoder=decoder, mixture=mixture)

    def tensors(self) -> dict[str, Tensor]:
        """What `load` reads: all but the mixture's weights in float16."""
        state = {name: tensor.half() for name, tensor in self.decoder.state_dict().items()}
        state |= {"mixture.weights": self.mixture.weights, "mixture.means": self.mixture.means.half()}
        return state | {"mixture.factors": self.mixture.factors.half().contiguous()}

    @torch.no_grad()
    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` poses (n, 21, 3, 3): global rotations, z up, facing +x; half of them mirrored.

        The same generator state gives the same poses.
        """
        poses = self.decoder(self.mixture.draw(n, generator))
        flip = torch.rand(n, generator=generator) < 0.5
        return facing_forward(torch.where(flip[:, None, None, None], mirrored(poses), poses))


def _read(path: str | Path | None) -> dict[str, Tensor]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load
    except ImportError as error:
        raise MissingExtraError("the pose prior", "train") from error
    source = resources.files("metricpose") / "weights" / "pose_prior.safetensors" if path is None else Path(path)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise FileError(f"{source}: cannot read the pose prior's weights ({error.strerror}); check the path") from error
    try:
        return load(data)
    except SafetensorError as error:
        raise WeightsError(f"{source}: expected a safetensors file, got something else ({error})") from error
