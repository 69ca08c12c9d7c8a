"""Training a detector in the window, on boxes that a person has checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from defect_workbench.core.images.detections import Box
from defect_workbench.core.project.found_defects import drawn
from defect_workbench.engine.detector import trained_finder
from defect_workbench.engine.detector.detector_training import DetectorTraining
from defect_workbench.engine.detector.prediction import Prediction
from defect_workbench.gui.boxes.box_editor import BoxEditor
from defect_workbench.gui.boxes.detector_progress_dialog import DetectorProgressDialog
from defect_workbench.gui.boxes.evaluated_detector_dialog import EvaluatedDetectorDialog
from defect_workbench.gui.boxes.train_detector_dialog import TrainDetectorDialog
from defect_workbench.gui.boxes.trained_detector_dialog import TrainedDetectorDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.model.detector_file import read_detector, unfinished_file
from defect_workbench.workflows.detection.compare_with_boxes import BoxComparison
from defect_workbench.workflows.detection.search_project import SearchRequest
from tests.gui.conftest import Answers
from tests.unit.detection.boards import board
from tests.unit.detector.tiny_network import use_tiny_network

PLACES = [[], [(40, 60)], [(130, 150), (200, 90)], [(60, 200)], [(200, 90)], [(90, 40)]]
CHECKED = 5
D = TypeVar("D", bound=QDialog)


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    for number, places in enumerate(PLACES):
        made = board(places, seed=number)
        for folder, pixels in (("images", made.image), ("golden", made.reference)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    return tmp_path


@pytest.fixture
def searched(window: MainWindow, boards: Path, qtbot: QtBot) -> MainWindow:
    """The window, with the boards open and searched."""
    window.open_path(boards / "images")
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=60_000)
    assert not window.actions_by_name["actionTrainDetector"].isEnabled()
    window.actions_by_name["actionFindDefects"].trigger()
    window.boxes.search(window.boxes._last)
    qtbot.waitUntil(lambda: window.boxes._boxes.found is not None and not window.jobs.busy, timeout=60_000)
    return window


@pytest.fixture
def checked(searched: MainWindow, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """The window, after a person has checked all images but one; training takes a second."""
    use_tiny_network(monkeypatch, 16)
    boxes = searched.boxes._boxes
    for number, places in enumerate(PLACES[:CHECKED]):
        own = [
            drawn(Box(column - 6, row - 6, column + 7, row + 7, "pit" if i else "bump"))
            for i, (row, column) in enumerate(places)
        ]
        boxes.correct(number, own, "Correct boxes")
        boxes.agree(number)
    return searched


def _dialog(window: MainWindow) -> TrainDetectorDialog:
    window.actions_by_name["actionTrainDetector"].trigger()
    return _only(window, TrainDetectorDialog)


def _only(window: MainWindow, kind: type[D]) -> D:
    (found,) = [each for each in window.findChildren(kind) if each.isVisible()]
    return found


def _wait_for(window: MainWindow, kind: type[D], qtbot: QtBot) -> D:
    qtbot.waitUntil(lambda: any(each.isVisible() for each in window.findChildren(kind)), timeout=60_000)
    return _only(window, kind)


def test_without_checked_images_the_boxes_are_corrected_first(searched: MainWindow) -> None:
    dialog = _dialog(searched)
    assert dialog.about.text() == "You have not checked the boxes of any image yet."
    assert "at least 4 images, 2 of them with at least one box" in dialog.details.text()
    assert not hasattr(dialog, "train_button")
    dialog.accept()
    editor = searched.findChild(BoxEditor)
    assert editor is not None
    editor.close()


def test_a_detector_is_trained_on_checked_images_shown_and_used(
    checked: MainWindow, boards: Path, qtbot: QtBot
) -> None:
    window = checked
    dialog = _dialog(window)
    assert dialog.about.text() == (
        "You have checked the boxes of 5 images: 5 defects (4 × bump, 1 × pit); 1 without a defect."
    )
    assert "1 unchecked image is not used." in dialog.details.text()
    assert "Too few boxes to learn reliably: bump, pit." in dialog.details.text()
    assert Path(dialog.file.text()) == boards / "detector.dwd"
    assert not dialog.resume.isVisible()
    dialog.reference.setText(str(boards / "golden"))
    live: list[float] = []
    dialog.train_button.click()
    progress = _only(window, DetectorProgressDialog)
    window.jobs.partial.connect(lambda _: live.extend(step.accuracy for step in progress.curves.steps()))
    progress.reject()
    assert not progress.isVisible()
    assert "in the background" in window.notice.text.text()
    window.notice.buttons[0].click()
    assert progress.isVisible()
    progress.reject()
    result = _wait_for(window, TrainedDetectorDialog, qtbot)
    assert live == [step.accuracy for step in result.curves.steps()] != []
    # Its curves are gone, and nothing offers them any more.
    qtbot.waitUntil(lambda: not window.findChildren(DetectorProgressDialog))
    assert not (window.notice.isVisible() and "in the background" in window.notice.text.text())
    model = read_detector(boards / "detector.dwd")
    assert (model.facts.images, model.facts.held_out) == (3, 2)
    assert model.facts.boxes == {"bump": 4, "pit": 1}
    assert model.settings.with_references
    assert "It needs golden references." in result.about.text()
    assert result.curves.heads == [""]
    found: list[object] = []
    window.boxes._boxes.changed.connect(lambda: found.append(window.boxes._boxes.found))
    result.find_button.click()
    qtbot.waitUntil(lambda: bool(found) and not window.jobs.busy, timeout=60_000)
    defects = window.boxes._boxes.found
    assert defects is not None
    assert defects.source == "the detector detector.dwd with golden references"
    assert [len(each or ()) for each in defects.of[:CHECKED]] == [len(p) for p in PLACES[:CHECKED]]
    assert _dialog(window).reference.text() == str(boards / "golden")


def test_a_trained_detector_is_evaluated_and_its_errors_are_drawn(
    checked: MainWindow, boards: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, inspector = checked, checked.inspector
    with qtbot.waitSignal(window.jobs.done, timeout=60_000):
        _dialog(window).train_button.click()
    _only(window, TrainedDetectorDialog).close()
    row, column = PLACES[1][0]
    scale = read_detector(boards / "detector.dwd").settings.scale
    corners = scale * np.array([[column - 6.0, row - 6, column + 7, row + 7]])
    always = Prediction(corners, np.array([1]), np.array([0.99]))
    monkeypatch.setattr(trained_finder, "predict", lambda *_, **__: always)
    (boards / "boxes").mkdir()
    for number, label in ((0, ""), (1, "pit"), (2, "bump")):
        lines = [f"{c - 6} {r - 6} {c + 7} {r + 7} {label}\n" for r, c in PLACES[number][:1]]
        (boards / "boxes" / f"{number}.txt").write_text("".join(lines))
    window.boxes.evaluate(BoxComparison(boards / "boxes", SearchRequest(None, boards / "detector.dwd")))
    result = _wait_for(window, EvaluatedDetectorDialog, qtbot)
    assert "The classical finder is not evaluated by kind." in result.about.text()
    model = result.errors.model()
    rows = [[model.index(r, c).data() for c in range(4)] for r in range(model.rowCount())]
    assert rows == [["2.png", "1", "1", ""], ["0.png", "", "1", ""], ["1.png", "", "", "1"]]
    drawn_there = []
    for place in range(3):
        result.errors.setCurrentCell(place, 0)
        drawn_there.append([box.words.split(" 0.")[0] for box in inspector.image_view.shown_boxes])
    assert drawn_there == [["false: bump", "missed: bump"], ["false: bump"], ["bump instead of pit"]]
    assert "1&nbsp;wrong&nbsp;kind" in inspector.error_legend.text()
    inspector.error_legend.linkActivated.emit("hide")
    assert not inspector.error_legend.isVisible()
    # What was found before is shown again.
    assert [box.words.split()[0] for box in inspector.image_view.shown_boxes] == ["bump"]
    result.close()


@pytest.fixture
def cancelling(checked: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return a switch: whether each training is cancelled after its first step."""
    step, on = DetectorTraining._step, [True]

    def stepping(training: DetectorTraining, number: int) -> float:
        if on[0]:
            checked.jobs.cancel()
        return step(training, number)

    monkeypatch.setattr(DetectorTraining, "_step", stepping)
    return lambda value: on.__setitem__(0, value)


