"""What is open stays until something else has opened in its place."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import Leave
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import save_session
from tests.builders import made_lot, made_project
from tests.gui.conftest import Answers
from tests.gui.decisions.conftest import choose, decide
from tests.gui.gestures import LEFT


def test_what_is_open_stays_where_a_folder_cannot_be_opened(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    project, title = opened.document.project, opened.windowTitle()
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        opened.open_path(tmp_path / "empty")
    assert "no image" in answers.messages[0]
    assert opened.document.project is project
    assert opened.stack.currentIndex() == 1
    assert opened.windowTitle() == title
    assert opened.gallery.model().rowCount() == 19
    assert opened.actions_by_name["actionConfirm"].isEnabled() == bool(opened.cluster_list.chosen())


def test_what_is_open_stays_until_another_folder_is_there(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    project, title = opened.document.project, opened.windowTitle()
    lot = made_lot(tmp_path / "lot", 14, (64, 64))
    seen: list[bool] = []
    opened.jobs.partial.connect(lambda _: seen.append(opened.document.project is project))
    with qtbot.waitSignal(opened.document.opened, timeout=60_000):
        opened.open_path(lot)
        assert opened.document.project is project
        # The title says what is going on, and what is open.
        assert opened.windowTitle() == f"Opening lot… — {title}"
    assert seen == [True]
    assert opened.document.project is not None
    assert opened.document.project.images.root == lot
    assert opened.windowTitle() != title


def test_what_is_decided_while_a_folder_opens_is_asked_about(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = made_lot(tmp_path / "lot", 14, (64, 64))
    answers.leave = Leave.STAY
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.open_path(lot)
        project = decide(opened)
    assert len(answers.questions) == 1
    assert opened.document.project is project


def test_an_opening_that_was_called_off_is_not_mixed_up_with_later_work(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = made_lot(tmp_path / "lot", 14, (64, 64))
    with qtbot.waitSignal(opened.jobs.cancelled, timeout=60_000):
        opened.open_path(lot)
        opened.jobs.cancel()
    assert opened.notice.buttons[0].text() == "Resume"
    with qtbot.waitSignal(opened.jobs.cancelled, timeout=60_000):
        opened.map_method.setCurrentIndex(1)
        opened.jobs.cancel()
    assert "Nothing was written" in opened.notice.text.text()


def test_other_work_that_takes_the_place_of_an_opening_offers_to_resume_it(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = made_lot(tmp_path / "lot", 14, (64, 64))
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.open_path(lot)
        opened.map_method.setCurrentIndex(1)
    assert opened.notice.buttons[0].text() == "Resume"
    with qtbot.waitSignal(opened.document.opened, timeout=60_000):
        qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    assert opened.document.project is not None
    assert opened.document.project.images.root == lot


def test_cut_images_are_dropped_when_something_else_is_opened(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    assert opened.document.partition is not None
    choose(opened, opened.document.partition.clusters[0].members[:2])
    opened.actions_by_name["actionCut"].trigger()
    save_session(tmp_path / "other.dwb", made_project(tmp_path / "other", (9, 4)))
    with qtbot.waitSignal(opened.document.opened, timeout=20_000):
        opened.open_path(tmp_path / "other.dwb")
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    assert not opened.actions_by_name["actionPaste"].isEnabled()


def test_an_image_chosen_while_nothing_is_compared_yet_is_not_asked_for_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = made_lot(tmp_path / "lot", 14, (64, 64))
    with qtbot.waitSignal(window.document.opened, timeout=60_000):
        with qtbot.waitSignal(window.jobs.partial, timeout=60_000):
            window.open_path(lot)
        window.gallery.setCurrentIndex(window.image_model.index(2))
        assert "once all images have been compared" in window.inspector.image_view.message
    assert "Select an image" in window.inspector.image_view.message
