"""Classes keep name, key and colour from lot to lot; the library is looked at and changed in a dialog."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.gui.dialogs.class_library_dialog import ClassLibraryDialog
from defect_workbench.gui.dialogs.message_boxes import MessageBoxes
from defect_workbench.gui.dialogs.name_dialog import NameDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.class_library.class_file import LibraryFile
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.user_dirs import UserDirs
from tests.builders import made_project
from tests.gui.conftest import Answers, delete_now
from tests.gui.gestures import LEFT


def choose_cluster(window: MainWindow, row: int) -> None:
    window.cluster_list.setFocus()
    window.cluster_list.setCurrentIndex(window.cluster_model.index(row, 0))


def named(window: MainWindow, row: int, name: str, answers: Answers, qtbot: QtBot) -> None:
    """Name a cluster by keys."""
    choose_cluster(window, row)
    answers.text = name
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_F2)


def wait_for_thumbnail(window: MainWindow, path: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.thumbnails.get(path) is not None)


def colours(window: MainWindow) -> dict[str, str]:
    partition = window.document.partition
    assert partition is not None
    return {cluster.label: window.document.colour(cluster) for cluster in partition.clusters}


def open_another(window: MainWindow, qtbot: QtBot, folder: Path) -> None:
    save_session(folder / "next.dwb", made_project(folder / "next", sizes=(9, 7, 5, 4)))
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(folder / "next.dwb")
    qtbot.waitUntil(lambda: not window.jobs.busy)


def test_a_confirmed_class_has_its_name_key_and_colour_in_the_next_lot(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, places: UserDirs
) -> None:
    first = opened.document.partition
    assert first is not None
    project = opened.document.project
    assert project is not None
    for image in first.clusters[1].members[:3].tolist():
        wait_for_thumbnail(opened, str(project.images.absolute(image)), qtbot)
    named(opened, 1, "spur", answers, qtbot)
    assert LibraryFile(places.classes).load().classes == ()
    qtbot.keyClick(opened.cluster_list, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: bool(LibraryFile(places.classes).load().classes))
    (spur,) = LibraryFile(places.classes).load().classes
    assert spur.name == "spur"
    assert spur.colour == colours(opened)["spur"]
    assert len(spur.examples) == 3

    open_another(opened, qtbot, tmp_path)
    # Known from the start, with its key.
    legend = opened.outlier_queue.legend
    assert opened.class_keys.of(spur.key) is not None
    assert "□" in legend.text()
    assert "spur" in legend.text()
    named(opened, 0, "SPUR", answers, qtbot)
    assert answers.known == ["spur"]
    assert colours(opened)["spur"] == spur.colour
    # No other cluster has its colour.
    assert list(colours(opened).values()).count(spur.colour) == 1


def test_the_key_of_a_known_class_makes_its_cluster(opened: MainWindow, qtbot: QtBot) -> None:
    opened.classes.change(lambda library: library.added("bridge", COLOURS[7]))
    (bridge,) = opened.document.classes.classes
    opened.gallery.setCurrentIndex(opened.image_model.index(0))
    opened.open_light_table()
    table = opened.light_table
    image = table.image
    assert image is not None
    qtbot.keyClick(table, bridge.key)
    partition = opened.document.partition
    assert partition is not None
    cluster = partition.clusters[int(partition.cluster_of[image])]
    assert cluster.label == "bridge"
    assert cluster.members.tolist() == [image]
    assert opened.document.colour(cluster) == COLOURS[7]
    second = table.image
    assert second != image
    qtbot.keyClick(table, bridge.key)
    assert opened.document.partition is not None
    assert opened.document.partition.cluster_of[image] == opened.document.partition.cluster_of[second]


def test_another_name_of_a_class_gives_the_class(opened: MainWindow, answers: Answers, qtbot: QtBot) -> None:
    known = KnownClass("pit", aliases=("pinhole",))
    opened.classes.change(lambda _: ClassLibrary((known,)))
    named(opened, 0, "Pinhole", answers, qtbot)
    assert "pit" in colours(opened)


def name_dialog(window: MainWindow, qtbot: QtBot) -> NameDialog:
    qtbot.waitUntil(lambda: any(each.isVisible() for each in window.findChildren(NameDialog)))
    return next(each for each in window.findChildren(NameDialog) if each.isVisible())


def gone(window: MainWindow, dialog: NameDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: dialog not in window.findChildren(NameDialog))


def test_clusters_are_named_and_confirmed_one_after_the_other(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = MessageBoxes(opened)
    monkeypatch.setattr(opened.review, "_messages", boxes)
    opened.classes.change(lambda library: library.added("bridge").added("spur"))
    choose_cluster(opened, 0)
    qtbot.keyClick(opened.cluster_list, Qt.Key.Key_F2)
    dialog = name_dialog(opened, qtbot)
    qtbot.keyClicks(dialog.name, "PU")
    completer = dialog.name.completer()
    assert completer is not None
    assert completer.currentCompletion() == "spur"
    dialog.name.setText("spur")
    qtbot.mouseClick(dialog.go_on, LEFT, pos=QPoint(8, dialog.go_on.height() // 2))
    for name in ("", "bridge", "open"):
        dialog = name_dialog(opened, qtbot)
        assert dialog.go_on.isChecked()
        if name:
            qtbot.keyClicks(dialog.name, name)
        qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
        gone(opened, dialog, qtbot)
    partition = opened.document.partition
    assert partition is not None
    assert {cluster.label for cluster in partition.clusters} == {"spur", "bridge", "open"}
    assert all(cluster.group is not None and cluster.group.confirmed for cluster in partition.clusters)
    assert not opened.findChildren(NameDialog)


@pytest.fixture
def dialog(opened: MainWindow, qtbot: QtBot) -> ClassLibraryDialog:
    opened.classes.change(lambda library: library.added("pit").added("spur"))
    opened.actions_by_name["actionClassLibrary"].trigger()
    found = opened.findChild(ClassLibraryDialog, "classLibrary")
    assert found is not None
    qtbot.waitExposed(found)
    return found


def test_the_form_is_kept_as_it_is_filled_in(
    dialog: ClassLibraryDialog, opened: MainWindow, qtbot: QtBot, places: UserDirs
) -> None:
    dialog.definition.setFocus()
    qtbot.keyClicks(dialog.definition, "A hole")
    dialog.aliases.setFocus()
    qtbot.keyClicks(dialog.aliases, "pinhole, dimple")
    qtbot.keyClick(dialog.aliases, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: LibraryFile(places.classes).load().find("dimple") is not None)
    pit = LibraryFile(places.classes).load().find("dimple")
    assert pit is not None
    assert (pit.name, pit.definition, pit.aliases) == ("pit", "A hole", ("pinhole", "dimple"))
    assert dialog.isVisible()
    # A name of another class is refused, and what is kept stays.
    dialog.name.selectAll()
    qtbot.keyClicks(dialog.name, "Spur")
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    assert "Not kept" in dialog.message.text()
    assert LibraryFile(places.classes).load().find("pit") == pit
    qtbot.mouseClick(dialog.new, LEFT)
    assert len(opened.document.classes.classes) == 3
    qtbot.mouseClick(dialog.remove, LEFT)
    assert [known.name for known in opened.document.classes.classes] == ["pit", "spur"]


def test_classes_are_shared_by_a_file(dialog: ClassLibraryDialog, opened: MainWindow, tmp_path: Path) -> None:
    assert "2 classes written" in opened.classes.export_file(tmp_path / "team.json")
    opened.classes.change(lambda _: ClassLibrary((KnownClass("pit", "2"), KnownClass("mine", "1"))))
    words = opened.classes.import_file(tmp_path / "team.json")
    assert words.startswith("1 class added")
    assert "The key 2" in words or "the key 2" in words
    assert opened.document.classes.find("mine") is not None


class SlowFile:
    """Takes the place of `LibraryFile.update`: waits, and notes what is written and by which thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.release, self.begun = threading.Event(), threading.Event()
        self.threads: set[int] = set()
        self.written: list[list[str]] = []
        update = LibraryFile.update

        def slow(file: LibraryFile, change: Callable[[ClassLibrary], ClassLibrary]) -> ClassLibrary:
            self.begun.set()
            self.threads.add(threading.get_ident())
            assert self.release.wait(20)
            found = update(file, change)
            self.written.append([known.name for known in found.classes])
            return found

        monkeypatch.setattr(LibraryFile, "update", slow)


