"""Lists of images to review: similar ones, some to fetch, and proposals to agree with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.bulk_agreement import SAMPLE, agreement, proposed_labels
from defect_workbench.app.document.fetching import sources
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.project.likeness import Likeness, ranked
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.gui.dialogs.bulk_agreement_dialog import BulkAgreementDialog
from defect_workbench.gui.dialogs.fetch_dialog import FetchDialog
from defect_workbench.gui.dialogs.similar_images_dialog import SimilarImagesDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_lot, made_project
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT, drop


def project_of(window: MainWindow) -> Project:
    assert window.document.project is not None
    return window.document.project


@pytest.fixture
def similar(opened: MainWindow, qtbot: QtBot) -> SimilarImagesDialog:
    """The dialog about the third image, opened by its key."""
    opened.choose_image(2)
    opened.gallery.setFocus()
    qtbot.keyClick(opened.gallery, Qt.Key.Key_F)
    dialog = opened.findChild(SimilarImagesDialog, "similarImages")
    assert dialog is not None
    qtbot.waitExposed(dialog)
    return dialog


def test_all_images_are_ranked_by_likeness(opened: MainWindow, similar: SimilarImagesDialog) -> None:
    analysis = project_of(opened).analysis
    order = similar.model.order.tolist()
    assert order[0] == 2
    assert sorted(order) == list(range(len(analysis.vectors)))
    distances = np.linalg.norm(analysis.vectors[order] - analysis.vectors[2], axis=1)
    assert (np.diff(distances) >= -1e-6).all()
    assert [similar.way.itemText(i) for i in range(similar.way.count())] == [
        "As they are grouped",
        "The whole image",
    ]


def test_of_several_images_the_nearest_counts(opened: MainWindow) -> None:
    analysis = project_of(opened).analysis
    chosen = np.array([0, 9], np.intp)
    others, distances = ranked(analysis, chosen, Likeness.PICTURE)
    assert not set(chosen.tolist()) & set(others.tolist())
    block = analysis.blocks["deep"]
    nearest = np.linalg.norm(block[others][:, None] - block[chosen][None], axis=2).min(axis=1)
    assert np.allclose(nearest, distances, atol=1e-5)


def test_similar_images_show_the_colours_and_names_of_their_clusters(
    opened: MainWindow, similar: SimilarImagesDialog
) -> None:
    partition = opened.document.partition
    assert partition is not None
    order = similar.model.order.tolist()[:12]
    near = {int(partition.cluster_of[image]) for image in order}
    shot = similar.gallery.viewport().grab().toImage()
    drawn = {shot.pixelColor(x, y).name() for x in range(0, shot.width(), 9) for y in range(shot.height())}
    assert {
        opened.document.colour(partition.clusters[number]).lower() for number in near if number >= 0
    } <= drawn
    row = similar.model.index(1)
    label = partition.clusters[int(partition.cluster_of[order[1]])].label
    assert row.data(Qt.ItemDataRole.ToolTipRole).endswith(f"\n{label}")
    assert label in row.data(Qt.ItemDataRole.AccessibleTextRole)


def test_similar_images_go_to_the_light_table_or_are_selected(
    opened: MainWindow, similar: SimilarImagesDialog, qtbot: QtBot
) -> None:
    order = similar.model.order.tolist()
    qtbot.mouseClick(similar.table_button, LEFT)
    assert opened.at_light_table
    assert list(opened.light_table.images) == order
    qtbot.keyClick(opened.light_table, Qt.Key.Key_Escape)
    qtbot.keyClick(opened.gallery, Qt.Key.Key_F)
    dialog = opened.findChildren(SimilarImagesDialog)[-1]
    qtbot.keyClick(dialog.gallery, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    count = len(dialog.model.order)
    assert dialog.select_button.text() == f"Select {count} images"
    qtbot.mouseClick(dialog.select_button, LEFT)
    assert len(opened.review.chosen_images()) == count


def test_a_file_that_is_dropped_is_looked_for(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    images = project_of(opened).images
    assert drop(opened, images.absolute(4))
    qtbot.waitUntil(lambda: opened.findChild(SimilarImagesDialog) is not None)
    dialog = opened.findChild(SimilarImagesDialog)
    assert dialog is not None
    assert dialog.model.order[0] == 4
    dialog.close()
    other = tmp_path / "other.png"
    other.write_bytes(b"no image")
    assert drop(opened, other)
    qtbot.waitUntil(lambda: bool(answers.messages), timeout=20_000)
    assert "other.png" in answers.messages[0]


def test_a_file_from_elsewhere_is_compared_with_the_open_images(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.open_path(made_lot(tmp_path / "lot", 9, (64, 64)))
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=30_000)
    # Nearly one of the images, but another file.
    with Image.open(tmp_path / "lot" / "05.png") as image:
        pixels = np.asarray(image).copy()
    pixels[:2, :2] = 0
    other = tmp_path / "elsewhere" / "new.png"
    other.parent.mkdir()
    Image.fromarray(pixels).save(other)
    assert drop(window, other)
    qtbot.waitUntil(lambda: window.findChild(SimilarImagesDialog) is not None, timeout=30_000)
    dialog = window.findChild(SimilarImagesDialog)
    assert dialog is not None
    assert dialog.windowTitle() == "Images like new.png"
    assert len(dialog.model.order) == 9
    assert dialog.model.order[0] == 5
    qtbot.waitUntil(lambda: not dialog.picture.pixmap().isNull())
    # Nothing was added to the project, and the images go to the light table.
    assert len(project_of(window).images) == 9
    qtbot.mouseClick(dialog.table_button, LEFT)
    assert window.light_table.images[0] == 5
    assert "Like new.png" in window.light_table.heading.text()


def with_proposal(tmp_path: Path) -> Project:
    project = made_project(tmp_path / "lot")
    count = len(project.images)
    probability = np.linspace(0.5, 1.0, count).astype(np.float32)
    labels = tuple("pit" if number % 2 else "spur" for number in range(count))
    unreviewed = np.ones(count, bool)
    unreviewed[3] = False
    proposal = Proposal(labels, probability, np.zeros(count, bool), unreviewed, np.array([5, 1], np.intp))
    return replace(project, proposal=proposal)


def test_sources_hold_what_they_say(tmp_path: Path) -> None:
    project = with_proposal(tmp_path)
    partition = project.partition
    found = {source.name: source.images for source in sources(project, partition, partition.clusters[:1], 0)}
    least = found["Least sure proposals"]
    assert 3 not in least
    assert (np.diff(project.proposal.probability[least]) >= 0).all()  # type: ignore[union-attr] # it has one
    assert found["Most useful for the next training, and diverse"].tolist() == [5, 1]
    label = partition.clusters[0].label
    own = found[f"From {label}, at random"]
    assert set(own.tolist()) == set(partition.clusters[0].members.tolist())
    again = {s.name: s.images for s in sources(project, partition, partition.clusters[:1], 0)}
    assert own.tolist() == again[f"From {label}, at random"].tolist()
    _, distances = partition.nearest(found["Between two clusters"], 2)
    assert (np.diff(distances[:, 0] / distances[:, 1]) <= 1e-9).all()


def test_images_are_fetched_onto_the_light_table(opened: MainWindow, qtbot: QtBot) -> None:
    opened.gallery.setFocus()
    qtbot.keyClick(opened.gallery, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    dialog = opened.findChild(FetchDialog, "fetchDialog")
    assert dialog is not None
    qtbot.waitExposed(dialog)
    dialog.count.setFocus()
    dialog.count.selectAll()
    qtbot.keyClicks(dialog.count, "3")
    assert dialog.words.text().startswith("3 images")
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert opened.at_light_table
    assert len(opened.light_table.images) == 3


def test_many_proposals_are_agreed_with_after_a_sample(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    project = with_proposal(tmp_path)
    assert project.proposal is not None
    window.document.show(prepare(project))
    window._show_workbench()
    labels = proposed_labels(project.proposal, project.partition)
    assert sum(labels.values()) == len(project.images) - 1 - len(project.partition.outliers)
    window.actions_by_name["actionAgreeInBulk"].trigger()
    dialog = window.findChild(BulkAgreementDialog, "bulkAgreement")
    assert dialog is not None
    qtbot.waitExposed(dialog)
    dialog.at_least.setValue(0.6)
    label = str(dialog.label.currentData())
    expected = agreement(project.proposal, project.partition, label, 0.6)
    assert expected.expected_errors == pytest.approx(
        (1 - project.proposal.probability[expected.images]).sum()
    )
    assert dialog.ok_button.text() == f"Agree with all {len(expected.images)}"
    shown = dialog.model.order.tolist()
    assert len(shown) == min(SAMPLE, len(expected.images))
    assert set(shown) <= set(expected.images.tolist())
    qtbot.mouseClick(dialog.ok_button, LEFT)
    after = project_of(window).proposal
    assert after is not None
    assert not after.unreviewed[expected.images].any()
    assert after.unreviewed.sum() == project.proposal.unreviewed.sum() - len(expected.images)
    assert window.document.undo_stack.count() == 1
    # It goes on with what is left.
    assert dialog.isVisible()
    left = proposed_labels(after, project.partition)
    assert [dialog.label.itemData(row) for row in range(dialog.label.count())] == [*left, None]
    dialog.reject()
    window.document.undo_stack.undo()
    assert project_of(window).proposal is project.proposal
    # Enter alone must not agree.
    window.actions_by_name["actionAgreeInBulk"].trigger()
    again = window.findChildren(BulkAgreementDialog)[-1]
    qtbot.waitExposed(again)
    qtbot.keyClick(again, Qt.Key.Key_Return)
    assert not again.isVisible()
    assert project_of(window).proposal is project.proposal


def test_proposals_of_all_labels_are_agreed_with_in_one_step(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    project = with_proposal(tmp_path)
    assert project.proposal is not None
    proposal = project.proposal
    window.document.show(prepare(project))
    window._show_workbench()
    window.actions_by_name["actionAgreeInBulk"].trigger()
    dialog = window.findChild(BulkAgreementDialog, "bulkAgreement")
    assert dialog is not None
    qtbot.waitExposed(dialog)
    # The most frequent label comes first: all at once is a choice.
    assert dialog.label.currentData() is not None
    qtbot.keyClick(dialog.label, Qt.Key.Key_End)
    assert dialog.label.currentText() == f"All labels ({proposal.waiting(project.partition).sum()})"
    dialog.at_least.setValue(0.6)
    expected = agreement(proposal, project.partition, None, 0.6)
    both = [agreement(proposal, project.partition, label, 0.6) for label in ("pit", "spur")]
    assert sorted(expected.images) == sorted(np.concatenate([each.images for each in both]).tolist())
    assert expected.expected_errors == pytest.approx(sum(each.expected_errors for each in both))
    assert f"about {expected.expected_errors:.1f} of them" in dialog.words.text()
    # The sample shows which label is proposed.
    for section in dialog.model.sections:
        images = dialog.model.order[section.start : section.start + section.count].tolist()
        assert {proposal.labels[image] for image in images} == {section.title.split(":")[0]}
    assert sorted(dialog.model.order.tolist()) == expected.sample(0).tolist()
    qtbot.mouseClick(dialog.ok_button, LEFT)
    after = project_of(window).proposal
    assert after is not None
    assert not after.unreviewed[expected.images].any()
    assert after.unreviewed.sum() == proposal.unreviewed.sum() - len(expected.images)
    assert window.document.undo_stack.count() == 1
    # It stays with all labels while there are several.
    assert dialog.label.currentData() is None
    dialog.reject()
    window.document.undo_stack.undo()
    assert project_of(window).proposal is proposal
