"""Measure how smoothly proposals are reviewed on the light table, one key each, with large images.

    python -m tests.perf.sorting [--images 1000] [--width 4000] [--height 3000] [--pause 250]

Keys are pressed at a fixed pause, in milliseconds. Prints the frames (a key press with the drawing that
follows), the longest time for which the window did not respond between two keys, and how many images were
shown at the resolution of the window, or only later, when their turn came.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest

from defect_workbench.app.jobs import open_job
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.project.decisions import UNDECIDED, Decisions, Group
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.gui.application import make_application
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.user_dirs import UserDirs
from tests.perf.bench import opened_project

_DISTINCT = 12
_LABELS = ("pit", "particle", "scratch")


def picture_files(folder: Path, count: int, width: int, height: int) -> list[str]:
    """Write a few large JPEG images, under as many names as there are images to review."""
    rng = np.random.default_rng(0)
    for number in range(min(_DISTINCT, count)):
        small = rng.integers(90, 170, (height // 16, width // 16), dtype=np.uint8)
        large = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
        large.save(folder / f"original-{number}.jpg", quality=90)
    names = [f"{number:04d}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        os.link(folder / f"original-{number % _DISTINCT}.jpg", folder / name)
    return names


def proposals(folder: Path, names: list[str], width: int, height: int) -> open_job.Opened:
    """Return a project in which every image has a proposal that nobody has reviewed."""
    count = len(names)
    project = opened_project(count).project
    labels = [_LABELS[number % len(_LABELS)] for number in range(count)]
    held = np.array([_LABELS.index(label) for label in labels], np.int32)
    groups = {number: Group(name, colour=number) for number, name in enumerate(_LABELS)}
    proposal = Proposal(
        tuple(labels),
        np.linspace(0.3, 0.89, count).astype(np.float32),
        np.zeros(count, bool),
        np.ones(count, bool),
        np.empty(0, np.intp),
    )
    records = tuple(ImageRecord(name, "0" * 64, width, height) for name in names)
    decisions = Decisions(held, np.full(count, UNDECIDED, np.int32), groups)
    images = ImageSet(folder, records, ())
    return open_job.prepare(replace(project, images=images, decisions=decisions, proposal=proposal))


def rest(milliseconds: float, gaps: list[float]) -> None:
    """Process events for a while, and note the longest time between two turns of the event loop."""
    loop, ticks = QEventLoop(), [time.perf_counter()]
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(2)
    QTimer.singleShot(max(1, round(milliseconds)), loop.quit)
    loop.exec()
    timer.stop()
    gaps.append(1000 * float(np.diff([*ticks, time.perf_counter()]).max()))


def review(window: MainWindow, pause: float) -> tuple[list[float], list[float], int]:
    """Press the key of each proposal's class; return frames, gaps and the images that were there in time."""
    table, project, partition = window.light_table, window.document.project, window.document.partition
    assert project is not None
    assert project.proposal is not None
    assert partition is not None
    frames: list[float] = []
    gaps: list[float] = []
    ready = 0
    keys = {
        cluster.label: each.key for each in table.keys if (cluster := each.cluster(partition)) is not None
    }
    for image in table.images:
        assert table.image == image
        ready += table.panes[0].view.has_image
        started = time.perf_counter()
        QTest.keyClicks(table, keys[project.proposal.labels[image]])
        table.repaint()
        frames.append(1000 * (time.perf_counter() - started))
        rest(pause - frames[-1], gaps)
    return frames, gaps, ready


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.sorting", description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--width", type=int, default=4000)
    parser.add_argument("--height", type=int, default=3000)
    parser.add_argument("--pause", type=float, default=250, help="milliseconds between two keys")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        os.environ["DEFECT_WORKBENCH_HOME"] = base
        folder = Path(base) / "lot"
        folder.mkdir()
        names = picture_files(folder, args.images, args.width, args.height)
        make_application()
        window = MainWindow(UserDirs.of_user(), offline=True)
        window.resize(1600, 1000)
        window.show()
        window.document.show(proposals(folder, names, args.width, args.height))
        partition, project = window.document.partition, window.document.project
        assert partition is not None
        assert project is not None
        assert project.proposal is not None
        window.look_at(project.proposal.unsure(partition).tolist(), "Least sure proposals")
        rest(3000, [])
        frames, gaps, ready = review(window, args.pause)
        left = int(window.document.project.proposal.unreviewed.sum())  # type: ignore[union-attr] # it is open
        window.close_without_asking()
    for name, values in (("frame of a key", frames), ("longest gap after it", gaps)):
        shares = np.percentile(values, [50, 95, 99, 100])
        print(
            f"{name}: "
            + ", ".join(f"{p} {v:.1f} ms" for p, v in zip(("p50", "p95", "p99", "max"), shares, strict=True))
        )
        print(f"  above 50 ms: {sum(value > 50 for value in values):,} of {len(values):,}")
    print(f"in time: {ready:,} of {len(frames):,} images; not reviewed: {left:,}")


if __name__ == "__main__":
    main()
