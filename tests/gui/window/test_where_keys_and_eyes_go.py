"""What is shown can be read, keys go where the eyes are, and what comes next has a button."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QUrl
from PySide6.QtGui import QColor, QDesktopServices, QImage
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.measurement_text import measured_words
from defect_workbench.app.jobs import export_job
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.gui.shared.theme import apply_text_size, apply_theme
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.decisions.conftest import confirmed
from tests.gui.decisions.test_proposals import with_proposals
from tests.gui.gestures import LEFT


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast ratio of two colours, as WCAG defines it."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_current_choice_of_a_list_can_be_read(window: MainWindow, qtbot: QtBot, theme: str) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_theme(application, theme)
    box = QComboBox()
    qtbot.addWidget(box)
    box.addItems(["MMMM", "WWWW", "HHHH"])
    box.setCurrentIndex(1)
    box.show()
    box.showPopup()
    view = box.view()
    qtbot.waitUntil(view.isVisible)
    image = view.viewport().grab().toImage()
    row = view.visualRect(box.model().index(1, 0)).intersected(image.rect()).adjusted(3, 3, -3, -3)
    pixels = [
        image.pixelColor(x, y) for x in range(row.left(), row.right()) for y in range(row.top(), row.bottom())
    ]
    background = image.pixelColor(row.right() - 1, row.center().y())
    assert max(contrast(background, pixel) for pixel in pixels) > 3
    box.hidePopup()


def test_leaving_the_gallery_for_another_tab_gives_the_dendrogram_no_keys(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.activateWindow()
    opened.gallery.setFocus()
    bar = opened.tabs.tabBar()
    for tab in (3, 1, 4):
        qtbot.mouseClick(bar, LEFT, pos=bar.tabRect(tab).center())
        assert opened.tabs.currentIndex() == tab
        assert QApplication.focusWidget() is bar


def test_training_and_a_dismissed_notice_press_no_other_button(opened: MainWindow, qtbot: QtBot) -> None:
    opened.activateWindow()
    confirmed(opened, 3)
    opened.tabs.setCurrentWidget(opened.classify_panel)
    panel = opened.classify_panel
    panel.train_button.setFocus()
    panel.set_ready(False)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert panel.evaluation.isAncestorOf(focus) or focus is panel.evaluation
    opened.notice.notify("40 images added", "Undo", lambda: None)
    qtbot.mouseClick(opened.notice.buttons[1], LEFT)
    assert opened.notice.isHidden()
    assert QApplication.focusWidget() is focus


def test_the_queue_without_outliers_leads_to_training_once_all_is_confirmed(
    opened: MainWindow, qtbot: QtBot
) -> None:
    done = opened.outlier_queue.done
    assert done.title.text() == "No outliers to review"
    assert done.classify.isHidden()
    confirmed(opened, 3)
    assert done.confirm_all.isHidden()
    qtbot.mouseClick(done.classify, LEFT)
    assert opened.tabs.currentWidget() is opened.classify_panel


def test_a_session_is_suggested_beside_its_folder(opened: MainWindow) -> None:
    assert opened.document.project is not None
    root = opened.document.project.images.root
    opened.actions_by_name["actionSaveSessionAs"].trigger()
    (dialog,) = [each for each in opened.findChildren(QFileDialog) if each.windowTitle() == "Save session"]
    assert [Path(name) for name in dialog.selectedFiles()] == [root.with_name(f"{root.name}.dwb")]
    dialog.reject()


def test_the_notice_of_an_export_opens_its_report(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def opens(url: QUrl) -> bool:
        shown.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", opens)
    project = opened.document.project
    assert project is not None
    show = opened.outputs.results()[export_job.Exported]
    show(export_job.Exported(tmp_path, 19, False, project, tmp_path / "session.dwb"))
    assert opened.notice.second.isHidden()
    (tmp_path / "report.html").write_text("report", encoding="utf-8")
    show(export_job.Exported(tmp_path, 19, False, project, tmp_path / "session.dwb"))
    assert opened.notice.second.text() == "Open report"
    qtbot.mouseClick(opened.notice.second, LEFT)
    assert shown == [str(tmp_path / "report.html")]
    # The next notice has no such button.
    opened.notice.notify("Something else")
    assert opened.notice.second.isHidden()


def test_the_light_table_names_the_key_that_accepts_a_proposal(opened: MainWindow) -> None:
    assert opened.document.partition is not None
    opened.look_at(opened.document.partition.clusters[0].members.tolist(), "cluster")
    assert "accept" not in opened.light_table.legend.text()
    opened.close_light_table()
    with_proposals(opened)
    assert opened.document.partition is not None
    opened.look_at(opened.document.partition.clusters[0].members.tolist(), "To review")
    assert "<b>Enter</b>&nbsp;accept" in opened.light_table.legend.text()


def test_classes_of_the_open_images_come_before_those_of_other_products(opened: MainWindow) -> None:
    opened.classes.learn([f"other-{number}" for number in range(12)], "lot")
    opened.class_keys.restart()
    for legend in (opened.outlier_queue.legend, opened.light_table.legend):
        words = legend.text()
        assert words.index("cluster-03") < words.index("other-0")
        # Each keeps its key.
        other = opened.document.classes.find("other-0")
        assert other is not None
        assert f'href="{other.key}"' in words


def test_no_measurement_is_minus_zero_and_no_unit_stands_alone() -> None:
    found = Measurements(1, 551.0, 551.0, 26.5, 1.0, -0.2, 254.0, 0.2, "px")
    first, second, _ = measured_words(found).splitlines()
    assert first == "1 defect, the largest ⌀ 26.5\u00a0px"
    assert second == "aspect ratio 1 at 0°, contrast +254"


def test_the_number_of_branches_is_not_cut_off_in_a_narrow_panel(opened: MainWindow, qtbot: QtBot) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_text_size(application, 150)
    apply_theme(application, "light")
    line = opened.dendrogram
    line.setFixedSize(200, 300)
    line.set_cut(2)
    image: QImage = line.grab().toImage()
    accent = line.palette().highlight().color()
    rows = range(image.height())
    edge = image.width() - 1
    assert not any(image.pixelColor(edge, y) == accent for y in rows)
    assert any(image.pixelColor(QPoint(edge // 2, y)) == accent for y in rows)
    apply_text_size(application, 100)
