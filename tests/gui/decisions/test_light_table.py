"""The light table: opened by Enter, sorted by fixed keys, in an order that holds still."""

from threading import Event

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.class_keys import class_keys
from defect_workbench.app.jobs.runner import JobReporter
from defect_workbench.core.project.class_library import KEYS, ClassLibrary
from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.gui.light_table.light_table import LightTable
from defect_workbench.gui.light_table.pane_grid import SHAPES
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT


def partition_of(window: MainWindow) -> Partition:
    assert window.document.partition is not None
    return window.document.partition


def cluster_of(window: MainWindow, image: int) -> Cluster | None:
    number = int(partition_of(window).cluster_of[image])
    return partition_of(window).clusters[number] if number >= 0 else None


def with_image(window: MainWindow, image: int) -> set[int]:
    """The images of the cluster that an image is in."""
    cluster = cluster_of(window, image)
    assert cluster is not None
    return set(cluster.members.tolist())


@pytest.fixture
def table(opened: MainWindow, qtbot: QtBot) -> LightTable:
    """The light table with the largest cluster, opened by Enter on its second image."""
    first = partition_of(opened).clusters[0]
    opened.choose_image(int(first.members[1]))
    opened.gallery.setFocus()
    qtbot.keyClick(opened.gallery, Qt.Key.Key_Return)
    assert opened.at_light_table
    assert opened.light_table.images == tuple(first.members.tolist())
    assert opened.light_table.image == first.members[1]
    return opened.light_table


def test_enter_opens_the_cluster_and_escape_goes_back_to_the_image(
    table: LightTable, opened: MainWindow, qtbot: QtBot
) -> None:
    assert not any(dock.isVisible() for dock in opened.docks)
    qtbot.waitUntil(lambda: table.panes[0].view.has_image)
    qtbot.keyClick(table, Qt.Key.Key_Right)
    image = table.image
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert not opened.at_light_table
    assert all(dock.isVisible() for dock in (opened.docks[0], opened.outlier_dock))
    assert opened.review.chosen_images().tolist() == [image]


def test_a_key_classifies_the_image_shows_the_next_one_and_can_be_undone(
    table: LightTable, opened: MainWindow, qtbot: QtBot
) -> None:
    order, image = table.images, table.image
    assert image is not None
    other = next(k for k in table.keys if image not in k.members.tolist())
    qtbot.keyClick(table, other.key)
    moved = cluster_of(opened, image)
    assert moved is not None
    assert set(other.members.tolist()) < set(moved.members.tolist())
    # The order holds still, and every class keeps its key.
    assert table.images == order
    assert table.image == order[2]
    assert other.cluster(partition_of(opened)) is moved
    qtbot.keyClick(table, "X")
    nuisance = cluster_of(opened, order[2])
    assert nuisance is not None
    assert nuisance.group is not None
    assert nuisance.group.nuisance
    for place in (2, 1):
        qtbot.keyClick(table, "U")
        assert table.image == order[place]
    assert with_image(opened, image) == set(order)
    assert not opened.document.dirty


def test_its_own_key_agrees_and_new_clusters_and_confirming_work(
    table: LightTable, opened: MainWindow, qtbot: QtBot
) -> None:
    order = table.images
    own = next(k for k in table.keys if order[1] in k.members.tolist())
    qtbot.keyClick(table, own.key)
    assert opened.document.undo_stack.count() == 0
    assert table.image == order[2]
    qtbot.keyClick(table, "N")
    new = cluster_of(opened, order[2])
    assert new is not None
    assert new.members.tolist() == [order[2]]
    qtbot.keyClick(table, Qt.Key.Key_Home)
    qtbot.keyClick(table, "C")
    confirmed = cluster_of(opened, order[0])
    assert confirmed is not None
    assert confirmed.group is not None
    assert confirmed.group.confirmed


