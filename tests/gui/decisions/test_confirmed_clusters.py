"""Confirmed clusters change only after a question."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.decisions import Decisions
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.conftest import Answers
from tests.gui.decisions.conftest import choose, confirmed


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
    assert len(answers.questions) == 1
    assert opened.document.partition is not None
    assert opened.document.partition.clusters[0].label in answers.questions[0]
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
        answers.questions.clear()
        act()
        assert len(answers.questions) == 1
        assert first.label in answers.questions[0]
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
    assert answers.questions == [
        f"Mark 19 images as nuisance? {whole}",
        "Move 2 images to a new cluster? The confirmed cluster pit would lose 2 images.",
        "Merge 2 clusters? 2 confirmed clusters (pit, scratch) would be replaced.",
        "Unlock pit, scratch? Later cuts and edits can then change their images.",
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
    assert not answers.questions


@pytest.mark.parametrize("name", ["nuisance", "split_out", "drop", "paste", "merge", "refine"])
def test_an_open_cluster_is_changed_without_a_question(
    name: str, opened: MainWindow, answers: Answers
) -> None:
    before: Decisions = opened.document.decisions
    actions(opened)[name]()
    assert not answers.questions
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
    assert not answers.questions
    opened.tabs.setCurrentIndex(0)
    assert opened.actions_by_name["actionMerge"].isEnabled()


def test_the_queue_is_reached_from_every_page(opened: MainWindow, qtbot: QtBot) -> None:
    opened.tabs.setCurrentWidget(opened.classify_panel)
    opened.actions_by_name["actionReview"].trigger()
    assert opened.outlier_queue.isVisible()
    qtbot.waitUntil(opened.outlier_queue.hasFocus)


def test_the_button_names_what_it_does_to_the_selected_clusters(
    opened: MainWindow, answers: Answers, qtbot: QtBot
) -> None:
    def words() -> str:
        return opened.actions_by_name["actionConfirm"].text().replace("&", "")

    assert opened.document.partition is not None
    opened.cluster_list.choose(opened.document.partition.clusters[0].key)
    assert words() == "Confirm"
    opened.cluster_list.setFocus()
    qtbot.keyClick(opened.cluster_list, Qt.Key.Key_C)
    assert words() == "Unlock"
    # Not all of these are.
    opened.cluster_list.selectAll()
    assert words() == "Confirm"
    confirmed(opened)
    assert words() == "Unlock"
    opened.cluster_list.clearSelection()
    assert words() == "Confirm"


def test_the_marks_of_the_list_stand_below_each_other(opened: MainWindow) -> None:
    partition = opened.document.partition
    assert partition is not None
    image = partition.clusters[0].members[:1]
    opened.document.merge(partition.clusters)
    opened.document.split_out(image)
    assert opened.document.partition is not None
    largest, smallest = opened.document.partition.clusters[0], opened.document.partition.clusters[-1]
    assert (len(largest.members) > 9, len(smallest.members)) == (True, 1)
    opened.document.confirm([largest, smallest])
    view = opened.cluster_list
    view.clearSelection()
    view.setFixedHeight(800)
    QApplication.processEvents()
    shot, rows = view.viewport().grab().toImage(), (0, view.model().rowCount() - 1)
    numbers = view.fontMetrics().horizontalAdvance(f"{len(largest.members)}") + 12
    marks = []
    for row in rows:
        place = view.visualRect(view.model().index(row, 0))
        place.setRight(place.right() - numbers)
        place.setLeft(place.right() - 40)
        marks.append(shot.copy(place))
    assert marks[0] == marks[1]
