"""Defect maps in the window: shown everywhere by one key, and compared with what the user chooses."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.defect_maps import DefectMaps, MapSource
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.project.project_state import Project
from defect_workbench.gui.dialogs.split_strange_dialog import SplitStrangeDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_lot
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT
from tests.quality.wafers import LOOKS, wafer

SIDE = 28
PLACE = (slice(2, 6), slice(2, 6))


def project_of(window: MainWindow) -> Project:
    assert window.document.project is not None
    return window.document.project


def project_clusters(window: MainWindow) -> Sequence[Cluster]:
    assert window.document.partition is not None
    return window.document.partition.clusters


def open_lot(window: MainWindow, qtbot: QtBot, lot: Path) -> None:
    document = window.document
    with qtbot.waitSignal(
        document.opened, timeout=60_000, check_params_cb=lambda: document.project is not None
    ):
        window.open_path(lot)
    qtbot.waitUntil(lambda: not window.jobs.busy)


@pytest.fixture
def mapped(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with a lot whose maps mark a place at the top left; the first image is an outlier."""
    open_lot(window, qtbot, made_lot(tmp_path / "lot", 12))
    opened = window.document._opened
    assert opened is not None
    grids = np.full((12, SIDE, SIDE), 24, np.uint8)
    grids[:, *PLACE] = 200
    maps = DefectMaps(MapSource.SELF, grids, np.full(12, 5, np.float32))
    scores = opened.project.analysis.outlier_scores.copy()
    scores[0] = 9
    analysis = replace(opened.project.analysis, outlier_scores=scores)
    window.document.show(replace(opened, project=replace(opened.project, maps=maps, analysis=analysis)))
    return window


def orange(shot: QImage, place: QRect) -> bool:
    """Whether a place is coloured; the images are grey."""
    colours = [
        QColor(shot.pixel(x, y))
        for x in range(place.left(), place.right(), 3)
        for y in range(place.top(), place.bottom(), 3)
    ]
    return any(colour.red() > colour.blue() + 60 for colour in colours)


def test_one_key_shows_the_maps_in_gallery_queue_and_inspector(mapped: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: mapped.outlier_queue.current == 0 and mapped.outlier_queue.image_view.has_image)
    mapped.choose_image(3)
    place = mapped.gallery.visualRect(mapped.gallery.currentIndex()).adjusted(6, 6, -6, -6)
    qtbot.waitUntil(lambda: mapped.gallery.currentIndex().data(Qt.ItemDataRole.DecorationRole) is not None)

    def seen() -> tuple[bool, ...]:
        shot = mapped.gallery.viewport().grab().toImage()
        views = (mapped.inspector.image_view, mapped.outlier_queue.image_view)
        checked = mapped.inspector.map_toggle.isChecked()
        return (orange(shot, place), *(view.has_overlay for view in views), checked)

    assert seen() == (False, False, False, False)
    mapped.gallery.setFocus()
    qtbot.keyClick(mapped.gallery, Qt.Key.Key_O)
    assert seen() == (True, True, True, True)
    assert mapped.actions_by_name["actionDefectMaps"].isChecked()
    qtbot.mouseClick(mapped.inspector.map_toggle, LEFT)
    assert seen() == (False, False, False, False)
    # Typed into the filter, the letter is a letter.
    mapped.gallery_bar.text.setFocus()
    qtbot.keyClicks(mapped.gallery_bar.text, "o")
    assert seen()[1:] == (False, False, False)


