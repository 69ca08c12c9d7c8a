"""Grouping the single defects of a folder in the window."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from defect_workbench.core.images.defect_items import Items
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.export_dialog import ExportDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.conftest import Answers
from tests.unit.items.patterned import CHANGES, write_boards

KINDS = tuple(CHANGES)
LOTS = {"lot/one": KINDS, "lot/two": KINDS, "lot/clean": (), "three": KINDS[:2]}
DEFECTS = 14


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    return write_boards(tmp_path / "boards", LOTS)


def wait_for_project(window: MainWindow, qtbot: QtBot, items: Items) -> None:
    def shown() -> bool:
        project = window.document.project
        return project is not None and project.analysis.settings.items is items and not window.jobs.busy

    qtbot.waitUntil(shown, timeout=60_000)


def test_the_defects_of_the_open_folder_are_grouped_shown_and_saved(
    window: MainWindow, boards: Path, qtbot: QtBot, answers: Answers, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    action = window.actions_by_name["actionSingleDefects"]
    assert not action.isEnabled()
    window.open_path(boards / "images")
    wait_for_project(window, qtbot, Items.PICTURES)
    assert action.isEnabled()
    assert not action.isChecked()
    assert window.image_model.rowCount() == 4
    assert not window.grouping.sliders["change"].isVisibleTo(window.grouping)
    switch = window.grouping.items
    assert switch.isEnabled()
    assert switch.currentText() == "Whole images"
    switch.setFocus()
    qtbot.keyClick(switch, Qt.Key.Key_Down)
    wait_for_project(window, qtbot, Items.DEFECTS)
    assert action.isChecked()
    assert switch.currentText() == "Single defects"
    assert window.grouping.sliders["change"].isVisibleTo(window.grouping)
    assert not window.grouping.sliders["residual"].isVisibleTo(window.grouping)

    # With golden references, other defects are found: exactly those that were made.
    monkeypatch.setattr(file_dialogs, "ask_image_folder", lambda parent, title, done: done(boards / "golden"))
    window.actions_by_name["actionCompareReferences"].trigger()
    qtbot.waitUntil(lambda: window.image_model.rowCount() == DEFECTS, timeout=60_000)
    wait_for_project(window, qtbot, Items.DEFECTS)
    project = window.document.project
    assert project is not None
    assert len(project.images) == window.image_model.rowCount() == DEFECTS
    assert [each.defects for each in project.images.searched] == [0, 6, 6, 2]

    # The inspector names the parent and the box, and shows the crop.
    window.choose_image(0)
    qtbot.waitUntil(lambda: window.inspector.loaded)
    fields = window.inspector.fields
    assert fields["File"].text().replace("\u200b", "") == "lot/one.png"
    assert "1 of 6 in this image" in fields["Defect"].text()
    origin = project.images.images[0].origin
    assert origin is not None
    assert f"x {origin.box[0]} to {origin.box[2]}" in fields["Defect"].text()
    assert "64 × 64 px" in fields["Size"].text()
    # Thumbnails and the light table read the crops, too.
    location = str(project.images.absolute(0))
    qtbot.waitUntil(lambda: window.thumbnails.get(location) is not None)
    thumbnail = window.thumbnails.get(location)
    assert thumbnail is not None
    assert thumbnail.width() == thumbnail.height()
    window.actions_by_name["actionLightTable"].trigger()
    qtbot.waitUntil(lambda: window.large_thumbnails.get(location) is not None)
    window.close_light_table()

    # The export and the Pareto chart count defects.
    window.outputs.choose_export()
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: f"{DEFECTS} defects, " in dialog.plan_text.text())
    dialog.reject()
    window.tabs.setCurrentWidget(window.pareto.page)
    qtbot.waitUntil(lambda: window.pareto.page.measure.itemText(0) == "Defects")
    window.tabs.setCurrentIndex(0)

    # Opened again from the recent list, the folder has the same defects.
    window.remembered.remember()
    (work,) = window.settings.recent()
    assert (work.path, work.single_defects) == (str(boards / "images"), True)
    window.open_path(boards / "golden")
    wait_for_project(window, qtbot, Items.PICTURES)
    window.welcome.set_recent([work])
    lines = window.welcome.findChildren(QPushButton)
    (line,) = [each for each in lines if each.accessibleName() == "images"]
    assert "single defects" in line.accessibleDescription()
    line.click()
    wait_for_project(window, qtbot, Items.DEFECTS)
    project = window.document.project
    assert project is not None
    assert len(project.images) == DEFECTS

    # A saved session opens with the same defects.
    saved = tmp_path / "a.dwb"
    window.outputs.save_to(saved)
    qtbot.waitUntil(lambda: saved.is_file() and not window.jobs.busy)
    window.open_path(saved)
    qtbot.waitUntil(lambda: window.document.session == saved and not window.jobs.busy, timeout=20_000)
    assert window.document.project is not None
    assert window.document.project.images == project.images

    # And back to whole images.
    action.trigger()
    wait_for_project(window, qtbot, Items.PICTURES)
    assert window.image_model.rowCount() == 4
    assert not action.isChecked()
    assert answers.messages == []


def test_decisions_about_whole_images_come_back_with_them(
    window: MainWindow, boards: Path, qtbot: QtBot, answers: Answers, tmp_path: Path
) -> None:
    window.open_path(boards / "images")
    wait_for_project(window, qtbot, Items.PICTURES)
    assert window.document.partition is not None
    window.document.rename(window.document.partition.clusters[0], "board")
    window.outputs.save_to(tmp_path / "boards.dwb")
    qtbot.waitUntil(lambda: window.document.session is not None and not window.jobs.busy)
    action = window.actions_by_name["actionSingleDefects"]
    answers.agree = False
    action.trigger()
    assert "about whole images and do not carry over to single defects" in answers.questions[-1]
    assert "They stay in boards.dwb." in answers.questions[-1]
    assert not window.jobs.busy
    answers.agree = True
    action.trigger()
    wait_for_project(window, qtbot, Items.DEFECTS)
    action.trigger()
    wait_for_project(window, qtbot, Items.PICTURES)
    assert window.document.session == tmp_path / "boards.dwb"
    assert any(each.label == "board" for each in window.document.partition.clusters)
    assert window.statusBar().currentMessage() == ""


def test_what_single_defects_cannot_be_compared_with_is_reported_and_nothing_changes(
    window: MainWindow, boards: Path, qtbot: QtBot, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.open_path(boards / "images")
    wait_for_project(window, qtbot, Items.PICTURES)
    window.actions_by_name["actionSingleDefects"].trigger()
    wait_for_project(window, qtbot, Items.DEFECTS)
    project = window.document.project
    monkeypatch.setattr(file_dialogs, "ask_image_folder", lambda parent, title, done: done(boards / "golden"))
    with qtbot.waitSignal(window.jobs.failed, timeout=20_000):
        window.actions_by_name["actionCompareClean"].trigger()
    assert "not with clean images" in answers.messages[0]
    assert window.document.project is project
