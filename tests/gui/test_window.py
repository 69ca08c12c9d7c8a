import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.item_models import Role
from defect_workbench.app.jobs import open_job
from defect_workbench.app.jobs.export_job import Wish
from defect_workbench.app.messages import Leave
from defect_workbench.gui.dialogs.compare_dialog import CompareDialog
from defect_workbench.gui.gallery.cluster_list import ClusterList
from defect_workbench.gui.gallery.gallery_view import Gallery
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.resources import resource
from defect_workbench.user_dirs import Places
from tests.builders import picture
from tests.gui.conftest import Answers

LEFT = Qt.MouseButton.LeftButton


def drag_cut(window: MainWindow, qtbot: QtBot, to_y: float) -> None:
    line = window.dendrogram
    x, y = line.width() // 2, round(line.line_y())
    qtbot.mousePress(line, LEFT, pos=QPoint(x, y))
    for step in range(1, 11):
        qtbot.mouseMove(line, QPoint(x, round(y + (to_y - y) * step / 10)))
    qtbot.mouseRelease(line, LEFT, pos=QPoint(x, round(to_y)))


def test_every_name_of_the_contract_is_there(opened: MainWindow) -> None:
    for name in ("dendrogram", "gallery", "clusterList", "outlierQueue", "inspector", "weightsBanner"):
        assert opened.findChild(QWidget, name) is not None, name
    assert opened.objectName() == "mainWindow"
    assert opened.findChild(QLabel, "statusSummary") is not None
    assert opened.findChild(QSpinBox, "clusterCount") is not None
    assert opened.findChild(QWidget, "progressBar") is not None
    assert opened.findChild(QPushButton, "cancelButton") is not None
    names = {action.objectName() for action in opened.actions_by_name.values()}
    assert {
        "actionOpenFolder", "actionOpenSession", "actionSaveSession", "actionExport", "actionUndo",
        "actionRedo", "actionSuggestCut", "actionMerge", "actionConfirm", "actionRename",
    } <= names  # fmt: skip


def test_sample_opens_with_the_best_cut_and_its_strangers_apart(opened: MainWindow) -> None:
    project, partition = opened.document.project, opened.document.partition
    assert project is not None
    assert partition is not None
    assert opened.document.clusters_at_cut == project.analysis.suggestions[0].clusters
    assert "245 images" in opened.summary.text()
    assert "clusters" in opened.summary.text()
    assert opened.image_model.rowCount() == 245
    assert 5 <= len(partition.outliers) <= 12
    assert not opened.weights_banner.isVisible()