def test_map_leaves_out_the_info_bar(mapped: MainWindow, qtbot: QtBot) -> None:
    opened = mapped.document._opened
    assert opened is not None
    project = opened.project
    records = tuple(replace(image, info_bar=image.height // 2) for image in project.images.images)
    assert project.maps is not None
    grids = np.full((12, SIDE, SIDE), 24, np.uint8)
    grids[:, -4:] = 200
    maps = replace(project.maps, grids=grids)
    images = replace(project.images, images=records)
    mapped.document.show(replace(opened, project=replace(project, images=images, maps=maps)))
    mapped.choose_image(3)
    qtbot.waitUntil(lambda: mapped.gallery.currentIndex().data(Qt.ItemDataRole.DecorationRole) is not None)
    mapped.overlays.toggle()
    cell = mapped.gallery.visualRect(mapped.gallery.currentIndex()).adjusted(6, 6, -6, -6)
    shot = mapped.gallery.viewport().grab().toImage()
    middle = cell.center().y()
    assert orange(shot, QRect(cell.left(), cell.top(), cell.width(), middle - cell.top()))
    assert not orange(shot, QRect(cell.left(), middle + 4, cell.width(), cell.bottom() - middle - 4))


def test_the_split_has_a_button_where_there_are_maps(
    mapped: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    button = mapped.grouping.split
    mapped.docks[3].raise_()
    assert button.isVisible()
    assert button.text() == "Split clean from strange…"
    qtbot.mouseClick(button, LEFT)
    assert mapped.findChild(SplitStrangeDialog) is not None
    open_lot(mapped, qtbot, made_lot(tmp_path / "other", 3))
    assert not button.isVisible()


@pytest.fixture
def wafers(tmp_path: Path) -> Path:
    """Clean images in one folder and images with a pit in another, with references, on one background."""
    for kind, count in (("clean", 5), ("pit", 4)):
        for number in range(count):
            made = wafer(kind, "blank", LOOKS["fine-quiet"], number)
            for folder, pixels in (("lot", made.image), ("golden", made.reference)):
                path = tmp_path / folder / f"{kind}_{number}.png"
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(pixels).save(path)
    return tmp_path


def choose_folder(window: MainWindow, name: str, folder: Path) -> None:
    """Trigger an action and choose a folder in its dialog."""
    window.actions_by_name[name].trigger()
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(folder))
    dialog.reject()
    dialog.deleteLater()


@pytest.mark.whole_job
@pytest.mark.usefixtures("with_weights", "small_batches")
def test_a_cluster_and_a_folder_become_what_images_are_compared_with(
    window: MainWindow, qtbot: QtBot, wafers: Path, answers: Answers
) -> None:
    open_lot(window, qtbot, wafers / "lot")
    document, panel = window.document, window.grouping
    assert project_of(window).maps is None
    assert panel.source.text() == "The image itself"
    assert not window.actions_by_name["actionCompareOthers"].isEnabled()
    clean = np.arange(5)
    document.split_out(clean)
    key = next(c.key for c in project_clusters(window) if c.group is not None)
    window.cluster_list.choose(key)
    with qtbot.waitSignal(document.grouping_changed, timeout=60_000):
        window.actions_by_name["actionCompareClusters"].trigger()
    qtbot.waitUntil(lambda: not window.jobs.busy)
    project = project_of(window)
    assert project.maps is not None
    assert project.maps.source is MapSource.CLEAN
    assert project.analysis.group_by.chosen is GroupBy.DEFECT
    assert panel.source.text() == "5 clean images"
    # A clean image is compared with the others, not with itself.
    assert project.maps.strangeness[:5].min() > 0.3
    assert project.maps.strangeness[5:].min() > project.maps.strangeness[:5].max()
    # The decision that named them stays.
    assert any(
        c.group is not None and set(c.members.tolist()) == set(range(5)) for c in project_clusters(window)
    )

    with qtbot.waitSignal(document.grouping_changed, timeout=60_000):
        choose_folder(window, "actionCompareReferences", wafers / "golden")
    qtbot.waitUntil(lambda: not window.jobs.busy)
    maps = project_of(window).maps
    assert maps is not None
    assert maps.source is MapSource.REFERENCE
    assert panel.source.text() == "Golden references"
    session = wafers / "lot.dwb"
    with qtbot.waitSignal(document.grouping_changed, timeout=60_000):
        window.actions_by_name["actionUndo"].trigger()
    assert panel.source.text() == "5 clean images"
    window.outputs.save_to(session)
    qtbot.waitUntil(session.exists)
    qtbot.waitUntil(lambda: not window.jobs.busy)
    before = project_of(window).analysis.settings
    open_lot(window, qtbot, session)
    assert project_of(window).analysis.settings == before
    # Whole images need no maps, and those against another source are not kept.
    switch = panel.group_by
    with qtbot.waitSignal(document.grouping_changed, timeout=60_000):
        switch.setCurrentIndex(switch.findData("picture"))
    assert project_of(window).maps is not None
    qtbot.waitUntil(lambda: not window.jobs.busy)
    with qtbot.waitSignal(document.grouping_changed, timeout=60_000):
        window.actions_by_name["actionCompareOthers"].trigger()
    assert panel.source.text() == "The image itself"
    assert project_of(window).maps is None
    assert "defect" not in project_of(window).analysis.blocks
    assert answers.messages == []


def test_a_folder_without_references_is_reported_and_changes_nothing(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, answers: Answers, with_weights: Path
) -> None:
    open_lot(window, qtbot, made_lot(tmp_path / "lot", 3))
    (tmp_path / "empty").mkdir()
    before = project_of(window)
    with qtbot.waitSignal(window.jobs.failed, timeout=60_000):
        choose_folder(window, "actionCompareReferences", tmp_path / "empty")
    assert "contains no images" in answers.messages[0]
    assert project_of(window) is before
    assert window.grouping.source.text() == "The image itself"
