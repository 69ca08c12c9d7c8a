"""Open a large inspection file in the window, offscreen: 66,000 defects, 132,000 pages, 45 columns.

    python -m tests.perf.klarf_window [--defects 66000] [--work FOLDER]

The features are not those of the pages: the network would need hours. Vectors drawn from the images of a
labelled set of `../shared/data`, with noise, stand in for them in the feature store, as in
`tests.perf.large`. Everything else is real: the file is listed, the pages are read for the gallery.

Prints seconds and core-seconds of listing and grouping, the largest resident memory and that beside the
vectors, the longest stall of the GUI thread during each step, and the frames of gallery and wafers. A stall
is the time between two ticks of a 5 ms timer; on a busy machine, the time that the thread itself computed
in between, which is printed behind it, is the one to compare, but it lacks waiting for the interpreter lock.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QElapsedTimer, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from defect_workbench.app.jobs.runner import Progress
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.image_records import FileStamp
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.wafer.picture_choice import FIRST, NONE, PictureChoice
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.klarf.image_listing import ImageSource, list_images
from tests.perf.bench import memory, spread, wait
from tests.perf.klarf_listing import write_lot
from tests.perf.large import forget_peak, peak_memory
from tests.perf.resampled_sets import SETS, fill_store, labelled_set, missing_data
from tests.perf.wafer import frame_words

_MORE = tuple(f"ATTRIBUTE{number}" for number in range(28))
_CHOICE = PictureChoice(FIRST, NONE)
_ROWS_OF_SLOW_SCROLL = 60


def write_features(path: Path, folder: Path, work: Path) -> None:
    """Fill a store with vectors that stand for those of the pages."""
    listing = list_images(ImageSource(path, choice=_CHOICE), SilentReporter()).listing
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(len(listing.files))]
    source, store = labelled_set(SETS[0], work), FeatureStore(folder)
    fill_store(source, store, hashes, side=32)
    stamps = {
        file.path: FileStamp(file.size, file.mtime_ns, sha256, file.changed_ns, file.inode)
        for file, sha256 in zip(listing.files, hashes, strict=True)
    }
    store.remember_files(listing.root, stamps)


class Stalls:
    """Notes the longest time between two ticks in the GUI thread, and how long it computed between."""

    def __init__(self) -> None:
        self._clock, self._timer = QElapsedTimer(), QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.longest = self.computed = 0.0
        self._computed = time.thread_time()
        self._clock.start()
        self._timer.start(5)

    def _tick(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, self._clock.restart())
        self.computed, self._computed = max(self.computed, 1000 * (now - self._computed)), now

    @contextmanager
    def measured(self, title: str) -> Iterator[None]:
        """Print what a step takes."""
        QApplication.processEvents()
        self._tick()
        self.longest = self.computed = 0.0
        forget_peak()
        started, processor = time.perf_counter(), time.process_time()
        yield
        QApplication.processEvents()
        self._tick()
        print(
            f"{title}: {time.perf_counter() - started:.2f} s, {time.process_time() - processor:.2f} core-s, "
            f"at most {peak_memory():.2f} GB, longest stall {self.longest:.0f} ms ({self.computed:.0f})",
            flush=True,
        )


class StageTimes:
    """Adds up the core-seconds of each stage of a job, all threads together."""

    def __init__(self) -> None:
        self.of_stage: dict[str, float] = {}
        self._title, self._started = "", 0.0

    def follow(self, progress: Progress) -> None:
        """End the stage before, if this is another one."""
        title = re.sub(r" of [\d,]+ .*|: .*", "", progress.title)
        if title != self._title:
            self.end()
            self._title, self._started = title, time.process_time()

    def end(self) -> None:
        """End the current stage."""
        if self._title:
            spent = time.process_time() - self._started
            self.of_stage[self._title] = self.of_stage.get(self._title, 0.0) + spent
        self._title = ""


def until(condition: Callable[[], bool], seconds: float = 1800.0) -> None:
    """Process events until a condition holds."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise SystemExit("it took too long")
        wait(20)


