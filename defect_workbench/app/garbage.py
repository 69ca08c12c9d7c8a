"""When Python searches for unreachable cycles of objects: after jobs, and not in the middle of them.

A full search holds the interpreter lock for 0.1 s once the libraries are imported, and their first import
sets off several. The window would freeze for that long.
"""

from __future__ import annotations

import gc

# Objects created until the young ones are searched, which takes a few milliseconds; and never all of them.
_YOUNG, _MIDDLE, _OLD = 5_000, 5, 1_000_000_000


def search_after_jobs() -> None:
    """Leave full searches to `search_all`; what exists now, mostly modules, is never searched again."""
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


def search_all() -> None:
    """Search all objects, if Python does not do so by itself."""
    if gc.get_threshold()[2] == _OLD:
        gc.collect()
