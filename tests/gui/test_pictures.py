"""Pictures of the main states: compared with stored ones, looked at by people, shown in the user guide.

`-m "slow or not slow" --update-pictures` writes those of the documents and those stored.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.item_models import Role
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.gui.classifier.augmentation_dialog import AugmentDialog
from defect_workbench.gui.classifier.taxonomy_dialog import TaxonomyDialog
from defect_workbench.gui.dialogs.association_dialog import AssociationDialog
from defect_workbench.gui.dialogs.compare_dialog import CompareDialog
from defect_workbench.gui.dialogs.export_dialog import ExportDialog
from defect_workbench.gui.dialogs.preprocessing_dialog import PreprocessingDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.resources import resource
from tests.builders import picture, write_tool_picture
from tests.gui import pictures
from tests.gui.pictures import DOCUMENTS, STORED, cut_off, difference, store

LOOKS = ("light", "dark")
LARGE = "large"


class Camera:
    """Takes pictures in each of its looks and compares them with the stored ones.

    The theme changes for the picture alone. Large text needs a walk of its own, as dialogs and columns take
    their sizes from the text when they open.
    """

    def __init__(self, looks: tuple[str, ...], update: bool, folder: str) -> None:
        self._looks, self._update, self._folder = looks, update, folder
        self._wrong: list[str] = []

    def keep(self, widget: QWidget, name: str, window: MainWindow) -> None:
        """Compare pictures of a widget; keep them where the command line says so."""
        for look in self._looks:
            window.set_theme("dark" if look == "dark" else "light")
            QApplication.processEvents()
            self._one(widget, f"{name}-{look}.png")
        window.set_theme("light")
        QApplication.processEvents()

    def _one(self, widget: QWidget, file: str) -> None:
        # Texts that have just changed get the room that they need.
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        shot = widget.grab().toImage()
        if self._folder:
            Path(self._folder).mkdir(parents=True, exist_ok=True)
            assert shot.save(str(Path(self._folder) / file))
        if self._update:
            assert shot.save(str(DOCUMENTS / file))
            store(shot, STORED / file)
        elif why := difference(shot, STORED / file):
            self._wrong.append(why)
        self._wrong += [f"{file}: “{text}” is cut off" for text in cut_off(widget)]

    def check(self) -> None:
        """Fail with all the differences of the walk."""
        assert not self._wrong, "\n".join([*self._wrong, "see --pictures and --update-pictures"])


def camera_for(request: pytest.FixtureRequest, window: MainWindow) -> Iterator[Camera]:
    window.set_text_size(150 if LARGE in request.param else 100)
    # The first picture styles what is out of sight, and the sizes follow.
    window.grab()
    QApplication.processEvents()
    option = request.config.getoption
    found = Camera(request.param, option("--update-pictures"), option("--pictures"))
    yield found
    found.check()


EVERY_LOOK = [pytest.param(LOOKS, marks=pytest.mark.slow), pytest.param((LARGE,), marks=pytest.mark.slow)]


@pytest.fixture(params=[("light",), *EVERY_LOOK], ids="-".join)
def camera(request: pytest.FixtureRequest, qtbot: QtBot, window: MainWindow) -> Iterator[Camera]:
    yield from camera_for(request, window)


@pytest.fixture(params=EVERY_LOOK, ids="-".join)
def patient_camera(request: pytest.FixtureRequest, qtbot: QtBot, window: MainWindow) -> Iterator[Camera]:
    """For walks that take long."""
    yield from camera_for(request, window)


def wait_for(qtbot: QtBot, loader: ThumbnailLoader, path: str) -> None:
    """Wait until a picture is read."""
    qtbot.waitUntil(lambda: loader.get(path) is not None)


def settle(window: MainWindow, qtbot: QtBot) -> None:
    """Wait until no thumbnail in sight is missing; undo what the text of a job did to the width."""
    window.resize(1280, 800)
    project, partition = window.document.project, window.document.partition
    assert project is not None
    assert partition is not None
    wanted = [int(window.image_model.index(row).data(Role.IMAGE)) for row in range(24)]
    wanted += [int(image) for cluster in partition.clusters for image in cluster.members[:3]]
    for image in wanted:
        wait_for(qtbot, window.thumbnails, str(project.images.absolute(image)))
    if window.inspector.image is not None:
        qtbot.waitUntil(lambda: window.inspector.loaded)
    if window.outlier_queue.current is not None:
        wait_for(qtbot, window.large_thumbnails, str(project.images.absolute(window.outlier_queue.current)))


def test_the_way_through_the_window(opened: MainWindow, qtbot: QtBot, camera: Camera, tmp_path: Path) -> None:
    opened.gallery.setCurrentIndex(opened.image_model.index(1))
    settle(opened, qtbot)
    camera.keep(opened, "window", opened)

    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    opened.actions_by_name["actionConfirm"].trigger()
    opened.outlier_queue.move_to_candidate(2)
    opened.outlier_queue.split_out()
    opened.cluster_count.setValue(11)
    settle(opened, qtbot)
    camera.keep(opened, "decided", opened)

    opened.tabs.setCurrentIndex(1)
    opened.docks[3].raise_()
    settle(opened, qtbot)
    camera.keep(opened, "map", opened)
    opened.tabs.setCurrentIndex(0)
    opened.docks[1].raise_()

    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.actions_by_name["actionRefineCluster"].trigger()
    refining = opened.refinement.dialog
    assert refining is not None
    for row in range(refining.model.rowCount()):
        path = refining.model.file(int(refining.model.index(row).data(Role.IMAGE)))
        wait_for(qtbot, opened.thumbnails, path)
    camera.keep(refining, "refine", opened)
    refining.reject()

    opened.outputs.choose_export()
    dialog = opened.findChild(ExportDialog)
    assert dialog is not None
    with qtbot.waitSignal(opened.outputs.planner.done, timeout=10_000):
        dialog.split.setCurrentIndex(1)
        dialog.folder.setText(str(Path("lot-7-sorted")))
    camera.keep(dialog, "export", opened)
    dialog.reject()

    for number in range(40):
        source = resource("sample") / f"defect_{number + 1:04d}.jpg"
        folder = tmp_path / "by-hand" / ("particles" if number % 3 else "others")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / source.name).write_bytes(source.read_bytes())
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.compare_with(tmp_path / "by-hand")
    compared = opened.findChild(CompareDialog)
    assert compared is not None
    camera.keep(compared, "compare", opened)
    compared.close()


def write_table(window: MainWindow, path: Path) -> Path:
    """A table as an EDX run leaves it: elements that go with the clusters, depths, lots."""
    project, partition = window.document.project, window.document.partition
    assert project is not None
    assert partition is not None
    rng = np.random.default_rng(0)
    elements = ("N", "Al", "O", "Si")
    lines = ["file,element,depth nm,lot"]
    for index, image in enumerate(project.images.images[:-5]):
        cluster = int(partition.cluster_of[index])
        element = elements[cluster % 4 if rng.random() < 0.9 else int(rng.integers(4))]
        lines.append(f"{image.path},{element},{40 + 12 * cluster + rng.normal(0, 6):.1f},lot {index % 3 + 1}")
    path.write_text("\n".join([*lines, "elsewhere.png,N,1.0,lot 9"]), encoding="utf-8")
    return path


@pytest.mark.slow
def test_what_is_known_of_the_images_and_how_they_are_prepared(
    opened: MainWindow, qtbot: QtBot, camera: Camera, tmp_path: Path
) -> None:
    with qtbot.waitSignal(opened.jobs.done, timeout=10_000):
        opened.tables.join(write_table(opened, tmp_path / "edx.csv"))
    opened.gallery.setCurrentIndex(opened.image_model.index(1))
    opened.tabs.setCurrentIndex(1)
    opened.map_colour.setCurrentText("depth_nm")
    settle(opened, qtbot)
    camera.keep(opened, "table", opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.tables.associate()
    dialog = opened.findChild(AssociationDialog)
    assert dialog is not None
    camera.keep(dialog, "association", opened)
    dialog.close()
    with qtbot.waitSignal(opened.preprocessing.worker.done, timeout=20_000):
        opened.preprocessing.open_dialog()
    preparing = opened.findChild(PreprocessingDialog)
    assert preparing is not None
    with qtbot.waitSignal(opened.preprocessing.worker.done, timeout=20_000):
        preparing.background.setCurrentIndex(preparing.background.findData("periodic"))
    camera.keep(preparing, "prepare", opened)
    preparing.reject()


@pytest.mark.slow
def test_a_classifier_and_what_it_sorts(
    opened: MainWindow, qtbot: QtBot, patient_camera: Camera, tmp_path: Path
) -> None:
    partition = opened.document.partition
    assert partition is not None
    for cluster, name in zip(partition.clusters[:4], ("lines", "specks", "particles", "films"), strict=False):
        opened.document.rename(cluster, name)
    assert opened.document.partition is not None
    opened.document.confirm([c for c in opened.document.partition.clusters if c.group is not None])
    opened.tabs.setCurrentWidget(opened.classify_panel)
    opened.classify_panel.folds.setValue(2)
    with qtbot.waitSignal(opened.jobs.done, timeout=180_000):
        opened.classifier.train()
    settle(opened, qtbot)
    patient_camera.keep(opened, "classify", opened)

    opened.inspector.show_image(int(partition.clusters[2].members[0]))
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.classifier.preview()
    dialog = opened.findChild(AugmentDialog)
    assert dialog is not None
    patient_camera.keep(dialog, "augment", opened)
    dialog.close()
    opened.classifier.edit_stages()
    stages = opened.findChild(TaxonomyDialog)
    assert stages is not None
    patient_camera.keep(stages, "stages", opened)
    stages.close()

    lot = tmp_path / "lot-9"
    lot.mkdir()
    for number in range(0, 240, 4):
        source = resource("sample") / f"defect_{number + 1:04d}.jpg"
        (lot / source.name).write_bytes(source.read_bytes())
    opened.document.undo_stack.setClean()
    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.classifier.classify(lot)
    opened.tabs.setCurrentIndex(0)
    opened.gallery_bar.order.setCurrentText("Least certain first")
    settle(opened, qtbot)
    patient_camera.keep(opened, "sorted", opened)


@pytest.mark.slow
def test_pictures_of_a_microscope_with_scales_and_info_bars(
    window: MainWindow, qtbot: QtBot, camera: Camera, tmp_path: Path
) -> None:
    folder = tmp_path / "lot-8"
    folder.mkdir()
    for number in range(24):
        with Image.open(resource("sample") / f"defect_{number + 1:04d}.jpg") as source:
            pixels = np.asarray(source.convert("L").resize((512, 442)))
        write_tool_picture(folder / f"{number:02d}.tif", pixels, 5.0 if number % 3 else 12.5)
    with qtbot.waitSignal(window.jobs.done, timeout=60_000):
        window.open_path(folder)
    assert "different pixel sizes" in window.notice.text.text() or window.weights_banner.isVisible()
    window.gallery.setCurrentIndex(window.image_model.index(0))
    settle(window, qtbot)
    camera.keep(window, "microscope", window)
    with qtbot.waitSignal(window.preprocessing.worker.done, timeout=20_000):
        window.preprocessing.open_dialog()
    dialog = window.findChild(PreprocessingDialog)
    assert dialog is not None
    camera.keep(dialog, "scales", window)
    dialog.reject()


@pytest.mark.slow
def test_before_there_is_anything(window: MainWindow, qtbot: QtBot, camera: Camera, tmp_path: Path) -> None:
    camera.keep(window, "welcome", window)
    folder = tmp_path / "lot-7"
    folder.mkdir()
    for index in range(40):
        picture(index, (64, 64)).save(folder / f"{index:02d}.png")
    with qtbot.waitSignal(window.jobs.done, timeout=60_000):
        window.open_path(folder)
    settle(window, qtbot)
    camera.keep(window, "no-weights", window)


@pytest.mark.slow
def test_while_it_works_and_when_it_was_stopped(
    window: MainWindow, qtbot: QtBot, patient_camera: Camera, with_weights: Path
) -> None:
    window.open_path(resource("sample"))
    qtbot.waitUntil(lambda: "left" in window.progress.text.text(), timeout=60_000)
    patient_camera.keep(window, "working", window)
    with qtbot.waitSignal(window.jobs.cancelled, timeout=20_000):
        window.jobs.cancel()
    patient_camera.keep(window, "stopped", window)


@pytest.fixture
def stored(window: MainWindow, tmp_path: Path) -> Path:
    """A picture of the empty window."""
    QApplication.processEvents()
    path = tmp_path / "welcome.png"
    store(window.grab().toImage(), path)
    return path


def test_a_picture_matches_itself_with_softer_edges(window: MainWindow, stored: Path) -> None:
    shot = window.grab().toImage()
    assert difference(shot, stored) == ""
    painter = QPainter(shot)
    painter.setOpacity(0.3)
    painter.drawImage(QPoint(1, 0), window.grab().toImage())
    painter.end()
    assert difference(shot, stored) == ""


def test_a_picture_with_a_panel_missing_differs(window: MainWindow, stored: Path) -> None:
    shot = window.grab().toImage()
    painter = QPainter(shot)
    painter.fillRect(window.menuBar().geometry(), window.palette().window())
    painter.end()
    assert "of the blocks differ" in difference(shot, stored)


def test_a_picture_in_another_theme_differs(window: MainWindow, stored: Path) -> None:
    window.set_theme("dark")
    QApplication.processEvents()
    assert "of the blocks differ" in difference(window.grab().toImage(), stored)


def test_a_picture_with_half_a_text_missing_differs(window: MainWindow, stored: Path) -> None:
    shot = window.grab().toImage()
    label = max(
        (x for x in window.findChildren(QLabel) if x.isVisible() and not x.wordWrap()),
        key=lambda x: x.fontMetrics().horizontalAdvance(x.text()),
    )
    place = label.style().itemTextRect(
        label.fontMetrics(), label.contentsRect(), label.alignment().value, True, label.text()
    )
    place = QRect(label.mapTo(window, place.topLeft()), place.size())
    place.setLeft(place.center().x())
    painter = QPainter(shot)
    painter.fillRect(place, shot.pixelColor(place.topLeft() - QPoint(0, 2)))
    painter.end()
    assert "of the blocks differ" in difference(shot, stored)


def test_a_picture_made_with_another_font_is_compared_loosely(
    window: MainWindow, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "font_in_use", lambda: "another font")
    shot = window.grab().toImage()
    assert difference(shot.copy(QRect(0, 1, shot.width(), shot.height())), stored) == ""
    window.set_theme("dark")
    QApplication.processEvents()
    assert "of the blocks differ" in difference(window.grab().toImage(), stored)


def test_texts_that_do_not_fit_are_found(window: MainWindow) -> None:
    assert cut_off(window) == []
    label = next(x for x in window.findChildren(QLabel) if x.isVisible() and x.text())
    label.setWordWrap(False)
    label.setText("as broad as " + "long " * 80)
    label.setMaximumWidth(200)
    QApplication.processEvents()
    assert cut_off(window) == [label.text()]
