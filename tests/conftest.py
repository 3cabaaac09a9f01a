"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def METRICPOSE_SHARED() -> Path:
    """Folder with real recordings and data sets; tests that need it are skipped where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("METRICPOSE_SHARED", default))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}: set METRICPOSE_SHARED to its folder")
    return folder
