"""A folder is watched beside the other work of the window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.runner import JobReporter
from defect_workbench.core.errors import InputError
from defect_workbench.core.monitoring import LevelAlarm, Subject
from defect_workbench.gui.watching.watch_dialog import WatchDialog
from defect_workbench.gui.watching.watch_setup_dialog import WatchSetupDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.workflows.fab.watch_events import (
    BatchDone,
    WatchBegan,
    WatchEvent,
    WatchNotice,
    WatchRemark,
)
from defect_workbench.workflows.fab.watch_folder import WatchRequest
from tests.builders import picture
from tests.gui.names import nameless

TIME = datetime(2026, 3, 2, 14, 3, 12, tzinfo=UTC)
ALARM = LevelAlarm(Subject("unknown"), True, 0.02, 0.09, 120, 11, 500)
COUNTS = {"bridge": 11, "_outliers": 1}
BATCH = BatchDone(
    TIME, (("bridge", "bridge/a.png"), ("_outliers", "_outliers/b.png")), (), (), 12, 0, (), COUNTS
)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[WatchEvent]:
    """The job of the window reports these, and then waits until it is cancelled."""
    found: list[WatchEvent] = []

    def watch(request: WatchRequest, places: object, offline: bool) -> Callable[[JobReporter], None]:
        def work(reporter: JobReporter) -> None:
            if not request.folder.is_dir():
                raise InputError(f"there is no folder {request.folder}")
            reporter.partial(WatchBegan(request.folder, request.out, 5, {"bridge": 10, "_outliers": 0}, 0))
            for event in found:
                reporter.partial(event)
            while not reporter.stop.wait(5):
                pass
            reporter.check()

        return work

    monkeypatch.setattr("defect_workbench.gui.watching.watch_controller.watch", watch)
    return found


def begin(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> WatchDialog:
    (tmp_path / "tool").mkdir()
    window.actions_by_name["actionWatchFolder"].trigger()
    (setup,) = window.findChildren(WatchSetupDialog)
    assert not setup.watch_button.isEnabled()
    setup.folder.setText(str(tmp_path / "tool"))
    assert setup.out.text() == str(tmp_path / "tool-classified")
    setup.model.setText(str(tmp_path / "lot.dwm"))
    assert nameless(setup) == []
    setup.watch_button.click()
    dialog = window.controllers.watching.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.state.text() == "Watching tool every 5 s")
    return dialog


def test_what_arrives_is_shown_and_the_window_stays_free(
    window: MainWindow, events: list[WatchEvent], tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "tool-classified" / "bridge").mkdir(parents=True)
    picture(1).save(tmp_path / "tool-classified" / "bridge" / "a.png")
    events += [BATCH, WatchNotice(TIME, "the folder cannot be read; waiting until it is back")]
    dialog = begin(window, tmp_path, qtbot)
    qtbot.waitUntil(dialog.problem.isVisible)
    assert dialog.totals.text() == "12 images, 1 of them unknown"
    model = dialog.table.model()
    assert [model.index(row, 0).data() for row in range(2)] == ["bridge", "Unknown"]
    assert [label for _, label in dialog.recent.images] == ["Unknown", "bridge"]
    assert nameless(dialog) == []
    assert not window.jobs.busy
    assert not dialog.alarms.isVisible()
    window.controllers.watching.choose()
    assert not [each for each in window.findChildren(WatchSetupDialog) if each.isVisible()]
    dialog.stop_button.click()
    qtbot.waitUntil(lambda: dialog.state.text() == "Stopped")
    assert dialog.again_button.isVisible()
    dialog.again_button.click()
    qtbot.waitUntil(lambda: dialog.state.text() == "Watching tool every 5 s")
    # The fixture closes the window, and with it the watcher.


def test_a_remark_leaves_the_current_problem_shown(
    window: MainWindow, events: list[WatchEvent], tmp_path: Path, qtbot: QtBot
) -> None:
    remark = WatchRemark(TIME, "the file lot.tif has several pages, and only the first is classified")
    events += [remark, WatchNotice(TIME, "the disk is full; waiting"), remark]
    dialog = begin(window, tmp_path, qtbot)
    qtbot.waitUntil(lambda: dialog.log.count() == 3)
    assert dialog.problem.text.text() == "The disk is full; waiting."
    assert "lot.tif has several pages" in dialog.log.item(0).text()
    events.clear()
    dialog.stop_button.click()
    qtbot.waitUntil(lambda: dialog.state.text() == "Stopped")
    events.append(remark)
    dialog.again_button.click()
    qtbot.waitUntil(lambda: dialog.log.count() == 4)
    assert not dialog.problem.isVisible()


def test_an_alarm_is_shown_while_the_dialog_is_closed(
    window: MainWindow, events: list[WatchEvent], tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = begin(window, tmp_path, qtbot)
    dialog.close()
    assert window.controllers.watching.is_running
    runner = window.controllers.watching._runner
    assert runner is not None
    runner.partial.emit(BatchDone(TIME, (), (), (), 12, 0, (ALARM,), COUNTS))
    assert "Unknown images rose from 2% to 9% within the last 120 images." in window.notice.text.text()
    window.notice.buttons[0].click()
    assert dialog.isVisible()
    assert dialog.alarms.count() == 1


def test_a_watcher_that_cannot_begin_says_why(
    window: MainWindow, events: list[WatchEvent], tmp_path: Path, qtbot: QtBot
) -> None:
    controller = window.controllers.watching
    controller.start(WatchRequest(tmp_path / "gone", tmp_path / "lot.dwm", tmp_path / "out"))
    qtbot.waitUntil(lambda: not controller.is_running)
    assert controller.dialog is not None
    assert "here is no folder" in controller.dialog.problem.text.text()
