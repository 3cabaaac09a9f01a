"""One copy of the ray lifter's matrices for both of its files: the ONNX file reads them from the safetensors beside it.

ONNX's external data names a file, an offset and a length; safetensors keeps each matrix in one piece, as torch has it:
outputs x inputs. Where the graph wants it the other way round it is turned when the file is loaded.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import WeightsError

_LEAST_SHARE = 0.8  # of the matrices' bytes


def share_matrices(folder: Path) -> None:
    """Rewrites ray_lifter.onnx, as `lifter_export` has written it to `folder`: its float16 matrices are from now on
    those of ray_lifter.safetensors, without which it cannot be loaded.

    What it computes stays the same to the bit. Raises WeightsError where the two files are of different networks.
    """
    import onnx
    from onnx.external_data_helper import set_external_data

    network, tensors = folder / "ray_lifter.onnx", folder / "ray_lifter.safetensors"
    content, proto = tensors.read_bytes(), onnx.load(str(network))
    turned, shared, total = [], 0, 0
    for tensor in proto.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT16:
            continue
        matrix = onnx.numpy_helper.to_array(tensor)
        total += matrix.nbytes
        as_it_is, other_way = matrix.tobytes(), np.ascontiguousarray(matrix.T).tobytes()
        raw = as_it_is if as_it_is in content else other_way
        if raw not in content:
            continue
        if raw is other_way and raw != as_it_is:
            turned.append(tensor.name)
            del tensor.dims[:]
            tensor.dims.extend(matrix.T.shape)
        set_external_data(tensor, tensors.name, offset=content.find(raw), length=len(raw))
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        shared += len(raw)
    if shared < _LEAST_SHARE * total:
        raise WeightsError(f"{tensors}: expected the matrices of {network.name}, found {shared} of {total} bytes there")
    _turn(proto, turned)
    temporary = network.with_name(network.name + ".tmp")
    temporary.write_bytes(proto.SerializeToString())
    os.replace(temporary, network)


def _turn(proto: Any, names: list[str]) -> None:
    """Transposes matrices before whatever reads them."""
    import onnx

    nodes = list(proto.graph.node)
    for node in nodes:
        for place, name in enumerate(node.input):
            if name in names:
                node.input[place] = f"{name}.turned"
    turns = [onnx.helper.make_node("Transpose", [name], [f"{name}.turned"], perm=[1, 0]) for name in names]
    del proto.graph.node[:]
    proto.graph.node.extend([*turns, *nodes])