def test_a_cancelled_training_is_continued(
    checked: MainWindow, cancelling: Callable[[bool], None], boards: Path, qtbot: QtBot
) -> None:
    window, model = checked, boards / "detector.dwd"
    with qtbot.waitSignal(window.jobs.cancelled, timeout=60_000):
        _dialog(window).train_button.click()
    assert "To continue it, choose “Train a detector…” again" in window.notice.text.text()
    assert unfinished_file(model).exists()
    assert not model.exists()
    dialog = _dialog(window)
    assert Path(dialog.file.text()) == model
    assert dialog.resume.isVisible()
    assert "unfinished training" in dialog.problem.text()
    cancelling(False)
    with qtbot.waitSignal(window.jobs.done, timeout=60_000) as done:
        dialog.train_button.click()
    assert done.args is not None
    assert done.args[0].trained.resumed_at == 1
    assert model.exists()
    assert not unfinished_file(model).exists()
    _only(window, TrainedDetectorDialog).close()
    again = _dialog(window)
    assert again.file.text().endswith("detector-2.dwd")
    again.file.setText(str(model))
    assert "already exists" in again.problem.text()
    assert not again.train_button.isEnabled()


@pytest.mark.slow
def test_after_further_boxes_a_cancelled_training_begins_again(
    checked: MainWindow, cancelling: Callable[[bool], None], boards: Path, qtbot: QtBot, answers: Answers
) -> None:
    window, model = checked, boards / "detector.dwd"
    with qtbot.waitSignal(window.jobs.cancelled, timeout=60_000):
        _dialog(window).train_button.click()
    cancelling(False)
    window.boxes._boxes.correct(5, [drawn(Box(34, 84, 47, 97, "pit"))], "Correct boxes")
    window.boxes._boxes.agree(5)
    with qtbot.waitSignal(window.jobs.failed, timeout=60_000):
        _dialog(window).train_button.click()
    assert "other images, boxes, weights or options; choose “Begin again”" in answers.messages[-1]
    assert unfinished_file(model).exists()
    dialog = _dialog(window)
    dialog.begin_again.setChecked(True)
    with qtbot.waitSignal(window.jobs.done, timeout=60_000) as done:
        dialog.train_button.click()
    assert done.args is not None
    assert done.args[0].trained.resumed_at == 0
    assert sum(read_detector(model).facts.boxes.values()) == 6
    assert not unfinished_file(model).exists()
