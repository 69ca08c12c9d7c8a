"""Adding a folder asks about unsaved work once, and is one step that can be undone."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import Leave
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_lot
from tests.gui.conftest import Answers
from tests.gui.decisions.conftest import decide
from tests.gui.gestures import LEFT


def test_adding_a_folder_asks_once_and_can_be_undone(
    window: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = made_lot(tmp_path / "lot-b", 14, (48, 40))
    chosen: list[str] = []

    def choose(parent: object, title: str, done: object) -> None:
        assert callable(done)
        chosen.append(title)
        done(added)

    monkeypatch.setattr(file_dialogs, "ask_image_folder", choose)
    with qtbot.waitSignal(window.document.opened, timeout=60_000):
        window.open_path(made_lot(tmp_path / "lot-a", 12))
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=30_000)
    document, add = window.document, window.actions_by_name["actionAddFolder"]
    before = decide(window)

    answers.leave = Leave.STAY
    add.trigger()
    assert "Save them before images are added?" in answers.questions[-1]
    assert not chosen
    assert not window.jobs.busy

    answers.leave = Leave.DISCARD
    with qtbot.waitSignal(document.opened, timeout=60_000):
        add.trigger()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=30_000)
    assert len(answers.questions) == 2
    after = document.project
    assert after is not None
    assert len(after.images) == 26
    assert window.windowTitle() == "lot-a + lot-b[*] — Defect Workbench"
    assert window.isWindowModified()
    assert after.images.beside("-sorted") == tmp_path / "lot-a + lot-b-sorted"

    assert document.undo_stack.undoText() == "Add 14 images"
    document.undo_stack.undo()
    assert document.project is before
    assert window.windowTitle() == "lot-a[*] — Defect Workbench"
    assert len(window.image_model.order) == 12
    document.undo_stack.undo()
    assert document.partition is not None
    assert "decided" not in {cluster.label for cluster in document.partition.clusters}
    document.undo_stack.setIndex(2)
    assert len(window.image_model.order) == 26
    assert "decided" in {cluster.label for cluster in document.partition.clusters}
    # Nobody is asked about folders that were put together: only a session opens them again.
    assert all(work.path != str(tmp_path) for work in window.settings.recent())


def test_the_notice_of_added_images_leads_to_what_is_proposed(
    window: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    answers.leave = Leave.DISCARD
    with qtbot.waitSignal(window.document.opened, timeout=60_000):
        window.open_path(made_lot(tmp_path / "lot-a", 12))
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=30_000)
    assert window.document.partition is not None
    window.document.confirm(window.document.partition.clusters)
    with qtbot.waitSignal(window.document.opened, timeout=60_000):
        window.classifier.add_folder(made_lot(tmp_path / "lot-b", 24))
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=30_000)
    assert window.outlier_queue.remaining
    assert window.notice.buttons[0].text() == "Review them"
    window.tabs.setCurrentWidget(window.classify_panel)
    window.activateWindow()
    qtbot.mouseClick(window.notice.buttons[0], LEFT)
    assert window.tabs.currentIndex() == 0
    qtbot.waitUntil(window.outlier_queue.hasFocus)
