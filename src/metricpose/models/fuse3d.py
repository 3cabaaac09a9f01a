"""A network for answering only: batch norms folded into their convolutions, channels last in memory.

The same function in fewer passes over memory: a batch norm that has stopped learning is a factor and a summand of each
channel of the convolution before it, and CPUs and GPUs convolve fastest where a cell's channels lie together.
"""

from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from metricpose._errors import InputError

ModuleT = TypeVar("ModuleT", bound=nn.Module)
_CONVOLUTIONS = (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)
_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}  # by a weight's dimensions


def fused_(module: ModuleT) -> ModuleT:
    """The module itself, changed for good: each batch norm that is defined right after a convolution is folded into it,
    and weights lie channels-last (2D and 3D). Answers stay the same to rounding; it cannot be trained any more.

    Raises InputError for a module in training, whose batch norms are not fixed.
    """
    if module.training:
        raise InputError("fused_: expected a module in eval mode, got one in training; call .eval() first")
    for parent in list(module.modules()):
        _fold_children(parent)
    module.requires_grad_(False)
    for parameter in module.parameters():
        if parameter.ndim in _FORMATS:
            parameter.data = parameter.data.contiguous(memory_format=_FORMATS[parameter.ndim])
    return module


def _fold_children(parent: nn.Module) -> None:
    children = list(parent.named_children())
    for (name, convolution), (norm_name, norm) in pairwise(children):
        if isinstance(convolution, _CONVOLUTIONS) and isinstance(norm, _NORMS):
            transposed = isinstance(convolution, nn.ConvTranspose2d | nn.ConvTranspose3d)
            setattr(parent, name, fuse_conv_bn_eval(convolution, norm, transposed))  # type: ignore[type-var]
            setattr(parent, norm_name, nn.Identity())
