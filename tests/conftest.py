"""What all tests share: a home of their own, no display, and real weights fetched once."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from hypothesis import settings

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.user_dirs import HOME_VARIABLE, Places

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
def no_leaked_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves one of our threads behind, or a timer without an owner running.

    Python lists a thread of Qt as a dummy without its name, so those are noted as they start.
    """
    started: list[tuple[Any, str]] = []
    if "PySide6.QtCore" in sys.modules:
        from PySide6.QtCore import QThread, QTimer

        for kind in (QThread, QTimer):
            monkeypatch.setattr(kind, "start", _noting(kind.start, started))
    yield
    left = [t.name for t in threading.enumerate() if t.name.startswith(("thumbnails", "decode"))]
    left += [where for thing, where in started if _still_running(thing)]
    assert not left, f"left behind: {left}"


def _noting(start: Callable[..., Any], started: list[tuple[Any, str]]) -> Callable[..., Any]:
    def noted(self: Any, *arguments: Any) -> Any:
        started.append((self, "".join(traceback.format_stack(limit=4)[:-1])))
        return start(self, *arguments)

    return noted


def _still_running(thing: Any) -> bool:
    import shiboken6
    from PySide6.QtCore import QThread

    if not shiboken6.isValid(thing):
        return False
    if isinstance(thing, QThread):
        return bool(thing.isRunning())
    # A timer of a window that is about to be deleted goes with it.
    return bool(thing.isActive()) and thing.parent() is None


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real ResNet-50 weights, fetched once a run."""
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary

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
