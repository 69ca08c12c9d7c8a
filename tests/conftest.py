"""Fixtures of all tests: a separate home per test, no display, and real weights fetched once per run."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

os.environ["QT_QPA_PLATFORM"] = "offscreen"
# Many tests start the program: the first start may keep what it compiled for the others.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers already use all cores, so more threads would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
else:
    # The workers keep memory that they free: giving it back and asking for it again takes 8% of the time.
    for setting in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"):
        os.environ.setdefault(setting, str(1 << 32))

from hypothesis import settings

from defect_workbench.core.clustering.group_by import GroupBy, GroupByChoice
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.defect_maps import MapSource
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.result_files import REPORT_HTML, REPORT_PDF, of_run
from defect_workbench.resources import resource
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.user_dirs import HOME_VARIABLE, UserDirs
from tests.leaks import no_leaked_threads_or_timers
from tests.processes import Command, in_process, run

# Searches for garbage, most of them in vain, took 7% of the time.
gc.set_threshold(50_000, 20, 50)

TESTS = Path(__file__).resolve().parent
GOLDEN = TESTS / "data" / "golden"
# CI decides what is taken, so it tries more than the many runs at a desk.
THOROUGH = bool(os.environ.get("CI"))
# Before which calls that write a process is killed: 1 for each of them.
KILLED_EVERY = 1 if THOROUGH else 3
# Tests with one of these marks run only if -m names it.
ON_REQUEST = ("slow", "whole_job")
# The marks of tests that start first.
LONG_FIRST = ("long", "e2e", "gui")
SHARED_DATA = TESTS.parent.parent / "shared" / "data"
_numbers = itertools.count()

# No deadline per example: machine speed varies, and the first example may import large packages.
settings.register_profile("workbench", deadline=None, max_examples=100 if THOROUGH else 40)
settings.load_profile("workbench")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test its own home folder; it does not exist yet, as most tests need none."""
    folder = tmp_path_factory.getbasetemp() / "homes" / str(next(_numbers))
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    return folder


@pytest.fixture
def places(home: Path) -> UserDirs:
    """The user folders in the home of the test."""
    return UserDirs.of_user()