def test_dragging_regroups_live_and_is_one_undo_step(opened: MainWindow, qtbot: QtBot) -> None:
    line = opened.dendrogram
    before = opened.document.clusters_at_cut
    x, y = line.width() // 2, round(line.line_y())
    qtbot.mouseMove(line, QPoint(x, y))
    assert line.cursor().shape() == Qt.CursorShape.SplitVCursor
    qtbot.mousePress(line, LEFT, pos=QPoint(x, y))
    target = round(line.y_of_clusters(17))
    qtbot.mouseMove(line, QPoint(x, (y + target) // 2))
    with qtbot.waitSignal(opened.document.cut_changed):
        qtbot.mouseMove(line, QPoint(x, target))
    live = opened.document.clusters_at_cut
    assert live > before
    assert opened.cluster_count.value() == live
    assert opened.document.undo_stack.count() == 0
    qtbot.mouseRelease(line, LEFT, pos=QPoint(x, target))
    assert opened.document.undo_stack.count() == 1
    opened.actions_by_name["actionUndo"].trigger()
    assert opened.document.clusters_at_cut == before
    assert line.clusters == before


def test_the_line_snaps_to_a_suggestion(opened: MainWindow, qtbot: QtBot) -> None:
    project = opened.document.project
    assert project is not None
    other = project.analysis.suggestions[1].clusters
    drag_cut(opened, qtbot, opened.dendrogram.y_of_clusters(other) + 4)
    assert opened.document.clusters_at_cut == other
    opened.actions_by_name["actionSuggestCut"].trigger()
    assert opened.document.clusters_at_cut == project.analysis.suggestions[0].clusters


def test_number_and_keys_move_the_cut(opened: MainWindow, qtbot: QtBot) -> None:
    opened.cluster_count.setValue(9)
    assert opened.document.clusters_at_cut == 9
    opened.dendrogram.setFocus()
    qtbot.keyClick(opened.dendrogram, Qt.Key.Key_Down)
    assert opened.document.clusters_at_cut == 10
    qtbot.keyClick(opened.dendrogram, Qt.Key.Key_Up)
    qtbot.keyClick(opened.dendrogram, Qt.Key.Key_Up)
    assert opened.document.clusters_at_cut == 8


def test_confirm_rename_merge_undo_and_export_agree(
    opened: MainWindow, qtbot: QtBot, answers: Answers, tmp_path: Path
) -> None:
    actions, clusters = opened.actions_by_name, opened.cluster_list
    answers.text = "line pattern"
    clusters.setCurrentIndex(opened.cluster_model.index(0))
    actions["actionRename"].trigger()
    clusters.setCurrentIndex(opened.cluster_model.index(opened.cluster_model.rowCount() - 1))
    actions["actionConfirm"].trigger()
    opened.cluster_count.setValue(12)
    partition = opened.document.partition
    assert partition is not None
    labels = {c.label: len(c.members) for c in partition.clusters}
    assert "line pattern" in labels
    with qtbot.waitSignal(opened.jobs.done, timeout=30_000):
        opened.outputs.export_to(Wish(tmp_path / "out"))
    assert "exported" in opened.notice.text.text()
    with (tmp_path / "out" / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    exported: dict[str, int] = {}
    for row in rows:
        exported[row["label"]] = exported.get(row["label"], 0) + 1
        assert (tmp_path / "out" / row["exported_as"]).is_file()
    assert exported.pop("_outliers") == len(partition.outliers)
    assert exported == labels
    while opened.document.undo_stack.canUndo():
        actions["actionUndo"].trigger()
    assert opened.document.decisions.groups == {}


def test_session_is_saved_and_opens_as_it_was_left(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened.cluster_count.setValue(11)
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    opened.actions_by_name["actionConfirm"].trigger()
    assert opened.isWindowModified()
    with qtbot.waitSignal(opened.jobs.done):
        opened.outputs.save_to(tmp_path / "mine.dwb")
    assert not opened.isWindowModified()
    before = opened.summary.text()
    with qtbot.waitSignal(opened.jobs.done):
        opened.open_path(tmp_path / "mine.dwb")
    assert opened.summary.text() == before
    assert opened.document.clusters_at_cut == 11
    assert opened.settings.recent()[0] == tmp_path / "mine.dwb"


def test_choosing_an_image_shows_it_in_the_inspector(opened: MainWindow, qtbot: QtBot) -> None:
    rect = opened.gallery.visualRect(opened.image_model.index(2))
    qtbot.mouseClick(opened.gallery.viewport(), LEFT, pos=rect.center())
    image = opened.image_model.index(2).data(Role.IMAGE)
    project = opened.document.project
    assert project is not None
    shown = " ".join(label.text().replace("\u200b", "") for label in opened.inspector.findChildren(QLabel))
    assert project.images.images[image].path in shown
    qtbot.waitUntil(lambda: opened.pictures.get(str(project.images.absolute(image))) is not None)


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
    for row in range(model.rowCount()):
        assert gallery.indexAt(gallery.visualRect(model.index(row)).center()).row() == row


def drop(window: MainWindow, path: Path) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    arguments = (Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(300, 300), *arguments)
    window.dragEnterEvent(enter)
    if enter.isAccepted():
        window.dropEvent(QDropEvent(QPointF(300, 300), *arguments))
    return enter.isAccepted()


def test_dropped_folder_opens_and_missing_weights_are_said_until_solved(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "lot"
    folder.mkdir()
    for index in range(30):
        picture(index).save(folder / f"{index}.png")
    (folder / "bad.tif").write_bytes(b"II*\0 nothing")
    (folder / "note.txt").write_text("x")
    assert not drop(window, folder / "note.txt")
    with qtbot.waitSignal(window.jobs.done, timeout=30_000):
        assert drop(window, folder)
    assert window.weights_banner.isVisible()
    assert "texture and Zernike" in window.weights_banner.text.text()
    assert "1 file not used" in window.summary.text()


def test_folder_without_images_is_told_and_leads_back(
    window: MainWindow, qtbot: QtBot, answers: Answers, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(window.jobs.failed):
        window.open_path(tmp_path / "empty")
    assert "no image" in answers.told[0]
    assert window.stack.currentIndex() == 0


def test_cancel_keeps_what_is_finished_and_offers_to_go_on(
    window: MainWindow, qtbot: QtBot, with_weights: Path
) -> None:
    window.open_path(resource("sample"))
    qtbot.waitUntil(lambda: "left" in window.progress.words.text(), timeout=60_000)
    assert "clusters" not in window.summary.text()
    with qtbot.waitSignal(window.jobs.cancelled, timeout=20_000):
        qtbot.mouseClick(window.progress.cancel, LEFT)
    assert window.notice.isVisible()
    with qtbot.waitSignal(window.jobs.done, timeout=60_000):
        qtbot.mouseClick(window.notice.buttons[0], LEFT)
    assert "245 images" in window.summary.text()


def test_unsaved_decisions_are_asked_about(opened: MainWindow, answers: Answers) -> None:
    opened.cluster_count.setValue(9)
    answers.leave = Leave.STAY
    opened.close()
    assert opened.isVisible()
    assert "unsaved changes" in answers.asked[0]


def test_feature_store_opens_without_its_folder(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    from defect_workbench.core.progress import SilentReporter
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.extraction.extractor import extract
    from defect_workbench.engine.input.scan import scan
    from defect_workbench.storage.vectors.feature_store import FeatureStore

    folder, store = tmp_path / "lot", tmp_path / "store"
    folder.mkdir()
    for index in range(20):
        picture(index).save(folder / f"{index}.png")
    quiet = SilentReporter()
    extract(scan(folder, quiet), FeatureStore(store), WeightsLibrary(tmp_path / "no"), quiet, offline=True)
    folder.rename(tmp_path / "elsewhere")
    with qtbot.waitSignal(window.jobs.done, timeout=30_000):
        window.open_path(store)
    assert "20 images" in window.summary.text()


def test_help_lists_the_keys_and_copies_a_bug_report(opened: MainWindow, answers: Answers) -> None:
    opened.actions_by_name["actionKeys"].trigger()
    assert "Ctrl+E" in answers.told[0]
    opened.actions_by_name["actionBugReport"].trigger()
    assert "defect-workbench: " in QGuiApplication.clipboard().text()


def test_queue_goes_to_zero_by_keyboard_alone_and_all_can_be_undone_and_redone(
    opened: MainWindow, qtbot: QtBot
) -> None:
    queue, document = opened.outlier_queue, opened.document
    assert document.partition is not None
    count = len(document.partition.outliers)
    assert queue.left == count
    opened.actions_by_name["actionReview"].trigger()
    qtbot.waitUntil(queue.hasFocus)
    first = queue.current
    qtbot.keyClick(queue, Qt.Key.Key_D)
    assert queue.current != first
    assert queue.left == count
    qtbot.keyClick(queue, Qt.Key.Key_Left)
    qtbot.keyClick(queue, Qt.Key.Key_Right)
    keys = [Qt.Key.Key_1, Qt.Key.Key_N, Qt.Key.Key_X, Qt.Key.Key_2, Qt.Key.Key_3]
    for step in range(count):
        qtbot.keyClick(queue, keys[step % len(keys)])
        assert queue.left == count - step - 1
    assert queue.current is None
    assert "0 outliers" in opened.summary.text()
    assert document.undo_stack.count() == count
    while document.undo_stack.canUndo():
        opened.actions_by_name["actionUndo"].trigger()
    assert queue.left == count
    while document.undo_stack.canRedo():
        opened.actions_by_name["actionRedo"].trigger()
    assert queue.left == 0


def test_a_click_on_a_candidate_puts_the_outlier_there(opened: MainWindow, qtbot: QtBot) -> None:
    queue = opened.outlier_queue
    image, target = queue.current, queue._near[1]
    assert image is not None
    qtbot.mouseClick(queue._candidates[1], LEFT)
    assert opened.document.partition is not None
    where = opened.document.partition.cluster_of
    assert where[image] == where[target.members[0]]
    assert opened.document.undo_stack.undoText() == f"Move 1 image to {target.label}"


def drop_images(view: Gallery | ClusterList, data: QMimeData, place: QPoint) -> None:
    action, none = Qt.DropAction.MoveAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, LEFT, none)
    view.dragEnterEvent(enter)
    assert enter.isAccepted()
    move = QDragMoveEvent(place, action, data, LEFT, none)
    view.dragMoveEvent(move)
    assert move.isAccepted()
    view.dropEvent(QDropEvent(QPointF(place), action, data, LEFT, none))


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
    opened.gallery.verticalScrollBar().setValue(0)
    top = opened.gallery.indexAt(opened.gallery.visualRect(model.index(0)).center())
    leading = int(where[int(top.data(Role.IMAGE))])
    drop_images(opened.gallery, data, opened.gallery.visualRect(model.index(0)).center())
    where = document.partition.cluster_of
    assert len({int(where[image]) for image in source.members[-3:]}) == 1
    assert leading >= 0


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
    assert document.undo_stack.undoText() == "Split out 1 image"
    gallery.setCurrentIndex(opened.image_model.index(9))
    qtbot.keyClick(gallery, Qt.Key.Key_X)
    assert document.undo_stack.undoText() == "Mark 1 image as nuisance"
    assert len(chosen) == 1


def test_wheel_zooms_the_inspected_picture_and_a_double_click_fits_it(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.gallery.setCurrentIndex(opened.image_model.index(0))
    picture = opened.inspector.picture
    qtbot.waitUntil(lambda: picture._pixmap is not None)
    place = QPointF(picture.rect().center())
    wheel = QWheelEvent(
        place, place, QPoint(), QPoint(0, 360), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    picture.wheelEvent(wheel)
    assert picture.zoom > 1.5
    qtbot.mouseDClick(picture, LEFT)
    assert picture.zoom == 1


def test_weights_and_linkage_regroup_what_is_undecided_and_can_be_undone(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    document, panel = opened.document, opened.grouping
    assert document.partition is not None
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    kept = set(opened.cluster_list.chosen()[0].members.tolist())
    opened.actions_by_name["actionConfirm"].trigger()
    before = opened.summary.text()
    with qtbot.waitSignal(document.grouping_changed, timeout=20_000):
        panel.sliders["zernike"].setValue(20)
    project = document.project
    assert project is not None
    assert project.analysis.weights.shares == {
        "deep": 1.0,
        "haralick": 0.0,
        "zernike": 1.0,
        "outline": 0.0,
    }
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    with qtbot.waitSignal(document.grouping_changed, timeout=20_000):
        panel.linkage.setCurrentIndex(panel.linkage.findText("Average"))
    assert document.undo_stack.undoText() == "Regroup by average"
    assert document.partition is not None
    confirmed = [c for c in document.partition.clusters if c.group is not None and c.group.confirmed]
    assert [set(c.members.tolist()) for c in confirmed] == [kept]
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    with qtbot.waitSignal(document.grouping_changed, timeout=20_000):
        panel.method.setCurrentIndex(1)
    assert document.tree is None
    assert opened.document.partition is not None
    assert len(opened.document.partition.clusters) > 2
    for _ in range(3):
        opened.actions_by_name["actionUndo"].trigger()
    assert opened.summary.text() == before
    assert panel.linkage.currentText() == "Ward"
    assert answers.told == []


def test_grouping_that_cannot_be_is_told_and_changes_nothing(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    before = opened.summary.text()
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        opened.grouping.sliders["deep"].setValue(0)
    assert "weight 0" in answers.told[0]
    assert opened.summary.text() == before
    assert opened.grouping.sliders["deep"].value() == 20


def test_lasso_on_the_map_chooses_the_images_everywhere(opened: MainWindow, qtbot: QtBot) -> None:
    opened.tabs.setCurrentIndex(1)
    view = opened.map
    qtbot.waitExposed(view)
    places = view.screen_points()
    assert (places > 0).all()
    left, top = places.min(axis=0) - 8
    right, bottom = places.max(axis=0) + 8
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    qtbot.mousePress(view, LEFT, pos=QPoint(round(left), round(top)))
    for x, y in corners[1:]:
        qtbot.mouseMove(view, QPoint(round(x), round(y)))
    qtbot.mouseRelease(view, LEFT, pos=QPoint(round(left), round(bottom)))
    assert len(opened.review.chosen_images()) == 245
    target = int(places[:, 0].argmax())
    x, y = places[target]
    qtbot.mouseClick(view, LEFT, pos=QPoint(round(x), round(y)))
    chosen = opened.review.chosen_images()
    assert len(chosen) == 1
    assert abs(places[chosen[0]] - places[target]).max() < 10
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.map_method.setCurrentIndex(1)
    assert abs(view.screen_points() - places).max() > 20


def test_a_cluster_is_refined_with_preview_and_its_parts_outlive_later_cuts(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    document = opened.document
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    cluster = opened.cluster_list.chosen()[0]
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.actions_by_name["actionRefineCluster"].trigger()
    dialog = opened._refining
    assert dialog is not None
    line = dialog.dendrogram
    target = round(line.y_of_clusters(4))
    x, y = line.width() // 2, round(line.line_y())
    qtbot.mousePress(line, LEFT, pos=QPoint(x, y))
    qtbot.mouseMove(line, QPoint(x, target))
    qtbot.mouseRelease(line, LEFT, pos=QPoint(x, target))
    shown = dialog.document.partition
    assert shown is not None
    parts = [set(cluster.members[c.members].tolist()) for c in shown.clusters]
    assert document.undo_stack.count() == 0
    dialog._on_apply()
    assert document.undo_stack.undoText().startswith(f"Refine {cluster.label} into")
    for clusters in (document.clusters_at_cut, 3, 40):
        document.move_cut(clusters)
        assert document.partition is not None
        found = [set(c.members.tolist()) for c in document.partition.clusters]
        assert all(part in found for part in parts)


def test_unconverged_affinity_propagation_is_said_and_not_applied(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from defect_workbench.engine.clustering import affinity

    monkeypatch.setattr(affinity, "_ITERATIONS", 3)
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.actions_by_name["actionRefineCluster"].trigger()
    dialog = opened._refining
    assert dialog is not None
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        dialog.method.setCurrentIndex(1)
    assert "did not converge" in dialog.gallery._message
    assert not dialog._apply.isEnabled()
    dialog.reject()
    assert opened.document.undo_stack.count() == 0


def test_unsaved_work_survives_a_crash_and_is_offered_at_the_next_start(
    opened: MainWindow, qtbot: QtBot, places: Places, answers: Answers
) -> None:
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    opened.actions_by_name["actionConfirm"].trigger()
    with qtbot.waitSignal(opened.keeping.autosaves.done, timeout=10_000):
        opened.keeping.autosave()
    summary = opened.summary.text()
    assert opened.keeping.recovery.path.is_file()
    # As if the process that wrote it had been killed.
    left = places.recovery / "unsaved-0.dwb"
    opened.keeping.recovery.path.rename(left)
    other = MainWindow(places, answers, offline=True)
    try:
        other.show()
        assert other.notice.isVisible()
        with qtbot.waitSignal(other.jobs.done, timeout=10_000):
            qtbot.mouseClick(other.notice.buttons[0], LEFT)
        assert other.summary.text() == summary
        assert other.isWindowModified()
        assert other.document.session is None
        assert not left.exists()
    finally:
        other.document.undo_stack.setClean()
        other.close()
    assert list(places.recovery.glob("*.dwb")) == []


def test_session_whose_folder_moved_can_be_relinked(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    from defect_workbench.storage.session.session_file import save_session
    from tests.builders import made_project

    save_session(tmp_path / "a.dwb", made_project(tmp_path / "lot"))
    (tmp_path / "lot").rename(tmp_path / "moved")
    with qtbot.waitSignal(window.jobs.done, timeout=10_000):
        window.open_path(tmp_path / "a.dwb")
    assert "is not there" in window.notice.text.text()
    with qtbot.waitSignal(window.jobs.done, timeout=10_000):
        window.keeping.relink(tmp_path)
    assert "None of the images" in answers.told[0]
    (tmp_path / "moved" / "image-002.png").unlink()
    with qtbot.waitSignal(window.jobs.done, timeout=10_000):
        window.keeping.relink(tmp_path / "moved")
    assert "1 image of this session" in window.notice.text.text()
    project = window.document.project
    assert project is not None
    first = str(tmp_path / "moved" / project.images.images[0].path)
    qtbot.waitUntil(lambda: window.thumbnails.get(first) is not None)


def test_double_click_on_a_branch_chooses_its_images_and_the_wheel_zooms(
    opened: MainWindow, qtbot: QtBot
) -> None:
    line, tree = opened.dendrogram, opened.document.tree
    layout = opened.document.layout
    assert tree is not None
    assert layout is not None
    node = int(tree.children[-1][0])
    place = QPointF(float(line.x_of(layout.x[node])), line.y_of_clusters(2))
    if abs(place.y() - line.line_y()) <= 8:
        opened.cluster_count.setValue(12)
    qtbot.mouseDClick(line, LEFT, pos=place.toPoint())
    chosen = set(opened.review.chosen_images().tolist())
    assert chosen == set(tree.members(node).tolist())
    before = line.view[1] - line.view[0]
    centre = QPointF(line.rect().center())
    for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier):
        line.wheelEvent(
            QWheelEvent(
                centre, centre, QPoint(), QPoint(0, 360), Qt.MouseButton.NoButton, modifier,
                Qt.ScrollPhase.NoScrollPhase, False,
            )
        )  # fmt: skip
    assert line.view[1] - line.view[0] < before
    assert line.view[2] < 1
    start = line.view[0]
    empty = QPoint(line.width() // 2, 20)
    qtbot.mousePress(line, LEFT, pos=empty)
    qtbot.mouseMove(line, empty + QPoint(-30, 0))
    qtbot.mouseRelease(line, LEFT, pos=empty + QPoint(-30, 0))
    assert line.view[0] > start
    line.setFocus()
    qtbot.keyClick(line, Qt.Key.Key_Home)
    assert line.view == (0.0, 1.0, 1.0)


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


def test_comparison_with_folders_sorted_by_hand_leads_to_the_disagreements(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    project = opened.document.project
    assert project is not None
    for index in range(60):
        folder = tmp_path / "hand" / ("even" if index % 2 == 0 else "odd")
        folder.mkdir(parents=True, exist_ok=True)
        source = project.images.absolute(index)
        (folder / source.name).write_bytes(source.read_bytes())
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.compare_with(tmp_path / "hand")
    dialog = opened.findChild(CompareDialog)
    assert dialog is not None
    counts = {}
    for row in range(dialog.table.rowCount()):
        for column in range(2):
            item = dialog.table.item(row, column)
            counts[row, column] = int(item.text() or 0) if item is not None else 0
    assert sum(counts.values()) == 60
    cell, count = max(counts.items(), key=lambda item: item[1])
    dialog.table.cellClicked.emit(*cell)
    assert len(opened.review.chosen_images()) == count
    dialog.close()


def test_weights_that_arrive_change_the_grouping_and_keep_decisions(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, places: Places, weights_folder: Path
) -> None:
    folder = tmp_path / "lot"
    folder.mkdir()
    for index in range(20):
        picture(index, (48, 48)).save(folder / f"{index:02d}.png")
    with qtbot.waitSignal(window.jobs.done, timeout=30_000):
        window.open_path(folder)
    assert window.weights_banner.isVisible()
    window.cluster_list.setCurrentIndex(window.cluster_model.index(0))
    window.actions_by_name["actionConfirm"].trigger()
    (held,) = window.cluster_list.chosen()
    places.weights.parent.mkdir(parents=True, exist_ok=True)
    places.weights.symlink_to(weights_folder)
    with qtbot.waitSignal(window.document.grouping_changed, timeout=60_000):
        window._on_done(open_job.WeightsReady("those of the test"))
    project = window.document.project
    assert project is not None
    assert project.analysis.backbone is not None
    assert not window.weights_banner.isVisible()
    (kept,) = [cluster for cluster in project.partition.clusters if cluster.group is not None]
    assert set(kept.members.tolist()) == set(held.members.tolist())
    assert window.actions_by_name["actionUndo"].text() == "Undo Compare by the network"
    window.actions_by_name["actionUndo"].trigger()
    assert window.weights_banner.isVisible()
