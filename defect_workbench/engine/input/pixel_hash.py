"""The hash of pixels, for images that are not all of a file."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pixel_hash(values: NDArray[Any]) -> str:
    """Return the SHA-256 of pixels: of their type and shape, and of their values in little-endian order."""
    ordered = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{ordered.dtype.str} {ordered.shape}".encode())
    digest.update(ordered.tobytes())
    return digest.hexdigest()
