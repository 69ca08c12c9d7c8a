"""Measure how fast wafers are drawn and clusters are tested, offscreen: 100,000 defects on 25 wafers.

    python -m tests.perf.wafer [--defects 100000] [--rounds 3]

Prints: a frame while panning and zooming, for each arrangement; a lasso around all defects; the time to
change the arrangement; repeaters; the test of the placement of 12 clusters.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from dataclasses import replace

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.wafer.wafer_places import Wafer, WaferPlaces
from defect_workbench.engine.wafer.placement_findings import placement_findings
from defect_workbench.engine.wafer.repeaters import find_repeaters
from defect_workbench.gui.application import make_application
from defect_workbench.gui.wafer.wafer_frames import Arrangement
from defect_workbench.gui.wafer.wafer_view import WaferView
from tests.perf.bench import opened_project, spread, wait

_WAFERS, _PITCH, _CLUSTERS = 25, (8_000.0, 6_000.0), 12


def made_places(defects: int) -> WaferPlaces:
    """Return defects anywhere on 25 wafers of 300 mm with about 1,400 dies each."""
    rng = np.random.default_rng(0)
    radius = 148_000 * np.sqrt(rng.random(defects))
    angle = rng.random(defects) * 2 * np.pi
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    dies = np.floor(np.stack([x / _PITCH[0], y / _PITCH[1]], axis=1))
    inside = np.stack([x, y], axis=1) - dies * np.array(_PITCH)
    whole = tuple(map(tuple, np.unique(dies, axis=0).astype(int).tolist()))
    wafer = Wafer("", diameter_mm=300.0, die_pitch_um=_PITCH, notch="down", dies=whole)
    wafers = tuple(replace(wafer, name=str(number + 1)) for number in range(_WAFERS))
    wafer_of = rng.integers(0, _WAFERS, defects)
    return WaferPlaces(wafers, wafer_of, x, y, dies[:, 0], dies[:, 1], inside[:, 0], inside[:, 1])


def panned(view: WaferView, steps: int = 20) -> list[float]:
    """Return the milliseconds that the thread computes for each frame while the mouse moves the wafers."""
    times = []
    middle = view.rect().center()
    QTest.mousePress(view, Qt.MouseButton.MiddleButton, pos=middle)
    for step in range(steps):
        started = time.thread_time()
        QTest.mouseMove(view, middle + QPoint(4 * step, -3 * step))
        view.repaint()
        times.append(1000 * (time.thread_time() - started))
    QTest.mouseRelease(view, Qt.MouseButton.MiddleButton, pos=middle + QPoint(4 * steps, -3 * steps))
    return times


def zoomed(view: WaferView, steps: int = 10) -> list[float]:
    """Return the milliseconds that the thread computes for each frame while the mouse wheel zooms in."""
    times = []
    at, turn = QPointF(view.rect().center()), QPoint(0, 120)
    for _ in range(steps):
        started = time.thread_time()
        event = QWheelEvent(
            at,
            QPointF(view.mapToGlobal(at)),
            QPoint(),
            turn,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view, event)
        view.repaint()
        times.append(1000 * (time.thread_time() - started))
    return times


def frames(view: WaferView, rounds: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each frame while panning, and while zooming in."""
    pans, zooms = [], []
    for _ in range(rounds):
        view.show_all()
        view.repaint()
        pans += panned(view)
        zooms += zoomed(view)
    return pans, zooms


def frame_words(view: WaferView, rounds: int) -> str:
    """Return the frame times of panning and zooming as text."""
    pans, zooms = frames(view, rounds)
    return f"panned, frame {spread(pans)}; zoomed, frame {spread(zooms)}"


def lasso(view: WaferView, rounds: int) -> float:
    """Return the milliseconds from the release of a lasso to the list of images."""
    view.show_all()
    corners = [QPoint(200, 100), QPoint(800, 100), QPoint(800, 700), QPoint(200, 700)]
    times = []
    for _ in range(rounds):
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=corners[0])
        for corner in corners[1:]:
            QTest.mouseMove(view, corner)
        started = time.perf_counter()
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=corners[-1])
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--defects", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    make_application()
    places, document = made_places(args.defects), Document()
    document.show(opened_project(args.defects))
    view = WaferView(document)
    view.resize(1000, 800)
    view.show()
    view.set_places(places)
    wait(50)
    for arrangement in Arrangement:
        started = time.perf_counter()
        view.arrange(arrangement, 3)
        view.repaint()
        changed = 1000 * (time.perf_counter() - started)
        words = frame_words(view, args.rounds)
        print(f"{arrangement.value}, {args.defects:,} defects: change {changed:.0f} ms; {words}")
    view.show_density(True)
    print(f"with density: {frame_words(view, args.rounds)}")
    view.arrange(Arrangement.STACKED, 0)
    print(f"lasso: {lasso(view, args.rounds):.0f} ms")
    view.close()
    started = time.perf_counter()
    found = find_repeaters(places)
    print(f"repeaters: {time.perf_counter() - started:.1f} s, {len(found)} found by chance")
    labels = [str(number) for number in range(_CLUSTERS)]
    cluster_of = np.random.default_rng(1).integers(-1, _CLUSTERS, args.defects)
    for name, pattern in (("none with a signature", False), ("one along a scratch", True)):
        if pattern:
            scratch = np.flatnonzero(cluster_of == 3)[:200]
            places.x_um[scratch] = np.linspace(-40_000, 40_000, len(scratch))
            places.y_um[scratch], places.wafer_of[scratch] = 30_000, 6
        started = time.perf_counter()
        findings = placement_findings(places, cluster_of, labels, SilentReporter())
        seconds = time.perf_counter() - started
        deviating = [finding.sentence for finding in findings if finding.remarkable]
        print(f"placement of {_CLUSTERS} clusters, {name}: {seconds:.1f} s; {deviating}")


if __name__ == "__main__":
    main()
