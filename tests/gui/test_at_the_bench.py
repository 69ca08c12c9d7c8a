"""What a day of work with the window must not stumble over."""

import ctypes
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.measurement_text import median_words
from defect_workbench.app.settings import WindowSettings
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.display_libraries import LIBRARIES, check_display_libraries, install_lines
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_lot
from tests.gui.gestures import LEFT

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def places(window: MainWindow) -> list[QRect]:
    """Where what people aim at is."""
    aims: tuple[QWidget, ...] = (window.tabs, window.gallery, window.gallery_bar.text, window.outlier_queue)
    return [QRect(aim.mapToGlobal(aim.rect().topLeft()), aim.size()) for aim in aims]


def cell(window: MainWindow, row: int) -> QRect:
    return window.gallery.visualRect(window.image_model.index(row))


def test_a_notice_moves_nothing_and_a_warning_looks_different(opened: MainWindow, qtbot: QtBot) -> None:
    before, clicked = places(opened), []
    opened.notice.notify("245 images exported", "Undo", lambda: clicked.append(True))
    qtbot.waitUntil(opened.notice.isVisible)
    assert places(opened) == before
    page = opened.stack.rect()
    assert page.bottom() - opened.notice.geometry().bottom() < 30
    plain = opened.notice.grab().toImage().pixelColor(20, 4)
    opened.resize(opened.width() - 150, opened.height() - 100)
    qtbot.waitUntil(lambda: abs(opened.stack.height() - opened.notice.geometry().bottom()) < 30)
    qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    assert clicked == [True]
    assert not opened.notice.isVisible()
    opened.notice.notify("One file was left out", warning=True)
    assert opened.notice.grab().toImage().pixelColor(20, 4) != plain
    assert not opened.notice.buttons[0].isVisible()


def test_a_long_notice_is_shown_in_full_at_every_text_size(opened: MainWindow, qtbot: QtBot) -> None:
    opened.notice.notify("The folder was not added, because you made changes in the meantime. " * 4)
    one = opened.notice.height()
    opened.set_text_size(150)
    qtbot.waitUntil(lambda: opened.notice.height() > one)
    label = opened.notice.text
    assert label.height() >= label.heightForWidth(label.width())
    opened.set_text_size(100)


def test_deciding_in_the_queue_takes_the_other_panels_along(opened: MainWindow, qtbot: QtBot) -> None:
    opened.activateWindow()
    opened.show_queue()
    queue = opened.outlier_queue
    qtbot.waitUntil(queue.hasFocus)
    assert opened.inspector.image == queue.current
    for key in "1X":
        decided = queue.current
        qtbot.keyClick(queue, key)
        qtbot.waitUntil(lambda: opened.inspector.image == queue.current)
        assert queue.current != decided
        assert opened.review.chosen_images().tolist() == [queue.current]


def test_selected_images_are_counted(opened: MainWindow, qtbot: QtBot) -> None:
    assert "selected" not in opened.summary.text()
    opened.choose_images([3, 4, 9])
    assert opened.summary.text().endswith("3 selected")
    opened.gallery.clearSelection()
    assert "selected" not in opened.summary.text()


def test_shift_selects_the_run_between_two_clicks(opened: MainWindow, qtbot: QtBot) -> None:
    view = opened.gallery.viewport()
    first, last = 1, 9
    assert cell(opened, last).top() > cell(opened, first).top()
    assert cell(opened, last).left() != cell(opened, first).left()

    def rows() -> list[int]:
        return sorted(opened.image_model.row_of(image) for image in opened.review.chosen_images().tolist())

    qtbot.mouseClick(view, LEFT, pos=cell(opened, first).center())
    qtbot.mouseClick(view, LEFT, SHIFT, cell(opened, last).center())
    assert rows() == list(range(first, last + 1))
    # A second one goes from the same place, and Ctrl adds to what is selected.
    qtbot.mouseClick(view, LEFT, SHIFT, cell(opened, 3).center())
    assert rows() == [1, 2, 3]
    qtbot.mouseClick(view, LEFT, CTRL, cell(opened, 6).center())
    qtbot.mouseClick(view, LEFT, SHIFT | CTRL, cell(opened, 8).center())
    assert rows() == [1, 2, 3, 6, 7, 8]
    # Arrow keys move the beginning, too, and the images of a folded cluster are not in sight.
    opened.choose_image(int(opened.image_model.order[2]))
    qtbot.mouseClick(view, LEFT, SHIFT, cell(opened, 4).center())
    assert rows() == [2, 3, 4]
    sections = opened.image_model.sections
    opened.gallery.fold(sections[1].key, True)
    opened.choose_image(int(opened.image_model.order[sections[0].start + sections[0].count - 1]))
    last = sections[2].start
    qtbot.mouseClick(view, LEFT, SHIFT, cell(opened, last).center())
    assert rows() == [sections[1].start - 1, last]


