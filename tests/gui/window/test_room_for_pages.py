"""What docks leave to the page when some are hidden for it."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from defect_workbench.gui.window.main_window import MainWindow


def test_at_large_text_a_hidden_dock_leaves_its_room_to_the_page(opened: MainWindow, qtbot: QtBot) -> None:
    opened.resize(1280, 800)
    opened.set_text_size(150)
    qtbot.waitUntil(lambda: opened.docks[1].isVisible())
    before = opened.docks[0].width()
    opened.tabs.setCurrentWidget(opened.classify_panel)
    qtbot.waitUntil(lambda: not opened.docks[1].isVisible())
    qtbot.wait(50)
    assert opened.docks[0].width() <= before + 10
    assert opened.classify_panel.width() > 0.6 * opened.width()
