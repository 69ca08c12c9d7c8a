"""Pictures of the main states: made here, looked at by people, shown in the user guide.

pytest tests/gui/test_pictures.py --pictures docs/pictures
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.models import Role
from defect_workbench.gui.compare_dialog import CompareDialog
from defect_workbench.gui.export_dialog import ExportDialog
from defect_workbench.gui.main_window import MainWindow
from defect_workbench.resources import resource
from tests.builders import picture


@pytest.fixture(params=["light", "dark", "large"])
def look(request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[str]:
    """Light, dark, and light at one and a half times the text."""
    font = QApplication.font()
    if request.param == "large":
        bigger = QApplication.font()
        bigger.setPointSizeF(font.pointSizeF() * 1.5)
        QApplication.setFont(bigger)
    yield request.param
    QApplication.setFont(font)


def keep(widget: QWidget, name: str, look: str, request: pytest.FixtureRequest) -> None:
    """Check that a picture shows something, and keep it if asked."""
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
    assert opened._refining is not None
    for row in range(opened._refining.model.rowCount()):
        path = opened._refining.model.file(int(opened._refining.model.index(row).data(Role.IMAGE)))
        qtbot.waitUntil(lambda path=path: opened.thumbnails.get(path) is not None)  # type: ignore[misc]
    keep(opened._refining, "refine", look, request)
    opened._refining.reject()

    opened.outputs.choose_export()
    dialog = opened.findChild(ExportDialog)
    assert dialog is not None
    with qtbot.waitSignal(opened.outputs.planner.done, timeout=10_000):
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
