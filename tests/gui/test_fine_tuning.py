"""What the window trains and sorts is what the command line would."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench import cli
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.user_dirs import UserDirs
from tests.e2e.test_golden import GOLDEN
from tests.processes import table

LEFT = Qt.MouseButton.LeftButton


@pytest.mark.parametrize("way", ["fine_tune", "augment"])
def test_the_window_sorts_as_the_command_line_does(
    way: str, window: MainWindow, places: UserDirs, with_weights: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = window.classify_panel
    window.tabs.setCurrentWidget(panel)
    panel.folder.setText(str(GOLDEN / "images"))
    panel.folds.setValue(2)
    box = panel.fine_tune if way == "fine_tune" else panel.augment
    box.setChecked(True)
    with qtbot.waitSignal(window.jobs.done, timeout=240_000):
        qtbot.mouseClick(panel.train_button, LEFT)
    model = tmp_path / "kinds.dwm"
    with qtbot.waitSignal(window.jobs.done, timeout=60_000):
        window.classifier.save_to(model)
    with qtbot.waitSignal(window.jobs.done, timeout=120_000):
        window.classifier.classify(GOLDEN / "lot")
    project = window.document.project
    assert project is not None
    assert project.proposal is not None

    arguments = [
        "classify",
        str(GOLDEN / "lot"),
        "--model",
        str(model),
        "--out",
        str(tmp_path / "out"),
        "--offline",
    ]
    assert cli.run(arguments, places) == 0
    rows = table(tmp_path / "out" / "manifest.csv")
    assert [row["path"] for row in rows] == list(project.images.paths)
    known = np.array([row["known"] == "true" for row in rows])
    assert known.sum() >= 9
    assert np.array_equal(project.proposal.unknown, ~known)
    assert [row["label"] for row, sure in zip(rows, known, strict=True) if sure] == [
        label for label in project.proposal.labels if label
    ]
    expected = np.array([float(row["probability"]) for row in rows])
    assert np.allclose(project.proposal.probability[known], expected[known], atol=1e-5)
