"""A small session that opens fast: three clusters of made-up vectors over real files."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.project_state import Project
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import save_session
from tests.builders import made_project


@pytest.fixture
def opened(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with a small session open: three clusters of made-up vectors over real files."""
    session = tmp_path / "small.dwb"
    save_session(session, made_project(tmp_path / "small"))
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(session)
    qtbot.waitUntil(lambda: not window.jobs.busy)
    # An empty queue shrinks once the event loop has laid it out.
    QApplication.processEvents()
    return window


def decide(window: MainWindow) -> Project:
    """Something no file has."""
    assert window.document.partition is not None
    window.document.rename(window.document.partition.clusters[0], "decided")
    assert window.document.dirty
    assert window.document.project is not None
    return window.document.project


def confirmed(window: MainWindow, count: int = 3) -> None:
    partition = window.document.partition
    assert partition is not None
    window.document.confirm(partition.clusters[:count])


def choose(window: MainWindow, images: np.ndarray) -> None:
    window.tabs.setCurrentIndex(0)
    window.choose_images(images.tolist())
