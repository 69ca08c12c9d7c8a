"""What all tests share: a home of their own, no display, and real weights fetched once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

os.environ["QT_QPA_PLATFORM"] = "offscreen"
if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers use all cores already: more threads would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import settings

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.resources import resource
from defect_workbench.user_dirs import HOME_VARIABLE, UserDirs
from tests.leaks import no_leaked_threads_or_timers

# No example is judged by its time: machines swing, and the first one may import half the world.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

TESTS = Path(__file__).resolve().parent
SHARED_DATA = TESTS.parent.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    return folder


@pytest.fixture
def places(home: Path) -> UserDirs:
    """The places below the test's home."""
    return UserDirs.of_user()


@pytest.fixture(autouse=True)
def no_leaks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves one of our threads or timers behind, and say where it was started."""
    with no_leaked_threads_or_timers(monkeypatch):
        yield


@pytest.fixture(scope="session")
def once_per_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Make a folder that all workers of this run share: the first that needs it fills it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, draft = shared / name, shared / f"{name}.draft"
        with FileLock(shared / f"{name}.lock"):
            if not folder.exists():
                shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir()
                fill(draft)
                draft.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def weights_folder(once_per_run: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Real ResNet-50 weights, fetched once per run; nothing may be written there."""

    def fetch(folder: Path) -> None:
        from defect_workbench.engine.backbone.pretrained import WeightsLibrary

        WeightsLibrary(folder).fetch(SilentReporter())

    try:
        return once_per_run("weights", fetch)
    except WorkbenchError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no ResNet-50 weights: {error}")


@pytest.fixture
def with_weights(weights_folder: Path, places: UserDirs) -> Path:
    """The test's home has weights."""
    places.weights.parent.mkdir(parents=True, exist_ok=True)
    places.weights.symlink_to(weights_folder)
    return weights_folder


@pytest.fixture(scope="session")
def sample_store(once_per_run: Callable[[str, Callable[[Path], None]], Path], weights_folder: Path) -> Path:
    """The sample set's features, extracted once per run; tests get copies."""

    def extract_sample(folder: Path) -> None:
        from defect_workbench.engine.backbone.pretrained import WeightsLibrary
        from defect_workbench.engine.extraction.extractor import extract
        from defect_workbench.engine.input.scan import scan
        from defect_workbench.storage.vectors.feature_store import FeatureStore

        quiet = SilentReporter()
        extract(scan(resource("sample"), quiet), FeatureStore(folder), WeightsLibrary(weights_folder), quiet)

    return once_per_run("sample-features", extract_sample)


@pytest.fixture
def with_sample(sample_store: Path, with_weights: Path, places: UserDirs) -> None:
    """The test's home has the sample set's features.

    The files are hard links: the store only adds or replaces files, and never changes one.
    """
    shutil.copytree(sample_store, places.store, copy_function=os.link)


@pytest.fixture(scope="session")
def x_sdd() -> Path:
    """The labelled steel images beside the project."""
    folder = SHARED_DATA / "x-sdd"
    if not folder.is_dir():
        pytest.skip(f"no labelled images at {folder}")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """What becomes of the pictures that tests take of the window."""
    parser.addoption("--pictures", default="", help="keep the pictures of the window in this folder")
    parser.addoption(
        "--update-pictures",
        action="store_true",
        help="rewrite the pictures in docs/pictures and those that tests compare with",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their folder, and leave out the slow ones unless `-m` mentions them."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        if folder in ("gui", "e2e"):
            item.add_marker(folder)
    if "slow" not in config.option.markexpr:
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
