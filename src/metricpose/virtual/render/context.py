"""The OpenGL context without a window: the same code on a software driver (llvmpipe) and on a GPU, through EGL."""

import os
from functools import cache
from typing import TYPE_CHECKING

from metricpose._errors import MetricposeError, MissingExtraError

if TYPE_CHECKING:
    import moderngl

LEAST_VERSION = 330
_PACKAGES = "libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri"
_GL_NAMES = ("libGL.so.1", "libOpenGL.so.0")


class DriverError(MetricposeError):
    """There is no OpenGL driver that works without a window, or it is too old."""


@cache
def shared_context(device: int | None = None) -> "moderngl.Context":
    """The one context of this process, made on the first call.

    Args:
        device: number of the EGL device (a machine with a GPU lists its GPUs first, then software); None is the
            driver's default.

    The software driver is told to use one thread, unless LP_NUM_THREADS says otherwise: one process per core makes
    more pictures than one process on all of them.

    Raises:
        MissingExtraError: moderngl is not installed.
        DriverError: no driver; the text says what to install.
    """
    try:
        import moderngl
    except ImportError as error:
        raise MissingExtraError("rendering pictures", "render") from error
    os.environ.setdefault("LP_NUM_THREADS", "1")
    context, faults = None, []
    for library in _GL_NAMES:
        try:
            context = _created(moderngl, library, device)
            break
        # moderngl raises bare Exceptions, and OSError or ImportError for libraries that are absent.
        except Exception as fault:  # noqa: BLE001
            faults.append(" ".join(str(fault).split()))
    if context is None:
        raise DriverError(_no_driver(device, faults[0]))
    context.gc_mode = "auto"
    return context


def renderer_name(context: "moderngl.Context") -> str:
    """Name and version of the driver, for provenance."""
    return f"{context.info['GL_RENDERER']}, OpenGL {context.info['GL_VERSION']}"


def _created(moderngl, library: str, device: int | None) -> "moderngl.Context":
    settings = {} if device is None else {"device_index": device}
    return moderngl.create_context(
        standalone=True, backend="egl", require=LEAST_VERSION, libgl=library, libegl="libEGL.so.1", **settings
    )


def _no_driver(device: int | None, fault: str) -> str:
    which = "an EGL driver with OpenGL 3.3" if device is None else f"EGL device {device} with OpenGL 3.3"
    return f"rendering: expected {which}, got none ({fault}); on Debian or Ubuntu: apt-get install {_PACKAGES}"
