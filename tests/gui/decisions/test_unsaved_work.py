"""Unsaved work is asked about before it could be lost."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import Leave
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.message_boxes import MessageBoxes
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import load_session
from tests.gui.conftest import Answers
from tests.gui.decisions.conftest import confirmed, decide

pytestmark = pytest.mark.usefixtures("small_reports")

LEFT = Qt.MouseButton.LeftButton


def box_of(window: MainWindow) -> QMessageBox:
    box = window.findChild(QMessageBox, "unsavedBox")
    assert isinstance(box, QMessageBox)
    return box


@pytest.mark.parametrize(
    ("key", "expected"),
    [(Qt.Key.Key_Return, Leave.SAVE), (Qt.Key.Key_Escape, Leave.STAY)],
)
def test_keys_in_the_box_lose_nothing(window: MainWindow, qtbot: QtBot, key: Qt.Key, expected: Leave) -> None:
    found: list[Leave] = []
    MessageBoxes(window).ask_to_save("You have unsaved changes.", found.append)
    box = box_of(window)
    qtbot.waitExposed(box)
    assert box.defaultButton().objectName() == "saveButton"
    save = box.findChild(QPushButton, "saveButton")
    assert isinstance(save, QPushButton)
    assert save.text() == "Save"
    qtbot.keyClick(box, key)
    assert found == [expected]


def test_every_button_of_the_box_does_what_it_says(window: MainWindow, qtbot: QtBot) -> None:
    found: list[Leave] = []
    for place in range(3):
        MessageBoxes(window).ask_to_save("You have unsaved changes.", found.append)
        box = box_of(window)
        qtbot.mouseClick(box.buttons()[place], LEFT)
        qtbot.waitUntil(lambda: window.findChild(QMessageBox, "unsavedBox") is None)
    assert set(found) == set(Leave)


def test_enter_in_a_question_changes_nothing(window: MainWindow, qtbot: QtBot) -> None:
    found: list[bool] = []
    MessageBoxes(window).ask("Confirmed clusters", "Merge <b>a</b>?", "Merge", found.append)
    box = next(b for b in window.findChildren(QMessageBox))
    qtbot.waitExposed(box)
    assert box.textFormat() == Qt.TextFormat.PlainText
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert found == [False]


def test_saving_comes_before_closing(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.document.forget_session()
    decide(opened)
    path = tmp_path / "kept.dwb"
    monkeypatch.setattr(file_dialogs, "ask_session_to_write", lambda parent, name, done: done(path))
    answers.leave = Leave.SAVE
    opened.close()
    assert opened.isVisible()
    qtbot.waitUntil(lambda: not opened.isVisible(), timeout=20_000)
    assert len(answers.questions) == 1
    labels = {cluster.label for cluster in load_session(path).partition.clusters}
    assert "decided" in labels


def test_a_save_that_fails_or_is_called_off_keeps_the_window_open(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.document.forget_session()
    project = decide(opened)
    answers.leave = Leave.SAVE
    monkeypatch.setattr(file_dialogs, "ask_session_to_write", lambda parent, name, done: None)
    opened.close()
    assert opened.isVisible()
    (tmp_path / "file").touch()
    bad = tmp_path / "file" / "kept.dwb"
    monkeypatch.setattr(file_dialogs, "ask_session_to_write", lambda parent, name, done: done(bad))
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        opened.close()
    assert opened.isVisible()
    assert opened.document.project is project
    # A later save of something else does not close the window after all.
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.save_to(tmp_path / "later.dwb")
    assert opened.isVisible()


def test_a_mistyped_folder_is_not_created(opened: MainWindow, tmp_path: Path) -> None:
    decide(opened)
    opened.outputs.save_to(tmp_path / "lto-a" / "kept.dwb")
    assert "lto-a does not exist, so nothing was saved" in opened.notice.text.text()
    assert not (tmp_path / "lto-a").exists()
    assert opened.document.dirty


def test_nothing_is_asked_after_an_export_that_holds_it_all(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    from defect_workbench.workflows.export import ExportRequest

    decide(opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.outputs.export_to(ExportRequest(tmp_path / "out"))
    opened.unsaved.leave(lambda: None)
    assert not answers.questions
    # The session's own file has none of it, and the title says so.
    assert opened.isWindowModified()
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.outputs.undo_export(tmp_path / "out")
    opened.unsaved.leave(lambda: None)
    assert len(answers.questions) == 1


def test_what_is_decided_after_an_export_is_asked_about(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    from defect_workbench.workflows.export import ExportRequest

    decide(opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.outputs.export_to(ExportRequest(tmp_path / "out"))
    confirmed(opened, 1)
    opened.unsaved.leave(lambda: None)
    assert len(answers.questions) == 1


def test_nothing_pushes_a_save_aside(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    decide(opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.save_to(tmp_path / "kept.dwb")
        opened.map_method.setCurrentIndex(1)
        assert "still running" in opened.notice.text.text()
    assert not opened.document.dirty
    assert opened.document.session == tmp_path / "kept.dwb"


def test_a_cancel_that_comes_too_late_does_not_deny_what_was_saved(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    decide(opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.save_to(tmp_path / "kept.dwb")
        opened.jobs.cancel()
    assert not opened.document.dirty


def test_a_session_that_was_another_windows_is_not_replaced(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(file_dialogs, "ask_session_to_write", lambda parent, name, done: asked.append(name))
    # The other window may have saved more, and be closed by now.
    opened.session_guard.read_only = True
    decide(opened)
    session = opened.document.session
    assert session is not None
    before = session.read_bytes()
    opened.actions_by_name["actionSaveSession"].trigger()
    assert not opened.jobs.busy
    assert asked
    assert session.read_bytes() == before


def test_a_classifier_in_no_file_is_asked_about_before_another_is_opened(
    opened: MainWindow, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from defect_workbench.app.jobs.classifier_jobs import Trained

    chosen: list[None] = []
    monkeypatch.setattr(file_dialogs, "ask_classifier", lambda parent, done: chosen.append(None))
    opened.classifier.model = Trained(None, None)  # type: ignore[arg-type]
    opened.classifier.saved = False
    answers.leave = Leave.STAY
    opened.classify_panel.load.emit()
    assert "classifier" in answers.questions[0]
    assert not chosen
    answers.leave = Leave.DISCARD
    opened.classify_panel.load.emit()
    assert chosen
    opened.classifier.saved = True


def test_the_question_comes_before_the_folder_is_chosen_and_once(
    opened: MainWindow, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(file_dialogs, "ask_image_folder", lambda *_: order.append("folder"))
    monkeypatch.setattr(file_dialogs, "ask_session", lambda *_: order.append("session"))
    decide(opened)
    for action in ("actionOpenFolder", "actionOpenSession"):
        answers.questions.clear()
        answers.leave = Leave.STAY
        opened.actions_by_name[action].trigger()
        assert not order
        assert len(answers.questions) == 1
    answers.leave = Leave.SAVE
    opened.document.undo_stack.setClean()
    opened.actions_by_name["actionOpenFolder"].trigger()
    assert order == ["folder"]


def test_closing_asks_before_it_stops_work_that_lasts(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    from defect_workbench.workflows.export import ExportRequest

    answers.agree = False
    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.outputs.export_to(ExportRequest(tmp_path / "out"))
        assert not opened.close()
    assert "still running" in answers.questions[0]
    assert opened.isVisible()
    assert (tmp_path / "out" / "manifest.csv").is_file()
