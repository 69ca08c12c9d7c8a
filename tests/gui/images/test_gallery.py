"""The gallery and the cluster list: selecting, dragging, sorting."""

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.gestures import LEFT, drop_images


def test_arrow_keys_and_rubber_band_choose_images(opened: MainWindow, qtbot: QtBot) -> None:
    gallery, model = opened.gallery, opened.image_model
    gallery.setFocus()
    gallery.setCurrentIndex(model.index(0))
    for key, row in ((Qt.Key.Key_Right, 1), (Qt.Key.Key_End, 244), (Qt.Key.Key_Home, 0)):
        qtbot.keyClick(gallery, key)
        assert gallery.currentIndex().row() == row
    qtbot.keyClick(gallery, Qt.Key.Key_Down)
    assert gallery.visualRect(gallery.currentIndex()).left() == gallery.visualRect(model.index(0)).left()
    first, last = gallery.visualRect(model.index(0)), gallery.visualRect(model.index(1))
    qtbot.mousePress(gallery.viewport(), LEFT, pos=first.topLeft() - QPoint(4, 0))
    qtbot.mouseMove(gallery.viewport(), last.center())
    qtbot.mouseRelease(gallery.viewport(), LEFT, pos=last.center())
    assert {index.row() for index in gallery.selectedIndexes()} == {0, 1}
    assert len(opened.review.chosen_images()) == 2
    for row in range(model.rowCount()):
        assert gallery.indexAt(gallery.visualRect(model.index(row)).center()).row() == row


def test_images_are_dragged_to_another_cluster_in_gallery_and_list(opened: MainWindow) -> None:
    model, document = opened.image_model, opened.document
    assert document.partition is not None
    source, target = document.partition.clusters[:2]
    rows = [model.index(model.row_of(int(image))) for image in source.members[-3:]]
    key_row = opened.cluster_model.row_of_key(target.key)
    place = opened.cluster_list.visualRect(opened.cluster_model.index(key_row)).center()
    drop_images(opened.cluster_list, model.mimeData(rows), place)
    where = document.partition.cluster_of
    assert (where[source.members[-3:]] == where[target.members[0]]).all()
    back = [model.index(model.row_of(int(image))) for image in source.members[-3:]]
    data = model.mimeData(back)
    home = model.index(model.row_of(int(source.members[0])))
    opened.gallery.scrollTo(home)
    drop_images(opened.gallery, data, opened.gallery.visualRect(home).center())
    where = document.partition.cluster_of
    assert (where[source.members] == where[source.members[0]]).all()
    assert where[source.members[0]] != where[target.members[0]]


def test_cut_and_paste_split_out_and_nuisance_by_keys(opened: MainWindow, qtbot: QtBot) -> None:
    actions, gallery, document = opened.actions_by_name, opened.gallery, opened.document
    gallery.setFocus()
    gallery.setCurrentIndex(opened.image_model.index(4))
    chosen = opened.review.chosen_images()
    actions["actionCut"].trigger()
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(2))
    target = opened.cluster_list.chosen()[0]
    actions["actionPaste"].trigger()
    assert document.undo_stack.undoText() == f"Move 1 image to {target.label}"
    gallery.setFocus()
    gallery.setCurrentIndex(opened.image_model.index(7))
    qtbot.keyClick(gallery, Qt.Key.Key_N)
    assert document.undo_stack.undoText() == "Move 1 image to a new cluster"
    gallery.setCurrentIndex(opened.image_model.index(9))
    qtbot.keyClick(gallery, Qt.Key.Key_X)
    assert document.undo_stack.undoText() == "Mark 1 image as nuisance"
    assert len(chosen) == 1


def test_gallery_is_sorted_filtered_and_folded(opened: MainWindow, qtbot: QtBot) -> None:
    bar, model = opened.gallery_bar, opened.image_model
    partition = opened.document.partition
    assert partition is not None
    bar.order.setCurrentText("Spread")
    spreads = {cluster.label: cluster.spread for cluster in partition.clusters}
    shown = [spreads[section.title] for section in model.sections if section.key is not None]
    assert shown == sorted(shown, reverse=True)
    with qtbot.waitSignal(bar.changed):
        bar.text.setText("defect_00")
    assert model.rowCount() == 99
    with qtbot.waitSignal(bar.changed):
        bar.text.clear()
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    opened.actions_by_name["actionConfirm"].trigger()
    bar.state.setCurrentText("Confirmed")
    assert [section.detail.split()[-1] for section in model.sections] == ["confirmed"]
    bar.state.setCurrentText("All states")
    assert model.rowCount() == 245
    tall = opened.gallery.verticalScrollBar().maximum()
    opened.gallery.verticalScrollBar().setValue(0)
    qtbot.mouseClick(opened.gallery.viewport(), LEFT, pos=QPoint(14, 16))
    assert opened.gallery.verticalScrollBar().maximum() < tall
    bar.fold_all.emit(True)
    assert opened.gallery.verticalScrollBar().maximum() == 0
    assert not opened.gallery.indexAt(QPoint(30, 100)).isValid()
    bar.fold_all.emit(False)
    assert opened.gallery.verticalScrollBar().maximum() == tall


def test_a_gallery_without_images_states_the_reason(opened: MainWindow, qtbot: QtBot) -> None:
    bar, gallery, model = opened.gallery_bar, opened.gallery, opened.image_model
    for text, message in (
        ("no such image", "No image matches the filter"),
        ("width>many", "No image matches the filter: many is not a number"),
    ):
        with qtbot.waitSignal(bar.changed):
            bar.text.setText(text)
        assert (model.rowCount(), gallery.message) == (0, message)
    with qtbot.waitSignal(bar.changed):
        bar.text.clear()
    bar.state.setCurrentText("Confirmed")
    assert (model.rowCount(), gallery.message) == (0, "No cluster is in this state")
