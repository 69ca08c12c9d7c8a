from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import Leave
from defect_workbench.core.classifier.taxonomy import default_taxonomy
from defect_workbench.core.classifier.taxonomy_toml import taxonomy_text
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.input.scan import scan_set
from defect_workbench.gui.classifier.augmentation_dialog import AugmentDialog
from defect_workbench.gui.classifier.taxonomy_dialog import TaxonomyDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.resources import resource
from tests.builders import flat_taxonomy
from tests.gui.conftest import Answers

LEFT = Qt.MouseButton.LeftButton
NAMES = ("lines", "specks", "particles", "films")


def confirm(window: MainWindow, count: int) -> None:
    """Name and confirm the largest clusters."""
    partition = window.document.partition
    assert partition is not None
    for cluster, name in zip(partition.clusters[:count], NAMES, strict=False):
        window.document.rename(cluster, name)
    held = [c for c in window.document.partition.clusters if c.group is not None]  # type: ignore[union-attr]
    window.document.confirm(held)


def train(window: MainWindow, qtbot: QtBot) -> None:
    """Train a classifier of three kinds of the sample set."""
    confirm(window, 3)
    window.tabs.setCurrentWidget(window.classify_panel)
    window.classify_panel.folds.setValue(2)
    with qtbot.waitSignal(window.jobs.done, timeout=180_000):
        qtbot.mouseClick(window.classify_panel.train_button, LEFT)


@pytest.fixture
def trained(
    opened: MainWindow, qtbot: QtBot, once_per_run: Callable[[str, Callable[[Path], None]], Path]
) -> MainWindow:
    """The window with a classifier: the first test of a run trains it, the others load it."""

    def fill(folder: Path) -> None:
        train(opened, qtbot)
        with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
            opened.classifier.save_to(folder / "kinds.dwm")

    model = once_per_run("classifier", fill) / "kinds.dwm"
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.classifier.load(model)
    return opened


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    """Forty images of the sample set, as a lot of their own."""
    folder = tmp_path / "lot-9"
    folder.mkdir()
    for number in range(0, 240, 6):
        source = resource("sample") / f"defect_{number + 1:04d}.jpg"
        (folder / source.name).write_bytes(source.read_bytes())
    return folder


def test_an_empty_page_says_what_is_still_to_be_done_before_training(opened: MainWindow) -> None:
    page = opened.classify_panel.figures
    assert "confirm at least two clusters" in page.toPlainText()
    confirm(opened, 3)
    assert "3 clusters are confirmed. Press Train." in page.toPlainText()
    assert "at least two" not in page.toPlainText()
    for _ in range(opened.document.undo_stack.count()):
        opened.document.undo_stack.undo()
    assert "confirm at least two clusters" in page.toPlainText()


def test_too_little_to_learn_from_is_reported(opened: MainWindow, qtbot: QtBot, answers: Answers) -> None:
    assert "None yet" in opened.classify_panel.labels_text.text()
    with qtbot.waitSignal(opened.jobs.failed, timeout=10_000):
        opened.classifier.train()
    assert "confirm at least two clusters" in answers.messages[0].lower()


def test_a_classifier_is_trained_kept_applied_and_corrected(
    opened: MainWindow, qtbot: QtBot, lot: Path, tmp_path: Path
) -> None:
    train(opened, qtbot)
    panel = opened.classify_panel
    assert panel.curves.heads
    text = panel.figures.toPlainText()
    assert "Accuracy" in text
    assert all(name in text for name in NAMES[:3])
    assert "agrees with your clusters" in opened.notice.text.text()
    trained = opened.classifier.model
    assert trained is not None
    assert trained.model.facts is not None
    path = tmp_path / "kinds.dwm"
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.classifier.save_to(path)
    assert path.is_file()
    assert (tmp_path / "kinds.dwm.html").is_file()
    with qtbot.waitSignal(opened.jobs.done, timeout=10_000):
        opened.classifier.load(path)
    assert panel.model_name.text() == "kinds.dwm"
    loaded = opened.classifier.model
    assert loaded is not None
    assert loaded is not trained
    assert loaded.model.facts == trained.model.facts
    held_out = trained.model.facts.held_out
    assert held_out is not None
    assert all(held_out.by_cluster)
    # Stages and outcomes are in the order of the taxonomy, and only images that arrive are counted.
    assert list(trained.model.facts.stages) == ["noise", "size", "kind"]
    assert list(trained.model.facts.stages["size"].outcomes) == ["unknown", "small", "large"]

    with qtbot.waitSignal(opened.jobs.done, timeout=120_000):
        opened.classifier.classify(lot)
    project = opened.document.project
    assert project is not None
    assert project.proposal is not None
    assert len(project.images) == 40
    labels = {cluster.label for cluster in project.partition.clusters}
    assert labels <= set(NAMES[:3])
    assert labels
    unknown = [i for i, label in enumerate(project.proposal.labels) if not label]
    assert np.flatnonzero(project.proposal.unknown).tolist() == unknown
    assert set(project.partition.outliers.tolist()) == set(unknown)
    assert "unknown" in opened.notice.text.text()
    assert opened.isWindowModified()

    queue = opened.outlier_queue
    unsure = project.proposal.unsure(project.partition).tolist()
    assert queue.remaining == len(unknown) + len(unsure)
    opened.gallery_bar.order.setCurrentText("Least certain first")
    first = opened.image_model.sections[0]
    shown = project.proposal.probability[opened.image_model.order[first.start : first.start + first.count]]
    assert (shown[1:] >= shown[:-1]).all()
    opened.actions_by_name["actionAsked"].trigger()
    assert opened.at_light_table
    assert list(opened.light_table.images) == project.proposal.label_next.tolist()
    opened.close_light_table()
    qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    assert opened.outlier_queue.hasFocus()
    assert opened.outlier_dock.isVisible()


def test_agreeing_in_the_queue_empties_it(trained: MainWindow, qtbot: QtBot, lot: Path) -> None:
    with qtbot.waitSignal(trained.jobs.done, timeout=120_000):
        trained.classifier.classify(lot)
    queue = trained.outlier_queue
    queue.setFocus()
    for _ in range(200):
        if not queue.remaining:
            break
        before = queue.remaining
        qtbot.keyClick(queue, Qt.Key.Key_1, Qt.KeyboardModifier.ShiftModifier)
        assert queue.remaining < before
    assert queue.remaining == 0
    while trained.document.undo_stack.canUndo():
        trained.document.undo_stack.undo()
    project = trained.document.project
    assert project is not None
    assert project.proposal is not None
    assert queue.remaining == len(project.partition.outliers) + len(
        project.proposal.unsure(project.partition)
    )


def test_what_is_unknown_stays_so_when_the_lot_is_grouped_in_another_way(
    trained: MainWindow, qtbot: QtBot, lot: Path
) -> None:
    with qtbot.waitSignal(trained.jobs.done, timeout=120_000):
        trained.classifier.classify(lot)
    before = trained.document.project
    assert before is not None
    assert before.proposal is not None
    with qtbot.waitSignal(trained.document.grouping_changed, timeout=20_000):
        trained.regroup(replace(before.analysis.settings, parameters={"linkage": "average"}))
    after = trained.document.project
    assert after is not None
    assert set(np.flatnonzero(before.proposal.unknown).tolist()) <= set(after.partition.outliers.tolist())


def test_decisions_made_while_a_folder_is_added_count_for_more(
    opened: MainWindow, qtbot: QtBot, lot: Path
) -> None:
    confirm(opened, 3)
    opened.classifier.add_folder(lot)
    opened.outlier_queue.nuisance()
    decided = opened.document.project
    with qtbot.waitSignal(opened.jobs.done, timeout=180_000):
        pass
    assert opened.document.project is decided
    assert "you made changes in the meantime" in opened.notice.text.text()


def test_nothing_pushes_a_training_aside_and_an_unsaved_classifier_is_asked_about(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    confirm(opened, 3)
    opened.classify_panel.folds.setValue(2)
    with qtbot.waitSignal(opened.jobs.done, timeout=180_000):
        opened.classifier.train()
        opened.map_method.setCurrentIndex(1)
        assert "still running" in opened.notice.text.text()
    assert opened.classifier.unsaved
    opened.document.undo_stack.setClean()
    answers.leave = Leave.STAY
    assert not opened.close()
    assert "classifier has not been saved" in answers.questions[-1]
    assert opened.isVisible()


def test_session_keeps_the_proposals(trained: MainWindow, qtbot: QtBot, lot: Path, tmp_path: Path) -> None:
    with qtbot.waitSignal(trained.jobs.done, timeout=120_000):
        trained.classifier.classify(lot)
    before = trained.document.project
    with qtbot.waitSignal(trained.jobs.done, timeout=10_000):
        trained.outputs.save_to(tmp_path / "sorted.dwb")
    with qtbot.waitSignal(trained.jobs.done, timeout=20_000):
        trained.open_path(tmp_path / "sorted.dwb")
    after = trained.document.project
    assert before is not None
    assert before.proposal is not None
    assert after is not None
    assert after.proposal is not None
    assert after.proposal.labels == before.proposal.labels
    assert after.proposal.label_next.tolist() == before.proposal.label_next.tolist()


def test_new_images_go_to_confirmed_clusters_first(
    opened: MainWindow, qtbot: QtBot, lot: Path, tmp_path: Path
) -> None:
    confirm(opened, 3)
    table = tmp_path / "lots.csv"
    assert opened.document.project is not None
    rows = [f"{path},lot {number % 3}" for number, path in enumerate(opened.document.project.images.paths)]
    table.write_text("\n".join(["file,lot", *rows]), encoding="utf-8")
    with qtbot.waitSignal(opened.jobs.done, timeout=10_000):
        opened.tables.join(table)
    before = opened.document.project
    assert before is not None
    known = {image.path: None for image in before.images.images}
    with qtbot.waitSignal(opened.jobs.done, timeout=180_000):
        opened.classifier.add_folder(lot)
    after = opened.document.project
    assert after is not None
    assert len(after.images) == len(known) + 40
    assert "40 images added" in opened.notice.text.text()
    assert after.side is not None
    assert sum(after.side.joined) == len(known)
    names = [path.rsplit("/", 1)[-1] for path in after.images.paths]
    where = {c.label: {names[i] for i in c.members} for c in after.partition.clusters}
    old = {c.label: {before.images.images[i].path for i in c.members} for c in before.partition.clusters}
    for name in NAMES[:3]:
        assert old[name] <= where[name]
    assert after.proposal is not None
    matched = [i for i, label in enumerate(after.proposal.labels) if label]
    assert len(matched) >= 10
    doubtful = after.proposal.unsure(after.partition)
    assert opened.outlier_queue.remaining == len(after.partition.outliers) + len(doubtful)
    assert opened.windowTitle().startswith(" + ".join(after.images.folders))
    assert opened.isWindowModified()
    assert len(after.images.folders) == 2
    # Only what the two folders hold counts, whatever else lies below their common one.
    found = scan_set(after.images, after.images.root, SilentReporter())
    assert [file.path for file in found.files] == list(after.images.paths)
    # Who decided about which images is still known.
    assert len(after.history) == len(before.history) > 0
    for then, now in zip(before.history, after.history, strict=True):
        assert {before.images.images[i].path for i in then.images} == {names[i] for i in now.images}
    # Nothing was ever proposed for what was confirmed before.
    confirmed = next(
        i for i, path in enumerate(after.images.paths) if path.startswith("sample/") or "/sample/" in path
    )
    assert not after.proposal.labels[confirmed]
    opened.inspector.show_image(confirmed)
    assert opened.inspector.fields["Proposed"].text() == ""
    # The new images are copies of old ones, so what is matched can be checked.
    for image in matched:
        name = after.images.images[image].path.rsplit("/", 1)[-1]
        assert name in old[after.proposal.labels[image]]


def test_stages_are_edited_as_text_and_checked(opened: MainWindow, qtbot: QtBot) -> None:
    opened.classifier.edit_stages()
    dialog = opened.findChild(TaxonomyDialog)
    assert dialog is not None
    assert dialog.text.toPlainText() == taxonomy_text(default_taxonomy())
    dialog.text.setPlainText("[[stage]]\nname = 'x'\nkind = 'colour'\n")
    assert "kind must be one of" in dialog.status_text.text()
    assert not dialog.ok_button.isEnabled()
    dialog.text.setPlainText(taxonomy_text(flat_taxonomy()))
    qtbot.mouseClick(dialog.ok_button, LEFT)
    assert opened.classify_panel.request().taxonomy == flat_taxonomy()


def test_augmentation_is_previewed(opened: MainWindow, qtbot: QtBot) -> None:
    opened.gallery.setCurrentIndex(opened.image_model.index(3))
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.classifier.preview()
    dialog = opened.findChild(AugmentDialog)
    assert dialog is not None
    shown = [label.pixmap().toImage() for label in dialog.findChildren(QLabel) if not label.pixmap().isNull()]
    assert len(shown) >= 4
    assert all(changed != shown[0] for changed in shown[1:])
    dialog.close()


def test_panels_about_single_images_make_room_for_the_classifier_and_come_back(opened: MainWindow) -> None:
    dendrogram, inspector, queue, grouping = opened.docks
    grouping.hide()
    opened.tabs.setCurrentWidget(opened.classify_panel)
    assert inspector.isHidden()
    assert queue.isHidden()
    assert not dendrogram.isHidden()
    opened.tabs.setCurrentIndex(0)
    assert not inspector.isHidden()
    assert not queue.isHidden()
    assert grouping.isHidden()
