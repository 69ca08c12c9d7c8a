"""One key outlines the defects that were measured, where the images are large."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.engine.measurement.defects import VERSIONS
from defect_workbench.gui.inspector.image_view import ImageView
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_project
from tests.quality.wafers import LOOKS, wafer

SIDE, BAR = 120, 20
# The defect of each image, in pixels: left, top, right and bottom.
SPOT = 30, 40, 60, 70


@pytest.fixture
def spotted(window: MainWindow, tmp_path: Path) -> MainWindow:
    """A small project of images with one bright spot each, above an info bar."""
    project = made_project(tmp_path / "lot", sizes=(6, 5))
    rng = np.random.default_rng(0)
    records = []
    for record in project.images.images:
        pixels = rng.normal(90, 4, (SIDE, SIDE))
        left, top, right, bottom = SPOT
        pixels[top:bottom, left:right] += 80
        pixels[SIDE - BAR :] = 0
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(project.images.root / record.path)
        records.append(replace(record, width=SIDE, height=SIDE, info_bar=BAR))
    images = replace(project.images, images=tuple(records))
    window.document.show(prepare(replace(project, images=images)))
    return window


def blue(view: ImageView, x: float, y: float) -> bool:
    """Whether the outline is at or beside a place of the image, in pixels of the image."""
    shot, target = view.grab().toImage(), view._target()
    down, right = target.top() + y / SIDE * target.height(), target.left() + x / SIDE * target.width()
    place = QPoint(round(right), round(down))
    near = [QColor(shot.pixel(place + QPoint(dx, dy))) for dx in range(-6, 7) for dy in range(-6, 7)]
    return any(colour.blue() > colour.red() + 100 for colour in near)


def test_outlines_are_shown_at_the_defect_and_nowhere_else(spotted: MainWindow, qtbot: QtBot) -> None:
    spotted.choose_image(3)
    spotted.gallery.setFocus()
    inspector = spotted.inspector.image_view
    qtbot.waitUntil(lambda: spotted.inspector.loaded)
    assert not inspector.has_outline
    qtbot.keyClick(spotted.gallery, Qt.Key.Key_O)
    assert spotted.actions_by_name["actionDefectMaps"].isChecked()
    qtbot.waitUntil(lambda: inspector.has_outline)
    left, top, right, bottom = SPOT
    middle = (left + right) / 2, (top + bottom) / 2
    for x, y in ((left, middle[1]), (right, middle[1]), (middle[0], top), (middle[0], bottom)):
        assert blue(inspector, x, y)
    assert not blue(inspector, *middle)
    assert not blue(inspector, 100, 15)
    qtbot.keyClick(spotted.gallery, Qt.Key.Key_O)
    assert not inspector.has_outline


def test_outlines_are_those_of_the_version_that_measured_the_project(
    spotted: MainWindow, qtbot: QtBot
) -> None:
    project = spotted.document.project
    assert project is not None
    made = wafer("pit", "holes", LOOKS["fine-quiet"], 4).image
    Image.fromarray(made).save(project.images.absolute(0))
    record = replace(project.images.images[0], info_bar=0)
    images = replace(project.images, images=(record, *project.images.images[1:]))
    spotted.overlays.toggle()
    lines = []
    for version in VERSIONS:
        analysis = replace(project.analysis, identity={"measure": version})
        spotted.document.show(prepare(replace(project, images=images, analysis=analysis)))
        qtbot.waitUntil(lambda: spotted.overlays.outline_of(0) is not None)
        outline = spotted.overlays.outline_of(0)
        assert outline is not None
        lines.append(len(outline))
    # The first version outlines the contact holes.
    assert 5 * lines[0] < lines[1]


def test_the_light_table_has_the_same_key(spotted: MainWindow, qtbot: QtBot) -> None:
    spotted.look_at([0, 1, 2, 3], "Spots")
    table = spotted.light_table
    table.at_a_time.setCurrentIndex(2)
    assert "<b>O</b>&nbsp;defects" in table.legend.text()
    qtbot.keyClick(table, Qt.Key.Key_O)
    qtbot.waitUntil(lambda: all(pane.view.has_outline for pane in table.panes))
    qtbot.waitUntil(lambda: all(pane.view.has_image for pane in table.panes))
    assert blue(table.panes[2].view, SPOT[0], 55)
    qtbot.keyClick(table, Qt.Key.Key_O)
    assert not any(pane.view.has_outline for pane in table.panes)
