"""The detector's networks with 8-bit activations, from the same weights: up to two and a half times as fast.

NAME.onnx computes in float32. NAME_int8.onnx is its twin for ONNX Runtime's integer kernels: a graph of some 200 kB
whose weights lie in NAME.onnx, which it names with their places (ONNX's external data), so that they are shipped once.
The last layers stay in float32: a box's side is not one of 256 values.
"""

import importlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import WeightsError
from metricpose._onnxruntime import imported_onnxruntime
from metricpose.io.digest import sha256_of

_LAST = ("map_out", "person_out", "joint_out", "edge_out")
CROP_HEADROOM = 1.35
"""For the crop network (docs/explanation/training_the_detector.md has what others do)."""


def written_int8(path: Path, pictures: Sequence[np.ndarray], headroom: float = 1.0) -> Path:
    """Writes the twin of an exported network beside it; activations' ranges are those on `pictures` (H, W, 3) uint8,
    whose sides are multiples of 32.

    With `headroom` ranges are so many times wider, and activations use so many times fewer of the 256 levels. Without
    VNNI sums of two products are cut off at 16 bits, which large activations reach; smaller numbers seldom do.

    Raises WeightsError where the twin's weights are not those of the file.
    """
    import onnx

    tool = _quantization()
    twin = path.with_name(f"{path.stem}_int8.onnx")
    wide, made = path.with_name(path.stem + ".float.tmp"), twin.with_name(twin.name + ".tmp")
    try:
        graph = widened(onnx.load(str(path)))
        onnx.save(graph, str(wide))
        last = [node.name for node in graph.graph.node if node.op_type == "Conv" and not _quantised(node)]
        tool.quantize_static(
            str(wide), str(made), _reader(pictures), quant_format=tool.QuantFormat.QDQ, per_channel=True,
            activation_type=tool.QuantType.QUInt8, weight_type=tool.QuantType.QInt8, op_types_to_quantize=["Conv"],
            nodes_to_exclude=last,
        )  # fmt: skip
        proto = onnx.load(str(made))
        _widen_ranges(proto, headroom)
        _point_into(proto, path)
        without_notes(proto)
        facts = {entry.key: entry.value for entry in graph.metadata_props}
        onnx.helper.set_model_props(proto, {**facts, "weights_sha256": sha256_of(path)})
        onnx.save(proto, str(made))
        os.replace(made, twin)
    finally:
        wide.unlink(missing_ok=True)
        made.unlink(missing_ok=True)
    return twin


def widened(proto: Any) -> Any:
    """The graph of a file in which bytes are widened by Cast and Mul, with plain float32 weights for convolutions."""
    import onnx

    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    convolved = {node.input[1] for node in proto.graph.node if _quantised(node)}
    casts = {node.output[0]: node for node in proto.graph.node if node.op_type == "Cast"}
    gone: list[str] = []
    for node in [node for node in proto.graph.node if node.op_type == "Mul" and node.output[0] in convolved]:
        cast = casts[node.input[0]]
        floats = arrays[cast.input[0]].astype(np.float32) * arrays[node.input[1]]
        proto.graph.initializer.append(onnx.numpy_helper.from_array(floats, node.output[0]))
        gone += [cast.input[0], node.input[1]]
        proto.graph.node.remove(cast)
        proto.graph.node.remove(node)
    kept = [tensor for tensor in proto.graph.initializer if tensor.name not in gone]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(kept)
    return proto


def _quantised(node: Any) -> bool:
    return node.op_type == "Conv" and not any(name in word for word in node.input for name in _LAST)


def _quantization() -> Any:
    """ONNX Runtime's tool, with the telemetry off as everywhere."""
    imported_onnxruntime()
    return importlib.import_module("onnxruntime.quantization")


def _reader(pictures: Sequence[np.ndarray]) -> Any:
    def inputs() -> Iterator[dict[str, np.ndarray]]:
        for rgb in pictures:
            yield {"image": (rgb.transpose(2, 0, 1)[None] / 255).astype(np.float32)}

    class Reader(_quantization().CalibrationDataReader):
        def __init__(self) -> None:
            self.left = inputs()

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.left, None)

    return Reader()


def without_notes(proto: Any) -> Any:
    """Half of such a file is where in torch's code each node comes from, and shapes that the runtime finds itself."""
    for node in proto.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    del proto.graph.value_info[:]
    return proto


def _widen_ranges(proto: Any, factor: float) -> None:
    """Ranges of activations `factor` times wider; biases, whose scales are those of activations and weights, too."""
    import onnx

    tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
    whole = onnx.TensorProto.INT32
    activations = {node.input[1]: node.input[2] for node in proto.graph.node if node.op_type == "QuantizeLinear"}
    dequantised = [node.input[:2] for node in proto.graph.node if node.op_type == "DequantizeLinear"]
    biases = {scale: bias for bias, scale in dequantised if bias in tensors and tensors[bias].data_type == whole}
    for scale, divided in {**activations, **biases}.items():
        values = onnx.numpy_helper.to_array(tensors[scale]) * np.float32(factor)
        tensors[scale].CopyFrom(onnx.numpy_helper.from_array(values, scale))
        numbers = onnx.numpy_helper.to_array(tensors[divided])
        rounded = np.rint(numbers / factor).astype(numbers.dtype)
        tensors[divided].CopyFrom(onnx.numpy_helper.from_array(rounded, divided))


def _point_into(proto: Any, path: Path) -> None:
    """Replaces the int8 weights by the places of the same in the file `path`, and their scales by the file's."""
    import onnx
    from onnx.external_data_helper import set_external_data

    content = path.read_bytes()
    original = {tensor.name: tensor for tensor in onnx.load(str(path)).graph.initializer}
    shared = 0
    for tensor in proto.graph.initializer:
        name, _, part = tensor.name.rpartition("." if tensor.name.endswith(".int8") else "_")
        own = original.get(f"{name}.int8")
        if own is None or part not in ("quantized", "scale", "int8"):
            continue
        if part == "scale":
            scale = onnx.numpy_helper.to_array(original[f"{name}.scale"]).reshape(-1)
            tensor.CopyFrom(onnx.numpy_helper.from_array(scale, tensor.name))
            continue
        raw = onnx.numpy_helper.to_array(own).tobytes()
        set_external_data(tensor, path.name, offset=content.find(raw), length=len(raw))
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        shared += len(raw)
    if shared < 0.5 * len(content):
        raise WeightsError(
            f"{path}: expected an exported network whose weights are bytes, got one that shares {shared} of "
            f"{len(content)} bytes with its 8-bit twin; export it again"
        )
