"""The context: one per process, and one line where there is none."""

import builtins
import sys
from types import SimpleNamespace

import pytest

from metricpose._errors import MissingExtraError
from metricpose.virtual.render.context import DriverError, renderer_name, shared_context
from tests.virtual.render.gl_fixtures import context_or_skip


@pytest.mark.gl
def test_there_is_one_context_and_it_has_a_name() -> None:
    context = context_or_skip()
    assert shared_context() is context
    assert "OpenGL" in renderer_name(context)


def test_no_driver_is_one_line_with_what_to_install(monkeypatch) -> None:
    def refuses(**settings):
        raise Exception("libEGL.so.1\nnot found")

    monkeypatch.setitem(sys.modules, "moderngl", SimpleNamespace(create_context=refuses))
    with pytest.raises(DriverError) as caught:
        shared_context.__wrapped__(device=3)
    text = str(caught.value)
    assert "EGL device 3" in text and "libEGL.so.1 not found" in text and "\n" not in text
    assert "apt-get install libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri" in text


def test_without_moderngl_the_extra_is_named(monkeypatch) -> None:
    plain = builtins.__import__

    def without(name, *rest):
        if name == "moderngl":
            raise ImportError(name)
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"metricpose\[render\]"):
        shared_context.__wrapped__()
