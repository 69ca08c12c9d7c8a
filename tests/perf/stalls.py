"""Measure the longest stalls of the GUI thread during jobs, alone and beside two busy processes.

    python -m tests.perf.stalls [--rounds 3]

Each round runs every job in a fresh process, so that imports and caches are those of a first time. A stall is
the time between two ticks of a 5 ms timer in the GUI thread. Prints the longest of each round, sorted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

BUSY = 2


def linkage() -> Callable[[Any], Any]:
    """Return a job that builds the tree of 8,000 images."""
    from defect_workbench.engine.clustering.linkage import build_tree
    from tests.perf.bench import clouds

    vectors = clouds(8000, 64).astype(float)
    return lambda reporter: build_tree(vectors)


def two_levels() -> Callable[[Any], Any]:
    """Return a job that builds the tree of 8,000 images in two levels."""
    from defect_workbench.engine.clustering.linkage import build_tree
    from tests.perf.bench import clouds

    vectors = clouds(8000, 64).astype(float)
    return lambda reporter: build_tree(vectors, budget=8 * 2000**2, reporter=reporter)


def affinity() -> Callable[[Any], Any]:
    """Return a job that runs affinity propagation on 1,500 images, scikit-learn not yet imported."""
    from tests.perf.bench import clouds

    vectors = clouds(1500).astype(float)

    def job(reporter: Any) -> Any:
        from defect_workbench.engine.clustering.methods.affinity import affinity_propagation

        return affinity_propagation(vectors, preference=-200.0, damping=0.9)

    return job


def plane() -> Callable[[Any], Any]:
    """Return a job that lays out a map of 1,500 images."""
    from tests.perf.bench import clouds

    vectors = clouds(1500)

    def job(reporter: Any) -> Any:
        from defect_workbench.engine.clustering.map_layout import neighbour_plane

        return neighbour_plane(vectors, reporter)

    return job


def extraction() -> Callable[[Any], Any]:
    """Return a job that opens a folder of new images, with the network where there are weights."""
    from defect_workbench.app.jobs import open_job
    from defect_workbench.resources import resource
    from defect_workbench.user_dirs import UserDirs
    from defect_workbench.workflows.klarf.image_listing import ImageSource

    root = Path(tempfile.mkdtemp())
    user = replace(
        UserDirs.of_user(), store=root / "store", recovery=root / "recovery", analyses=root / "analyses"
    )
    return open_job.open_source(ImageSource(resource("sample")), user)


JOBS = {
    "linkage of 8,000": linkage,
    "linkage of 8,000 in two levels": two_levels,
    "affinity propagation of 1,500": affinity,
    "map layout of 1,500": plane,
    "opening and extracting 245 new images": extraction,
}


def measured(name: str) -> tuple[float, float]:
    """Return the longest stall during a job, in milliseconds, and how long the job took, in seconds."""
    from PySide6.QtCore import QElapsedTimer, QEventLoop, Qt, QTimer

    from defect_workbench.app.garbage import GarbageSearch
    from defect_workbench.app.jobs.runner import JobRunner
    from defect_workbench.gui.application import make_application

    application = make_application()
    garbage = GarbageSearch(application)
    work = JOBS[name]()
    runner = JobRunner()
    runner.busy_changed.connect(garbage.after_job)
    clock, gaps = QElapsedTimer(), [0.0]
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)

    def tick() -> None:
        gaps.append(clock.nsecsElapsed() / 1e6)
        clock.restart()

    timer.timeout.connect(tick)
    loop = QEventLoop()
    failures: list[str] = []
    runner.failed.connect(failures.append)
    for signal in (runner.done, runner.failed, runner.cancelled):
        signal.connect(loop.quit)
    application.processEvents()
    clock.start()
    timer.start(5)
    started = time.perf_counter()
    runner.run(work)
    loop.exec()
    seconds = time.perf_counter() - started
    timer.stop()
    runner.close()
    if failures:
        raise SystemExit(failures[0])
    return max(gaps), seconds


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep processes busy beside the measurement."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> None:
    """Print the longest stalls of each job."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--job", choices=list(JOBS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job is not None:
        print(json.dumps(measured(args.job)))
        return
    for busy in (0, BUSY):
        beside = f" beside {busy} busy processes" if busy else ""
        for name in JOBS:
            found = []
            with busy_processes(busy):
                for _ in range(args.rounds):
                    command = [sys.executable, "-m", "tests.perf.stalls", "--job", name]
                    done = subprocess.run(command, check=True, capture_output=True, text=True)
                    found.append(json.loads(done.stdout.splitlines()[-1]))
            stalls = ", ".join(f"{stall:.0f}" for stall in sorted(stall for stall, _ in found))
            print(f"longest stalls during {name}{beside}: {stalls} ms ({found[-1][1]:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
