"""Memory that the process keeps once it has it: for verbs that ask for tensors of tens of MB again and again.

glibc gives large blocks back to the system at once, and the system hands them out again page by page: a tenth of the
time of a network of volumes. It changes the whole process, hence verbs may ask for it, and the library does not.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of malloc.h


def keep_memory() -> bool:
    """Whether it could be asked for: with glibc it can; elsewhere nothing changes."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        return bool(libc.mallopt(_MMAP_MAX, 0)) and bool(libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1))
    except (OSError, AttributeError):
        return False
