"""What a right click on images offers, and keys about images without a selection."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from defect_workbench.gui.dialogs.similar_images_dialog import SimilarImagesDialog
from defect_workbench.gui.window.main_window import MainWindow


def open_move_menu(window: MainWindow) -> dict[str, QAction]:
    """Open the submenu as a click does; return its entries by name."""
    (entry,) = [action for action in window.gallery.actions() if action.text() == "Mo&ve to"]
    assert entry.isEnabled()
    menu = entry.menu()
    assert isinstance(menu, QMenu)
    menu.popup(window.rect().center())
    entries = {action.text(): action for action in menu.actions()}
    menu.close()
    return entries


def test_the_menu_of_images_moves_them_into_a_class(opened: MainWindow, qtbot: QtBot) -> None:
    partition = opened.document.partition
    assert partition is not None
    here, other = partition.clusters[:2]
    images = here.members[:2].tolist()
    opened.document.rename(other, "R&D")
    opened.classes.change(lambda library: library.added("bridge"))
    opened.choose_images(images)
    entries = open_move_menu(opened)
    assert list(entries) == sorted(entries, key=str.casefold)
    assert here.label not in entries, "they are there already"
    assert not entries["R&&D"].icon().isNull()
    entries["R&&D"].trigger()
    assert opened.document.partition is not None
    named = next(c for c in opened.document.partition.clusters if c.label == "R&D")
    assert set(images) <= set(named.members.tolist())
    assert opened.document.undo_stack.undoText() == "Move 2 images to R&D"
    # A class of the library that no image is in yet.
    open_move_menu(opened)["bridge"].trigger()
    assert opened.document.undo_stack.undoText() == "Move 2 images to bridge"
    assert {"bridge", "R&D"} <= {c.label for c in opened.document.partition.clusters}


def test_without_selected_images_there_is_nothing_to_move(opened: MainWindow) -> None:
    opened.choose_images([0])
    assert opened.actions_by_name["actionMoveTo"].isEnabled()
    opened.gallery.clearSelection()
    assert not opened.actions_by_name["actionMoveTo"].isEnabled()


def test_f_finds_what_is_like_the_outlined_image(opened: MainWindow, qtbot: QtBot) -> None:
    opened.activateWindow()
    opened.gallery.setFocus()
    QTest.keyClick(opened.gallery, Qt.Key.Key_Right)
    image = int(opened.image_model.order[opened.gallery.currentIndex().row()])
    opened.gallery.clearSelection()
    QTest.keyClick(opened.gallery, Qt.Key.Key_F)
    (dialog,) = opened.findChildren(SimilarImagesDialog)
    assert opened.document.project is not None
    assert dialog.title == opened.document.project.images.images[image].path
    dialog.close()
