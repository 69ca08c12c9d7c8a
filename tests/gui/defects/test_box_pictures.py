"""Pictures of found defects and of the editor of boxes; see `test_pictures`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.core.images.detections import Detection
from defect_workbench.gui.boxes.box_editor import BoxEditor
from defect_workbench.gui.boxes.find_defects_dialog import FindDefectsDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.workflows.detection.search_project import SearchRequest
from tests.gui.test_pictures import EVERY_LOOK, Camera, camera_for, wait_for
from tests.unit.items.patterned import CHANGES, write_boards

KINDS = tuple(CHANGES)
LOTS = {f"board-{number:02}": KINDS[number % 3 :] for number in range(9)} | {"board-clean": ()}


@pytest.fixture(params=EVERY_LOOK, ids="-".join)
def camera(request: pytest.FixtureRequest, qtbot: QtBot, window: MainWindow) -> Iterator[Camera]:
    yield from camera_for(request, window)


def test_defects_are_found_and_their_boxes_corrected(
    window: MainWindow, qtbot: QtBot, camera: Camera, tmp_path: Path
) -> None:
    boards = write_boards(tmp_path / "boards", LOTS)
    window.open_path(boards / "images")
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=60_000)
    project = window.document.project
    assert project is not None
    window.boxes.find()
    dialog = window.findChild(FindDefectsDialog)
    assert dialog is not None
    dialog.choice.reference.setText("golden")
    camera.keep(dialog, "find-defects", window)
    dialog.close()
    window.boxes.search(SearchRequest(boards / "golden"))
    defects = window.overlays.boxes.defects
    qtbot.waitUntil(lambda: defects.found is not None and not window.jobs.busy, timeout=60_000)
    first = project.images.paths.index("board-00.png")
    kinds = ("bridge", "hole")
    named = [
        Detection(type(each.box)(*_corners(each), kinds[number % 2]), each.score, each.area)
        for number, each in enumerate(defects.of(first))
    ]
    defects.correct(first, named, "Name boxes")
    defects.agree(first)
    window.choose_image(first)
    for index in range(len(project.images)):
        wait_for(qtbot, window.thumbnails, str(project.images.absolute(index)))
    qtbot.waitUntil(lambda: window.inspector.loaded)
    # These pictures are about boxes.
    window.weights_banner.hide()
    camera.keep(window, "found", window)
    window.boxes.correct()
    editor = window.findChild(BoxEditor)
    assert editor is not None
    qtbot.waitUntil(lambda: editor.canvas.has_image, timeout=10_000)
    editor.canvas.choose(1)
    camera.keep(editor, "boxes", window)
    editor.close()


def _corners(each: Detection) -> tuple[float, float, float, float]:
    return each.box.x1, each.box.y1, each.box.x2, each.box.y2
