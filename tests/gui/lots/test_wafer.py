"""The Wafer tab: shared selection, findings, arrangements, and what it says without places."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.table_columns import Column, ColumnKind
from defect_workbench.gui.application import make_application
from defect_workbench.gui.shared.theme import apply_theme
from defect_workbench.gui.wafer.wafer_frames import Arrangement
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.sample.wafer_lot import AT_THE_EDGE, SCRATCHED, LotDefect, make_lot
from tests.builders import made_analysis
from tests.gui.gestures import LEFT
from tests.gui.names import nameless

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def lot_project(root: Path) -> tuple[Project, list[str]]:
    """Return the generated lot, clustered by kind, with its places in a joined table; and the kinds."""
    root.mkdir()
    lot = make_lot(side=32)
    kinds = [defect.kind for defect in lot.defects]
    rng = np.random.default_rng(0)
    centres = {kind: 3 * rng.standard_normal(12) for kind in sorted(set(kinds))}
    vectors = np.array([centres[kind] + 0.1 * rng.standard_normal(12) for kind in kinds], np.float32)
    records = []
    for number, defect in enumerate(lot.defects):
        path = root / f"{number:03d}.png"
        Image.fromarray(defect.picture).save(path)
        records.append(ImageRecord(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), 32, 32))
    columns = [Column("wafer", ColumnKind.TEXT, tuple(lot.wafers[d.wafer].name for d in lot.defects))]
    columns += [
        Column(name, ColumnKind.NUMBER, tuple(_number(d, name) for d in lot.defects))
        for name in ("x_um", "y_um", "die_x", "die_y")
    ]
    side = SideData("places.csv", "0" * 64, "file", tuple(columns), (True,) * len(records))
    images = ImageSet(root, tuple(records), ())
    analysis = made_analysis(vectors)
    return Project(images, analysis, len(centres), Decisions.none(len(records)), side=side), kinds


def _number(defect: LotDefect, name: str) -> float:
    return float(getattr(defect, name))


@pytest.fixture
def lot_window(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> MainWindow:
    """The window with the generated lot, on the Wafer tab, with all findings."""
    project, kinds = lot_project(tmp_path / "lot")
    document = window.document
    document.show(prepare(project))
    for kind in sorted(set(kinds)):
        assert document.partition is not None
        cluster = next(c for c in document.partition.clusters if kinds[int(c.members[0])] == kind)
        document.rename(cluster, kind)
    window.actions_by_name["actionWafer"].trigger()
    page = window.wafer_page
    qtbot.waitUntil(lambda: bool(page.watch.findings), timeout=60_000)
    return window


def test_the_two_signatures_come_first_and_a_click_selects_their_cluster(
    lot_window: MainWindow, qtbot: QtBot
) -> None:
    page = lot_window.wafer_page
    texts = [page.panel.entries.item(row).text() for row in range(page.panel.entries.count())]
    assert len(texts) == 5
    assert {text.partition(":")[0] for text in texts[:2]} == {SCRATCHED, AT_THE_EDGE}
    assert page.panel.summary.text() == "2 of 5 clusters lie differently from the other defects."
    assert all("no different" in text for text in texts[2:])
    row = next(row for row, text in enumerate(texts) if text.startswith(SCRATCHED))
    entries = page.panel.entries
    place = entries.visualItemRect(entries.item(row)).center()
    qtbot.mouseClick(entries.viewport(), LEFT, pos=place)
    assert len(lot_window.review.chosen_images()) == 22
    assert [cluster.label for cluster in lot_window.cluster_list.chosen()] == [SCRATCHED]
    # A new name is shown at once, without another test.
    lot_window.document.rename(lot_window.cluster_list.chosen()[0], "groove")
    assert any(f.sentence.startswith("groove: along a line") for f in page.watch.findings)
    assert nameless(lot_window) == []


def test_lasso_rectangle_and_clicks_on_wafers_select_everywhere(lot_window: MainWindow, qtbot: QtBot) -> None:
    view = lot_window.wafer_page.view
    points = view.screen_points()
    left, top = (points.min(axis=0) - 6).round().astype(int).tolist()
    right, bottom = (points.max(axis=0) + 6).round().astype(int).tolist()
    qtbot.mousePress(view, LEFT, pos=QPoint(left, top))
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 20)):
        qtbot.mouseMove(view, QPoint(x, y))
    qtbot.mouseRelease(view, LEFT, pos=QPoint(left, top + 1))
    assert len(lot_window.review.chosen_images()) == 120
    middle = (left + right) // 2
    qtbot.mousePress(view, LEFT, SHIFT, QPoint(left, top))
    for share in (0.2, 0.5, 0.8, 1.0):
        qtbot.mouseMove(
            view, QPoint(round(left + share * (middle - left)), round(top + share * (bottom - top)))
        )
    qtbot.mouseRelease(view, LEFT, SHIFT, QPoint(middle, bottom))
    expected = np.flatnonzero(points[:, 0] < middle)
    assert set(lot_window.review.chosen_images().tolist()) == set(expected.tolist())
    # A click on one that is outside, added with Ctrl.
    outside = int(points[:, 0].argmax())
    place = QPoint(*points[outside].round().astype(int).tolist())
    hit = view.image_at(place)
    assert hit is not None
    qtbot.mouseClick(view, LEFT, CONTROL, place)
    assert set(lot_window.review.chosen_images().tolist()) == {*expected.tolist(), hit}
    plain = view.grab().toImage()
    lot_window.choose_images([0])
    assert view.grab().toImage() != plain


def test_wafers_side_by_side_or_one_alone_show_their_defects_and_share_the_colours_of_the_map(
    lot_window: MainWindow, qtbot: QtBot
) -> None:
    page = lot_window.wafer_page
    assert page.view.shown.sum() == 120
    page.arrangement.setCurrentIndex(page.arrangement.findData(Arrangement.MULTIPLES))
    assert page.view.plan is not None
    assert len(page.view.plan.frames) == 3
    assert page.view.shown.sum() == 120
    page.arrangement.setCurrentIndex(page.arrangement.findData(Arrangement.ONE))
    page.wafer.setCurrentIndex(1)
    frames = list(page.view.plan.frames)
    assert len(frames) == 1, frames
    frame = frames[0]
    assert frame.title == f"Wafer 02  ·  {page.view.shown.sum()} defects"
    assert 0 < page.view.shown.sum() < 120
    plain = page.view.grab().toImage()
    page.density.setChecked(True)
    assert page.view.grab().toImage() != plain
    page.colour.setCurrentText("x_um")
    page.colour.activated.emit(page.colour.currentIndex())
    assert lot_window.map_colour.currentText() == "x_um"
    apply_theme(make_application(), "dark")
    assert page.view.grab().toImage().pixelColor(2, 2).lightness() < 60
    # Of half of the wafer, the profile over the radius has bars; without histograms there are none.
    lot_window.choose_images(np.flatnonzero(page.view.shown).tolist())
    assert "selected" in page.profiles.words_at(page.profiles.rect().center().toPointF() / 1.5)
    page.histograms.setChecked(False)
    assert not page.profiles.isVisible()


def test_without_places_the_tab_says_how_to_get_them(window: MainWindow, tmp_path: Path) -> None:
    project, _ = lot_project(tmp_path / "lot")
    window.document.show(prepare(replace(project, side=None)))
    window.tabs.setCurrentWidget(window.wafer_page)
    assert "join a table with columns such as wafer, x_um and y_um" in window.wafer_page.view.placeholder()
    assert not window.wafer_page.panel.isVisible()
    assert nameless(window) == []
    # The table makes them appear, and undoing takes them away.
    window.document.join(project.side)
    assert window.wafer_page.view.placeholder() == ""
    assert window.wafer_page.panel.isVisible()
    window.document.undo_stack.undo()
    assert window.wafer_page.view.placeholder() != ""


def test_the_menu_on_wafers_offers_what_can_be_done_with_images(lot_window: MainWindow) -> None:
    names = {action.objectName() for action in lot_window.wafer_page.view.actions()}
    assert {"actionLightTable", "actionTag", "actionSplitOut"} <= names
