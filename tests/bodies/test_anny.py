"""The Anny adapter where Anny is absent; the mesh itself is measured by recipes/build_body_bank.py."""

import sys

import pytest

from metricpose._errors import MissingExtraError
from metricpose.bodies.anny import AnnyBody


def test_a_missing_anny_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "anny", None)
    with pytest.raises(MissingExtraError, match=r"Anny body model .*pip install metricpose\[anny\]"):
        AnnyBody()
