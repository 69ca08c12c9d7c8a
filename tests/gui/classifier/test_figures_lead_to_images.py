from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QToolButton
from pytestqt.qtbot import QtBot

from defect_workbench.gui.classifier.evaluation_tabs import CONFUSION, LABELS, MISTAKES, EvaluationTabs
from defect_workbench.gui.classifier.held_out_dialog import HeldOutDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import picture
from tests.conftest import GOLDEN
from tests.gui.classifier.conftest import facts_of

LEFT = Qt.MouseButton.LeftButton
ROLE = Qt.ItemDataRole


def place_of(view: QAbstractItemView, row: int, column: int) -> QPoint:
    model = view.model()
    assert model is not None
    return view.visualRect(model.index(row, column)).center()


def names(window: MainWindow) -> list[str]:
    """The files that are selected in the gallery, by number."""
    project = window.document.project
    assert project is not None
    return [project.images.images[image].path for image in sorted(window.review.chosen_images().tolist())]


def test_a_click_on_a_number_shows_and_selects_its_images(
    opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot
) -> None:
    evaluated.setCurrentIndex(CONFUSION)
    matrix = evaluated.matrix
    assert matrix.model().index(0, 1).data() == "2"
    qtbot.mouseClick(matrix.viewport(), LEFT, pos=place_of(matrix, 0, 1))
    assert evaluated.cell.heading.text() == "2 images labelled lines, classified as particles"
    # The most probable prediction first.
    assert [line.row for line in evaluated.cell.list.lines.lines] == [2, 1]
    project = opened.document.project
    assert project is not None
    assert names(opened) == list(project.images.paths[1:3])
    assert opened.tabs.currentWidget() is opened.classify_panel
    qtbot.mouseClick(evaluated.cell.gallery_button, LEFT)
    assert opened.tabs.currentIndex() == 0
    assert opened.gallery.hasFocus()
    assert names(opened) == list(project.images.paths[1:3])


def test_keys_walk_the_matrix_and_enter_leads_to_the_gallery(
    opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot
) -> None:
    evaluated.setCurrentIndex(CONFUSION)
    matrix = evaluated.matrix
    matrix.setFocus()
    matrix.setCurrentCell(0, 0)
    before = matrix.grab().toImage()
    qtbot.keyClick(matrix, Qt.Key.Key_Down)
    assert matrix.grab().toImage() != before, "the current cell must be seen"
    assert evaluated.cell.heading.text() == "1 image labelled particles, classified as lines"
    qtbot.keyClick(matrix, Qt.Key.Key_Right)
    assert evaluated.cell.heading.text() == "1 image labelled particles, classified correctly"
    spoken = matrix.model().index(2, 1).data(ROLE.AccessibleTextRole)
    assert spoken == "1 image labelled specks, classified as particles"
    assert "33% of specks" in matrix.model().index(2, 1).data(ROLE.ToolTipRole)
    qtbot.keyClick(matrix, Qt.Key.Key_Return)
    assert opened.tabs.currentIndex() == 0
    project = opened.document.project
    assert project is not None
    assert names(opened) == [project.images.paths[3]]


def test_a_number_of_0_leads_nowhere(evaluated: EvaluationTabs, qtbot: QtBot, opened: MainWindow) -> None:
    evaluated.setCurrentIndex(CONFUSION)
    qtbot.mouseClick(evaluated.matrix.viewport(), LEFT, pos=place_of(evaluated.matrix, 0, 2))
    assert evaluated.cell.heading.text() == "No image labelled lines, classified as specks"
    assert evaluated.cell.list.isHidden()
    qtbot.keyClick(evaluated.matrix, Qt.Key.Key_Return)
    assert opened.tabs.currentWidget() is opened.classify_panel


def test_the_worst_mistakes_come_first_and_open_on_the_light_table(
    opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot
) -> None:
    assert evaluated.tabText(MISTAKES) == "Mistakes (4)"
    evaluated.setCurrentIndex(MISTAKES)
    lines = evaluated.mistakes.list
    shown = [line.cells[1:3] for line in lines.lines.lines]
    assert shown[:2] == [("lines\n→ particles", "90%"), ("lines\n→ particles", "70%")]
    lines.setFocus()
    lines.selectRow(1)
    qtbot.keyClick(lines, Qt.Key.Key_Return)
    assert opened.at_light_table
    assert opened.light_table.images == (2, 1, 4, 7)
    assert opened.light_table.image == 1
    qtbot.keyClick(opened.light_table, Qt.Key.Key_Escape)
    assert opened.light_table.isHidden()
    assert opened.tabs.currentWidget() is opened.classify_panel
    assert lines.hasFocus()


def test_selected_mistakes_alone_are_shown_in_the_gallery(
    opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot
) -> None:
    evaluated.setCurrentIndex(MISTAKES)
    lines = evaluated.mistakes.list
    qtbot.mouseClick(lines.viewport(), LEFT, pos=place_of(lines, 2, 0))
    qtbot.mouseClick(lines.viewport(), LEFT, Qt.KeyboardModifier.ControlModifier, pos=place_of(lines, 0, 0))
    qtbot.mouseClick(evaluated.mistakes.gallery_button, LEFT)
    assert sorted(opened.review.chosen_images().tolist()) == [2, 4]