def scrolled(viewport: QWidget, steps: int, by: int) -> list[float]:
    """Return the milliseconds that the GUI thread computes for each frame while the mouse wheel turns."""
    frames = []
    middle = QPointF(viewport.rect().center())
    for _ in range(steps):
        started = time.thread_time()
        turn = QWheelEvent(
            middle,
            QPointF(viewport.mapToGlobal(middle.toPoint())),
            QPoint(),
            QPoint(0, by),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(viewport, turn)
        viewport.repaint()
        frames.append(1000 * (time.thread_time() - started))
        wait(5)
    return frames


def vectors_mb(project: Project) -> float:
    """Return the memory of the feature blocks and fused vectors of a project, in MB."""
    analysis = project.analysis
    arrays = {id(each): each for each in (analysis.vectors, *analysis.blocks.values())}
    return sum(each.nbytes for each in arrays.values()) / 1e6


def measure(path: Path, store: Path) -> None:
    """Print what opening the file, scrolling and viewing wafers takes."""
    from defect_workbench.app.garbage import GarbageSearch
    from defect_workbench.gui.application import make_application
    from defect_workbench.gui.window.main_window import MainWindow

    application = make_application()
    with tempfile.TemporaryDirectory() as folder:
        root, user = Path(folder), UserDirs.of_user()
        user = replace(
            user, store=store, recovery=root / "r", settings=root / "s.ini", analyses=root / "analyses"
        )
        window = MainWindow(user, offline=True)
        window.jobs.busy_changed.connect(GarbageSearch(window).after_job)
        window.resize(1600, 1000)
        window.show()
        wait(500)
        print(f"the empty window: {memory():.0f} MB")
        stalls = Stalls()
        listed: list[object] = []
        window.jobs.partial.connect(listed.append)
        failed: list[str] = []
        window.jobs.failed.connect(failed.append)
        with stalls.measured("listed, and shown before they are grouped"):
            # Defect maps would need the network, too.
            settings = Settings(group_by=GroupBy.PICTURE)
            window.opener.open_source(ImageSource(path, choice=_CHOICE), settings)
            until(lambda: bool(listed or failed))
        stages = StageTimes()
        window.jobs.progress.connect(stages.follow)
        window.jobs.done.connect(stages.end)
        with stalls.measured("features from the store, grouped, and shown"):
            until(lambda: window.document.project is not None or bool(failed))
        for title, seconds in stages.of_stage.items():
            print(f"  {title}: {seconds:.2f} core-s")
        if failed:
            raise SystemExit(failed[0])
        project = window.document.project
        assert project is not None
        tree = project.analysis.tree
        assert tree is not None
        words = f"in two levels of {tree.micro_clusters:,}" if tree.micro_clusters else "of all pairs"
        print(f"{len(project.images):,} images, {len(project.partition.clusters)} clusters, a tree {words}")
        with stalls.measured("the ten seconds afterwards"):
            wait(10_000)
        beside = memory() - vectors_mb(project)
        print(f"memory: {memory():.0f} MB, {beside:.0f} MB beside the vectors")
        bar, viewport = window.gallery.verticalScrollBar(), window.gallery.viewport()
        with stalls.measured("gallery, the wheel turned"):
            frames = scrolled(viewport, _ROWS_OF_SLOW_SCROLL, -120)
            print(f"gallery, the wheel turned: frame {spread(frames)}")
        with stalls.measured("gallery, dragged through all rows"):
            frames = []
            for value in np.linspace(0, bar.maximum(), 120).astype(int).tolist():
                started = time.thread_time()
                bar.setValue(value)
                viewport.repaint()
                frames.append(1000 * (time.thread_time() - started))
                wait(5)
            print(f"gallery, dragged through all rows: frame {spread(frames)}")
        for title, text in (("DSIZE", "dsize>1"), ("a further column", "attribute7>500")):
            with stalls.measured(f"filtered by {title}"):
                window.gallery_bar.text.setText(text)
                wait(1500)
        window.gallery_bar.text.clear()
        wait(500)
        with stalls.measured("the wafer tab opened"):
            window.tabs.setCurrentWidget(window.wafer_page)
            wait(1000)
        page = window.wafer_page
        for number in range(page.arrangement.count()):
            title = page.arrangement.itemText(number)
            with stalls.measured(f"wafers, {title.lower()}"):
                started = time.thread_time()
                page.arrangement.setCurrentIndex(number)
                page.view.repaint()
                changed = 1000 * (time.thread_time() - started)
                words = frame_words(page.view, 3)
                print(f"wafers, {title.lower()}: change {changed:.0f} ms; {words}")
        print(
            f"memory at the end: {memory():.0f} MB, {memory() - vectors_mb(project):.0f} beside the vectors"
        )
        window.document.undo_stack.setClean()
        window.close_without_asking()
        application.processEvents()


def main() -> None:
    """Write the lot, fill the store and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.klarf_window", description=__doc__)
    parser.add_argument("--defects", type=int, default=66_000)
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "defect-workbench-large",
        help="folder for features, lot and store; 66,000 defects need 1.5 GB",
    )
    parser.add_argument("--keep", action="store_true", help="keep lot and store for the next time")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        measure(*args.child)
        return
    if why := missing_data():
        print(why)
        return
    args.work.mkdir(parents=True, exist_ok=True)
    kept = args.work / f"klarf-{args.defects}"
    with nullcontext(str(kept)) if args.keep else tempfile.TemporaryDirectory(dir=args.work) as name:
        folder = Path(name)
        path, store = folder / "lot.001", folder / "store"
        if not store.exists():
            folder.mkdir(exist_ok=True)
            write_features(write_lot(folder, args.defects, more=_MORE), store, args.work)
        print(f"{args.defects:,} defects, {2 * args.defects:,} pages, on {os.cpu_count()} cores", flush=True)
        command = [sys.executable, "-m", "tests.perf.klarf_window", "--child", str(path), str(store)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