def test_a_confirmed_cluster_is_asked_about_and_the_image_stays_in_sight(
    table: LightTable, opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    qtbot.keyClick(table, "C")
    image, other = table.image, next(k for k in table.keys if table.image not in k.members.tolist())
    answers.agree = False
    qtbot.keyClick(table, other.key)
    assert len(answers.questions) == 1
    assert table.image == image


def test_several_images_are_zoomed_together_and_turn_over_as_a_page(
    table: LightTable, opened: MainWindow, qtbot: QtBot
) -> None:
    table.at_a_time.setCurrentIndex(list(SHAPES).index(4))
    assert len(table.panes) == 4
    assert [pane.image for pane in table.panes] == list(table.images[:4])
    qtbot.waitUntil(lambda: all(pane.view.has_image for pane in table.panes))
    view = table.panes[2].view
    middle = QPointF(view.rect().center())
    QApplication.sendEvent(
        view,
        QWheelEvent(
            middle, QPointF(view.mapToGlobal(view.rect().center())), QPoint(), QPoint(0, 240),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        ),
    )  # fmt: skip
    assert len({pane.view.zoom for pane in table.panes}) == 1
    assert view.zoom > 1.5
    # Neither a click nor a decision on the same page changes what is looked at.
    qtbot.mousePress(view, LEFT, pos=view.rect().center())
    qtbot.mouseMove(view, view.rect().center() + QPoint(40, 10))
    qtbot.mouseRelease(view, LEFT, pos=view.rect().center() + QPoint(40, 10))
    qtbot.mouseClick(table.panes[1].view, LEFT)
    assert table.image == table.images[1]
    qtbot.keyClick(table, "X")
    qtbot.keyClick(table, "U")
    assert len({pane.view.zoom for pane in table.panes}) == 1
    assert view.zoom > 1.5
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert table.panes[0].image == table.images[4]
    assert table.panes[0].view.zoom == 1


def test_what_is_selected_is_shown_and_other_letters_do_nothing(opened: MainWindow, qtbot: QtBot) -> None:
    chosen = [int(cluster.members[0]) for cluster in partition_of(opened).clusters[:2]]
    opened.choose_images(chosen)
    opened.activateWindow()
    qtbot.keyClick(opened.gallery, "L")
    table = opened.light_table
    assert set(table.images) == set(chosen)
    assert table.heading.text().startswith("2 selected images")
    # M would merge, and R refine, the clusters that are selected in the list behind.
    opened.cluster_list.selectAll()
    for letter in "MRT":
        qtbot.keyClick(table, letter)
    assert opened.document.undo_stack.count() == 0
    opened.close_light_table()
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1, 0))
    opened.cluster_list.activated.emit(opened.cluster_list.currentIndex())
    assert table.images == tuple(partition_of(opened).clusters[1].members.tolist())


def test_keys_are_unique_and_leave_out_nuisances_and_letters_with_a_meaning(opened: MainWindow) -> None:
    assert len(set(KEYS)) == len(KEYS)
    assert not set("CNOQUX") & set(KEYS)
    clusters = partition_of(opened).clusters
    opened.document.rename(clusters[-1], "Abrasion")
    opened.document.nuisance(clusters[0].members)
    keys = class_keys(partition_of(opened), ClassLibrary())
    labels = [c.label for key in keys if (c := key.cluster(partition_of(opened)))]
    assert labels[0] == "Abrasion"
    assert "nuisance" not in labels


def test_a_key_keeps_its_class_when_most_of_its_images_go(
    table: LightTable, opened: MainWindow, qtbot: QtBot
) -> None:
    first = partition_of(opened).clusters[0]
    own = next(k.key for k in table.keys if k.cluster_key == first.key)
    other = next(k.key for k in table.keys if k.key != own)
    qtbot.keyClick(table, Qt.Key.Key_Home)
    for _ in range(len(table.images) - 2):
        qtbot.keyClick(table, other)
    last = table.images[-1]
    kept = cluster_of(opened, last)
    steps = opened.document.undo_stack.count()
    qtbot.keyClick(table, Qt.Key.Key_End)
    qtbot.keyClick(table, own)
    assert cluster_of(opened, last) == kept
    assert opened.document.undo_stack.count() == steps
    # A new cluster gets a key of its own.
    qtbot.keyClick(table, "N")
    new = cluster_of(opened, last)
    assert new is not None
    assert [k.key for k in table.keys if k.cluster_key == new.key]


def test_undo_stays_within_the_table_and_returns_to_each_step(opened: MainWindow, qtbot: QtBot) -> None:
    document = opened.document
    document.rename(partition_of(opened).clusters[1], "before")
    first = partition_of(opened).clusters[0]
    opened.choose_image(int(first.members[0]))
    opened.open_light_table()
    table = opened.light_table
    other = next(k.key for k in table.keys if k.cluster_key != first.key)
    qtbot.keyClick(table, other)
    qtbot.keyClick(table, "C")
    place = table.image
    qtbot.keyClick(table, "U")
    assert table.image == place
    qtbot.keyClick(table, "U")
    assert table.image == table.images[0]
    for _ in range(3):
        qtbot.keyClick(table, "U")
    assert any(cluster.label == "before" for cluster in partition_of(opened).clusters)


def test_escape_closes_it_while_a_job_runs_and_another_project_empties_it(
    table: LightTable, opened: MainWindow, qtbot: QtBot
) -> None:
    started, release = Event(), Event()

    def work(reporter: JobReporter) -> None:
        started.set()
        while not release.wait(0.01):
            reporter.check()

    opened.activateWindow()
    table.setFocus()
    with qtbot.waitSignal(opened.jobs.done, timeout=10_000):
        opened.jobs.run(work)
        qtbot.waitUntil(started.is_set)
        qtbot.keyClick(table, Qt.Key.Key_Escape)
        assert not opened.at_light_table
        assert opened.jobs.busy
        release.set()
    assert table.images == ()
    opened.choose_images([0, 1, 2])
    opened.open_light_table()
    found = opened.document._opened
    assert found is not None
    opened.document.show(found)
    assert not opened.at_light_table
    assert table.images == ()
    assert opened.inspector.image is None
