"""Pictures of defect maps, of what images are compared with, and of the split; see `test_pictures`."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.gui.dialogs.split_strange_dialog import SplitStrangeDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.test_pictures import EVERY_LOOK, Camera, camera_for, settle, wait_for
from tests.quality.wafers import write_mostly_clean


def outlined(window: MainWindow, image: int) -> bool:
    return window.overlays.outline_of(image) is not None


@pytest.fixture(params=EVERY_LOOK, ids="-".join)
def camera(request: pytest.FixtureRequest, qtbot: QtBot, window: MainWindow) -> Iterator[Camera]:
    yield from camera_for(request, window)


@pytest.mark.usefixtures("with_weights")
def test_where_the_defects_are(
    window: MainWindow,
    qtbot: QtBot,
    camera: Camera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Other tests are by the whole image.
    monkeypatch.setattr("defect_workbench.workflows.map_defects.ENOUGH_MODELLED", 0.4)
    document, switch = window.document, window.grouping.group_by
    window.open_path(write_mostly_clean(tmp_path / "lot-7"))
    qtbot.waitUntil(lambda: document.project is not None and not window.jobs.busy, timeout=120_000)
    assert switch.isEnabled()
    assert document.project is not None
    assert document.project.maps is not None
    window.gallery_bar.order.setCurrentText("Strangest first")
    window.actions_by_name["actionDefectMaps"].trigger()
    window.gallery.setCurrentIndex(window.image_model.index(0))
    settle(window, qtbot)
    camera.keep(window, "defects", window)
    window.open_light_table()
    window.light_table.at_a_time.setCurrentIndex(3)
    assert document.project is not None
    paths = [str(document.project.images.absolute(image)) for image in range(len(document.project.images))]
    for image in window.light_table.images[:6]:
        wait_for(qtbot, window.large_thumbnails, paths[image])
        qtbot.waitUntil(partial(outlined, window, image))
    camera.keep(window, "light-table", window)
    window.close_light_table()
    window.docks[3].raise_()
    camera.keep(window, "defects-grouping", window)
    window.actions_by_name["actionSplitStrange"].trigger()
    dialog = window.findChild(SplitStrangeDialog)
    assert dialog is not None
    for path in paths:
        wait_for(qtbot, window.thumbnails, path)
    camera.keep(dialog, "split", window)
    dialog.reject()
