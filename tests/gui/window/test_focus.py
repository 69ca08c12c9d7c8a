"""Whoever uses keys alone sees where they are, everywhere."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.gui.shared.focus_ring import FocusRing
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_lot
from tests.gui.gestures import LEFT


def focus() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


def framed(ring: FocusRing) -> QWidget | None:
    return ring.framed


def walk(window: MainWindow, qtbot: QtBot, first: QWidget) -> list[QWidget]:
    """Press Tab until the focus is back; the widgets it was on. Every press must be seen."""
    first.setFocus()
    stops: list[QWidget] = []
    while focus() not in stops:
        stops.append(focus())
        before: QImage = window.grab().toImage()
        qtbot.keyClick(focus(), Qt.Key.Key_Tab)
        QApplication.processEvents()
        assert window.grab().toImage() != before, f"{stops[-1]} to {focus()}"
        assert not focus().visibleRegion().isEmpty() or focus().findChildren(QWidget)
    return stops


@pytest.mark.parametrize("tab", range(5))
def test_every_stop_is_seen_and_nothing_behind_other_panels_is_one(
    opened: MainWindow, qtbot: QtBot, tab: int
) -> None:
    opened.activateWindow()
    opened.tabs.setCurrentIndex(tab)
    classify = opened.tabs.currentWidget() is opened.classify_panel
    stops = walk(opened, qtbot, opened.tabs.tabBar())
    assert opened.dendrogram in stops
    assert (opened.gallery in stops) == (tab == 0)
    assert (opened.map in stops) == (tab == 1)
    assert (opened.wafer_page.view in stops) == (tab == 2)
    assert (opened.classify_panel.load_button in stops) == classify
    # The Grouping panel is behind the inspector.
    assert not any(opened.grouping.isAncestorOf(stop) for stop in stops)
    opened.docks[3].raise_()
    qtbot.waitUntil(lambda: not opened.grouping.visibleRegion().isEmpty() or classify)
    again = walk(opened, qtbot, opened.tabs.tabBar())
    assert any(opened.grouping.isAncestorOf(stop) for stop in again) != classify


def test_the_main_panels_follow_each_other(opened: MainWindow, qtbot: QtBot) -> None:
    opened.activateWindow()
    stops = walk(opened, qtbot, opened.tabs.tabBar())
    order = [opened.tabs.tabBar(), opened.gallery_bar.text, opened.gallery, opened.dendrogram]
    places = [stops.index(widget) for widget in (*order, opened.cluster_list)]
    assert places == sorted(places)


def test_a_click_needs_no_frame_and_a_dialog_has_its_own(opened: MainWindow, qtbot: QtBot) -> None:
    opened.activateWindow()
    opened.gallery.setFocus()
    qtbot.keyClick(opened.gallery, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: opened.findChild(FocusRing) is not None)
    ring = opened.findChild(FocusRing)
    assert ring is not None
    qtbot.waitUntil(lambda: framed(ring) is focus())
    qtbot.mouseClick(opened.gallery.viewport(), LEFT)
    assert focus() is opened.gallery
    qtbot.waitUntil(lambda: framed(ring) is None)
    opened.actions_by_name["actionFetch"].trigger()
    dialog = opened.findChild(QWidget, "fetchDialog")
    assert dialog is not None
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(focus(), Qt.Key.Key_Tab)
    assert focus().window() is dialog
    qtbot.waitUntil(lambda: dialog.findChild(FocusRing) is not None)
    inside = dialog.findChild(FocusRing)
    assert inside is not None
    qtbot.waitUntil(lambda: framed(inside) is focus())
    dialog.close()


def test_the_queue_is_one_key_away_after_a_folder_was_opened_added_or_joined(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.activateWindow()
    window.opener.choose_folder()
    dialog = window.findChildren(QFileDialog)[-1]
    dialog.fileSelected.emit(str(made_lot(tmp_path / "lot", 8)))
    dialog.reject()
    window.activateWindow()
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=30_000)
    assert focus() is window.gallery
    # Nobody has chosen anything yet.
    assert not window.cluster_list.chosen()
    assert window.inspector.image is None
    qtbot.keyClick(window.gallery, Qt.Key.Key_Right)
    assert window.review.chosen_images().tolist() == [int(window.image_model.order[0])]
    # The filter was used last.
    table = tmp_path / "table.csv"
    table.write_text("file,depth\n" + "".join(f"{i:02d}.png,{i}\n" for i in range(8)), encoding="utf-8")
    window.gallery_bar.text.setFocus()
    with qtbot.waitSignal(window.document.side_changed, timeout=10_000):
        window.tables.join(table)
    qtbot.waitUntil(lambda: not window.jobs.busy)
    assert focus() is window.gallery
    window.gallery_bar.text.setFocus()
    with qtbot.waitSignal(window.document.opened, timeout=30_000):
        window.classifier.add_folder(made_lot(tmp_path / "more" / "lot", 10))
    qtbot.waitUntil(lambda: not window.jobs.busy)
    assert focus() is window.gallery
    qtbot.keyClick(focus(), "Q")
    assert focus() is window.outlier_queue
    assert window.gallery_bar.text.text() == ""
