"""ONNX Runtime, without its telemetry.

Its official builds (1.31.1 does, 1.25.1 does not) send usage data to Microsoft and keep an identifier of the machine
in the user's cache folder, unless ORT_DISABLE_TELEMETRY is set before it is first imported (its Privacy.md says so).
"""

import os
from types import ModuleType


def imported_onnxruntime() -> ModuleType:
    """The module `onnxruntime`; what it raises where it does not load is passed on."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime
