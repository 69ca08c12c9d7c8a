"""What a person decided is not lost by a slip: unsaved work, opening, renaming, confirmed clusters."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import Leave
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.message_boxes import MessageBoxes
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.builders import made_project, picture
from tests.gui.conftest import Answers

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def opened(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with a small session open: three clusters of made-up vectors over real files."""
    session = tmp_path / "small.dwb"
    save_session(session, made_project(tmp_path / "small"))
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(session)
    qtbot.waitUntil(lambda: not window.jobs.busy)
    return window


def small_lot(folder: Path, count: int = 14) -> Path:
    folder.mkdir()
    for index in range(count):
        picture(index, (64, 64)).save(folder / f"{index:02d}.png")
    return folder


def decide(window: MainWindow) -> Project:
    """Something no file has."""
    assert window.document.partition is not None
    window.document.rename(window.document.partition.clusters[0], "decided")
    assert window.document.dirty
    assert window.document.project is not None
    return window.document.project


def confirmed(window: MainWindow, count: int = 3) -> None:
    partition = window.document.partition
    assert partition is not None
    window.document.confirm(partition.clusters[:count])


# The box about unsaved work


def box_of(window: MainWindow) -> QMessageBox:
    box = window.findChild(QMessageBox, "unsavedBox")
    assert isinstance(box, QMessageBox)
    return box


@pytest.mark.parametrize(
    ("key", "expected"),
    [(Qt.Key.Key_Return, Leave.SAVE), (Qt.Key.Key_Escape, Leave.STAY)],
)
def test_keys_in_the_box_lose_nothing(window: MainWindow, qtbot: QtBot, key: Qt.Key, expected: Leave) -> None:
    found: list[Leave] = []
    MessageBoxes(window).ask_to_save("You have unsaved changes.", found.append)
    box = box_of(window)
    qtbot.waitExposed(box)
    assert box.defaultButton().objectName() == "saveButton"
    save = box.findChild(QPushButton, "saveButton")
    assert isinstance(save, QPushButton)
    assert save.text() == "Save"
    qtbot.keyClick(box, key)
    assert found == [expected]


def test_every_button_of_the_box_does_what_it_says(window: MainWindow, qtbot: QtBot) -> None:
    found: list[Leave] = []
    for place in range(3):
        MessageBoxes(window).ask_to_save("You have unsaved changes.", found.append)
        box = box_of(window)
        qtbot.mouseClick(box.buttons()[place], LEFT)
        qtbot.waitUntil(lambda: window.findChild(QMessageBox, "unsavedBox") is None)
    assert set(found) == set(Leave)


def test_enter_in_a_question_changes_nothing(window: MainWindow, qtbot: QtBot) -> None:
    found: list[bool] = []
    MessageBoxes(window).ask("Confirmed clusters", "Merge <b>a</b>?", "Merge", found.append)
    box = next(b for b in window.findChildren(QMessageBox))
    qtbot.waitExposed(box)
    assert box.textFormat() == Qt.TextFormat.PlainText
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert found == [False]


