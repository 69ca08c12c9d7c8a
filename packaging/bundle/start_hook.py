"""Runs first in the packaged program: programs of the system get the library path of the system.

The bundle's own libraries would otherwise be loaded by npm, and by the browser or file manager that the
window opens. The system's loader has read the variable already, so this process itself is not affected.
"""

import os

for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
    _original = os.environ.pop(f"{_name}_ORIG", None)
    if _original is not None:
        os.environ[_name] = _original
    else:
        os.environ.pop(_name, None)
