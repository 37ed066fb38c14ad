"""One computing thread for each thread that asks: many small answers at once, no big one.

Libraries of linear algebra start as many threads as there are cores. With several requests under
way these fight over the cores: the service then answers a fifth of the questions (CHANGELOG).
"""

from __future__ import annotations

import os
import threading
from collections.abc import MutableMapping

from threadpoolctl import threadpool_limits

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""What numpy, scipy, scikit-learn and FAISS read, once, when they are loaded."""
_limited = threading.local()


def limit_libraries_to_load(environ: MutableMapping[str, str] = os.environ) -> None:
    """Have libraries that are loaded from now on, here or in child processes, use one thread."""
    environ.update(dict.fromkeys(VARIABLES, "1"))


def limit_loaded_libraries() -> None:
    """Have the libraries that are loaded compute with one thread in the calling thread.

    Only the first call in a thread does anything. OpenMP counts for each thread that calls it, so
    that a new thread takes the number that the environment had when the library was loaded.
    """
    if not getattr(_limited, "done", False):
        threadpool_limits(limits=1)
        _limited.done = True
