"""What leaves the window for a presentation: slides, contact sheets, the dendrogram, pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from defect_workbench.gui.classifier.evaluation_tabs import CURVES
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import save_session
from tests.builders import made_project
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def at_work(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with a session of made-up clusters and an outlier."""
    save_session(tmp_path / "work.dwb", made_project(tmp_path / "lot", (9, 7, 5, 1)))
    with qtbot.waitSignal(
        window.document.opened, timeout=20_000, check_params_cb=lambda: window.document.project is not None
    ):
        window.open_path(tmp_path / "work.dwb")
    qtbot.waitUntil(lambda: not window.jobs.busy)
    QGuiApplication.clipboard().clear()
    return window


def copied(window: MainWindow, qtbot: QtBot, name: str) -> QImage:
    """What an action puts on the clipboard."""
    with qtbot.waitSignal(window.clipboard.status, timeout=10_000):
        window.actions_by_name[name].trigger()
    return QGuiApplication.clipboard().image()


def test_slides_are_suggested_next_to_the_session_and_written(
    at_work: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def opens(url: QUrl) -> bool:
        shown.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", opens)
    at_work.actions_by_name["actionExportSlides"].trigger()
    (dialog,) = [d for d in at_work.findChildren(QFileDialog) if d.windowTitle() == "Export slides"]
    assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    assert [Path(name) for name in dialog.selectedFiles()] == [tmp_path / "work.pptx"]
    with qtbot.waitSignal(at_work.jobs.done, timeout=20_000):
        dialog.fileSelected.emit(str(tmp_path / "work.pptx"))
        assert not at_work.actions_by_name["actionExportSlides"].isEnabled()
    dialog.reject()
    assert (tmp_path / "work.pptx").read_bytes().startswith(b"PK")
    assert at_work.notice.text.text() == f"Slides written to {tmp_path / 'work.pptx'}"
    qtbot.mouseClick(at_work.notice.buttons[0], LEFT)
    assert shown == [str(tmp_path / "work.pptx")]
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    with qtbot.waitSignal(at_work.jobs.done, timeout=20_000):
        at_work.outputs.slides_to(tmp_path / "work.pptx")
    qtbot.mouseClick(at_work.notice.buttons[0], LEFT)
    assert str(tmp_path / "work.pptx") in at_work.notice.text.text()


def test_slides_without_images_say_why_they_were_not_written(
    at_work: MainWindow, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    (tmp_path / "lot").rename(tmp_path / "moved")
    with qtbot.waitSignal(at_work.jobs.failed, timeout=20_000):
        at_work.outputs.slides_to(tmp_path / "lot.pptx")
    assert "None of the images are in" in answers.messages[-1]
    assert not (tmp_path / "lot.pptx").exists()


def test_the_contact_sheet_of_what_is_selected_is_copied(at_work: MainWindow, qtbot: QtBot) -> None:
    partition = at_work.document.partition
    assert partition is not None
    assert not at_work.actions_by_name["actionCopySheet"].isEnabled()
    at_work.cluster_list.choose(partition.clusters[1].key)
    one = copied(at_work, qtbot, "actionCopySheet")
    assert at_work.statusBar().currentMessage() == "Contact sheet of cluster-02 copied"
    assert one.width() > 1000
    assert one.pixelColor(30, 40).name().upper() == at_work.document.colour(partition.clusters[1]).upper()
    at_work.cluster_list.selectAll()
    three = copied(at_work, qtbot, "actionCopySheet")
    assert at_work.statusBar().currentMessage() == "Contact sheet of 3 clusters copied"
    assert three.height() > 2 * one.height()
    at_work.cluster_list.clearSelection()
    at_work.choose_images([1, 2, 3])
    some = copied(at_work, qtbot, "actionCopySheet")
    assert at_work.statusBar().currentMessage() == "Contact sheet of 3 images copied"
    assert some.width() < one.width()
    at_work.choose_image(int(partition.outliers[0]))
    with qtbot.waitSignal(at_work.clipboard.status, timeout=10_000):
        qtbot.keyClick(at_work.gallery, Qt.Key.Key_C, CTRL | SHIFT)
    assert at_work.statusBar().currentMessage() == "Contact sheet of the outliers copied"


def test_with_clusters_and_images_selected_the_focus_decides(at_work: MainWindow, qtbot: QtBot) -> None:
    partition = at_work.document.partition
    assert partition is not None
    at_work.choose_images([1, 2])
    at_work.cluster_list.choose(partition.clusters[0].key)
    at_work.activateWindow()
    at_work.gallery.setFocus()
    copied(at_work, qtbot, "actionCopySheet")
    assert at_work.statusBar().currentMessage() == "Contact sheet of 2 images copied"
    at_work.cluster_list.setFocus()
    copied(at_work, qtbot, "actionCopySheet")
    assert at_work.statusBar().currentMessage() == "Contact sheet of cluster-01 copied"


def test_the_dendrogram_is_copied_at_twice_the_resolution(at_work: MainWindow, qtbot: QtBot) -> None:
    shown = at_work.dendrogram.grab().toImage()
    image = copied(at_work, qtbot, "actionCopyDendrogram")
    assert image.size() == at_work.dendrogram.size() * 2
    assert image.devicePixelRatio() == 1
    # Drawn at this resolution, not enlarged.
    assert image != shown.scaled(image.size())
    lines = [{image.pixel(x, y) for x in range(image.width())} for y in range(0, image.height(), 7)]
    assert max(len(line) for line in lines) > 2
    # The widget still shows itself at its own resolution.
    assert at_work.dendrogram.grab().toImage() == shown
    actions = [action.objectName() for action in at_work.dendrogram.actions()]
    assert "actionCopyDendrogram" in actions


def test_a_picture_is_read_in_the_background_and_the_last_copy_wins(
    at_work: MainWindow, qtbot: QtBot
) -> None:
    project = at_work.document.project
    assert project is not None
    clipboard = QGuiApplication.clipboard()
    at_work.choose_image(3)
    at_work.actions_by_name["actionCopyImage"].trigger()
    assert clipboard.text() == ""
    at_work.choose_image(4)
    with qtbot.waitSignal(at_work.clipboard.status, timeout=10_000):
        at_work.actions_by_name["actionCopyImage"].trigger()
    assert clipboard.text() == str(project.images.absolute(4))
    assert clipboard.image().width() == 40
    project.images.absolute(4).unlink()
    assert copied(at_work, qtbot, "actionCopyImage").isNull()
    assert clipboard.text() == str(project.images.absolute(4))


def test_charts_are_copied_by_a_right_click(at_work: MainWindow) -> None:
    clipboard = QGuiApplication.clipboard()
    for widget, text in ((at_work.classify_panel.curves, "Copy chart"), (at_work.map, "Copy map")):
        (action,) = [action for action in widget.actions() if action.text() == text]
        at_work.tabs.setCurrentIndex(3 if text == "Copy chart" else 1)
        at_work.classify_panel.evaluation.setTabVisible(CURVES, True)
        at_work.classify_panel.evaluation.setCurrentIndex(CURVES)
        QApplication.processEvents()
        clipboard.clear()
        action.trigger()
        assert clipboard.image().size() == widget.size() * 2
    # Points fill the whole picture, not its upper left quarter.
    image, background = clipboard.image(), at_work.map.palette().base().color().rgb()
    beyond = [
        (x, y) for x in range(image.width() // 2, image.width(), 3) for y in range(0, image.height(), 3)
    ]
    assert any(image.pixel(x, y) != background for x, y in beyond)


def test_a_right_click_on_the_map_offers_to_copy_it_and_a_right_drag_pans(
    at_work: MainWindow, qtbot: QtBot
) -> None:
    at_work.tabs.setCurrentIndex(1)
    view, right = at_work.map, Qt.MouseButton.RightButton
    qtbot.mousePress(view, right, pos=QPoint(200, 200))
    before = view.screen_points()
    qtbot.mouseMove(view, QPoint(240, 230))
    qtbot.mouseRelease(view, right, pos=QPoint(240, 230))
    assert QApplication.activePopupWidget() is None
    assert (view.screen_points() - before)[0].tolist() == pytest.approx([40, 30])
    qtbot.mouseClick(view, right, pos=QPoint(200, 200))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.text() for action in menu.actions()] == ["Copy map"]
    menu.close()
