"""Measure how time and memory grow with the number of images, and how well a tree in two levels agrees.

    python -m tests.perf.large [times|agreement|adding ...] [--sizes 1000 3000 10000 30000 100000]

Without a name, all three. Vectors are drawn from the labelled sets of `../shared/data`, with noise; their
features are extracted once.

`times` opens a feature store of each size, as the window does, in a process of its own, and prints the
seconds of each stage, those of all cores together, the largest resident memory during it, and the slope: the
exponent with which each grows from one size to the next. Beside other work, the seconds of the cores are the
ones to compare. `agreement` compares the tree in two levels with the tree of all pairs, and both
with the classes, on random parts of a larger set; the memory that a tree in two levels may take is reduced so
that it has as many rows per micro-cluster as 100,000 images have. `adding` adds 1,000 images to 50,000.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.clustering.block_weights import choose_weights
from defect_workbench.engine.clustering.cut_suggestions import score_cuts, suggest_cuts
from defect_workbench.engine.clustering.linkage import Linkage, build_tree
from defect_workbench.engine.features.fusion import fuse, normalised_blocks
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.open_project import OpenRequest, open_project
from tests.perf.resampled_sets import SETS, labelled_set, missing_data, write_store

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
_POOL = 22_000
# 8 bytes for each pair of 1,600 micro-clusters of 20,000 rows, or of 800 of 10,000.
_BUDGETS = {10_000: 8 * 800**2, 20_000: 8 * 1600**2}
_HELD, _ADDED = 50_000, 1_000


def peak_memory() -> float:
    """Return the largest resident memory of this process since `forget_peak`, in GB."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024**2 if found else float("nan")


def forget_peak() -> None:
    """Reset the peak of the resident memory to the current value."""
    Path("/proc/self/clear_refs").write_text("5")


# Seconds, core-seconds, and GB of resident memory.
Figures = tuple[float, float, float]


