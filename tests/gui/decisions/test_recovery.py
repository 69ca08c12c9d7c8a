"""Discarded and unsaved work can be recovered."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import Leave
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import save_session
from tests.builders import made_lot
from tests.gui.conftest import Answers
from tests.gui.decisions.conftest import decide


def test_discarded_work_can_be_recovered(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    decide(opened)
    answers.leave = Leave.DISCARD
    lot = made_lot(tmp_path / "lot", 14, (64, 64))
    with qtbot.waitSignal(opened.document.opened, timeout=60_000):
        opened.open_path(lot)
    assert len(answers.questions) == 1
    assert not opened.document.dirty
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    opened.menus.discarded.aboutToShow.emit()
    (action,) = opened.menus.discarded.actions()
    assert action.text().startswith("small,")
    with qtbot.waitSignal(opened.document.opened, timeout=60_000):
        action.trigger()
    assert opened.document.partition is not None
    assert "decided" in {cluster.label for cluster in opened.document.partition.clusters}
    assert opened.document.dirty


def test_what_a_crash_left_is_in_the_menu_beside_what_was_discarded(opened: MainWindow, qtbot: QtBot) -> None:
    done: list[None] = []
    for _ in range(2):
        decide(opened)
        opened.session_guard.keep_discarded(lambda: done.append(None))
        qtbot.waitUntil(lambda: not opened.session_guard.autosaves.busy, timeout=20_000)
    assert len(done) == 2
    folder = opened.session_guard.recovery.path.parent
    (one, two) = sorted(folder.glob("discarded-*.dwb"))
    # As two discards of one lot within a minute.
    two.rename(folder / "discarded-20991124-120001-aaaaaa-R&D.dwb")
    one.rename(folder / "discarded-20991124-120000-aaaaaa-R&D.dwb")
    save_session(folder / "unsaved-0.dwb", opened.document.project)  # type: ignore[arg-type]
    opened.menus.discarded.aboutToShow.emit()
    names = [action.text() for action in opened.menus.discarded.actions()]
    assert names[:2] == ["R&&D, 24 Nov 12:00:01", "R&&D, 24 Nov 12:00:00"]
    assert names[2].startswith("after a crash, ")


def test_recovery_does_not_bring_back_what_is_older_than_the_save(opened: MainWindow, qtbot: QtBot) -> None:
    decide(opened)
    with qtbot.waitSignal(opened.session_guard.autosaves.done, timeout=20_000):
        opened.session_guard.autosave()
        # As if it was saved while this was being written.
        opened.document.undo_stack.setClean()
    assert not opened.session_guard.recovery.path.exists()


def test_recovery_that_does_not_work_is_reported(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(opened.session_guard.recovery, "hold", lambda: tmp_path / "file" / "unsaved.dwb")
    decide(opened)
    with qtbot.waitSignal(opened.session_guard.autosaves.failed, timeout=20_000):
        opened.session_guard.autosave()
    assert "Save often" in opened.notice.text.text()
