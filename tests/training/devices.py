"""Watches that every tensor which the package makes is made on a named device: no GPU is asked for."""

import traceback
from typing import Any

from torch.overrides import TorchFunctionMode

_MAKERS = {"tensor", "arange", "rand", "randn", "zeros", "ones", "empty", "full", "randint", "randperm"}


class DeviceWatch(TorchFunctionMode):
    """`nowhere` are the package's lines that named no device, but for the empty shape `()`, with which sums begin."""

    def __init__(self) -> None:
        super().__init__()
        self.nowhere: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in _MAKERS and kwargs.get("device") is None and args != ((),):
            lines = [frame for frame in traceback.extract_stack() if "src/metricpose" in frame.filename]
            self.nowhere += [f"{frame.filename}:{frame.lineno} {frame.line}" for frame in lines[-1:]]
        return func(*args, **kwargs)
