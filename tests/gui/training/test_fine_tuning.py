"""What the window is asked to train, and what it classifies, is what the command line would."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from defect_workbench import cli
from defect_workbench.core.classifier.conformal import Calibration
from defect_workbench.engine.classifier.novelty import with_calibration
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.user_dirs import UserDirs
from tests.conftest import GOLDEN
from tests.processes import table


def test_the_boxes_of_the_panel_are_options_of_the_training(window: MainWindow) -> None:
    panel = window.classify_panel
    panel.folder.setText(str(GOLDEN / "images"))
    panel.folds.setValue(2)
    plain = panel.request()
    assert (plain.folder, plain.folds) == (GOLDEN / "images", 2)
    assert not plain.fine_tune
    assert not plain.augment
    panel.fine_tune.setChecked(True)
    assert panel.request() == replace(plain, fine_tune=True)
    panel.fine_tune.setChecked(False)
    panel.augment.setChecked(True)
    assert panel.request().augment
    assert panel.request().false_alarms == 0.02
    panel.false_alarms.setValue(5)
    assert panel.request().false_alarms == 0.05


def test_only_classifiers_with_a_share_of_false_alarms_let_it_be_changed(window: MainWindow) -> None:
    panel = window.classify_panel
    old = load_model(GOLDEN / "staged.model")
    panel.show_model(old, "old", fresh=False)
    assert panel.applied_row.isHidden()
    assert panel.applied_false_alarms() is None
    calibration = Calibration(np.arange(100.0), np.zeros(100, np.intp), len(old.labels), 0.05)
    panel.show_model(with_calibration(old, calibration), "new", fresh=False)
    assert not panel.applied_row.isHidden()
    assert panel.applied_share.value() == 5
    assert panel.applied_false_alarms() is None
    panel.applied_share.setValue(10)
    assert panel.applied_false_alarms() == 0.1


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--fine-tune", "--augment 1"])
def test_the_window_sorts_as_the_command_line_does(
    option: str,
    trained_with: Callable[[str], Path],
    window: MainWindow,
    places: UserDirs,
    with_weights: Path,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    model = trained_with(option) / "kinds.dwm"
    with qtbot.waitSignal(window.jobs.done, timeout=60_000):
        window.classifier.load(model)
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
