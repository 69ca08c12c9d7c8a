"""Labels that are probably wrong, decided on the light table."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.decisions import Partition
from defect_workbench.gui.classifier.evaluation_tabs import LABELS, EvaluationTabs
from defect_workbench.gui.light_table.light_table import LightTable
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.conftest import Answers

# The doubtful images of the fixture, and what is suggested for them.
FIRST, SECOND = 2, 4


def partition_of(window: MainWindow) -> Partition:
    assert window.document.partition is not None
    return window.document.partition


def label(window: MainWindow, image: int) -> str:
    partition = partition_of(window)
    return partition.clusters[int(partition.cluster_of[image])].label


def names(window: MainWindow) -> None:
    """Give the clusters the names of the labels: the images with a label are in the first one."""
    for number, name in enumerate(("lines", "particles", "specks")):
        window.document.rename(partition_of(window).clusters[number], name)
    window.document.move(partition_of(window).clusters[0].members[5:], partition_of(window).clusters[2])


@pytest.fixture
def table(opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot) -> LightTable:
    """The light table with the two labels to check, opened by Enter."""
    names(opened)
    evaluated.setCurrentIndex(LABELS)
    lines = evaluated.labels.list
    lines.setFocus()
    lines.selectRow(0)
    qtbot.keyClick(lines, Qt.Key.Key_Return)
    assert opened.light_table.images == (FIRST, SECOND)
    return opened.light_table


def test_the_light_table_shows_the_suggestion_and_enter_accepts_it(
    table: LightTable, opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot
) -> None:
    assert label(opened, FIRST) == "lines"
    assert table.panes[0].words.startswith("lines  →  particles? (Enter)")
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert label(opened, FIRST) == "particles"
    assert table.image == SECOND
    assert evaluated.tabText(LABELS) == "Labels to check (1)"
    assert "1 settled" in evaluated.labels.heading.text()
    # Undone, it is to be checked again.
    qtbot.keyClick(table, "U")
    assert label(opened, FIRST) == "lines"
    assert table.panes[0].words.startswith("lines  →  particles? (Enter)")
    assert evaluated.tabText(LABELS) == "Labels to check (2)"


def test_the_key_of_its_own_class_keeps_the_label(
    table: LightTable, opened: MainWindow, evaluated: EvaluationTabs, qtbot: QtBot
) -> None:
    steps = opened.document.undo_stack.count()
    own = next(key.key for key in table.keys if FIRST in key.members.tolist())
    qtbot.keyClick(table, own)
    assert opened.document.undo_stack.count() == steps
    assert table.image == SECOND
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.keyClick(table, Qt.Key.Key_Home)
    assert "→" not in table.panes[0].words
    # Enter now has nothing to accept and goes back.
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert not opened.at_light_table
    assert evaluated.tabText(LABELS) == "Labels to check"
    assert "All labels to check are settled: 2." in evaluated.labels.heading.text()
    assert evaluated.labels.list.isHidden()


def test_a_confirmed_cluster_is_asked_about_and_a_refusal_leaves_the_doubt(
    opened: MainWindow, table: LightTable, evaluated: EvaluationTabs, answers: Answers, qtbot: QtBot
) -> None:
    opened.document.confirm([partition_of(opened).clusters[int(partition_of(opened).cluster_of[FIRST])]])
    answers.agree = False
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert len(answers.questions) == 1
    assert table.image == FIRST
    assert evaluated.tabText(LABELS) == "Labels to check (2)"


def test_enter_asks_once_about_confirmed_clusters_and_goes_on_after_an_answer_that_comes_later(
    opened: MainWindow,
    table: LightTable,
    evaluated: EvaluationTabs,
    answers: Answers,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    """As message boxes do: the question is answered when the key was handled long ago."""
    later: list[Callable[[bool], None]] = []
    monkeypatch.setattr(answers, "ask", lambda title, text, yes, done: later.append(done))
    opened.document.confirm(partition_of(opened).clusters)
    before = label(opened, SECOND)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert (len(later), table.image) == (1, FIRST)
    later[0](True)
    assert label(opened, FIRST) == "particles"
    assert table.image == SECOND
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert label(opened, SECOND) != before
    assert len(later) == 1
    # Another key of the table changes a confirmed cluster only after a question.
    qtbot.keyClick(table, "X")
    assert len(later) == 2


def test_enter_on_a_settled_image_shows_the_next_one_to_check(
    table: LightTable, opened: MainWindow, qtbot: QtBot
) -> None:
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.keyClick(table, Qt.Key.Key_Home)
    assert table.image == FIRST
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert opened.at_light_table
    assert table.image == SECOND


def test_another_name_of_its_cluster_settles_nothing(
    opened: MainWindow, table: LightTable, evaluated: EvaluationTabs
) -> None:
    opened.document.rename(partition_of(opened).clusters[int(partition_of(opened).cluster_of[FIRST])], "bars")
    assert evaluated.tabText(LABELS) == "Labels to check (2)"
    assert table.panes[0].words.startswith("bars  →  particles?")
