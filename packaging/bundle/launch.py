"""Start the packaged program."""

import sys
from multiprocessing import freeze_support

# A library that starts processes starts this file again; such a process must not open a window.
freeze_support()

from defect_workbench.__main__ import main  # noqa: E402 # only after the line above

sys.exit(main())
