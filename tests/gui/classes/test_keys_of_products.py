"""Keys go first to the classes of the lot and of its product; those of other products come after them."""

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.class_keys import class_keys
from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.class_library.class_file import LibraryFile
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.user_dirs import UserDirs
from tests.builders import made_project
from tests.gui.classes.test_renaming_classes import dialog_of, owners, rename, type_text
from tests.gui.conftest import Answers

STEEL = ("pit", "scratch", "patch", "scale", "slag", "inclusion", "crack")
BOARD = ("open", "short", "bite", "spur")


@pytest.fixture
def steel(window: MainWindow) -> MainWindow:
    """The window after a lot of steel, with seven classes."""
    for name in STEEL:
        window.classes.change(partial(ClassLibrary.added, name=name))
    return window


def open_lot(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    save_session(folder.with_suffix(".dwb"), made_project(folder, sizes=(9, 8, 7, 6, 5, 4)))
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(folder.with_suffix(".dwb"))
    qtbot.waitUntil(lambda: not window.jobs.busy)


def unnamed(window: MainWindow) -> list[Cluster]:
    assert window.document.partition is not None
    return [c for c in window.document.partition.clusters if c.group is None or not c.group.name]


def name(window: MainWindow, text: str, answers: Answers, qtbot: QtBot) -> None:
    """Name and confirm a cluster by keys."""
    rename(window, unnamed(window)[0].label, text, answers, qtbot)
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_C)


def partition_of(window: MainWindow) -> Partition:
    assert window.document.partition is not None
    return window.document.partition


def test_classes_of_another_product_get_digits_and_keep_them(
    steel: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, places: UserDirs
) -> None:
    open_lot(steel, tmp_path / "boards-1", qtbot)
    # Nothing says yet that it is not steel.
    assert [owners(steel)[key] for key in "1234567"] == [f"no {each}" for each in STEEL]
    earlier: dict[str, str] = {}
    for each in BOARD:
        name(steel, each, answers, qtbot)
        # A class keeps its key as long as the lot is open.
        assert earlier.items() <= owners(steel).items()
        earlier = {key: owner for key, owner in owners(steel).items() if owner in BOARD}
    keys = owners(steel)
    of_board = {owner: key for key, owner in earlier.items()}
    assert set(of_board) == set(BOARD)
    assert all(key.isdigit() for key in of_board.values())
    # The others come after them.
    assert set(keys.values()) >= {f"no {each}" for each in STEEL}
    qtbot.waitUntil(lambda: LibraryFile(places.classes).load().find("spur") is not None)
    library = steel.document.classes
    assert {known.product for known in library.classes[:7]} == {""}
    assert {known.product for known in library.classes[7:]} == {"boards-1"}
    assert {known.name: known.key for known in library.classes[7:]} == of_board

    # The next lot is probably of the same product, and has its keys from the start.
    open_lot(steel, tmp_path / "boards-2", qtbot)
    assert {each: owners(steel)[key] for each, key in of_board.items()} == {e: f"no {e}" for e in BOARD}
    # Steel has its own keys again once one of its classes is named.
    open_lot(steel, tmp_path / "steel-2", qtbot)
    name(steel, "scratch", answers, qtbot)
    assert owners(steel)["2"] == "scratch"
    # Clusters without a name keep theirs until the light table is opened.
    steel.open_light_table(of_clusters=True)
    assert steel.at_light_table
    keys = owners(steel)
    assert [keys[key] for key in "134567"] == [f"no {each}" for each in STEEL if each != "scratch"]


def test_a_new_class_of_a_known_product_leaves_the_others_their_keys(
    steel: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    open_lot(steel, tmp_path / "steel-2", qtbot)
    name(steel, "bridge", answers, qtbot)
    assert owners(steel)["8"] == "bridge"
    name(steel, "pit", answers, qtbot)
    keys = owners(steel)
    assert (keys["1"], keys["8"]) == ("pit", "bridge")
    assert [keys[key] for key in "234567"] == [f"no {each}" for each in STEEL[1:]]
    # Named first, it looked like the first class of a new product.
    bridge = steel.document.classes.find("bridge")
    assert bridge is not None
    assert (bridge.product, bridge.key) == ("", "8")


def test_a_class_keeps_its_key_when_the_images_are_cut_differently(
    opened: MainWindow, answers: Answers, qtbot: QtBot
) -> None:
    rename(opened, partition_of(opened).clusters[2].label, "pit", answers, qtbot)
    (key,) = (key for key, owner in owners(opened).items() if owner == "pit")
    assert key != "1"
    opened.document.move_cut(2)
    assert owners(opened)[key] == "pit"
    opened.class_keys.restart()
    assert owners(opened)[key] == "pit"


def test_two_classes_of_a_lot_that_have_one_key_get_two(opened: MainWindow) -> None:
    document = opened.document
    first, second, _ = partition_of(opened).clusters
    document.rename(first, "pit")
    document.rename(second, "open")
    library = ClassLibrary((KnownClass("pit", "1"), KnownClass("open", "1", product="boards")))
    keys = class_keys(partition_of(opened), library)
    assert {k.known.name for k in keys if k.known is not None} == {"pit", "open"}
    assert len({k.key for k in keys}) == len(keys) == 3


def test_a_class_gets_another_product_in_the_library(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    opened.classes.change(lambda library: library.added("pit").added("open", product="boards"))
    dialog = dialog_of(opened, qtbot)
    assert [dialog.classes.item(row).text() for row in (0, 1)] == ["1   pit", "1   open (boards)"]
    type_text(dialog.product, "boards", qtbot)
    pit = opened.document.classes.find("pit")
    assert pit is not None
    # Another class of the product has its key.
    assert (pit.product, pit.key) == ("boards", "")
    assert not dialog.message.text()
