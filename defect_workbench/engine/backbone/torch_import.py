"""Import torch without a standstill of the other threads.

A plain import holds the interpreter lock for a quarter of a second while the loader maps torch's
libraries, and for a tenth of a second at every collection of garbage among the hundred thousands of
objects it makes; a window beside it stands still that long.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
from pathlib import Path


def load_torch() -> None:
    """Import torch and torchvision, unless they are there already."""
    if "defect_workbench.engine.backbone.torchvision_gate" in sys.modules:
        return
    _map_library()
    collecting = gc.isenabled()
    gc.disable()
    try:
        import defect_workbench.engine.backbone.torchvision_gate  # noqa: F401
    finally:
        # None of it is ever garbage; later collections need not look at it.
        gc.freeze()
        if collecting:
            gc.enable()


def _map_library() -> None:
    """Have the system map torch's largest library beforehand: a foreign call gives the lock away."""
    found = importlib.util.find_spec("torch")
    if os.name != "posix" or found is None or found.origin is None:
        return
    library = Path(found.origin).with_name("lib") / "libtorch_cpu.so"
    if library.exists():
        dlopen = ctypes.CDLL(None).dlopen
        dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
        dlopen(os.fsencode(library), os.RTLD_LAZY)
