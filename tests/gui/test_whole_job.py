"""A whole job, by mouse and keys alone: from a bare window to a retrained classifier, counting every action.

An action is one click, one drag or one key; a typed name or path counts as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.gui.application import make_application
from defect_workbench.gui.dialogs.export_dialog import ExportDialog
from defect_workbench.gui.dialogs.name_dialog import NameDialog
from defect_workbench.gui.shared.theme import apply_text_size
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.resources import resource
from defect_workbench.storage.class_library.class_file import LibraryFile
from defect_workbench.user_dirs import UserDirs
from tests.gui.conftest import delete_now
from tests.gui.gestures import LEFT, drag_cut, drop

MOST_ACTIONS = 40


class Hand:
    """Clicks, drags and types, and counts."""

    def __init__(self, qtbot: QtBot) -> None:
        self._qtbot = qtbot
        self.actions = 0

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        self.actions += 1
        self._qtbot.waitUntil(lambda: widget.isVisible() and widget.isEnabled())
        self._qtbot.mouseClick(widget, LEFT, pos=place or QPoint(widget.width() // 2, widget.height() // 2))

    def tick(self, box: QAbstractButton) -> None:
        self.click(box, QPoint(8, box.height() // 2))

    def press(self, widget: QWidget, key: Qt.Key | str, modifier: Qt.KeyboardModifier | None = None) -> None:
        self.actions += 1
        # A window system gives the focus back when a dialog has gone.
        widget.window().activateWindow()
        self._qtbot.waitUntil(widget.window().isActiveWindow)
        self._qtbot.keyClick(widget, key, modifier or Qt.KeyboardModifier.NoModifier)

    def type(self, field: QLineEdit, text: str) -> None:
        """Type over what is selected, or at the end."""
        self.actions += 1
        self._qtbot.keyClicks(field, text)


@pytest.fixture
def bare(
    qtbot: QtBot, places: UserDirs, with_sample: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """A bare window with its real message boxes, started where the lots are."""
    monkeypatch.chdir(tmp_path)
    apply_text_size(make_application(), 100)
    window = MainWindow(places, offline=True)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    yield window
    assert window.close_without_asking()
    delete_now(window)


def lots_of(window: MainWindow, qtbot: QtBot, folder: Path) -> tuple[Path, Path]:
    """Write two lots of five kinds of the sample set: every third image is in the second."""
    with qtbot.waitSignal(window.document.opened, timeout=60_000):
        window.open_path(resource("sample"))
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=60_000)
    partition, project = window.document.partition, window.document.project
    assert partition is not None
    assert project is not None
    for cluster in partition.clusters[:5]:
        for number, image in enumerate(cluster.members.tolist()):
            source = project.images.absolute(image)
            lot = folder / ("lot-b" if number % 3 == 0 else "lot-a")
            lot.mkdir(exist_ok=True)
            (lot / source.name).write_bytes(source.read_bytes())
    # Images that resemble nothing else come with the second lot.
    for image in partition.outliers[:4].tolist():
        source = project.images.absolute(image)
        (folder / "lot-b" / source.name).write_bytes(source.read_bytes())
    window.document.close()
    return folder / "lot-a", folder / "lot-b"


def file_dialog(window: MainWindow, qtbot: QtBot) -> QLineEdit:
    """The field for the name in the open file dialog."""
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(QFileDialog)))
    dialog = next(d for d in window.findChildren(QFileDialog) if d.isVisible())
    field = dialog.findChild(QLineEdit, "fileNameEdit")
    assert field is not None
    # As long as a person needs to see the dialog: it lists the folder meanwhile.
    qtbot.wait(400)
    return field


def partition_of(window: MainWindow) -> Partition:
    assert window.document.partition is not None
    return window.document.partition


def cluster_of(window: MainWindow, image: int) -> Cluster:
    partition = partition_of(window)
    return partition.clusters[int(partition.cluster_of[image])]


def done(window: MainWindow, qtbot: QtBot, act: Callable[[], None]) -> None:
    """Do something that starts a job, and wait for its result."""
    ended: list[object] = []
    window.jobs.done.connect(ended.append)
    window.jobs.failed.connect(ended.append)
    act()
    qtbot.waitUntil(lambda: bool(ended) and not window.jobs.busy, timeout=90_000)
    assert not isinstance(ended[0], str), ended[0]


@pytest.mark.whole_job
def test_a_lot_is_named_a_classifier_trained_the_next_lot_corrected_and_the_classifier_retrained(
    bare: MainWindow, qtbot: QtBot, tmp_path: Path, places: UserDirs, capsys: pytest.CaptureFixture[str]
) -> None:
    window, hand = bare, Hand(qtbot)
    lot_a, lot_b = lots_of(window, qtbot, tmp_path)

    # 1. Open the first lot.
    hand.actions += 1
    with qtbot.waitSignal(window.document.opened, timeout=60_000):
        assert drop(window, lot_a)
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=60_000)

    # 2. Find the cut: drag it to five clusters.
    assert window.document.tree is not None
    low, high = (window.document.tree.height_of(k) for k in (6, 5))
    line = window.dendrogram
    hand.actions += 1
    drag_cut(window, qtbot, line.line_y() + 1)
    if window.document.clusters_at_cut != 5:
        heights = np.linspace(0, line.height(), 400)
        hand.actions -= 1
        for y in heights:
            drag_cut(window, qtbot, float(y))
            if window.document.clusters_at_cut == 5:
                break
        hand.actions += 1
    assert window.document.clusters_at_cut == 5, (low, high)

    # 3. Name and confirm the five clusters.
    rows = window.cluster_list
    hand.click(rows.viewport(), rows.visualRect(window.cluster_model.index(0, 0)).center())
    hand.press(rows, Qt.Key.Key_F2)
    for number, name in enumerate(("one", "two", "three", "four", "five")):
        qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(NameDialog)))
        dialog = next(d for d in window.findChildren(NameDialog) if d.isVisible())
        if number == 0:
            hand.tick(dialog.go_on)
        hand.type(dialog.name, name)
        hand.press(dialog.name, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda dialog=dialog: dialog not in window.findChildren(NameDialog))  # type: ignore[misc]
    assert all(c.group is not None and c.group.confirmed for c in partition_of(window).clusters)
    named = {c.label for c in partition_of(window).clusters}
    # The library is written in the background.
    qtbot.waitUntil(lambda: {known.name for known in LibraryFile(places.classes).load().classes} == named)

    # 4. Export.
    hand.press(rows, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    export = window.findChild(ExportDialog, "exportDialog")
    assert export is not None
    qtbot.waitUntil(export.ok_button.isEnabled, timeout=20_000)
    done(window, qtbot, lambda: hand.press(export.ok_button, Qt.Key.Key_Return))
    assert (tmp_path / "lot-a-sorted" / "manifest.csv").is_file()

    # 5. Train, and save the classifier under the suggested name.
    tabs = window.tabs.tabBar()
    hand.click(tabs, tabs.tabRect(window.tabs.indexOf(window.classify_panel)).center())
    done(window, qtbot, lambda: hand.click(window.classify_panel.train_button))
    hand.click(window.notice.buttons[0])
    field = file_dialog(window, qtbot)
    done(window, qtbot, lambda: hand.press(field, Qt.Key.Key_Return))
    assert (tmp_path / "classifier.dwm").is_file()

    # 6. Classify the next lot. Nothing is asked: the export holds all decisions.
    hand.click(window.classify_panel.apply_button)
    field = file_dialog(window, qtbot)
    hand.type(field, str(lot_b))
    done(window, qtbot, lambda: hand.press(field, Qt.Key.Key_Return))
    project = window.document.project
    assert project is not None
    assert project.images.root == lot_b
    assert project.proposal is not None

    # 7. The queue to zero: unknown images are nuisances, proposals are right.
    hand.click(window.notice.buttons[0])
    queue = window.outlier_queue
    window.activateWindow()
    qtbot.waitUntil(queue.hasFocus)
    reviewed = queue.remaining
    while queue.current is not None:
        unknown = partition_of(window).cluster_of[queue.current] < 0
        hand.press(queue, Qt.Key.Key_X if unknown else Qt.Key.Key_Return)
    assert reviewed > 0

    # 8. Three corrections by drag, as in the review.
    corrected = partition_of(window).clusters[0].members[-3:].tolist()
    target = partition_of(window).clusters[1]
    for image in corrected:
        hand.actions += 1
        window.gallery.images_dropped.emit([image], cluster_of(window, int(target.members[0])).key)
        assert cluster_of(window, image).label == target.label

    # 9. Confirm all, add the first lot's labels, train again and save.
    hand.click(queue.done.confirm_all)
    clusters = [c for c in partition_of(window).clusters if c.group is None or not c.group.nuisance]
    assert all(c.group is not None and c.group.confirmed for c in clusters)
    hand.click(tabs, tabs.tabRect(window.tabs.indexOf(window.classify_panel)).center())
    hand.click(window.classify_panel.last_export)
    done(window, qtbot, lambda: hand.click(window.classify_panel.train_button))
    hand.click(window.notice.buttons[0])
    field = file_dialog(window, qtbot)
    done(window, qtbot, lambda: hand.press(field, Qt.Key.Key_Return))
    assert (tmp_path / "classifier-2.dwm").is_file()
    model = window.classifier.model
    assert model is not None
    assert set(model.model.labels) == {"one", "two", "three", "four", "five"}

    with capsys.disabled():
        print(f"\nThe whole job took {hand.actions} actions, {reviewed} of them in the queue.")
    # The job of the review had six images in the queue.
    assert hand.actions - reviewed + 6 <= MOST_ACTIONS
