"""The AGR network's weights as a file: safetensors whose metadata say how large the network is."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from metricpose._errors import WeightsError
from metricpose.models.agr_net import AgrNet, AgrNetOptions
from metricpose.models.agr_resnet import AgrResNet, AgrResNetOptions


def loaded_agr_net(path: Path) -> AgrNet | AgrResNet:
    """The network in a file that `metricpose train agr_base` wrote, ready to answer.

    Raises WeightsError for a file that is missing, damaged, or of another network.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: expected safetensors of an AGR network, got a file that does not load ({error})"
        ) from error
    try:
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in json.loads(metadata["options"]).items()
        }
        net = AgrResNet(AgrResNetOptions(**fields)) if "depth" in fields else AgrNet(AgrNetOptions(**fields))
        counters = {name: value for name, value in net.state_dict().items() if name.endswith("num_batches_tracked")}
        net.load_state_dict(counters | tensors, strict=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(
            f"{path}: expected safetensors of an AGR network, got another network's ({reason})"
        ) from error
    return net.eval()
