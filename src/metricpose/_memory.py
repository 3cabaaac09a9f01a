"""What is done about memory that every picture takes, frees, and leaves to the next one to take again."""

import numpy as np

_BLOCK = 20_000_000


def keep_freed_memory() -> None:
    """Lets the C library keep what one picture frees, up to 40 MB, for the next.

    glibc hands freed memory above a threshold back to the system, which clears it page by page when it is wanted again:
    2,300 pages for every picture of 1280 x 720 px. The threshold is twice the largest block that was freed so far
    (mallopt(3), M_MMAP_THRESHOLD), so that one is freed here, which nobody has touched. Elsewhere this does nothing.
    """
    block = np.empty(_BLOCK, np.uint8)
    del block
