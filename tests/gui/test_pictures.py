"""Pictures of the main states: made here, looked at by people, shown in the user guide.

pytest tests/gui/test_pictures.py --pictures docs/pictures
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.item_models import Role
from defect_workbench.gui.application import make_application
from defect_workbench.gui.classifier.augmentation_dialog import AugmentDialog
from defect_workbench.gui.classifier.taxonomy_dialog import TaxonomyDialog
from defect_workbench.gui.dialogs.association_dialog import AssociationDialog
from defect_workbench.gui.dialogs.compare_dialog import CompareDialog
from defect_workbench.gui.dialogs.export_dialog import ExportDialog
from defect_workbench.gui.dialogs.preprocessing_dialog import PreprocessingDialog
from defect_workbench.gui.shared.theme import apply_text_size
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.resources import resource
from tests.builders import picture, write_tool_picture


@pytest.fixture(params=["light", "dark", "large"])
def look(request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[str]:
    """Light, dark, and light at one and a half times the text."""
    application = make_application()
    apply_text_size(application, 150 if request.param == "large" else 100)
    yield request.param
    apply_text_size(application, 100)


def keep(widget: QWidget, name: str, look: str, request: pytest.FixtureRequest) -> None:
    """Check that a picture shows something, and keep it if asked."""
    QApplication.processEvents()
    shot = widget.grab().toImage()
    small = shot.scaled(64, 40).convertToFormat(QImage.Format.Format_Grayscale8)
    shades = {small.pixelColor(x, y).lightness() // 8 for x in range(64) for y in range(40)}
    assert len(shades) > 2
    dark = sum(small.pixelColor(x, y).lightness() for x in range(64) for y in range(40)) / (64 * 40) < 110
    assert dark == (look == "dark")
    folder = request.config.getoption("--pictures")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        assert shot.save(str(Path(folder) / f"{name}-{look}.png"))


def settle(window: MainWindow, qtbot: QtBot) -> None:
    """Wait until no thumbnail in sight is missing."""
    project, partition = window.document.project, window.document.partition
    assert project is not None
    assert partition is not None
    wanted = [int(window.image_model.index(row).data(Role.IMAGE)) for row in range(24)]
    wanted += [int(image) for cluster in partition.clusters for image in cluster.members[:3]]
    for image in wanted:
        path = str(project.images.absolute(image))
        qtbot.waitUntil(lambda path=path: window.thumbnails.get(path) is not None)  # type: ignore[misc]
    if window.inspector.image is not None:
        qtbot.waitUntil(lambda: window.inspector.loaded)
    for large in (window.outlier_queue.current,):
        if large is not None:
            path = str(project.images.absolute(large))
            qtbot.waitUntil(lambda path=path: window.pictures.get(path) is not None)  # type: ignore[misc]


def test_the_way_through_the_window(
    opened: MainWindow, qtbot: QtBot, look: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    opened.set_theme("dark" if look == "dark" else "light")
    opened.gallery.setCurrentIndex(opened.image_model.index(1))
    settle(opened, qtbot)
    keep(opened, "window", look, request)

    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    opened.actions_by_name["actionConfirm"].trigger()
    opened.outlier_queue.put_into(2)
    opened.outlier_queue.split_out()
    opened.cluster_count.setValue(11)
    settle(opened, qtbot)
    keep(opened, "decided", look, request)

    opened.tabs.setCurrentIndex(1)
    opened.docks[3].raise_()
    settle(opened, qtbot)
    keep(opened, "map", look, request)
    opened.tabs.setCurrentIndex(0)
    opened.docks[1].raise_()

    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.actions_by_name["actionRefineCluster"].trigger()
    refining = opened.refinement.dialog
    assert refining is not None
    for row in range(refining.model.rowCount()):
        path = refining.model.file(int(refining.model.index(row).data(Role.IMAGE)))
        qtbot.waitUntil(lambda path=path: opened.thumbnails.get(path) is not None)  # type: ignore[misc]
    keep(refining, "refine", look, request)
    refining.reject()

    opened.outputs.choose_export()
    dialog = opened.findChild(ExportDialog)
    assert dialog is not None
    with qtbot.waitSignal(opened.outputs.planner.done, timeout=10_000):
        dialog.split.setCurrentIndex(1)
        dialog.folder.setText(str(Path("lot-7-sorted")))
    keep(dialog, "export", look, request)
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
    keep(compared, "compare", look, request)
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


def test_what_is_known_of_the_images_and_how_they_are_prepared(
    opened: MainWindow, qtbot: QtBot, look: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    opened.set_theme("dark" if look == "dark" else "light")
    with qtbot.waitSignal(opened.jobs.done, timeout=10_000):
        opened.tables.join(write_table(opened, tmp_path / "edx.csv"))
    opened.gallery.setCurrentIndex(opened.image_model.index(1))
    opened.tabs.setCurrentIndex(1)
    opened.map_colour.setCurrentText("depth_nm")
    settle(opened, qtbot)
    keep(opened, "table", look, request)
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.tables.associate()
    dialog = opened.findChild(AssociationDialog)
    assert dialog is not None
    keep(dialog, "association", look, request)
    dialog.close()
    with qtbot.waitSignal(opened.preparing.worker.done, timeout=20_000):
        opened.preparing.ask()
    preparing = opened.findChild(PreprocessingDialog)
    assert preparing is not None
    with qtbot.waitSignal(opened.preparing.worker.done, timeout=20_000):
        preparing.background.setCurrentIndex(preparing.background.findData("periodic"))
    keep(preparing, "prepare", look, request)
    preparing.reject()


def test_a_classifier_and_what_it_sorts(
    opened: MainWindow, qtbot: QtBot, look: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    opened.set_theme("dark" if look == "dark" else "light")
    partition = opened.document.partition
    assert partition is not None
    for cluster, name in zip(partition.clusters[:4], ("lines", "specks", "particles", "films"), strict=False):
        opened.document.rename(cluster, name)
    assert opened.document.partition is not None
    opened.document.confirm([c for c in opened.document.partition.clusters if c.group is not None])
    opened.tabs.setCurrentWidget(opened.classify_panel)
    opened.classify_panel.folds.setValue(2)
    with qtbot.waitSignal(opened.jobs.done, timeout=180_000):
        opened.classifying.train()
    settle(opened, qtbot)
    keep(opened, "classify", look, request)

    opened.inspector.show_image(int(partition.clusters[2].members[0]))
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.classifying.preview()
    dialog = opened.findChild(AugmentDialog)
    assert dialog is not None
    keep(dialog, "augment", look, request)
    dialog.close()
    opened.classifying.edit_stages()
    stages = opened.findChild(TaxonomyDialog)
    assert stages is not None
    keep(stages, "stages", look, request)
    stages.close()

    lot = tmp_path / "lot-9"
    lot.mkdir()
    for number in range(0, 240, 4):
        source = resource("sample") / f"defect_{number + 1:04d}.jpg"
        (lot / source.name).write_bytes(source.read_bytes())
    opened.document.undo_stack.setClean()
    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.classifying.classify(lot)
    opened.tabs.setCurrentIndex(0)
    opened.gallery_bar.order.setCurrentText("Unsure first")
    settle(opened, qtbot)
    keep(opened, "sorted", look, request)


def test_pictures_of_a_microscope_with_scales_and_info_bars(
    window: MainWindow, qtbot: QtBot, look: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    window.set_theme("dark" if look == "dark" else "light")
    folder = tmp_path / "lot-8"
    folder.mkdir()
    for number in range(24):
        with Image.open(resource("sample") / f"defect_{number + 1:04d}.jpg") as source:
            pixels = np.asarray(source.convert("L").resize((512, 442)))
        write_tool_picture(folder / f"{number:02d}.tif", pixels, 5.0 if number % 3 else 12.5)
    with qtbot.waitSignal(window.jobs.done, timeout=60_000):
        window.open_path(folder)
    assert "different scales" in window.notice.text.text() or window.weights_banner.isVisible()
    window.gallery.setCurrentIndex(window.image_model.index(0))
    settle(window, qtbot)
    keep(window, "microscope", look, request)
    with qtbot.waitSignal(window.preparing.worker.done, timeout=20_000):
        window.preparing.ask()
    dialog = window.findChild(PreprocessingDialog)
    assert dialog is not None
    keep(dialog, "scales", look, request)
    dialog.reject()


def test_before_there_is_anything(
    window: MainWindow, qtbot: QtBot, look: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    window.set_theme("dark" if look == "dark" else "light")
    keep(window, "welcome", look, request)
    folder = tmp_path / "lot-7"
    folder.mkdir()
    for index in range(40):
        picture(index, (64, 64)).save(folder / f"{index:02d}.png")
    with qtbot.waitSignal(window.jobs.done, timeout=20_000):
        window.open_path(folder)
    settle(window, qtbot)
    keep(window, "no-weights", look, request)


def test_while_it_works_and_when_it_was_stopped(
    window: MainWindow, qtbot: QtBot, look: str, request: pytest.FixtureRequest, with_weights: Path
) -> None:
    window.set_theme("dark" if look == "dark" else "light")
    window.open_path(resource("sample"))
    qtbot.waitUntil(lambda: "left" in window.progress.words.text(), timeout=60_000)
    keep(window, "working", look, request)
    with qtbot.waitSignal(window.jobs.cancelled, timeout=20_000):
        window.jobs.cancel()
    keep(window, "stopped", look, request)
