"""The trained lifter as the files that are shipped: safetensors for torch, ONNX for the torch-free core."""

import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from metricpose._errors import WeightsError
from metricpose._onnxruntime import imported_onnxruntime
from metricpose.models.latent_lifter import LatentLifterNet
from metricpose.models.ray_lifter import CAMERA_SIZE, RayLifterNet
from metricpose.skeletons.lifter_points import OTHER_POINTS

INPUTS = ("rays", "scores", "camera")
OUTPUTS = ("joints_cam", "joint_sigma", "root_cam", "root_depth_interval")
OTHER_INPUTS, OTHER_OUTPUTS = ("other_rays", "other_scores"), ("latents_cam", "points_sigma")
"""Beside those, of a lifter of every skeleton."""


class _Inference(nn.Module):
    """The network with the outputs that users get, all people present."""

    def __init__(self, net: RayLifterNet) -> None:
        super().__init__()
        self.net = net
        every = isinstance(net, LatentLifterNet)
        self.inputs = INPUTS + OTHER_INPUTS * every
        self.outputs = OUTPUTS + OTHER_OUTPUTS * every

    def forward(self, rays: Tensor, scores: Tensor, camera: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        lifted = self.net(rays, scores, camera, None, *others) if others else self.net(rays, scores, camera)
        return tuple(getattr(lifted, name) for name in self.outputs)


def example_inputs(images: int, people: int, seed: int = 0, *, others: bool = False) -> tuple[Tensor, ...]:
    """Plausible random inputs for export and comparison; every other picture knows its camera's tilt and height."""
    generator = torch.Generator().manual_seed(seed)
    middle = torch.randn(images, people, 1, 2, generator=generator) * 0.3

    def seen(count: int) -> tuple[Tensor, Tensor]:
        points = middle + 0.1 * torch.randn(images, people, count, 2, generator=generator)
        rays = nn.functional.normalize(torch.cat([points, torch.ones_like(points[..., :1])], -1), dim=-1)
        return rays, (torch.rand(images, people, count, generator=generator) - 0.2).clamp_min(0)

    camera = torch.zeros(images, CAMERA_SIZE)
    camera[::2] = torch.tensor([0.0, -0.96, -0.28, 1, 0.01, 1.6, 1, 0.02])
    return *seen(17), camera, *(seen(len(OTHER_POINTS)) if others else ())


def written_onnx(model: RayLifterNet, path: Path, facts: Mapping[str, str] | None = None) -> None:
    """Writes the ONNX file with free numbers of pictures and people. Raises WeightsError if it differs from torch.

    Rounds the model's matrices to float16, in which the file keeps them; all computation stays float32.
    """
    images, people = torch.export.Dim("images", min=1, max=1_000_000), torch.export.Dim("people", min=1, max=100_000)
    _round_matrices(model)
    wrapped = _Inference(model).eval()
    free = [{0: images} if name == "camera" else {0: images, 1: people} for name in wrapped.inputs]
    shapes = {**dict(zip(INPUTS, free, strict=False)), **({"others": tuple(free[3:])} if free[3:] else {})}
    with _quiet_exporter():
        program = torch.onnx.export(
            wrapped, example_inputs(3, 5, others=len(free) > 3), dynamo=True, dynamic_shapes=shapes,
            input_names=list(wrapped.inputs), output_names=list(wrapped.outputs), verbose=False,
        )  # fmt: skip
    assert program is not None
    temporary = path.with_name(path.name + ".tmp")
    program.save(str(temporary), external_data=False)
    _store_matrices_as_half(temporary, facts or {})
    worst = worst_difference(wrapped, temporary)
    if not worst <= 1e-4:
        temporary.unlink()
        raise WeightsError(f"{path}: ONNX Runtime differs from torch by {worst:.2e}, expected at most 1e-4 (relative)")
    os.replace(temporary, path)


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keeps the exporter's talk of its own doings (torchvision, names of axes) from whoever asked for a file."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@torch.no_grad()
def _round_matrices(model: nn.Module) -> None:
    """Half of the bytes at 0.05 % of a weight; one rounding for both files, so that they stay one network."""
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.copy_(parameter.half().float())


def _store_matrices_as_half(path: Path, facts: Mapping[str, str]) -> None:
    """Keeps the file's float32 matrices that float16 can say exactly as float16, widened when the file is loaded."""
    import onnx

    proto = onnx.load(str(path))
    graph = proto.graph
    casts = []
    for tensor in graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.ndim != 2 or not np.array_equal(array.astype(np.float16), array):
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(array.astype(np.float16), f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
    onnx.helper.set_model_props(proto, dict(facts))
    onnx.save(proto, str(path))


def worst_difference(wrapped: _Inference, path: Path) -> float:
    """The largest difference between ONNX Runtime and torch over outputs, relative to the depth of the person."""
    session = imported_onnxruntime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for images, people in ((1, 1), (3, 5), (2, 8)):
        inputs = example_inputs(images, people, seed=people, others=len(wrapped.inputs) > 3)
        with torch.no_grad():
            expected = [value.numpy() for value in wrapped(*inputs)]
        got = session.run(None, {name: value.numpy() for name, value in zip(wrapped.inputs, inputs, strict=True)})
        depth = expected[2][..., 2].max()
        for ours, theirs in zip(got, expected, strict=True):
            worst = max(worst, float(np.abs(np.asarray(ours) - theirs).max() / depth))
    return worst


def exported(model: RayLifterNet, folder: Path, facts: Mapping[str, str] | None = None) -> None:
    """Writes ray_lifter.onnx and ray_lifter.safetensors into `folder`, each atomically; both state the `facts`."""
    written_onnx(model, folder / "ray_lifter.onnx", facts)
    path = folder / "ray_lifter.safetensors"
    temporary = path.with_name(path.name + ".tmp")
    matrices = {name for name, parameter in model.named_parameters() if parameter.ndim == 2}
    tensors = {
        name: (value.half() if name in matrices else value).contiguous() for name, value in model.state_dict().items()
    }
    save_file(tensors, temporary, metadata={"options": json.dumps(vars(model.options)), **(facts or {})})
    os.replace(temporary, path)