def test_a_picture_and_paths_are_copied(opened: MainWindow, qtbot: QtBot) -> None:
    project = opened.document.project
    assert project is not None
    clipboard = QGuiApplication.clipboard()
    opened.choose_image(5)
    with qtbot.waitSignal(opened.clipboard.status, timeout=10_000):
        qtbot.keyClick(opened.gallery, Qt.Key.Key_C, CTRL)
    path = project.images.absolute(5)
    assert clipboard.text() == str(path)
    record = project.images.images[5]
    assert (clipboard.image().width(), clipboard.image().height()) == (record.width, record.height)
    assert clipboard.mimeData().urls()[0].toLocalFile() == str(path)
    opened.choose_images([5, 7])
    opened.actions_by_name["actionCopyImage"].trigger()
    assert clipboard.text().splitlines() == [str(project.images.absolute(i)) for i in (5, 7)]
    assert clipboard.image().isNull()


def test_the_pictures_under_the_tree_stay_when_clusters_are_confirmed(opened: MainWindow) -> None:
    before = set(opened.dendrogram._medoids)
    assert before
    partition = opened.document.partition
    assert partition is not None
    opened.document.confirm(partition.clusters)
    assert set(opened.dendrogram._medoids) >= before


def test_what_a_classifier_does_not_know_says_so_in_the_queue(opened: MainWindow) -> None:
    found = opened.document._opened
    assert found is not None
    count = len(found.project.images)
    unknown = np.zeros(count, bool)
    unknown[:3] = True
    proposal = replace(Proposal.none(count), unknown=unknown)
    opened.document.show(replace(found, project=replace(found.project, proposal=proposal)))
    queue = opened.outlier_queue
    seen = {}
    for _ in range(queue.remaining):
        assert queue.current is not None
        seen[queue.current] = queue.name.text()
        queue.step(1)
    assert any(unknown[image] for image in seen)
    for image, words in seen.items():
        assert ("unknown kind" in words) == bool(unknown[image])


def test_dialogs_open_where_something_was_last_chosen(window: MainWindow, tmp_path: Path) -> None:
    lot = tmp_path / "lots" / "lot-7"
    lot.mkdir(parents=True)

    def shown() -> QFileDialog:
        file_dialogs.ask_image_folder(window, "Folder of images", lambda path: None)
        return window.findChildren(QFileDialog)[-1]

    dialog = shown()
    dialog.fileSelected.emit(str(lot))
    dialog.reject()
    # A dialog that is told where to start, such as that of an export, starts there.
    file_dialogs.ask_folder(window, "Folder of images", lambda path: None, str(tmp_path))
    told = window.findChildren(QFileDialog)[-1]
    assert Path(told.directory().absolutePath()) == tmp_path
    told.reject()
    again = shown()
    assert Path(again.directory().absolutePath()) == lot.parent
    again.reject()
    # Kept between runs, and not asked of a folder that is gone.
    settings = WindowSettings(window.places.settings)
    assert settings.place("Folder of images") == lot.parent
    lot.rmdir()
    lot.parent.rmdir()
    assert settings.place("Folder of images") is None


