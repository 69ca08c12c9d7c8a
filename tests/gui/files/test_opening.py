"""Folders, sessions and feature stores are opened; weights arrive later."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.unused_files_dialog import UnusedFilesDialog
from defect_workbench.gui.window.actions.action_set import without_mnemonic
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.user_dirs import UserDirs
from tests.builders import part_of_sample, picture
from tests.gui.conftest import Answers, delete_now
from tests.gui.gestures import LEFT, drop


def test_dropped_folder_opens_and_says_what_is_missing(
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
    assert window.unused_files.text() == "1 file not used"
    qtbot.mouseClick(window.unused_files, LEFT)
    dialog = window.findChild(UnusedFilesDialog)
    assert dialog is not None
    assert dialog.table.rowCount() == 1
    assert dialog.table_text().splitlines()[1].startswith("bad.tif\t")
    assert "damaged" in dialog.table_text()
    dialog.reject()


def test_folder_without_images_is_reported_and_leads_back(
    window: MainWindow, qtbot: QtBot, answers: Answers, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(window.jobs.failed):
        window.open_path(tmp_path / "empty")
    assert "no image" in answers.messages[0]
    assert answers.titles == ["empty was not opened"]
    assert window.statusBar().currentMessage() == ""
    assert not window.unused_files.isVisible()
    assert window.stack.currentIndex() == 0


def test_cancel_keeps_finished_work_and_offers_to_resume(
    window: MainWindow, qtbot: QtBot, with_weights: Path, small_batches: None, tmp_path: Path
) -> None:
    """Four batches, so that some remain when the first is done."""
    window.open_path(part_of_sample(tmp_path / "lot", 32))
    qtbot.waitUntil(lambda: "left" in window.progress.text.text(), timeout=60_000)
    assert "clusters" not in window.summary.text()
    with qtbot.waitSignal(window.jobs.cancelled, timeout=20_000):
        qtbot.mouseClick(window.progress.cancel, LEFT)
    assert window.notice.isVisible()
    with qtbot.waitSignal(window.jobs.done, timeout=180_000):
        qtbot.mouseClick(window.notice.buttons[0], LEFT)
    assert "32 images" in window.summary.text()


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


def test_unsaved_work_survives_a_crash_and_is_offered_at_the_next_start(
    opened: MainWindow, qtbot: QtBot, places: UserDirs, answers: Answers
) -> None:
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    opened.actions_by_name["actionConfirm"].trigger()
    with qtbot.waitSignal(opened.session_guard.autosaves.done, timeout=10_000):
        opened.session_guard.autosave()
    summary = opened.summary.text()
    assert opened.session_guard.recovery.path.is_file()
    # As if the process that wrote it had been killed.
    left = places.recovery / "unsaved-0.dwb"
    opened.session_guard.recovery.path.rename(left)
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
        delete_now(other)
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
    assert "was moved or deleted" in window.notice.text.text()
    with qtbot.waitSignal(window.jobs.done, timeout=10_000):
        window.session_guard.relink(tmp_path)
    assert "None of the images" in answers.messages[0]
    (tmp_path / "moved" / "image-002.png").unlink()
    with qtbot.waitSignal(window.jobs.done, timeout=10_000):
        window.session_guard.relink(tmp_path / "moved")
    assert "1 image of this session" in window.notice.text.text()
    project = window.document.project
    assert project is not None
    first = str(tmp_path / "moved" / project.images.images[0].path)
    qtbot.waitUntil(lambda: window.thumbnails.get(first) is not None)


def test_missing_weights_are_shown_until_they_arrive_and_decisions_are_kept(
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    weights_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
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
    (file,) = weights_folder.glob("*.safetensors")
    monkeypatch.setattr(file_dialogs, "ask_weights", lambda parent, done: done(file))
    with qtbot.waitSignal(window.document.grouping_changed, timeout=120_000):
        window.weights_banner.import_file.emit()
    project = window.document.project
    assert project is not None
    assert project.analysis.backbone is not None
    assert not window.weights_banner.isVisible()
    (kept,) = [cluster for cluster in project.partition.clusters if cluster.group is not None]
    assert set(kept.members.tolist()) == set(held.members.tolist())
    text = window.actions_by_name["actionUndo"].text()
    assert without_mnemonic(text) == "Undo Regroup with network features"
    window.actions_by_name["actionUndo"].trigger()
    assert window.weights_banner.isVisible()
