"""Arrays of fitted models in `data`, with a fingerprint."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
_FOLDER = Path(__file__).parent / "data"
_FINGERPRINT = "fingerprint"


def read_arrays(name: str) -> Arrays:
    """Read what `write_arrays` wrote. Raises ValueError where it was changed."""
    with np.load(_FOLDER / f"{name}.npz", allow_pickle=False) as arrays:
        parts = {part: arrays[part] for part in arrays.files}
    fingerprint = str(parts.pop(_FINGERPRINT))
    if _fingerprint(parts) != fingerprint:
        raise ValueError(f"{name}.npz is damaged")
    return parts


def write_arrays(name: str, parts: Arrays) -> None:
    """Write arrays of numbers and texts."""
    _FOLDER.mkdir(exist_ok=True)
    stored = {**parts, _FINGERPRINT: np.array(_fingerprint(parts))}
    np.savez_compressed(_FOLDER / f"{name}.npz", allow_pickle=False, **stored)


def _fingerprint(parts: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(parts):
        digest.update(np.ascontiguousarray(parts[name]).tobytes())
    return digest.hexdigest()[:16]