@pytest.fixture
def command(places: UserDirs, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that takes what `run` takes, and runs the command line in this process."""
    return lambda *arguments: in_process([str(argument) for argument in arguments], places, capsys)


@pytest.fixture(autouse=True)
def no_leaks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves one of our threads or timers running, naming where it was started."""
    with no_leaked_threads_or_timers(monkeypatch):
        yield


@pytest.fixture(scope="session")
def once_per_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Create a folder that all workers of a run share; the first that needs it fills it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, unfinished = shared / name, shared / f"{name}.unfinished"
        with FileLock(shared / f"{name}.lock"):
            if not folder.exists():
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                fill(unfinished)
                unfinished.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def weights_folder(once_per_run: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The folder of real ResNet-50 weights, fetched once per run; read-only."""

    def fetch(folder: Path) -> None:
        from defect_workbench.engine.backbone.pretrained import WeightsLibrary

        WeightsLibrary(folder).fetch(SilentReporter())

    try:
        return once_per_run("weights", fetch)
    except WorkbenchError as error:
        if THOROUGH:
            raise
        pytest.skip(f"no network weights: {error}")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make batches of 8 images instead of 32 in this process: padding costs less."""
    monkeypatch.setattr("defect_workbench.engine.backbone.embedder.BATCH", 8)
    monkeypatch.setattr("defect_workbench.engine.extraction.extractor.BATCH", 8)
    monkeypatch.setattr("defect_workbench.engine.defect_map.describe.BATCH", 8)
    monkeypatch.setattr("defect_workbench.engine.items.item_extraction.BATCH", 8)
    monkeypatch.setattr("defect_workbench.engine.classifier.data.residual_features.BATCH", 8)


@pytest.fixture
def small_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write reports of one line with exports in this process: drawing them takes most of an export's time."""

    def write_line(folder: Path, runs: int, *arguments: Any) -> None:
        reporter = next(each for each in arguments if hasattr(each, "stage"))
        reporter.stage("Writing the report", None)
        for name in (REPORT_HTML, REPORT_PDF):
            write_text(folder / of_run(name, runs), "a report\n")

    monkeypatch.setattr("defect_workbench.storage.result.result_folder.write_reports", write_line)


def always_by_picture(patch: pytest.MonkeyPatch) -> None:
    """Let automatic grouping be by the whole image: maps of the sample take as long as many tests."""
    from defect_workbench.workflows import map_defects

    chosen = map_defects._chosen

    def by_picture(source: MapSource, modelled: float, textures_by: GroupBy) -> GroupByChoice:
        return chosen(source, modelled, GroupBy.PICTURE)

    patch.setattr(map_defects, "ENOUGH_MODELLED", 2.0)
    patch.setattr(map_defects, "_chosen", by_picture)


@pytest.fixture
def with_weights(weights_folder: Path, places: UserDirs) -> Path:
    """Link the weights into the home of the test."""
    places.weights.parent.mkdir(parents=True, exist_ok=True)
    places.weights.symlink_to(weights_folder)
    return weights_folder


@contextmanager
def all_cores() -> Iterator[None]:
    """Let torch use all cores: the other workers are waiting for the same."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="session")
def sample_store(once_per_run: Callable[[str, Callable[[Path], None]], Path], weights_folder: Path) -> Path:
    """The features and the analysis of the sample set, computed once per run; tests get copies.

    In a precision that every machine has: pictures of the window may come from another one.
    """

    def open_sample(folder: Path) -> None:
        from defect_workbench.workflows.extract import FeatureOptions
        from defect_workbench.workflows.open_project import OpenRequest, open_folder

        features = FeatureOptions(folder / "features", weights_folder, offline=True, precision="fp32")
        request = OpenRequest(resource("sample"), features, analyses=folder / "analyses")
        with pytest.MonkeyPatch.context() as patch, all_cores():
            always_by_picture(patch)
            open_folder(request, SilentReporter())

    return once_per_run("sample", open_sample)


@pytest.fixture
def with_sample(sample_store: Path, with_weights: Path, places: UserDirs) -> None:
    """Copy the features and the analysis of the sample set to the home of the test.

    The files are hard links: they are only added, replaced or removed, never changed.
    """
    shutil.copytree(sample_store / "features", places.store, copy_function=os.link)
    shutil.copytree(sample_store / "analyses", places.analyses, copy_function=os.link)


@pytest.fixture(scope="session")
def trained_with(
    once_per_run: Callable[[str, Callable[[Path], None]], Path], weights_folder: Path
) -> Callable[[str], Path]:
    """Return a function that trains on the golden images with an option, once per run.

    It returns a folder with the model `kinds.dwm`, `result.json`, `messages.txt` and the home; read-only.
    """

    def trained(option: str) -> Path:
        def fill(folder: Path) -> None:
            home = folder / "home"
            home.mkdir()
            (home / "weights").symlink_to(weights_folder)
            arguments = ("train", GOLDEN / "images", "--out", folder / "kinds.dwm")
            options = ("--folds", "2", *option.split(), "--json")
            done = run(*arguments, *options, **{HOME_VARIABLE: str(home)})
            assert done.returncode == 0, done.stderr
            (folder / "result.json").write_text(done.stdout, encoding="utf-8")
            (folder / "messages.txt").write_text(done.stderr, encoding="utf-8")

        return once_per_run("trained" + option.replace(" ", ""), fill)

    return trained


@pytest.fixture(scope="session")
def x_sdd() -> Path:
    """The folder of labelled steel images next to the checkout."""
    folder = SHARED_DATA / "x-sdd"
    if not folder.is_dir():
        pytest.skip(f"no labelled images at {folder}")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for pictures of the window."""
    parser.addoption("--pictures", default="", help="save the pictures of the window to this folder")
    parser.addoption(
        "--update-pictures",
        action="store_true",
        help="replace the pictures in docs/pictures and the reference pictures of the tests",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import the folders that `-m "not gui and not e2e"` leaves out."""
    excluded = config.option.markexpr.split(" and ")
    return (
        True if any(collection_path == TESTS / x and f"not {x}" in excluded for x in ("gui", "e2e")) else None
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by folder and fixtures, put long ones first; leave out others unless `-m` has them."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        if folder in ("gui", "e2e"):
            item.add_marker(folder)
        if "weights_folder" in getattr(item, "fixturenames", ()):
            item.add_marker("e2e")
    left_out = [mark for mark in ON_REQUEST if mark not in config.option.markexpr]
    config.hook.pytest_deselected(items=[item for item in items if _has(item, left_out)])
    items[:] = [item for item in items if not _has(item, left_out)]
    # Workers fetch test after test, so short ones at the end let all workers end at the same time.
    items.sort(key=_rank)


def pytest_collection_finish() -> None:
    """Leave what was imported out of the searches for garbage."""
    gc.freeze()


def _has(item: pytest.Item, marks: Iterable[str]) -> bool:
    return any(item.get_closest_marker(mark) for mark in marks)


def _rank(item: pytest.Item) -> int:
    return next(
        (rank for rank, mark in enumerate(LONG_FIRST) if item.get_closest_marker(mark)), len(LONG_FIRST)
    )