def test_confirming_does_not_wait_for_the_library(
    opened: MainWindow, answers: Answers, qtbot: QtBot, places: UserDirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SlowFile(monkeypatch)
    for number, name in enumerate(("spur", "pit", "scratch")):
        named(opened, number, name, answers, qtbot)
        qtbot.keyClick(opened.cluster_list, Qt.Key.Key_C)
        # In the window at once; the file is still being written.
        assert opened.document.classes.find(name) is not None
    qtbot.waitUntil(file.begun.is_set)
    assert file.written == []
    file.release.set()
    qtbot.waitUntil(lambda: len(file.written) == 2)
    assert len(LibraryFile(places.classes).load().classes) == 3
    assert file.written == [["spur"], ["spur", "pit", "scratch"]]
    assert threading.get_ident() not in file.threads
    # What another window keeps is not lost.
    text = LibraryFile(places.classes)
    text.update(lambda library: library.added("theirs"))
    opened.classes.learn(["ours"], "lot")
    qtbot.waitUntil(lambda: opened.document.classes.find("theirs") is not None)
    assert {"theirs", "ours"} <= {known.name for known in text.load().classes}


def test_what_is_not_written_yet_is_written_at_closing(
    opened: MainWindow, answers: Answers, qtbot: QtBot, places: UserDirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SlowFile(monkeypatch)
    for number, name in enumerate(("spur", "pit")):
        named(opened, number, name, answers, qtbot)
        qtbot.keyClick(opened.cluster_list, Qt.Key.Key_C)
    qtbot.waitUntil(file.begun.is_set)
    assert file.written == []
    file.release.set()
    assert opened.close_without_asking()
    assert [known.name for known in LibraryFile(places.classes).load().classes] == ["spur", "pit"]


def test_a_library_that_cannot_be_written_is_reported_and_the_classes_stay_in_the_window(
    opened: MainWindow, answers: Answers, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("defect_workbench.storage.class_library.class_file.write_text", full)
    named(opened, 0, "spur", answers, qtbot)
    qtbot.keyClick(opened.cluster_list, Qt.Key.Key_C)
    qtbot.waitUntil(opened.notice.isVisible)
    assert "cannot be written" in opened.notice.text.text()
    assert "New classes are not kept" in opened.notice.text.text()
    assert opened.document.classes.find("spur") is not None


def test_a_damaged_library_is_kept_and_reported(
    qtbot: QtBot, places: UserDirs, answers: Answers, tmp_path: Path
) -> None:
    places.classes.parent.mkdir(parents=True, exist_ok=True)
    places.classes.write_text("{}")
    window = MainWindow(places, answers, offline=True)
    window.show()
    assert "is not a file of classes" in window.notice.text.text()
    save_session(tmp_path / "small.dwb", made_project(tmp_path / "small"))
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(tmp_path / "small.dwb")
    qtbot.waitUntil(lambda: not window.jobs.busy)
    named(window, 0, "spur", answers, qtbot)
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_C)
    assert "spur" in colours(window)
    assert places.classes.read_text() == "{}"
    assert window.close_without_asking()
    delete_now(window)
