"""Memory that is freed is there for the next picture."""

import os
import platform
import subprocess
import sys

import pytest

PICTURES = """
import resource
import numpy as np
from metricpose._memory import keep_freed_memory

def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

{first}
for count in range(12):
    if count == 2:
        before = pages()
    blocks = [np.ones(3_000_000, np.uint8) for _ in range(4)]
    del blocks
print((pages() - before) / 10)
"""


def pages_per_picture(first: str) -> float:
    """Pages that the system clears for each picture of four blocks of 732 pages."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_", "LD_"))}
    done = subprocess.run(
        [sys.executable, "-c", PICTURES.format(first=first)], capture_output=True, text=True, check=True, env=usual
    )
    return float(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have rules of their own")
def test_the_next_picture_gets_the_memory_of_the_last() -> None:
    kept = pages_per_picture("keep_freed_memory()")
    assert kept < 100
    assert pages_per_picture("") > 2 * kept  # a few where pages are huge; none, and the call could go
