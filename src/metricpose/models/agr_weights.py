"""The AGR and crop networks' weights as a file: safetensors whose metadata say how large the network is."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from metricpose._errors import WeightsError
from metricpose.models.agr_net import AgrNet, AgrNetOptions, FeatureOptions
from metricpose.models.agr_resnet import AgrResNet, AgrResNetOptions
from metricpose.models.crop_net import CropNet, CropNetOptions


def loaded_agr_net(path: Path) -> AgrNet | AgrResNet:
    """The network in a file that `metricpose train agr_base` wrote, ready to answer.

    Raises WeightsError for a file that is missing, damaged, or of another network.
    """
    net = _loaded(path, "an AGR network")
    if isinstance(net, CropNet):
        raise WeightsError(f"{path}: expected safetensors of an AGR network, got a crop network's")
    return net


def begun_agr_net(path: Path) -> AgrNet | AgrResNet:
    """A network to learn on from a file of an AGR network; or of a crop network, whose features it then has under last
    layers that say nothing yet.

    Raises WeightsError for a file that is missing, damaged, or of another network.
    """
    net = _loaded(path, "an AGR or a crop network")
    if not isinstance(net, CropNet):
        return net
    size = {field.name: getattr(net.options, field.name) for field in fields(FeatureOptions)}
    new = AgrNet(AgrNetOptions(**size, joints=net.options.joints))
    own = new.state_dict()
    new.load_state_dict({name: value for name, value in net.state_dict().items() if name in own}, strict=False)
    return new


def loaded_crop_net(path: Path) -> CropNet:
    """The network in a file that `metricpose train crop_net` wrote, ready to answer.

    Raises WeightsError for a file that is missing, damaged, or of another network.
    """
    net = _loaded(path, "a crop network")
    if not isinstance(net, CropNet):
        raise WeightsError(f"{path}: expected safetensors of a crop network, got an AGR network's")
    return net


def tensors_and_facts(path: Path, wanted: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """What is in a safetensors file, in float32. Raises WeightsError where there is none, or it is damaged."""
    tensors, facts = stored_tensors(path, wanted)
    return {name: value.float() for name, value in tensors.items()}, facts


def stored_tensors(path: Path, wanted: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The same in the types that they are kept in."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: expected safetensors of {wanted}, got a file that does not load ({error})"
        ) from error


def _loaded(path: Path, wanted: str) -> AgrNet | AgrResNet | CropNet:
    tensors, facts = tensors_and_facts(path, wanted)
    try:
        options: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in json.loads(facts["options"]).items()
        }
        net = _new_net(options, tensors)
        counters = {name: value for name, value in net.state_dict().items() if name.endswith("num_batches_tracked")}
        net.load_state_dict(counters | tensors, strict=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{path}: expected safetensors of {wanted}, got another network's ({reason})") from error
    return net.eval()


def _new_net(options: dict[str, Any], tensors: dict[str, Tensor]) -> AgrNet | AgrResNet | CropNet:
    if "depth" in options:
        return AgrResNet(AgrResNetOptions(**options))
    return CropNet(CropNetOptions(**options)) if "seen_out.weight" in tensors else AgrNet(AgrNetOptions(**options))
