"""An ONNX file with the inputs and outputs of the AGR network: one layer each, which sees nobody."""

from pathlib import Path

import numpy as np
import pytest


def written_crop_network(path: Path, *, joints: int = 26) -> Path:
    """The same of the crop network: flat maps."""
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    weights = [
        onnx.numpy_helper.from_array(np.zeros((joints, 3, 4, 4), np.float32), "kernel"),
        onnx.numpy_helper.from_array(np.full(1, 1 / 1024, np.float32), "flat"),
        *(onnx.numpy_helper.from_array(np.array([n]), name) for n, name in ((0, "first"), (4, "last"), (1, "axis"))),
    ]
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Add", ["cells", "flat"], ["joint_maps"]),
        helper.make_node("ReduceMax", ["joint_maps"], ["joint_seen"], axes=[2, 3], keepdims=0),
        helper.make_node("Slice", ["joint_seen", "first", "last", "axis"], ["box"]),
    ]
    values = [
        helper.make_tensor_value_info("joint_maps", floats, ["batch", joints, "h", "w"]),
        helper.make_tensor_value_info("joint_seen", floats, ["batch", joints]),
        helper.make_tensor_value_info("box", floats, ["batch", 4]),
    ]
    image = helper.make_tensor_value_info("image", floats, ["batch", 3, "height", "width"])
    graph = helper.make_graph(nodes, "crop", [image], values, initializer=weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


def written_network(path: Path, *, joints: int = 26, licence: str | None = None) -> Path:
    """Writes it; skips the test where onnx is not installed."""
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    outputs = {
        "joint_maps": (joints, 4), "anchor_map": (1, 4), "person_mask": (1, 4),
        "box_sides": (4, 8), "joint_offsets": (2 * joints, 8), "joint_visible": (joints, 8),
    }  # fmt: skip
    nodes, weights, values = [], [], []
    for name, (channels, stride) in outputs.items():
        kernel = np.full((channels, 3, stride, stride), 1e-5, np.float32)
        weights.append(onnx.numpy_helper.from_array(kernel, f"{name}.weight"))
        nodes.append(
            helper.make_node(
                "Conv", ["image", f"{name}.weight"], [name], kernel_shape=[stride] * 2, strides=[stride] * 2
            )
        )
        values.append(helper.make_tensor_value_info(name, floats, ["batch", channels, f"{name}_h", f"{name}_w"]))
    image = helper.make_tensor_value_info("image", floats, ["batch", 3, "height", "width"])
    graph = helper.make_graph(nodes, "agr", [image], values, initializer=weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if licence is not None:
        helper.set_model_props(model, {"licence": licence})
    onnx.save(model, str(path))
    return path
