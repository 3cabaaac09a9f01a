"""The ray lifter's weights as a file, and the network as something that turns arrays into arrays."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from metricpose._errors import InputError, WeightsError
from metricpose.models.latent_lifter import LatentLifterNet
from metricpose.models.ray_lifter import RayLifterNet, RayLifterOptions


def loaded_ray_lifter(path: Path) -> RayLifterNet:
    """The network that `metricpose train ray_lifter` wrote as safetensors; its metadata say how large it is.

    Raises WeightsError for a file that is damaged, or of another network.
    """
    tensors, metadata = _read(path)
    try:
        kind = LatentLifterNet if "of_free" in tensors else RayLifterNet
        net = kind(RayLifterOptions(**json.loads(metadata["options"])))
        net.load_state_dict(tensors, strict=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{path}: expected safetensors of a ray lifter, got another network's ({reason})") from error
    return net.eval()


def lifter_facts(path: Path) -> dict[str, str]:
    """What the file says of itself beside its size. Raises WeightsError for a file that is damaged."""
    return {name: value for name, value in _read(path)[1].items() if name != "options"}


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: expected safetensors of a ray lifter, got a file that does not load ({error})"
        ) from error


class TorchEngine:
    """Runs a network on one device, float32. Immutable; safe to share between threads."""

    def __init__(self, net: RayLifterNet, device: torch.device, facts: Mapping[str, str] | None = None) -> None:
        self._net = net.to(device).eval()
        self._device = device
        self.facts = facts or {}

    @classmethod
    def load(cls, path: Path, device: str | None = None) -> "TorchEngine":
        """Weights from safetensors on `device`, or on a GPU where there is one.

        Raises WeightsError for the file, InputError for a device that is not there.
        """
        return cls(loaded_ray_lifter(path), device_named(device), lifter_facts(path))

    @property
    def every_skeleton(self) -> bool:
        """Whether the network reads and answers more than COCO-17."""
        return isinstance(self._net, LatentLifterNet)

    @torch.inference_mode()
    def run(self, output_names: Sequence[str], input_feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs of that name, from the arguments of the network's `forward` by name."""
        tensors = {name: torch.tensor(value, device=self._device) for name, value in input_feed.items()}
        lifted = self._net(**tensors)
        return [getattr(lifted, name).cpu().numpy() for name in output_names]


def device_named(name: str | None) -> torch.device:
    """The device, or a GPU where there is one if not named. Raises InputError for a device that is not there."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0][:120]
        raise InputError(f"device: expected one that torch has here, such as 'cpu', got {name!r} ({reason})") from error
    return device
