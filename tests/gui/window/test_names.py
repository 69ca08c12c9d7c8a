"""A screen reader can name every widget that can be used, on every page and in every dialog."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QPushButton, QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.app.messages import NameRequest
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.gui.classifier.held_out_dialog import HeldOutDialog
from defect_workbench.gui.dialogs.name_dialog import NameDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_project
from tests.gui.classifier.conftest import facts_of
from tests.gui.names import nameless

# What these actions show is a dialog of Qt or of the system, or a box of `Answers`.
_FILES = ("actionOpenFolder", "actionOpenSession")


def pages(widget: QWidget) -> Iterator[None]:
    """Go through all tabs of a window or dialog."""
    tabs = [each for each in widget.findChildren(QTabWidget) if each.isVisibleTo(widget)]
    for each in tabs:
        for number in range(each.count()):
            if each.isTabVisible(number):
                each.setCurrentIndex(number)
                QApplication.processEvents()
                yield
    yield


def wrong_in(widget: QWidget) -> set[str]:
    return {line for _ in pages(widget) for line in nameless(widget)}


def dialogs(window: MainWindow) -> list[QDialog]:
    shown = [each for each in window.findChildren(QDialog) if each.isVisible()]
    return [each for each in shown if not isinstance(each, QFileDialog)]


@pytest.fixture
def reviewed(opened: MainWindow, tmp_path: Path) -> MainWindow:
    """The small session with proposals, an evaluation and a selection."""
    project = made_project(tmp_path / "lot")
    count = len(project.images)
    proposal = replace(
        Proposal.none(count),
        labels=("pit",) * count,
        probability=np.linspace(0.5, 1, count).astype(np.float32),
        unreviewed=np.ones(count, bool),
    )
    opened.document.show(prepare(replace(project, proposal=proposal)))
    opened.classify_panel.evaluation.show_facts(facts_of(project.images))
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0, 0))
    opened.choose_images([0, 1])
    return opened


def test_a_widget_without_a_name_is_found(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    field, button = QLineEdit("what it holds", window), QPushButton("…", window)
    window.show()
    assert len(nameless(window)) == 2
    field.setAccessibleName("Name of the lot")
    button.setAccessibleName("Choose the lot")
    assert nameless(window) == []


def test_every_page_of_the_window(window: MainWindow, reviewed: MainWindow) -> None:
    found = wrong_in(reviewed)
    reviewed.docks[3].raise_()
    found |= wrong_in(reviewed)
    reviewed.tabs.setCurrentIndex(0)
    reviewed.open_light_table()
    reviewed.light_table.equal.click()
    found |= wrong_in(reviewed)
    reviewed.close_light_table()
    reviewed.notice.notify("245 images exported", "Undo", lambda: None)
    reviewed.weights_banner.set_needed(True)
    reviewed.progress.set_busy(True)
    found |= wrong_in(reviewed)
    reviewed.progress.set_busy(False)
    reviewed._show_welcome()
    found |= wrong_in(reviewed)
    assert not found, "\n".join(sorted(found))


def test_every_dialog_that_a_menu_opens(reviewed: MainWindow, qtbot: QtBot) -> None:
    seen, found = set(), set()
    for name, action in reviewed.actions_by_name.items():
        if "…" not in action.text() or not action.isEnabled() or name in _FILES:
            continue
        action.trigger()
        QApplication.processEvents()
        for dialog in dialogs(reviewed):
            seen.add(dialog.objectName())
            found |= wrong_in(dialog)
            dialog.reject()
        for box in reviewed.findChildren(QFileDialog):
            box.reject()
        qtbot.waitUntil(lambda: not reviewed.jobs.busy, timeout=20_000)
    wanted = {"exportDialog", "refineDialog", "fetchDialog", "similarImages", "classLibrary", "prepareDialog"}
    assert wanted | {"bulkAgreement"} <= seen
    assert not found, "\n".join(sorted(found))


def _stages(window: MainWindow) -> QDialog:
    window.classifier.edit_stages()
    (dialog,) = dialogs(window)
    return dialog


def _name(window: MainWindow) -> QDialog:
    dialog = NameDialog(NameRequest("pit", ["spur"], [], False), lambda text, go_on: None, window)
    dialog.open()
    return dialog


def _held_out(window: MainWindow) -> QDialog:
    dialog = HeldOutDialog([("a.png", "pit, classified as spur")], 0, window.originals, window)
    dialog.open()
    return dialog


@pytest.mark.parametrize("show", [_stages, _name, _held_out], ids=lambda show: show.__name__[1:])
def test_other_dialogs(reviewed: MainWindow, show: Callable[[MainWindow], QDialog]) -> None:
    dialog = show(reviewed)
    QApplication.processEvents()
    found = wrong_in(dialog)
    dialog.reject()
    assert not found, "\n".join(sorted(found))
