"""Import large packages without a standstill of the other threads.

A package with tens of thousands of objects sets off collections of garbage that look at each of them, at
a tenth of a second apiece, and none of it is ever garbage.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_imports() -> Iterator[None]:
    """No collection within the block, and what was imported in it is never looked at again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
