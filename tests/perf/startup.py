"""Measure how long the program takes until its window can be used, cold and warm.

    python -m tests.perf.startup [--rounds 5]

From the start of the process until the window is painted and the event loop is idle. A cold start begins with
an empty page cache, which only an administrator of a Linux system can empty; elsewhere it is left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAGE_CACHE = Path("/proc/sys/vm/drop_caches")
# Ends the program as soon as it waits for the user.
_START = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
shown = QApplication.exec
def exec_until_idle():
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, QApplication.quit))
    code = shown()
    print(time.time())
    return code
QApplication.exec = exec_until_idle
from defect_workbench.__main__ import main
sys.argv = ["defect-workbench"]
sys.exit(main())
"""


def start(home: Path) -> float:
    """Return the seconds from the start of a process until its window waits for the user."""
    environment = {**os.environ, "DEFECT_WORKBENCH_HOME": str(home)}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", _START], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1]) - started


def empty_page_cache() -> bool:
    """Make the next start read everything from disk; return whether that is allowed."""
    try:
        os.sync()
        PAGE_CACHE.write_text("3")
    except OSError:
        return False
    return True


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    cold, warm = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            if empty_page_cache():
                cold.append(start(Path(folder)))
            warm.append(start(Path(folder)))
    if cold:
        print(f"window, cold start: {statistics.median(cold):.2f} s ({min(cold):.2f} to {max(cold):.2f})")
    else:
        print("window, cold start: not measured, as the page cache cannot be emptied here")
    print(f"window, warm start: {statistics.median(warm):.2f} s ({min(warm):.2f} to {max(warm):.2f})")


if __name__ == "__main__":
    main()
