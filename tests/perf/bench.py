"""Measure how fast the window responds, offscreen: medians of several rounds.

    python -m tests.perf.bench [--rounds 5] [--largest 100000]

Prints: a drag frame of the dendrogram at 1,000, 10,000, 30,000 and 100,000 leaves; the gallery's opening and
scrolling, the map and the memory of the window at 50,000 and 100,000 images; a new partition at 10,000,
30,000 and 100,000 images; opening 10,000 images from the feature store. `tests.perf.stalls` measures the
stalls of the GUI thread, and `tests.perf.large` opens larger stores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from defect_workbench.app.document.gallery_sections import sections_of
from defect_workbench.app.document.item_models import ImageModel
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.jobs import open_job
from defect_workbench.core.clustering.clustering_result import Analysis, Flat, Settings
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.images.image_records import FileStamp, ImageRecord, ImageSet
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.clustering.linkage import build_tree
from defect_workbench.gui.application import make_application
from defect_workbench.gui.dendrogram.dendrogram_view import Dendrogram
from defect_workbench.gui.gallery.gallery_view import Gallery
from defect_workbench.gui.map.map_view import MapView
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.user_dirs import UserDirs
from tests.builders import BACKBONE

# As in real image sets: 100 columns of the embedding, the rest from the other blocks.
COLUMNS = 120


def clouds(count: int, columns: int = COLUMNS) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return points in twelve groups."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((12, columns)) * 2
    return (centres[rng.integers(0, 12, count)] + rng.standard_normal((count, columns))).astype(np.float32)


def opened_project(count: int, *, with_tree: bool | None = None) -> open_job.Opened:
    """Return a project of synthetic vectors, without files; by default with a tree if that takes seconds."""
    vectors = clouds(count)
    weights = BlockWeights({"deep": 1.0}, "synthetic")
    result: Tree | Flat
    if with_tree or (with_tree is None and count <= 30_000):
        # Of very many, a tree of few columns: it is only looked at.
        columns = COLUMNS if count <= 30_000 else 12
        method, result = "agglomerative", build_tree(vectors[:, :columns].astype(np.float64))
    else:
        labels = np.random.default_rng(1).integers(0, 40, count)
        method, result = "affinity", Flat(labels, np.arange(40))
    settings = Settings(method, weights=weights)
    analysis = Analysis(settings, weights, BACKBONE, {"deep": vectors}, vectors, np.zeros(count), result)
    images = tuple(ImageRecord(f"{i:06d}.png", "0" * 64, 64, 64) for i in range(count))
    return open_job.prepare(
        Project(ImageSet(Path("/nowhere"), images, ()), analysis, 12, Decisions.none(count))
    )


def spread(milliseconds: list[float]) -> str:
    """Return median and 95th percentile as text."""
    return f"p50 {np.percentile(milliseconds, 50):.2f} ms, p95 {np.percentile(milliseconds, 95):.2f} ms"


def wait(milliseconds: int) -> None:
    """Process events for a while; QTest.qWait would hold the GIL."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def drag_frames(opened: open_job.Opened, rounds: int) -> tuple[list[float], float]:
    """Return the milliseconds from mouse move to painted line, and those of the redraw after release."""
    view = Dendrogram()
    view.resize(1200, 500)
    tree = opened.project.analysis.tree
    assert tree is not None
    view.set_tree(tree, opened.layout, opened.colours, ())
    view.set_cut(12)
    view.show()
    wait(50)
    frames, releases = [], []
    for _ in range(rounds):
        y = round(view.line_y())
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(600, y))
        for step in range(60):
            started = time.perf_counter()
            QTest.mouseMove(view, QPoint(600, y + 3 * (step % 30)))
            view.repaint()
            frames.append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(600, y))
        view.repaint()
        releases.append(1000 * (time.perf_counter() - started))
    view.close()
    return frames, statistics.median(releases)


def gallery(application: QApplication, opened: open_job.Opened, rounds: int) -> None:
    """Print the times of opening and scrolling the gallery and of drawing the map."""
    document, loader = Document(), ThumbnailLoader(96)
    document.show(opened)
    sections, order = sections_of(document)
    paths = opened.project.images.paths
    opens, frames = [], []
    for _ in range(rounds):
        view, model = Gallery(), ImageModel(loader)
        view.resize(1000, 800)
        started = time.perf_counter()
        model.set_rows(Path("/nowhere"), paths, order, sections)
        view.setModel(model)
        view.show()
        application.processEvents()
        view.viewport().repaint()
        opens.append(1000 * (time.perf_counter() - started))
        bar = view.verticalScrollBar()
        for value in np.linspace(0, bar.maximum(), 60).astype(int).tolist():
            started = time.perf_counter()
            bar.setValue(value)
            view.viewport().repaint()
            frames.append(1000 * (time.perf_counter() - started))
        view.close()
    print(
        f"gallery, {len(paths):,} rows: open {statistics.median(opens):.1f} ms; scroll frame {spread(frames)}"
    )
    plane = MapView(document, loader)
    plane.resize(1000, 800)
    plane.set_points(document.plane)
    plane.show()
    wait(50)
    frame_times = []
    for _ in range(rounds * 4):
        started = time.perf_counter()
        plane.show_all()
        plane.repaint()
        frame_times.append(1000 * (time.perf_counter() - started))
    print(f"map, {len(paths):,} points: frame {spread(frame_times)}")
    plane.close()
    loader.close()


