"""Full searches for garbage happen after jobs, and return memory to the system."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

# In a process of its own, as it changes how Python searches.
CODE = """
import weakref
from PySide6.QtCore import QCoreApplication, QTimer
from defect_workbench.app import garbage
from defect_workbench.app.jobs.runner import JobRunner

class Cycle:
    def __init__(self):
        self.itself = self

garbage._AFTER_JOB = 10
application = QCoreApplication([])
search = garbage.GarbageSearch(application)
cycle = Cycle()
gone = weakref.ref(cycle)
garbage.gc.collect()  # now it is old
del cycle

def job(reporter):
    assert len([[number] for number in range(200_000)]) == 200_000
    return gone() is not None

def wait_for_the_search():
    if gone() is None:
        application.quit()

runner = JobRunner()
runner.busy_changed.connect(search.after_job)
runner.done.connect(lambda kept: print("kept during the job:", kept))
watch = QTimer()
watch.timeout.connect(wait_for_the_search)
runner.done.connect(lambda: watch.start(5))
runner.run(job)
QTimer.singleShot(60_000, lambda: application.exit(1))
code = application.exec()
runner.close()
raise SystemExit(code)
"""


def test_old_cycles_stay_during_a_job_and_are_freed_after_it() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "kept during the job: True\n"


# Blocks that are too small for a mapping each, and one above them that stays.
FREED = """
import os
import numpy as np
from defect_workbench.app.garbage import return_freed_memory

def resident():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

blocks = [np.ones(8_000) for _ in range(3_000)]
last = blocks[-1]
del blocks
before = resident()
return_freed_memory()
assert before - resident() > 100_000_000, (before, resident())
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="the C library has no function for it",
)
def test_freed_memory_is_returned_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