def test_a_missing_library_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")

    lacks = {"libxcb-icccm.so.4", "libEGL.so.1"}

    def lacking(name: str) -> None:
        if name in lacks or "libqxcb" in name:
            raise OSError(f"{min(lacks)}: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(ctypes, "CDLL", lacking)
    with pytest.raises(WorkbenchError) as error:
        check_display_libraries()
    assert str(error.value) == (
        "the window needs libraries that this system lacks (libxcb-icccm.so.4, libEGL.so.1). "
        "On Debian or Ubuntu: sudo apt install libxcb-icccm4 libegl1. "
        "On RHEL or Fedora: sudo dnf install xcb-util-wm mesa-libEGL"
    )
    lacks = {library.file for library in LIBRARIES}
    with pytest.raises(WorkbenchError, match=r"libdbus-1.so.3.*apt install .* libdbus-1-3.*dnf install"):
        check_display_libraries()
    # The README has the same lines.
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert all(line in readme for line in install_lines())
    # Other platforms of Qt do not need it.
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    check_display_libraries()


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_stands_out_from_both_backgrounds() -> None:
    for colour in COLOURS:
        for background, least in (("#15181C", 2.5), ("#FFFFFF", 1.6)):
            light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (colour, background)


def test_a_right_click_offers_what_can_be_done(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    heading = QPoint(200, opened.gallery._layout.heading // 2)
    qtbot.mouseClick(opened.gallery.viewport(), Qt.MouseButton.RightButton, pos=heading)
    assert len(opened.review.chosen_images()) == opened.image_model.sections[0].count
    opened.gallery.clearSelection()
    for view in (opened.gallery, opened.cluster_list):
        assert view.contextMenuPolicy() == Qt.ContextMenuPolicy.ActionsContextMenu
        assert len(view.actions()) > 5
    qtbot.mouseClick(opened.gallery.viewport(), Qt.MouseButton.RightButton, pos=cell(opened, 4).center())
    (image,) = opened.review.chosen_images().tolist()
    assert opened.image_model.row_of(image) == 4
    (entry,) = [action for action in opened.gallery.actions() if "file manager" in action.text()]
    entry.trigger()
    project = opened.document.project
    assert project is not None
    assert shown == [str(project.images.absolute(image).parent)]


def test_a_report_that_nothing_opens_is_named(
    opened: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    opened.classifier._report = tmp_path / "model.html"
    opened.classify_panel.report.emit()
    assert str(tmp_path / "model.html") in opened.notice.text.text()


def test_pasted_images_are_selected_and_reported(opened: MainWindow) -> None:
    partition = opened.document.partition
    assert partition is not None
    target, source = partition.clusters[0], partition.clusters[1]
    moving = source.members[:3].tolist()
    opened.choose_images(moving)
    opened.actions_by_name["actionCut"].trigger()
    opened.cluster_list.choose(target.key)
    opened.actions_by_name["actionPaste"].trigger()
    assert opened.review.chosen_images().tolist() == sorted(moving)
    assert opened.statusBar().currentMessage() == f"3 images pasted into {target.label}"


def test_a_clean_cluster_is_not_described_by_a_few_false_finds() -> None:
    def image(defects: int) -> ImageRecord:
        found = Measurements(defects, 0, 0, 16.0 * defects, 0, 0, 0, 3)
        return ImageRecord(f"{defects}.png", "0" * 64, 64, 64, measured=found)

    records = [image(0)] * 5 + [image(1)] * 2
    assert median_words(records, np.arange(7)) == "no defect found in 5 of 7"
    assert median_words(records, np.arange(5)) == "no defect found"
    assert median_words(records, np.arange(4, 7)) == "median defect ⌀ 16 px"


def test_export_is_in_the_tool_bar_with_large_text(window: MainWindow, qtbot: QtBot) -> None:
    window.open_path(made_lot(window.places.log.parent / "lot", 3))
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=20_000)
    window.set_text_size(150)
    button = window.menus.tools.widgetForAction(window.actions_by_name["actionExport"])
    qtbot.waitUntil(lambda: button.geometry().right() <= window.width())
    assert button.isVisible()
