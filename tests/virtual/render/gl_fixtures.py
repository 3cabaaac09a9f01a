"""A context of OpenGL for tests marked `gl`, which skip where there is none."""

import pytest

from metricpose._errors import MissingExtraError
from metricpose.virtual.render.context import DriverError, shared_context


def context_or_skip():
    """The shared context; a skip with the reason where it cannot be made."""
    try:
        return shared_context()
    except (DriverError, MissingExtraError) as fault:
        pytest.skip(str(fault))
