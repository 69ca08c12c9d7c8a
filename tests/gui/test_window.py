"""The main window as a whole."""

import csv
import gc
import weakref
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import Leave
from defect_workbench.gui.dialogs.compare_dialog import CompareDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.export import ExportRequest
from tests.builders import made_project
from tests.gui.conftest import Answers, delete_now


def test_every_name_of_the_contract_is_there(opened: MainWindow) -> None:
    for name in ("dendrogram", "gallery", "clusterList", "outlierQueue", "inspector", "weightsBanner"):
        assert opened.findChild(QWidget, name) is not None, name
    assert opened.objectName() == "mainWindow"
    assert opened.findChild(QLabel, "statusSummary") is not None
    assert opened.findChild(QSpinBox, "clusterCount") is not None
    assert opened.findChild(QWidget, "progressBar") is not None
    assert opened.findChild(QPushButton, "cancelButton") is not None
    names = {action.objectName() for action in opened.actions_by_name.values()}
    assert {
        "actionOpenFolder", "actionOpenSession", "actionSaveSession", "actionExport", "actionUndo",
        "actionRedo", "actionSuggestCut", "actionMerge", "actionConfirm", "actionRename",
    } <= names  # fmt: skip


def test_sample_opens_with_the_best_cut_and_its_strangers_apart(opened: MainWindow) -> None:
    project, partition = opened.document.project, opened.document.partition
    assert project is not None
    assert partition is not None
    assert opened.document.clusters_at_cut == project.analysis.suggestions[0].clusters
    assert "245 images" in opened.summary.text()
    assert "clusters" in opened.summary.text()
    assert opened.image_model.rowCount() == 245
    assert 5 <= len(partition.outliers) <= 12
    assert not opened.weights_banner.isVisible()


def test_confirm_rename_merge_undo_and_export_agree(
    opened: MainWindow, qtbot: QtBot, answers: Answers, tmp_path: Path
) -> None:
    actions, clusters = opened.actions_by_name, opened.cluster_list
    answers.text = "line pattern"
    clusters.setCurrentIndex(opened.cluster_model.index(0))
    actions["actionRename"].trigger()
    clusters.setCurrentIndex(opened.cluster_model.index(opened.cluster_model.rowCount() - 1))
    actions["actionConfirm"].trigger()
    opened.cluster_count.setValue(12)
    partition = opened.document.partition
    assert partition is not None
    labels = {c.label: len(c.members) for c in partition.clusters}
    assert "line pattern" in labels
    with qtbot.waitSignal(opened.jobs.done, timeout=30_000):
        opened.outputs.export_to(ExportRequest(tmp_path / "out"))
    assert "exported" in opened.notice.text.text()
    with (tmp_path / "out" / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    exported: dict[str, int] = {}
    for row in rows:
        exported[row["label"]] = exported.get(row["label"], 0) + 1
        assert (tmp_path / "out" / row["exported_as"]).is_file()
    assert exported.pop("_outliers") == len(partition.outliers)
    assert exported == labels
    while opened.document.undo_stack.canUndo():
        actions["actionUndo"].trigger()
    assert opened.document.decisions.groups == {}


def test_session_is_saved_and_opens_as_it_was_left(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened.cluster_count.setValue(11)
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    opened.actions_by_name["actionConfirm"].trigger()
    assert opened.isWindowModified()
    with qtbot.waitSignal(opened.jobs.done):
        opened.outputs.save_to(tmp_path / "mine.dwb")
    assert not opened.isWindowModified()
    before = opened.summary.text()
    with qtbot.waitSignal(opened.jobs.done):
        opened.open_path(tmp_path / "mine.dwb")
    assert opened.summary.text() == before
    assert opened.document.clusters_at_cut == 11
    assert opened.settings.recent()[0].file == tmp_path / "mine.dwb"


def test_unsaved_decisions_are_asked_about(opened: MainWindow, answers: Answers) -> None:
    opened.cluster_count.setValue(9)
    answers.leave = Leave.STAY
    opened.close()
    assert opened.isVisible()
    assert "unsaved changes" in answers.questions[0]


def test_help_lists_the_keys_and_copies_a_bug_report(opened: MainWindow, answers: Answers) -> None:
    opened.actions_by_name["actionKeys"].trigger()
    assert "Ctrl+E" in answers.messages[0]
    opened.actions_by_name["actionBugReport"].trigger()
    assert "defect-workbench: " in QGuiApplication.clipboard().text()


def test_comparison_with_folders_sorted_by_hand_leads_to_the_disagreements(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    project = opened.document.project
    assert project is not None
    for index in range(60):
        folder = tmp_path / "hand" / ("even" if index % 2 == 0 else "odd")
        folder.mkdir(parents=True, exist_ok=True)
        source = project.images.absolute(index)
        (folder / source.name).write_bytes(source.read_bytes())
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.compare_with(tmp_path / "hand")
    dialog = opened.findChild(CompareDialog)
    assert dialog is not None
    counts = {}
    for row in range(dialog.table.rowCount()):
        for column in range(2):
            item = dialog.table.item(row, column)
            counts[row, column] = int(item.text() or 0) if item is not None else 0
    assert sum(counts.values()) == 60
    cell, count = max(counts.items(), key=lambda item: item[1])
    dialog.table.cellClicked.emit(*cell)
    assert len(opened.review.chosen_images()) == count
    dialog.close()


def test_the_view_menu_checks_the_current_theme_and_text_size(opened: MainWindow) -> None:
    for menu in (opened.menus.themes, opened.menus.text_sizes):
        assert [entry.isChecked() for entry in menu.actions()] == [True, False, False]
    assert opened.menus.text_sizes.actions()[0].text() == "100%"


def test_a_closed_window_is_released_with_its_project(
    qtbot: QtBot, places: UserDirs, answers: Answers, tmp_path: Path
) -> None:
    session = tmp_path / "small.dwb"
    save_session(session, made_project(tmp_path / "small"))
    window = MainWindow(places, answers, offline=True)
    window.show()
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(session)
    jobs = window.jobs
    qtbot.waitUntil(lambda: not jobs.busy)
    assert window.document.project is not None
    remains: list[weakref.ref[object]] = [weakref.ref(window), weakref.ref(window.document.project)]
    assert window.close_without_asking()
    delete_now(window)
    del window
    gc.collect()
    assert [kept() for kept in remains] == [None, None]