def test_saving_comes_before_closing(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.document.forget_session()
    decide(opened)
    path = tmp_path / "kept.dwb"
    monkeypatch.setattr(file_dialogs, "ask_session_to_write", lambda parent, name, done: done(path))
    answers.leave = Leave.SAVE
    opened.close()
    assert opened.isVisible()
    qtbot.waitUntil(lambda: not opened.isVisible(), timeout=20_000)
    assert len(answers.asked) == 1
    labels = {cluster.label for cluster in load_session(path).partition.clusters}
    assert "decided" in labels


def test_a_save_that_fails_or_is_called_off_keeps_the_window_open(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.document.forget_session()
    project = decide(opened)
    answers.leave = Leave.SAVE
    monkeypatch.setattr(file_dialogs, "ask_session_to_write", lambda parent, name, done: None)
    opened.close()
    assert opened.isVisible()
    (tmp_path / "file").touch()
    bad = tmp_path / "file" / "kept.dwb"
    monkeypatch.setattr(file_dialogs, "ask_session_to_write", lambda parent, name, done: done(bad))
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        opened.close()
    assert opened.isVisible()
    assert opened.document.project is project
    # A later save of something else does not close the window after all.
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.save_to(tmp_path / "later.dwb")
    assert opened.isVisible()


def test_discarded_work_can_be_recovered(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    decide(opened)
    answers.leave = Leave.DISCARD
    lot = small_lot(tmp_path / "lot")
    with qtbot.waitSignal(opened.document.opened, timeout=60_000):
        opened.open_path(lot)
    assert len(answers.asked) == 1
    assert not opened.document.dirty
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    opened.menus.discarded.aboutToShow.emit()
    (action,) = opened.menus.discarded.actions()
    assert action.text().startswith("small,")
    with qtbot.waitSignal(opened.document.opened, timeout=60_000):
        action.trigger()
    assert opened.document.partition is not None
    assert "decided" in {cluster.label for cluster in opened.document.partition.clusters}
    assert opened.document.dirty


def test_nothing_is_asked_after_an_export_that_holds_it_all(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    from defect_workbench.app.jobs.export_job import Wish

    decide(opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.outputs.export_to(Wish(tmp_path / "out"))
    opened.unsaved.leave(lambda: None)
    assert not answers.asked
    # The session's own file has none of it, and the title says so.
    assert opened.isWindowModified()
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.outputs.take_back(tmp_path / "out")
    opened.unsaved.leave(lambda: None)
    assert len(answers.asked) == 1


def test_what_is_decided_after_an_export_is_asked_about(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    from defect_workbench.app.jobs.export_job import Wish

    decide(opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.outputs.export_to(Wish(tmp_path / "out"))
    confirmed(opened, 1)
    opened.unsaved.leave(lambda: None)
    assert len(answers.asked) == 1


def test_nothing_pushes_a_save_aside(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    decide(opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.save_to(tmp_path / "kept.dwb")
        opened.map_method.setCurrentIndex(1)
        assert "under way" in opened.notice.text.text()
    assert not opened.document.dirty
    assert opened.document.session == tmp_path / "kept.dwb"


def test_a_cancel_that_comes_too_late_does_not_deny_what_was_saved(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    decide(opened)
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.outputs.save_to(tmp_path / "kept.dwb")
        opened.jobs.cancel()
    assert not opened.document.dirty


def test_a_session_that_was_another_windows_is_not_replaced(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(file_dialogs, "ask_session_to_write", lambda parent, name, done: asked.append(name))
    # The other window may have saved more, and be closed by now.
    opened.keeping.read_only = True
    decide(opened)
    session = opened.document.session
    assert session is not None
    before = session.read_bytes()
    opened.actions_by_name["actionSaveSession"].trigger()
    assert not opened.jobs.busy
    assert asked
    assert session.read_bytes() == before


def test_what_a_crash_left_is_in_the_menu_beside_what_was_discarded(opened: MainWindow, qtbot: QtBot) -> None:
    done: list[None] = []
    for _ in range(2):
        decide(opened)
        opened.keeping.set_aside(lambda: done.append(None))
        qtbot.waitUntil(lambda: not opened.keeping.autosaves.busy, timeout=20_000)
    assert len(done) == 2
    folder = opened.keeping.recovery.path.parent
    (one, two) = sorted(folder.glob("discarded-*.dwb"))
    # As two discards of one lot within a minute.
    two.rename(folder / "discarded-20991124-120001-aaaaaa-R&D.dwb")
    one.rename(folder / "discarded-20991124-120000-aaaaaa-R&D.dwb")
    save_session(folder / "unsaved-0.dwb", opened.document.project)  # type: ignore[arg-type]
    opened.menus.discarded.aboutToShow.emit()
    names = [action.text() for action in opened.menus.discarded.actions()]
    assert names[:2] == ["R&&D, 24 Nov 12:00:01", "R&&D, 24 Nov 12:00:00"]
    assert names[2].startswith("after a crash, ")


def test_recovery_does_not_bring_back_what_is_older_than_the_save(opened: MainWindow, qtbot: QtBot) -> None:
    decide(opened)
    with qtbot.waitSignal(opened.keeping.autosaves.done, timeout=20_000):
        opened.keeping.autosave()
        # As if it was saved while this was being written.
        opened.document.undo_stack.setClean()
    assert not opened.keeping.recovery.path.exists()


def test_recovery_that_does_not_work_is_said(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(opened.keeping.recovery, "hold", lambda: tmp_path / "file" / "unsaved.dwb")
    decide(opened)
    with qtbot.waitSignal(opened.keeping.autosaves.failed, timeout=20_000):
        opened.keeping.autosave()
    assert "save often" in opened.notice.text.text()


def test_a_classifier_in_no_file_is_asked_about_before_another_is_opened(
    opened: MainWindow, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from defect_workbench.app.jobs.classifier_jobs import Trained

    chosen: list[None] = []
    monkeypatch.setattr(file_dialogs, "ask_classifier", lambda parent, done: chosen.append(None))
    opened.classifying._model = Trained(None, None)  # type: ignore[arg-type]
    opened.classifying._kept = False
    answers.leave = Leave.STAY
    opened.classify_panel.load.emit()
    assert "classifier" in answers.asked[0]
    assert not chosen
    answers.leave = Leave.DISCARD
    opened.classify_panel.load.emit()
    assert chosen
    opened.classifying._kept = True


def test_it_is_asked_before_the_folder_is_chosen_and_once(
    opened: MainWindow, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(file_dialogs, "ask_folder", lambda *_: order.append("folder"))
    monkeypatch.setattr(file_dialogs, "ask_session", lambda *_: order.append("session"))
    decide(opened)
    for action in ("actionOpenFolder", "actionOpenSession"):
        answers.asked.clear()
        answers.leave = Leave.STAY
        opened.actions_by_name[action].trigger()
        assert not order
        assert len(answers.asked) == 1
    answers.leave = Leave.SAVE
    opened.document.undo_stack.setClean()
    opened.actions_by_name["actionOpenFolder"].trigger()
    assert order == ["folder"]


def test_closing_asks_before_it_stops_work_that_lasts(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    from defect_workbench.app.jobs.export_job import Wish

    answers.agree = False
    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.outputs.export_to(Wish(tmp_path / "out"))
        assert not opened.close()
    assert "under way" in answers.asked[0]
    assert opened.isVisible()
    assert (tmp_path / "out" / "manifest.csv").is_file()


# Opening


def test_what_is_open_stays_where_a_folder_cannot_be_opened(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    project, title = opened.document.project, opened.windowTitle()
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        opened.open_path(tmp_path / "empty")
    assert "no image" in answers.told[0]
    assert opened.document.project is project
    assert opened.stack.currentIndex() == 1
    assert opened.windowTitle() == title
    assert opened.gallery.model().rowCount() == 19
    assert opened.actions_by_name["actionConfirm"].isEnabled() == bool(opened.cluster_list.chosen())


def test_what_is_open_stays_until_another_folder_is_there(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    project, title = opened.document.project, opened.windowTitle()
    lot = small_lot(tmp_path / "lot")
    seen: list[bool] = []
    opened.jobs.partial.connect(lambda _: seen.append(opened.document.project is project))
    with qtbot.waitSignal(opened.document.opened, timeout=60_000):
        opened.open_path(lot)
        assert opened.document.project is project
        assert opened.windowTitle() == title
    assert seen == [True]
    assert opened.document.project is not None
    assert opened.document.project.images.root == lot
    assert opened.windowTitle() != title


def test_what_is_decided_while_a_folder_opens_is_asked_about(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = small_lot(tmp_path / "lot")
    answers.leave = Leave.STAY
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.open_path(lot)
        project = decide(opened)
    assert len(answers.asked) == 1
    assert opened.document.project is project


def test_an_opening_that_was_called_off_is_not_mixed_up_with_later_work(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = small_lot(tmp_path / "lot")
    with qtbot.waitSignal(opened.jobs.cancelled, timeout=60_000):
        opened.open_path(lot)
        opened.jobs.cancel()
    assert opened.notice.buttons[0].text() == "Resume"
    with qtbot.waitSignal(opened.jobs.cancelled, timeout=60_000):
        opened.map_method.setCurrentIndex(1)
        opened.jobs.cancel()
    assert "Nothing was written" in opened.notice.text.text()


def test_other_work_that_takes_the_place_of_an_opening_offers_to_resume_it(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = small_lot(tmp_path / "lot")
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.open_path(lot)
        opened.map_method.setCurrentIndex(1)
    assert opened.notice.buttons[0].text() == "Resume"
    with qtbot.waitSignal(opened.document.opened, timeout=60_000):
        qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    assert opened.document.project is not None
    assert opened.document.project.images.root == lot


def test_images_taken_up_are_put_down_when_something_else_is_opened(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    assert opened.document.partition is not None
    choose(opened, opened.document.partition.clusters[0].members[:2])
    opened.actions_by_name["actionCut"].trigger()
    save_session(tmp_path / "other.dwb", made_project(tmp_path / "other", (9, 4)))
    with qtbot.waitSignal(opened.document.opened, timeout=20_000):
        opened.open_path(tmp_path / "other.dwb")
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    assert not opened.actions_by_name["actionPaste"].isEnabled()


def test_an_image_chosen_while_nothing_is_compared_yet_is_not_asked_for_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = small_lot(tmp_path / "lot")
    with qtbot.waitSignal(window.document.opened, timeout=60_000):
        with qtbot.waitSignal(window.jobs.partial, timeout=60_000):
            window.open_path(lot)
        window.gallery.setCurrentIndex(window.image_model.index(2))
        assert "when the images are compared" in window.inspector.picture._message
    assert "Choose an image" in window.inspector.picture._message


# Proposals


def with_proposals(window: MainWindow) -> Project:
    """Every image proposed for the cluster it is in; the first of each cluster unsure."""
    project = window.document.project
    assert project is not None
    partition = project.partition
    count = len(project.images)
    labels = [""] * count
    probability = np.full(count, 0.99, np.float32)
    unseen = np.ones(count, bool)
    confirmed(window, len(partition.clusters))
    for cluster in window.document.partition.clusters:  # type: ignore[union-attr]
        for member in cluster.members.tolist():
            labels[member] = cluster.label
        probability[cluster.members[:3]] = 0.4
    unknown = np.zeros(count, bool)
    window.document.apply_proposal(
        Proposal(tuple(labels), probability, unknown, unseen, np.empty(0, np.intp))
    )
    assert window.document.project is not None
    return window.document.project


def test_renaming_drops_nothing_from_the_queue(opened: MainWindow) -> None:
    with_proposals(opened)
    left = opened.outlier_queue.left
    assert opened.document.partition is not None
    opened.document.rename(opened.document.partition.clusters[0], "another name")
    assert opened.outlier_queue.left == left
    opened.document.undo_stack.undo()
    assert opened.outlier_queue.left == left


@pytest.mark.parametrize("act", ["move", "split_out", "nuisance"])
def test_what_a_person_places_has_been_looked_at(opened: MainWindow, act: str) -> None:
    project = with_proposals(opened)
    proposal = project.proposal
    assert proposal is not None
    image = proposal.unsure(project.partition)[:1]
    left = opened.outlier_queue.left
    target = next(c for c in project.partition.clusters if image[0] not in c.members)
    arguments = (image, target) if act == "move" else (image,)
    getattr(opened.document, act)(*arguments)
    assert opened.outlier_queue.left == left - 1
    opened.document.undo_stack.undo()
    assert opened.outlier_queue.left == left
    assert opened.document.project is not None
    assert opened.document.project.proposal is not None
    assert opened.document.project.proposal.unseen[image].all()


def test_sessions_of_an_earlier_version_keep_their_queue(opened: MainWindow, tmp_path: Path) -> None:
    project = with_proposals(opened)
    assert project.proposal is not None
    image = int(project.proposal.unsure(project.partition)[0])
    target = next(c for c in project.partition.clusters if image not in c.members)
    opened.document.rename(target, "named")
    opened.document.move(np.array([image]), target)
    moved = opened.document.project
    assert moved is not None
    # As the earlier version would have it: moved, and not marked as looked at.
    save_session(tmp_path / "new.dwb", Project(
        moved.images, moved.analysis, moved.clusters, moved.decisions, proposal=project.proposal
    ))  # fmt: skip
    found = without_the_mark(tmp_path / "old.dwb", load_session(tmp_path / "new.dwb"))
    assert found.proposal is not None
    assert image not in found.proposal.unsure(found.partition)


def without_the_mark(path: Path, project: Project) -> Project:
    """A project as a session of an earlier version brings it."""
    save_session(path, project)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    state = json.loads(members["state.json"])
    del state["moved_is_seen"]
    members["state.json"] = json.dumps(state).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return load_session(path)


@pytest.mark.parametrize("name", ["", "renamed"])
def test_sessions_of_an_earlier_version_lose_no_question_where_the_cluster_has_another_name(
    opened: MainWindow, tmp_path: Path, name: str
) -> None:
    project = with_proposals(opened)
    if name:
        opened.document.rename(project.partition.clusters[0], name)
    project = opened.document.project  # type: ignore[assignment]
    assert project.proposal is not None
    wanted = project.proposal.unsure(project.partition).tolist()
    assert len(wanted) == 9
    found = without_the_mark(tmp_path / "old.dwb", project)
    assert found.proposal is not None
    assert sorted(found.proposal.unsure(found.partition).tolist()) == sorted(wanted)


# Confirmed clusters


def choose(window: MainWindow, images: np.ndarray) -> None:
    window.tabs.setCurrentIndex(0)
    window.choose_images(images.tolist())


def actions(window: MainWindow) -> dict[str, Callable[[], None]]:
    """Everything that could change a confirmed cluster or what is in it."""
    partition = window.document.partition
    assert partition is not None
    first, other = partition.clusters[0], partition.clusters[-1]

    def pick(clusters: int) -> None:
        window.tabs.setCurrentIndex(0)
        for cluster in partition.clusters[:clusters]:
            window.cluster_list.choose(cluster.key)

    def key(name: str) -> None:
        window.actions_by_name[name].trigger()

    def nuisance() -> None:
        choose(window, first.members)
        key("actionNuisance")

    def split_out() -> None:
        choose(window, first.members[:2])
        key("actionSplitOut")

    def drop() -> None:
        window.review.move_images(first.members[:2].tolist(), other.key)

    def paste() -> None:
        choose(window, first.members[:2])
        key("actionCut")
        window.cluster_list.choose(other.key)
        key("actionPaste")

    def merge() -> None:
        window.cluster_list.selectAll()
        key("actionMerge")

    def refine() -> None:
        half = len(first.members) // 2
        window.document.refine(first, [np.arange(half), np.arange(half, len(first.members))])

    def unlock() -> None:
        pick(1)
        key("actionConfirm")

    return {f.__name__: f for f in (nuisance, split_out, drop, paste, merge, refine, unlock)}


@pytest.mark.parametrize("name", ["nuisance", "split_out", "drop", "paste", "merge", "refine", "unlock"])
def test_a_confirmed_cluster_is_protected_until_the_person_says_so(
    name: str, opened: MainWindow, answers: Answers
) -> None:
    confirmed(opened)
    decisions = opened.document.decisions
    answers.agree = False
    actions(opened)[name]()
    assert opened.document.decisions is decisions
    assert len(answers.asked) == 1
    assert opened.document.partition is not None
    assert opened.document.partition.clusters[0].label in answers.asked[0]
    answers.agree = True
    actions(opened)[name]()
    assert opened.document.decisions is not decisions
    opened.document.undo_stack.undo()
    assert np.array_equal(opened.document.decisions.held, decisions.held)


def test_no_way_leads_around_the_question(opened: MainWindow, answers: Answers) -> None:
    confirmed(opened)
    document, decisions = opened.document, opened.document.decisions
    assert document.partition is not None
    first, second, *_ = document.partition.clusters
    answers.agree = False
    ways: list[Callable[[], None]] = [
        lambda: document.move(first.members[:1], second),
        lambda: document.split_out(first.members[:1]),
        lambda: document.nuisance(first.members),
        lambda: document.merge([first, second]),
        lambda: document.refine(first, [np.arange(2), np.arange(2, len(first.members))]),
        lambda: document.confirm([first], False),
    ]
    for act in ways:
        answers.asked.clear()
        act()
        assert len(answers.asked) == 1
        assert first.label in answers.asked[0]
        assert document.decisions is decisions


def test_the_question_says_what_would_become_of_what_is_confirmed(
    opened: MainWindow, answers: Answers
) -> None:
    confirmed(opened)
    document = opened.document
    answers.agree = False
    assert document.partition is not None
    for cluster, name in zip(document.partition.clusters, ("pit", "scratch", "residue"), strict=True):
        document.rename(cluster, name)
    pit, scratch, _ = document.partition.clusters
    document.nuisance(np.arange(19))
    document.split_out(pit.members[:2])
    document.merge([pit, scratch])
    document.confirm([pit, scratch], False)
    whole = "3 confirmed clusters (pit, scratch, residue) would lose all their images."
    assert answers.asked == [
        f"Mark 19 images as nuisance? {whole}",
        "Split out 2 images? The confirmed cluster pit would lose 2 images.",
        "Merge 2 clusters? 2 confirmed clusters (pit, scratch) would be replaced.",
        "Unlock pit, scratch? Later cuts and keys can then change what is in them.",
    ]


def test_what_comes_to_a_confirmed_cluster_and_its_name_need_no_question(
    opened: MainWindow, answers: Answers
) -> None:
    document = opened.document
    assert document.partition is not None
    first, second, *_ = document.partition.clusters
    document.confirm([first])
    kept = document.partition.clusters[0]
    document.move(second.members[:1], kept)
    document.rename(document.partition.clusters[0], "pit")
    document.annotate(document.partition.clusters[0], "seen")
    assert not answers.asked


@pytest.mark.parametrize("name", ["nuisance", "split_out", "drop", "paste", "merge", "refine"])
def test_an_open_cluster_is_changed_without_a_question(
    name: str, opened: MainWindow, answers: Answers
) -> None:
    before: Decisions = opened.document.decisions
    actions(opened)[name]()
    assert not answers.asked
    assert opened.document.decisions is not before


def test_keys_of_review_do_nothing_on_the_page_of_the_classifier(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    opened.cluster_list.selectAll()
    opened.gallery.selectAll()
    opened.tabs.setCurrentWidget(opened.classify_panel)
    before = opened.document.decisions
    for key in (Qt.Key.Key_M, Qt.Key.Key_X, Qt.Key.Key_N, Qt.Key.Key_C, Qt.Key.Key_T, Qt.Key.Key_R):
        qtbot.keyClick(opened.classify_panel, key)
    assert opened.document.decisions is before
    assert not answers.asked
    opened.tabs.setCurrentIndex(0)
    assert opened.actions_by_name["actionMerge"].isEnabled()


def test_the_queue_is_reached_from_every_page(opened: MainWindow, qtbot: QtBot) -> None:
    opened.tabs.setCurrentWidget(opened.classify_panel)
    opened.actions_by_name["actionReview"].trigger()
    assert opened.outlier_queue.isVisible()
    qtbot.waitUntil(opened.outlier_queue.hasFocus)


# Words


def test_bars_and_sliders_call_a_block_by_one_name(opened: MainWindow) -> None:
    from defect_workbench.core.clustering.feature_blocks import BLOCKS
    from defect_workbench.gui.inspector.evidence_bars import PullBars

    bars = PullBars()
    bars.show_shares(dict.fromkeys(BLOCKS, 0.25))
    names = [part.rsplit(" ", 1)[0] for part in bars.accessibleName().split(", ")]
    assert names == ["Deep", "Texture", "Shape", "Outline of the defect"]


# The net under the tests


def test_a_thread_of_qt_that_is_left_behind_is_caught(qtbot: QtBot) -> None:
    from PySide6.QtCore import QThread

    from tests.conftest import _noting, _still_running

    started: list[tuple[object, str]] = []
    thread, timer = QThread(), QTimer()
    _noting(type(thread).start, started)(thread)
    _noting(type(timer).start, started)(timer, 10_000)
    assert [_still_running(thing) for thing, _ in started] == [True, True]
    assert all(__file__.rpartition("/")[2] in where for _, where in started)
    thread.quit()
    thread.wait()
    timer.stop()
    assert not any(_still_running(thing) for thing, _ in started)
