"""The trained AGR or crop network as the files that are shipped: safetensors for torch, ONNX for the torch-free core.

Batch norms are folded into the convolutions. The ONNX file keeps each convolution's and layer's weights as 8-bit whole
numbers with one scale per output channel, and computes in float32: a quarter of the bytes, at the same speed.
"""

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from metricpose._errors import WeightsError
from metricpose._onnxruntime import imported_onnxruntime
from metricpose.models.agr_net import AgrNet
from metricpose.models.agr_resnet import AgrResNet
from metricpose.models.crop_net import CropNet, boxes_of_edges

Net = AgrNet | AgrResNet | CropNet
OUTPUTS = ("joint_maps", "anchor_map", "person_mask", "box_sides", "joint_offsets", "joint_visible")
CROP_OUTPUTS = ("joint_maps", "joint_seen", "box")
_LEAST = 4096  # numbers in a tensor that is kept as bytes


class _Inference(nn.Module):
    """A network with the outputs that its decoder reads."""

    outputs = OUTPUTS

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        maps = self.net(image)
        peaks = maps.joint_logits.sigmoid(), maps.anchor_logits.sigmoid(), maps.mask_logits.sigmoid()
        return (*peaks, maps.box_sides, maps.joint_offsets, maps.visible_logits.sigmoid())


class _CropInference(_Inference):
    outputs = CROP_OUTPUTS

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        maps = self.net(image)
        cells = maps.joint_logits.flatten(2).softmax(-1)
        places = cells.unflatten(2, maps.joint_logits.shape[2:])
        return places, maps.seen_logits.sigmoid(), boxes_of_edges(maps.edge_logits)


def folded(net: Net) -> Net:
    """A copy in which batch norms are part of the convolutions before them; the same answers.

    (Those of a ResNet, which are attributes and no sequences, stay; ONNX Runtime folds them when it loads the file.)
    """
    net = copy.deepcopy(net).eval()
    for module in net.modules():
        if isinstance(module, nn.Sequential) and len(module) >= 2 and isinstance(module[1], nn.BatchNorm2d):
            first, norm = module[0], module[1]
            if not isinstance(first, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
                continue
            module[0], module[1] = fuse_conv_bn_eval(first, norm), nn.Identity()
    return net


def rounded_(net: nn.Module) -> nn.Module:
    """Rounds large weights to 8 bits per output channel, in place."""
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim >= 2 and parameter.numel() >= _LEAST:
                scale = _scales(parameter)
                parameter.copy_((parameter / scale).round().clamp(-127, 127) * scale)
    return net


def _scales(weight: Tensor) -> Tensor:
    """One per output channel, so that the largest weight is 127."""
    flat = weight.detach().flatten(1).abs().amax(1).clamp_min(1e-12) / 127
    return flat.reshape(-1, *([1] * (weight.ndim - 1)))


def written_onnx(net: Net, path: Path, facts: Mapping[str, str]) -> None:
    """Writes the ONNX file, for one picture of any size in multiples of 32, or several.

    Raises WeightsError if ONNX Runtime differs from torch (with the same rounded weights) by more than 1e-4.
    """
    kind = _CropInference if isinstance(net, CropNet) else _Inference
    wrapped = kind(rounded_(folded(net)).float().to(memory_format=torch.contiguous_format)).eval()  # type: ignore
    temporary = path.with_name(path.name + ".tmp")
    sizes = {0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    program = torch.onnx.export(
        wrapped, (torch.rand(2, 3, 128, 192),), dynamo=True, dynamic_shapes={"image": sizes},
        input_names=["image"], output_names=list(wrapped.outputs), verbose=False,
    )  # fmt: skip
    assert program is not None
    program.save(str(temporary), external_data=False)
    _store_as_bytes(temporary, facts)
    worst = worst_difference(wrapped, temporary)
    if not worst <= 1e-4:
        temporary.unlink()
        raise WeightsError(f"{path}: ONNX Runtime differs from torch by {worst:.2e}, expected at most 1e-4 (relative)")
    os.replace(temporary, path)


def _store_as_bytes(path: Path, facts: Mapping[str, str]) -> None:
    """Large weights as int8 with a scale per channel, widened once, when the file is loaded.

    By Cast and Mul: what ONNX Runtime makes of DequantizeLinear before a MatMul is off by 2e-3.
    """
    import onnx

    proto = onnx.load(str(path))
    graph = proto.graph
    made: list[onnx.NodeProto] = []
    for tensor in list(graph.initializer):
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.ndim < 2 or array.size < _LEAST:
            continue
        found = _as_bytes(array)
        if found is None:
            continue
        whole, scale = found
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(whole, f"{name}.int8"))
        graph.initializer.append(onnx.numpy_helper.from_array(scale, f"{name}.scale"))
        made.append(onnx.helper.make_node("Cast", [f"{name}.int8"], [f"{name}.whole"], to=onnx.TensorProto.FLOAT))
        made.append(onnx.helper.make_node("Mul", [f"{name}.whole", f"{name}.scale"], [name]))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*made, *nodes])
    onnx.helper.set_model_props(proto, dict(facts))
    onnx.save(proto, str(path))


def _as_bytes(array: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """int8 and scales that multiply it, if the array is exactly that along its first axis, or its last."""
    for axis in (0, array.ndim - 1):
        others = tuple(k for k in range(array.ndim) if k != axis)
        scale = (np.abs(array).max(others) / 127).astype(np.float32)
        shape = [-1 if k == axis else 1 for k in range(array.ndim)]
        whole = np.rint(array / np.maximum(scale, 1e-20).reshape(shape))
        if np.allclose(whole * scale.reshape(shape), array, rtol=2e-6, atol=1e-9):
            return whole.astype(np.int8), scale.reshape(shape)
    return None


def worst_difference(wrapped: _Inference, path: Path) -> float:
    """The largest difference between ONNX Runtime and torch over outputs, relative to each output's largest value."""
    session = imported_onnxruntime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for count, height, width in ((1, 192, 192), (2, 96, 224), (1, 64, 32)):
        image = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(height))
        with torch.no_grad():
            expected = [value.numpy() for value in wrapped(image)]
        got = session.run(list(wrapped.outputs), {"image": image.numpy()})
        for ours, theirs in zip(got, expected, strict=True):
            worst = max(worst, float(np.abs(np.asarray(ours) - theirs).max() / max(1.0, np.abs(theirs).max())))
    return worst


def exported(net: Net, folder: Path, name: str, facts: Mapping[str, str] | None = None) -> None:
    """Writes NAME.onnx and NAME.safetensors (float16) into `folder`, each atomically."""
    written_onnx(net, folder / f"{name}.onnx", facts or {})
    path = folder / f"{name}.safetensors"
    temporary = path.with_name(path.name + ".tmp")
    tensors = {
        key: (value.half() if value.ndim >= 2 else value.float()).contiguous()
        for key, value in net.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    save_file(tensors, temporary, metadata={"options": json.dumps(vars(net.options)), **(facts or {})})
    os.replace(temporary, path)
