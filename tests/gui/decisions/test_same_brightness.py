"""The light table at the same brightness and contrast, and its captions."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.gui.light_table.light_table import LightTable
from defect_workbench.gui.light_table.pane import Pane
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.gestures import LEFT

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def table(opened: MainWindow, qtbot: QtBot) -> LightTable:
    """Two images of one pattern, one of them darker and flatter, side by side."""
    assert opened.document.project is not None
    ramp = np.tile(np.linspace(0, 1, 40), (32, 1))
    for image, (low, high) in ((0, (20, 60)), (1, (120, 250))):
        path = Path(opened.document.project.images.absolute(image))
        Image.fromarray((low + ramp * (high - low)).astype(np.uint8)).save(path)
    opened.look_at([0, 1, 2, 3], "Exposures")
    opened.light_table.at_a_time.setCurrentIndex(1)
    qtbot.waitUntil(lambda: all(pane.view.has_image for pane in opened.light_table.panes))
    return opened.light_table


def ends(pane: Pane) -> tuple[int, int]:
    """The grey levels at the left and at the right end of the pattern."""
    shot = pane.view.grab().toImage()
    target = pane.view._target()
    y = round(target.top() + 6)
    grey = [shot.pixelColor(round(x), y).lightness() for x in (target.left() + 4, target.right() - 4)]
    return grey[0], grey[1]


def test_one_key_shows_all_images_over_the_same_range(
    table: LightTable, opened: MainWindow, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: ends(table.panes[0])[1] < 90 < ends(table.panes[1])[0])
    # On many keyboards the key needs Shift.
    qtbot.keyClick(table, "=", SHIFT)
    assert table.equal.isChecked()
    assert table.tone.isVisible()
    qtbot.waitUntil(lambda: all(low < 30 and high > 225 for low, high in map(ends, table.panes)))
    # The sliders are for all, too, and they leave the keys to the table.
    slider = table.tone.sliders["Brightness"]
    qtbot.mouseClick(slider, LEFT, pos=slider.rect().center() + slider.rect().topRight() / 4)
    slider.setValue(30)
    assert table.hasFocus()
    qtbot.waitUntil(lambda: all(ends(pane)[0] > 100 for pane in table.panes))
    # It stays for the images that follow, until it is switched off.
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert table.equal.isChecked()
    qtbot.keyClick(table, Qt.Key.Key_Home)
    qtbot.mouseClick(table.equal, LEFT)
    assert table.tone.isHidden()
    qtbot.waitUntil(lambda: ends(table.panes[0])[1] < 90 < ends(table.panes[1])[0])
    assert "same&nbsp;brightness" in table.legend.text()


def test_captions_say_how_typical_an_image_is(opened: MainWindow, qtbot: QtBot) -> None:
    partition = opened.document.partition
    assert partition is not None
    members = partition.clusters[0].members.tolist()
    opened.look_at(members, "All")
    table = opened.light_table
    assert table.panes[0].words == f"{partition.clusters[0].label}  ·  most typical of {len(members)}"
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert table.panes[0].words.endswith(f"2nd most typical of {len(members)}")
    qtbot.keyClick(table, Qt.Key.Key_End)
    assert table.panes[0].words.endswith(f"most extreme of {len(members)}")
    qtbot.keyClick(table, "N")
    assert table.panes[0].words.endswith("the only image")
