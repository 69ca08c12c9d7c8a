"""What all tests share: a home of their own, no display, and real weights fetched once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from hypothesis import settings

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.places import HOME_VARIABLE, Places

# No example is judged by its time: machines swing, and the first one may import half the world.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    return folder


@pytest.fixture
def places(home: Path) -> Places:
    """The places below the test's home."""
    return Places.of_user()


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves one of our threads behind."""
    yield
    left = [t.name for t in threading.enumerate() if t.name.startswith(("thumbnails", "decode", "jobs"))]
    assert not left, f"threads left behind: {left}"


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real ResNet-50 weights, fetched once a run."""
    from defect_workbench.engine.weights import WeightsLibrary

    folder = tmp_path_factory.mktemp("weights")
    try:
        WeightsLibrary(folder).fetch(SilentReporter())
    except WorkbenchError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no ResNet-50 weights: {error}")
    return folder


@pytest.fixture
def with_weights(weights_folder: Path, places: Places) -> Path:
    """The test's home has weights."""
    places.weights.parent.mkdir(parents=True, exist_ok=True)
    places.weights.symlink_to(weights_folder)
    return weights_folder


@pytest.fixture(scope="session")
def x_sdd() -> Path:
    """The labelled steel images beside the project."""
    folder = SHARED_DATA / "x-sdd"
    if not folder.is_dir():
        pytest.skip(f"no labelled images at {folder}")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to keep the pictures that tests make, for the documents."""
    parser.addoption("--pictures", default="", help="keep the pictures of the window in this folder")
