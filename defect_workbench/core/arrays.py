"""Short names for common array types."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
StorableVectors = NDArray[np.float32 | np.float16]
Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