def partitions(opened: open_job.Opened, rounds: int) -> None:
    """Print the time to regroup after a moved cut, without drawing."""
    document = Document()
    document.show(opened)
    times = []
    for clusters in range(13, 13 + 4 * rounds):
        started = time.perf_counter()
        document.preview_cut(clusters)
        sections_of(document)
        times.append(1000 * (time.perf_counter() - started))
    print(f"regrouping, {len(opened.project.images):,} images: {spread(times)}")


def memory() -> float:
    """Return the resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def window_memory(opened: open_job.Opened) -> None:
    """Print the memory that a window needs for an image set, without the vectors."""
    before = memory()
    with tempfile.TemporaryDirectory() as folder:
        root, user = Path(folder), UserDirs.of_user()
        window = MainWindow(replace(user, recovery=root / "r", settings=root / "s.ini"), offline=True)
        window.resize(1440, 900)
        window.show()
        window.document.show(opened)
        wait(500)
        added = memory() - before
        window.close()
    count = len(opened.project.images)
    print(f"memory that a window with {count:,} images needs besides the vectors: {added:.0f} MB")


def open_from_store(rounds: int) -> None:
    """Print the time to open 10,000 images whose vectors are in the store."""
    from defect_workbench.core.images.measurements import NUMBERS
    from defect_workbench.core.images.preprocessing_steps import DEFAULT
    from defect_workbench.core.progress import SilentReporter
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.extraction import extractor as extraction
    from defect_workbench.engine.extraction.stored_vectors import FACTS, HINTS, open_blocks
    from defect_workbench.engine.input.scan import FoundFile, Listing
    from defect_workbench.storage.vectors.analysis_cache import AnalysisCache
    from defect_workbench.storage.vectors.feature_store import FeatureStore

    count = 10_000
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(Path(folder) / "store")
        hashes = [f"{i:064x}" for i in range(count)]
        blocks = open_blocks(store, DEFAULT, None)
        values: dict[str, list[Any]] = dict(
            zip(FACTS, ([v] * 256 for v in (64, 64, "PNG", "", "", "", 0)), strict=True)
        )
        measured = {name: [1.0] * 256 for name in (*NUMBERS, *HINTS)}
        rng = np.random.default_rng(0)
        for start in range(0, count, 256):
            part = hashes[start : start + 256]
            blocks.vectors["haralick"].append_vectors(part, rng.random((len(part), 26), np.float32))
            blocks.vectors["zernike"].append_vectors(part, clouds(len(part), 25))
            blocks.vectors["outline"].append_vectors(part, clouds(len(part), 25))
            blocks.measured.append_fields(
                part, {name: column[: len(part)] for name, column in measured.items()}
            )
            blocks.facts.append_fields(part, {name: column[: len(part)] for name, column in values.items()})
        root = Path("/nowhere")
        files = tuple(FoundFile(f"{i:06d}.png", 1, 1) for i in range(count))
        stamps = {f.path: FileStamp(1, 1, h) for f, h in zip(files, hashes, strict=True)}
        store.remember_files(root, stamps)
        times: list[tuple[float, float]] = []
        cached_times: list[float] = []
        for _ in range(rounds):
            started = time.perf_counter()
            reopened = FeatureStore(Path(folder) / "store")
            library = WeightsLibrary(Path(folder) / "none")
            extracted = extraction.extract(
                Listing(root, files, ()), reopened, library, SilentReporter(), offline=True
            )
            assert extracted.computed == 0
            read = time.perf_counter() - started
            from defect_workbench.engine.clustering.group import analyse

            analysis = analyse(extracted.features, Settings(), SilentReporter())
            open_job.prepare(Project(extracted.images, analysis, 12, Decisions.none(count)))
            times.append((read, time.perf_counter() - started))
            cache = AnalysisCache(Path(folder) / "analyses")
            cache.put(extracted.images, {}, analysis)
            started = time.perf_counter()
            cached = cache.get(extracted.images, {}, analysis.settings)
            assert cached is not None
            open_job.prepare(Project(extracted.images, cached, 12, Decisions.none(count)))
            cached_times.append(read + time.perf_counter() - started)
        read = statistics.median(pair[0] for pair in times)
        whole = statistics.median(pair[1] for pair in times)
        cached_median = statistics.median(cached_times)
        print(f"open {count:,} images from the store: {cached_median:.2f} s; the first time: {whole:.2f} s")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", type=int, default=100_000, help="images of the largest set")
    parser.add_argument("--only-largest", action="store_true", help="print the figures of that set alone")
    args = parser.parse_args()
    rounds = args.rounds
    application = make_application()
    for count in () if args.only_largest else (1_000, 10_000, 30_000):
        opened = opened_project(count)
        frames, released = drag_frames(opened, rounds)
        print(f"drag, {count:,} leaves: frame {spread(frames)}; redraw on release {released:.1f} ms")
        if count > 1_000:
            partitions(opened, rounds)
    if not args.only_largest:
        half = opened_project(50_000)
        gallery(application, half, rounds)
        window_memory(half)
        del half
    largest = opened_project(args.largest, with_tree=True)
    frames, released = drag_frames(largest, rounds)
    print(f"drag, {args.largest:,} leaves: frame {spread(frames)}; redraw on release {released:.1f} ms")
    partitions(largest, rounds)
    gallery(application, largest, rounds)
    window_memory(largest)
    del largest
    if args.only_largest:
        return
    open_from_store(rounds)
    application.processEvents()


if __name__ == "__main__":
    main()
