"""Finding defects in the window, and correcting their boxes with mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from defect_workbench.core.detector.detection_error import ERROR_COLOURS, ErrorKind
from defect_workbench.core.images.detections import Box
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.gui.boxes.box_canvas import BoxCanvas
from defect_workbench.gui.boxes.box_editor import BoxEditor
from defect_workbench.gui.boxes.evaluate_detector_dialog import EvaluateDetectorDialog
from defect_workbench.gui.boxes.evaluated_detector_dialog import EvaluatedDetectorDialog
from defect_workbench.gui.boxes.export_boxes_dialog import ExportBoxesDialog
from defect_workbench.gui.boxes.find_defects_dialog import FindDefectsDialog
from defect_workbench.gui.dialogs.association_dialog import AssociationDialog
from defect_workbench.gui.painting.box_painting import in_view
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.boxes.box_folder import BoxFolder
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.gui.conftest import Answers
from tests.unit.detection.boards import board

PLACES = {
    "one": [(40, 60)],
    "three": [(40, 60), (130, 150), (200, 90)],
    "two": [(60, 200), (200, 90)],
    "none": [],
}
SIZE = (256, 256)


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("boards")
    for seed, (name, places) in enumerate(PLACES.items()):
        made = board(places, seed=seed)
        for folder, pixels in (("images", made.image), ("golden", made.reference)):
            (root / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(root / folder / f"{name}.png")
    return root


@pytest.fixture
def searched(window: MainWindow, boards: Path, qtbot: QtBot) -> MainWindow:
    """The window, with the boards open and searched through its dialog."""
    window.open_path(boards / "images")
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=60_000)
    assert not window.actions_by_name["actionCorrectBoxes"].isEnabled()
    window.actions_by_name["actionFindDefects"].trigger()
    dialog = window.findChild(FindDefectsDialog)
    assert dialog is not None
    dialog.choice.reference.setText(str(boards / "golden"))
    dialog.find_button.click()
    qtbot.waitUntil(lambda: _found(window) is not None and not window.jobs.busy, timeout=60_000)
    return window


def _found(window: MainWindow) -> FoundDefects | None:
    return window.overlays.boxes.defects.found


def _count(window: MainWindow, name: str) -> int:
    project, found = window.document.project, _found(window)
    assert project is not None
    assert found is not None
    return len(found.of[project.images.paths.index(f"{name}.png")] or ())


def test_defects_are_found_shown_counted_and_saved(
    searched: MainWindow, boards: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    window = searched
    assert {name: _count(window, name) for name in PLACES} == {n: len(p) for n, p in PLACES.items()}
    assert "6 defects in 4 images, 1 of them without one" in window.notice.text.text()
    project = window.document.project
    assert project is not None
    place = project.images.paths.index("three.png")
    window.choose_image(place)
    qtbot.waitUntil(lambda: window.inspector.loaded)
    assert window.inspector.fields["Defects"].text() == "3 × defect"
    assert [box.words for box in window.inspector.image_view.shown_boxes] != []
    view = window.inspector.image_view
    qtbot.waitUntil(lambda: all(box.outline is not None for box in view.shown_boxes))
    for box in view.shown_boxes:
        assert box.outline is not None
        x, y = box.outline[:, ::2], box.outline[:, 1::2]
        assert box.box.x1 < x.min() < x.max() < box.box.x2
        assert box.box.y1 < y.min() < y.max() < box.box.y2
    # What a person moved is no longer what the finder outlined.
    first, *others = window.overlays.boxes.defects.of(place)
    moved = replace(first, box=replace(first.box, x1=first.box.x1 - 1))
    window.overlays.boxes.defects.correct(place, [moved, *others], "Correct boxes")
    assert [box.outline is None for box in view.shown_boxes] == [True, False, False]
    window.document.undo_stack.undo()
    line = view.shown_boxes[0].outline
    assert line is not None
    middle = Box(*((line[0, :2] + line[0, 2:]) / 2).tolist() * 2)
    there = in_view(middle, view._target(), SIZE).topLeft().toPoint()
    colours = [view.grab().toImage().pixelColor(there + QPoint(0, dy)) for dy in (-1, 0, 1)]
    shown = QColor(view.shown_boxes[0].colour)
    assert any(abs(c.hue() - shown.hue()) < 8 and c.saturation() > 100 for c in colours)
    window.actions_by_name["actionShowBoxes"].trigger()
    assert not window.inspector.image_view.shown_boxes
    assert window.document.columns["count"].values.tolist() == [
        len(PLACES[Path(path).stem]) for path in project.images.paths
    ]
    window.gallery_bar.text.setText("count>2")
    qtbot.waitUntil(lambda: window.image_model.rowCount() == 1)

    save_session(tmp_path / "a.dwb", project)
    read = load_session(tmp_path / "a.dwb").found
    found = _found(window)
    assert read is not None
    assert found is not None
    assert read.of == found.of
    assert read.source == "the classical finder with golden references"
    assert read.reference == str(boards / "golden")
    window.actions_by_name["actionUndo"].trigger()
    assert _found(window) is None
    assert "count" not in window.document.columns


def test_references_of_a_search_are_not_those_of_another_project(
    searched: MainWindow, boards: Path, qtbot: QtBot
) -> None:
    assert searched.boxes.reference == boards / "golden"
    searched.open_path(boards / "golden")
    qtbot.waitUntil(lambda: searched.boxes.reference is None and not searched.jobs.busy, timeout=60_000)
    project = searched.document.project
    assert project is not None
    assert project.images.root == boards / "golden"


@pytest.fixture
def editor(searched: MainWindow, qtbot: QtBot) -> Iterator[BoxEditor]:
    """The editor with the image of three defects, of all images."""
    window, project = searched, searched.document.project
    assert project is not None
    window.choose_image(project.images.paths.index("three.png"))
    window.actions_by_name["actionCorrectBoxes"].trigger()
    found = window.findChild(BoxEditor)
    assert isinstance(found, BoxEditor)
    qtbot.waitUntil(lambda: found.canvas.has_image, timeout=10_000)
    assert found.name.text() == "three.png"
    yield found
    found.close()


def _at(canvas: BoxCanvas, x: float, y: float) -> QPoint:
    """Return the place of a pixel of the image on the canvas."""
    return in_view(Box(x, y, x + 1, y + 1), canvas._target(), SIZE).center().toPoint()


def _drag(canvas: BoxCanvas, start: QPoint, end: QPoint) -> None:
    QTest.mouseMove(canvas, start)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    middle = (QPointF(start) + QPointF(end)) / 2
    for place in (middle.toPoint(), end):
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)


def test_boxes_are_drawn_moved_resized_named_and_deleted(editor: BoxEditor, qtbot: QtBot) -> None:
    canvas, steps = editor.canvas, editor._document.undo_stack
    before, first = list(editor.found), steps.index()
    _drag(canvas, _at(canvas, 180, 180), _at(canvas, 220, 210))
    new = editor.found[-1].box
    assert (new.x1, new.y1, new.x2, new.y2) == pytest.approx((180, 180, 220, 210), abs=2)
    assert list(editor.found[:3]) == before

    # The new box is chosen: its corner resizes it, its inside moves it.
    _drag(canvas, _at(canvas, new.x2, new.y2), _at(canvas, 230, 230))
    assert (editor.found[-1].box.x2, editor.found[-1].box.y2) == pytest.approx((230, 230), abs=2)
    _drag(canvas, _at(canvas, 200, 200), _at(canvas, 190, 195))
    moved = editor.found[-1].box
    assert (moved.x1, moved.y1) == pytest.approx((170, 175), abs=2)
    assert moved.x2 - moved.x1 == pytest.approx(50, abs=2)

    editor.label_box("short")
    assert editor.found[-1].box.label == "short"
    assert "short" in editor.legend.text()
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert list(editor.found) == before
    for _ in range(5):
        QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert steps.index() == first
    # Steps from before the editor was opened stay.
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert steps.index() == first


def test_a_key_names_the_chosen_box_and_the_next_ones(editor: BoxEditor) -> None:
    canvas = editor.canvas
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert canvas.current == 0
    editor.label_box("open")
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert canvas.current == 1
    key = next(kind.key for kind in editor._boxes.kinds if kind.name == "open")
    editor.label_box("bridge")
    # A further kind, earlier in the alphabet, changes no key.
    assert key == next(kind.key for kind in editor._boxes.kinds if kind.name == "open")
    QTest.keyClicks(canvas, key)
    assert [each.box.label for each in editor.found] == ["open", "open", "defect"]
    _drag(canvas, _at(canvas, 180, 60), _at(canvas, 210, 90))
    assert editor.found[-1].box.label == "open"


def test_the_legend_can_be_read_in_another_theme(editor: BoxEditor, searched: MainWindow) -> None:
    QTest.keyClick(editor.canvas, Qt.Key.Key_Tab)
    editor.label_box("open")
    for theme in ("dark", "light"):
        searched.set_theme(theme)
        QApplication.processEvents()
        assert f"color:{editor.palette().text().color().name()};" in editor.legend.text()


def test_agreeing_shows_the_next_image_and_a_new_search_keeps_checked_boxes(
    editor: BoxEditor, searched: MainWindow, boards: Path, qtbot: QtBot
) -> None:
    QTest.keyClick(editor.canvas, Qt.Key.Key_Tab)
    QTest.keyClick(editor.canvas, Qt.Key.Key_Delete)
    assert editor.place == 0
    assert editor.state.text().endswith("corrected, not checked yet")
    QTest.keyClick(editor.canvas, Qt.Key.Key_Return)
    assert editor.place == 1
    QTest.keyClick(editor.canvas, Qt.Key.Key_Left)
    assert editor.name.text() == "three.png"
    assert editor.state.text().endswith("checked")
    searched.actions_by_name["actionFindDefects"].trigger()
    dialog = searched.findChildren(FindDefectsDialog)[-1]
    dialog.find_button.click()
    qtbot.waitUntil(lambda: not searched.jobs.busy, timeout=60_000)
    assert _count(searched, "three") == 2
    assert _count(searched, "one") == 1


def test_a_click_is_no_box_and_boxes_stay_inside_the_image(editor: BoxEditor) -> None:
    canvas, before = editor.canvas, list(editor.found)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=_at(canvas, 180, 180))
    assert list(editor.found) == before
    _drag(canvas, _at(canvas, 230, 230), _at(canvas, 255, 255) + QPoint(60, 60))
    box = editor.found[-1].box
    assert (box.x2, box.y2) == SIZE


def test_boxes_are_exported_and_read_back(searched: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    searched.actions_by_name["actionExportBoxes"].trigger()
    dialog = searched.findChild(ExportBoxesDialog)
    assert dialog is not None
    dialog.folder.setText(str(tmp_path / "boxes"))
    dialog.format.setCurrentIndex(dialog.format.findData("coco"))
    dialog.export.click()
    qtbot.waitUntil(lambda: (tmp_path / "boxes").exists() and not searched.jobs.busy)
    sizes = {f"{name}.png": SIZE for name in PLACES}
    read = BoxFolder(tmp_path / "boxes").read(sizes, SilentReporter())
    assert {path: len(boxes) for path, boxes in read.boxes.items()} == {
        f"{name}.png": len(places) for name, places in PLACES.items()
    }
    assert "6 boxes written to" in searched.notice.text.text()


def test_a_detector_is_evaluated_and_its_errors_lead_to_their_images(
    window: MainWindow, boards: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    window.open_path(boards / "images")
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=60_000)
    for name in ("one", "two", "none"):
        # Of "one", a person marked a second defect that is not there; "two" and "none" are right.
        places = [*PLACES[name], *([(200, 200)] if name == "one" else [])]
        lines = [f"{column - 6} {row - 6} {column + 7} {row + 7} pit\n" for row, column in places]
        (tmp_path / f"{name}.txt").write_text("".join(lines))
    window.actions_by_name["actionEvaluateDetector"].trigger()
    dialog = window.findChild(EvaluateDetectorDialog)
    assert dialog is not None
    assert not dialog.evaluate_button.isEnabled()
    dialog.choice.reference.setText(str(boards / "golden"))
    dialog.folder.setText(str(tmp_path))
    dialog.evaluate_button.click()
    qtbot.waitUntil(lambda: window.findChild(EvaluatedDetectorDialog) is not None, timeout=60_000)
    result = window.findChild(EvaluatedDetectorDialog)
    assert result is not None
    assert result.headline.text() == "The detector finds 75% of the defects; 0% of what it finds is wrong."
    assert "3 defects found in 3 images with 4 boxes" in result.about.text()
    assert "1 image without boxes not counted." in result.about.text()
    model = result.errors.model()
    assert [model.index(0, column).data() for column in range(3)] == ["one.png", "1", ""]
    assert result.errors.rowCount() == 1
    result.errors.setCurrentCell(0, 0)
    project = window.document.project
    assert project is not None
    place = project.images.paths.index("one.png")
    assert window.inspector.image == place
    assert _found(window) is None
    view, legend = window.inspector.image_view, window.inspector.error_legend
    qtbot.waitUntil(lambda: window.inspector.loaded)
    assert [box.words for box in view.shown_boxes] == ["missed: pit"]
    edge = in_view(view.shown_boxes[0].box, view._target(), SIZE)
    colour = view.grab().toImage().pixelColor(QPoint(round(edge.left()), round(edge.center().y())))
    wanted = QColor(ERROR_COLOURS[ErrorKind.MISSED])
    assert abs(colour.hue() - wanted.hue()) < 8
    assert abs(colour.value() - wanted.value()) < 16
    assert "1&nbsp;missed" in legend.text()
    assert "0&nbsp;false" in legend.text()
    # Nobody marked this one.
    window.choose_image(project.images.paths.index("three.png"))
    assert not legend.isVisible()
    result.table_button.click()
    table = window.light_table
    assert table.images == (place,)
    assert len(table.panes[0].view.shown_boxes) == 1
    assert table.error_legend.isVisible()
    assert not result.isVisible()
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert not window.at_light_table
    assert result.isVisible()
    window.actions_by_name["actionShowErrors"].trigger()
    assert not view.shown_boxes
    assert not legend.isVisible()
    result.close()


def test_counts_are_compared_with_clusters_without_a_table(searched: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(searched.jobs.done, timeout=20_000):
        searched.actions_by_name["actionAssociate"].trigger()
    dialog = searched.findChild(AssociationDialog)
    assert dialog is not None
    names = [dialog.columns.item(row).text().split("  ")[0] for row in range(dialog.columns.count())]
    assert sorted(names) == ["kinds of defects", "number of defects"]
    assert dialog.windowTitle() == "Defects compared with clusters"
    dialog.columns.setCurrentRow(names.index("kinds of defects"))
    assert dialog.table_text().splitlines()[0].split("\t")[1:] == ["defect", "no defect"]
    dialog.close()


def test_a_folder_without_references_is_reported_and_changes_nothing(
    window: MainWindow, boards: Path, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    window.open_path(boards / "images")
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=60_000)
    window.actions_by_name["actionFindDefects"].trigger()
    dialog = window.findChild(FindDefectsDialog)
    assert dialog is not None
    dialog.choice.trained.setChecked(True)
    assert not dialog.find_button.isEnabled()
    dialog.choice.classical.setChecked(True)
    dialog.choice.reference.setText(str(tmp_path / "absent"))
    dialog.find_button.click()
    assert dialog.isVisible()
    assert "There is no folder" in dialog.choice.warning.text()
    (tmp_path / "empty").mkdir()
    dialog.choice.reference.setText(str(tmp_path / "empty"))
    dialog.find_button.click()
    qtbot.waitUntil(lambda: not window.jobs.busy)
    assert "should contain the golden references" in answers.messages[-1]
    assert _found(window) is None
