"""Memory that was freed goes back to the system."""

from __future__ import annotations

import ctypes
import sys


def release_free_memory() -> None:
    """Give back what was freed and is kept for later; only glibc is known to be able to.

    Opening a network needs twice the memory that the network keeps: 60 MB here.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
