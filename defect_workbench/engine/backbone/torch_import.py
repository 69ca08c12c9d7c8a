"""Import torch without blocking other threads for long.

A plain import holds the interpreter lock for 0.25 s while the loader maps torch's libraries, and for 0.1 s at
every garbage collection, as it creates hundreds of thousands of objects. The window would freeze for that
long.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
from pathlib import Path


def load_torch() -> None:
    """Import torch and torchvision, unless they are already imported."""
    if "defect_workbench.engine.backbone.torchvision_gate" in sys.modules:
        return
    _map_library()
    collecting = gc.isenabled()
    gc.disable()
    try:
        import defect_workbench.engine.backbone.torchvision_gate  # noqa: F401
    finally:
        # Modules are never freed; later collections need not scan their objects.
        gc.freeze()
        if collecting:
            gc.enable()


def _map_library() -> None:
    """Map torch's largest library in advance by a foreign call, which releases the interpreter lock."""
    spec = importlib.util.find_spec("torch")
    if os.name != "posix" or spec is None or spec.origin is None:
        return
    library = Path(spec.origin).with_name("lib") / "libtorch_cpu.so"
    if library.exists():
        dlopen = ctypes.CDLL(None).dlopen
        dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
        dlopen(os.fsencode(library), os.RTLD_LAZY)