def test_labels_to_check_say_why_and_when_they_were_changed(
    opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot
) -> None:
    assert evaluated.tabText(LABELS) == "Labels to check (2)"
    evaluated.setCurrentIndex(LABELS)
    lines = evaluated.labels.list.lines
    assert [line.cells[3] for line in lines.lines] == ["90%", "70%"]
    assert "ten most similar images" in evaluated.labels.note.text()
    partition = opened.document.partition
    assert partition is not None
    cluster = partition.clusters[int(partition.cluster_of[2])]
    opened.document.rename(cluster, "bars")
    assert lines.lines[0].cells[1] == "lines, now bars\n→ particles"


def test_images_of_another_folder_are_shown_in_a_dialog(
    opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot, tmp_path: Path
) -> None:
    project = opened.document.project
    assert project is not None
    facts = facts_of(project.images, tmp_path)
    assert facts.held_out is not None
    for number, path in enumerate(facts.held_out.paths):
        picture(number).save(tmp_path / path)
    elsewhere = replace(facts.held_out, sha256=tuple(f"{number:064x}" for number in range(8)))
    evaluated.show_facts(replace(facts, held_out=elsewhere))
    evaluated.setCurrentIndex(MISTAKES)
    page = evaluated.mistakes
    assert not page.gallery_button.isEnabled()
    assert "not in the open project" in page.gallery_button.toolTip()
    assert page.table_button.text() == "View"
    qtbot.mouseClick(page.list.viewport(), LEFT, pos=place_of(page.list, 1, 1))
    QTest.mouseDClick(page.list.viewport(), LEFT, pos=place_of(page.list, 1, 1))
    dialog = opened.findChild(HeldOutDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.view.has_image)
    assert dialog.heading.text() == "lines, classified as particles  ·  2 of 4"
    qtbot.keyClick(dialog, Qt.Key.Key_Right)
    assert dialog.heading.text().startswith("particles, classified as lines")
    qtbot.waitUntil(lambda: dialog.view.has_image)
    qtbot.mouseClick(dialog.back, LEFT)
    qtbot.mouseClick(dialog.back, LEFT)
    assert not dialog.back.isEnabled()
    dialog.close()


def test_images_are_found_by_content_when_the_folder_was_moved(
    opened: MainWindow, evaluated: EvaluationTabs, tmp_path: Path
) -> None:
    project = opened.document.project
    assert project is not None
    evaluated.show_facts(facts_of(project.images, tmp_path / "gone"))
    assert evaluated.mistakes.images() == [2, 1, 4, 7]


def test_a_classifier_of_an_earlier_version_has_numbers_without_images(
    evaluated: EvaluationTabs, opened: MainWindow, qtbot: QtBot
) -> None:
    project = opened.document.project
    assert project is not None
    evaluated.show_facts(replace(facts_of(project.images), held_out=None))
    evaluated.setCurrentIndex(CONFUSION)
    qtbot.mouseClick(evaluated.matrix.viewport(), LEFT, pos=place_of(evaluated.matrix, 0, 1))
    assert "earlier version" in evaluated.cell.note.text()
    assert evaluated.tabText(MISTAKES) == "Mistakes"
    assert evaluated.mistakes.list.isHidden()


def test_correct_is_defined_by_clusters_or_folders(evaluated: EvaluationTabs, opened: MainWindow) -> None:
    project = opened.document.project
    assert project is not None
    facts = facts_of(project.images)
    assert facts.held_out is not None
    assert "agrees with the labelled folders" in evaluated.matrix_words.text()
    evaluated.show_facts(replace(facts, held_out=replace(facts.held_out, by_cluster=(True,) * 8)))
    assert "agrees with your clusters" in evaluated.matrix_words.text()
    assert "agrees with your clusters" in evaluated.figures.toPlainText()


def test_without_a_browser_the_path_of_the_report_is_shown_and_copied(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    model, report = tmp_path / "kinds.dwm", tmp_path / "kinds.dwm.html"
    model.write_bytes((GOLDEN / "staged.model").read_bytes())
    report.write_text("<p>report</p>", encoding="utf-8")
    opened.tabs.setCurrentWidget(opened.classify_panel)
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.classifier.load(model)
    qtbot.mouseClick(opened.classify_panel.report_button, LEFT)
    assert str(report) in opened.notice.text.text()
    qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    assert QGuiApplication.clipboard().text() == str(report)
    report.unlink()
    qtbot.mouseClick(opened.classify_panel.report_button, LEFT)
    assert "moved or deleted" in opened.notice.text.text()


def test_all_tabs_are_in_sight_beside_the_form(
    evaluated: EvaluationTabs, opened: MainWindow, qtbot: QtBot
) -> None:
    opened.resize(1380, 860)
    evaluated.show_training_curves(True)
    evaluated.setTabText(MISTAKES, "Mistakes (1,234)")
    evaluated.setTabText(LABELS, "Labels to check (123)")
    bar = evaluated.tabBar()
    qtbot.waitUntil(lambda: opened.width() == 1380 and bar.tabRect(LABELS).width() > 0)
    assert evaluated.count() == sum(evaluated.isTabVisible(tab) for tab in range(evaluated.count()))
    assert bar.tabRect(evaluated.count() - 1).right() < evaluated.width()
    assert not [arrow for arrow in bar.findChildren(QToolButton) if arrow.isVisible()]
    assert evaluated.tabToolTip(CONFUSION).startswith("Confusion matrix")