class StageReporter(SilentReporter):
    """Keeps the figures of each stage, by its title without numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: dict[str, Figures] = {}
        self._title, self._started, self._processor = "", 0.0, 0.0

    def stage(self, title: str, total: int | None) -> None:
        """End the previous stage and begin another."""
        self._end()
        self._title = re.sub(r" of [\d,]+ .*|: .*", "", title)
        self._started, self._processor = time.perf_counter(), time.process_time()
        forget_peak()

    def _end(self) -> None:
        if self._title:
            seconds, processor, peak = self.figures.get(self._title, (0.0, 0.0, 0.0))
            seconds += time.perf_counter() - self._started
            processor += time.process_time() - self._processor
            self.figures[self._title] = seconds, processor, max(peak, peak_memory())

    @contextmanager
    def measured(self, title: str) -> Iterator[None]:
        """Measure what has no stage of its own."""
        self.stage(title, None)
        yield
        self._end()
        self._title = ""


def open_store(folder: Path, laid_out: bool) -> dict[str, Figures]:
    """Return the figures of the stages of opening a store of vectors."""
    from defect_workbench.app.jobs.open_job import prepare
    from defect_workbench.engine.clustering.map_layout import neighbour_plane
    from defect_workbench.storage.session.session_file import load_session, save_session

    reporter = StageReporter()
    request = OpenRequest(folder, FeatureOptions.at(UserDirs.of_user(), offline=True))
    opened = open_project(request, reporter)
    with reporter.measured("Layout of tree and map"):
        prepare(opened.project)
    session = folder / "session.dwb"
    with reporter.measured("Saving the session"):
        save_session(session, opened.project)
    with reporter.measured("Opening the session"):
        load_session(session)
    session.unlink()
    if laid_out:
        neighbour_plane(opened.project.analysis.vectors, reporter)
        with reporter.measured(""):
            pass
    return reporter.figures


def times(sizes: list[int], work: Path, laid_out: bool) -> None:
    """Print a table of stages and sizes."""
    source = labelled_set(SETS[0], work)
    figures: dict[int, dict[str, Figures]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=work) as folder:
            write_store(source, Path(folder) / "store", size)
            command = [
                sys.executable,
                "-m",
                "tests.perf.large",
                "times",
                "--child",
                str(Path(folder) / "store"),
            ]
            done = subprocess.run(
                [*command, *(["--t-sne"] if laid_out else [])], capture_output=True, text=True, check=True
            )
        figures[size] = json.loads(done.stdout)
        total = sum(each[0] for each in figures[size].values())
        peak = max(each[2] for each in figures[size].values())
        print(f"{size:,} images: {total:.1f} s in all, at most {peak:.2f} GB", flush=True)
    stages = dict.fromkeys(stage for size in sizes for stage in figures[size])
    for number, unit in enumerate(("seconds", "core-seconds", "GB")):
        print(f"\n| {unit} | " + " | ".join(f"{size:,}" for size in sizes) + " | slopes |")
        print("|---|" + "---:|" * len(sizes) + "---|")
        for stage in stages:
            row = [figures[size].get(stage, (0.0, 0.0, 0.0))[number] for size in sizes]
            print(
                f"| {stage} | " + " | ".join(f"{value:.2f}" for value in row) + f" | {slopes(sizes, row)} |"
            )
        whole = [
            (max if unit == "GB" else sum)(each[number] for each in figures[size].values()) for size in sizes
        ]
        print("| **all** | " + " | ".join(f"{value:.2f}" for value in whole) + f" | {slopes(sizes, whole)} |")


def slopes(sizes: list[int], values: list[float]) -> str:
    """Return the exponents with which values grow from one size to the next."""
    steps = zip(sizes, sizes[1:], values, values[1:], strict=False)
    return ", ".join(
        f"{np.log(after / before) / np.log(larger / size):.1f}" if before > 0.05 and after > 0 else "–"
        for size, larger, before, after in steps
    )


def fused(blocks: dict[str, np.ndarray]) -> Floats:
    """Return the vectors of images by which they are grouped."""
    kept = {
        name: block.astype(np.float32) for name, block in normalised_blocks(Features(blocks, None)).items()
    }
    doubles = {name: block.astype(np.float64) for name, block in kept.items()}
    return fuse(doubles, choose_weights(doubles, Linkage.WARD))


def suggested(vectors: Floats, tree: Tree) -> Integers:
    """Return the cluster of each row at the best suggested cut."""
    return tree.roots(suggest_cuts(tree, score_cuts(vectors, tree, Linkage.WARD))[0].clusters)


def agreement(sizes: list[int], rounds: int, work: Path) -> None:
    """Print how far the tree in two levels agrees with the exact tree, and both with the classes."""
    from sklearn.metrics import adjusted_rand_score

    print(
        "\n| set | images | micro-clusters | agreement: mean, least | truth: two levels | truth: exact "
        "| seconds: two levels, exact |\n|---|---:|---:|---|---:|---:|---|"
    )
    for name in SETS:
        source = labelled_set(name, work)
        blocks, base = source.drawn(_POOL, np.random.default_rng(0))
        pool, classes = fused(blocks), source.labels[base]
        for size in sizes:
            found: list[tuple[float, ...]] = []
            micro_clusters = 0
            for seed in range(rounds):
                rows = np.random.default_rng(seed).choice(_POOL, size, replace=False)
                vectors, truth = pool[rows], classes[rows]
                started = time.perf_counter()
                exact = build_tree(vectors)
                middle = time.perf_counter()
                two = build_tree(vectors, budget=_BUDGETS.get(size, 8 * (size // 12) ** 2))
                ended = time.perf_counter()
                ours, theirs = suggested(vectors, two), suggested(vectors, exact)
                micro_clusters = two.micro_clusters
                scores = [
                    adjusted_rand_score(*pair) for pair in ((ours, theirs), (ours, truth), (theirs, truth))
                ]
                found.append((*scores, ended - middle, middle - started))
            columns = list(zip(*found, strict=True))
            mean = [statistics.mean(column) for column in columns]
            seconds = [statistics.median(column) for column in columns[3:]]
            print(
                f"| {name} | {size:,} | {micro_clusters:,} | {mean[0]:.3f}, {min(columns[0]):.3f} "
                f"| {mean[1]:.3f} | {mean[2]:.3f} | {seconds[0]:.1f}, {seconds[1]:.1f} |",
                flush=True,
            )


def adding(work: Path) -> None:
    """Print what it costs to add 1,000 images, whose features are known, to 50,000."""
    from defect_workbench.workflows.add_folder import add_folder

    source = labelled_set(SETS[0], work)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        images, store = Path(folder) / "images", Path(folder) / "store"
        write_store(source, store, _HELD + _ADDED, images)
        last = images / f"lot-{_HELD // 1000:03d}"
        waiting = Path(folder) / last.name
        last.rename(waiting)
        options = FeatureOptions.at(UserDirs.of_user(), offline=True).with_store(store)
        settings = Settings(group_by=GroupBy.PICTURE)
        reporter = StageReporter()
        started = time.perf_counter()
        project = open_project(OpenRequest(images, options, settings), reporter).project
        with reporter.measured(""):
            pass
        print(f"opening {_HELD:,} images from the store: {time.perf_counter() - started:.1f} s", flush=True)
        waiting.rename(last)
        reporter = StageReporter()
        started = time.perf_counter()
        added = add_folder(project, ImageSource(last), options, reporter)
        with reporter.measured(""):
            pass
        assert added.new == _ADDED
        print(f"adding {_ADDED:,} images whose features are known: {time.perf_counter() - started:.1f} s")
        for stage, (seconds, processor, peak) in reporter.figures.items():
            print(f"  {stage}: {seconds:.1f} s, {processor:.1f} core-seconds, at most {peak:.2f} GB")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.large", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="times|agreement|adding", default=[])
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--subsamples", nargs="+", type=int, default=list(_BUDGETS))
    parser.add_argument("--rounds", type=int, default=10, help="random parts of each size")
    parser.add_argument("--t-sne", action="store_true", help="also lay out the map by t-SNE")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "defect-workbench-large",
        help="folder for features and stores; 100,000 images need 2 GB",
    )
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        print(json.dumps(open_store(args.child, args.t_sne)))
        return
    if why := missing_data():
        print(why)
        return
    args.work.mkdir(parents=True, exist_ok=True)
    print(f"{os.cpu_count()} cores", flush=True)
    parts = args.parts or ["agreement", "times", "adding"]
    if "agreement" in parts:
        agreement(args.subsamples, args.rounds, args.work)
    if "times" in parts:
        times(args.sizes, args.work, args.t_sne)
    if "adding" in parts:
        adding(args.work)


if __name__ == "__main__":
    main()
