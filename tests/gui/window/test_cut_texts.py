"""What was hidden, cut or missing where there is little room."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.gui.application import make_application
from defect_workbench.gui.gallery.candidate_card import CandidateCard
from defect_workbench.gui.shared.theme import apply_text_size
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.decisions.conftest import confirmed


def test_the_last_row_can_be_scrolled_out_from_under_a_notice(opened: MainWindow, qtbot: QtBot) -> None:
    gallery, bar = opened.gallery, opened.gallery.verticalScrollBar()
    opened.size_slider.setValue(opened.size_slider.maximum())
    bar.setValue(30)
    row = opened.image_model.rowCount() - 1
    first = gallery.visualRect(opened.image_model.index(0))
    opened.notice.notify("40 images added.")
    assert gallery.visualRect(opened.image_model.index(0)) == first
    qtbot.keyClick(gallery, Qt.Key.Key_End)
    bar.setValue(bar.maximum())
    last = gallery.visualRect(opened.image_model.index(row))
    bottom = gallery.viewport().mapTo(opened, last.bottomLeft()).y()
    assert bottom < opened.notice.mapTo(opened, opened.notice.rect().topLeft()).y()
    height = gallery.viewport().height()
    opened.notice.buttons[1].click()
    assert gallery.viewport().height() > height


def test_captions_of_twelve_images_have_two_lines_where_one_is_too_short(
    opened: MainWindow, qtbot: QtBot
) -> None:
    apply_text_size(make_application(), 150)
    table, partition = opened.light_table, opened.document.partition
    assert partition is not None
    opened.document.tag(partition.clusters[0].members, ["second shift"])
    opened.look_at(partition.clusters[0].members.tolist(), "cluster-01")
    table.at_a_time.setCurrentIndex(table.at_a_time.findData(12))
    qtbot.waitUntil(lambda: table.panes[11].width() < 400)
    pane = table.panes[1]
    assert pane.lines_needed == 2
    assert len(pane.shown_lines) == 2
    assert " ".join(pane.shown_lines).replace(" ·", "").split() == pane.words.replace(" ·", "").split()
    # Both lines lie below the image.
    below = pane.height() - pane.view.geometry().bottom()
    assert below > 2 * pane.fontMetrics().height()
    assert len({each.view.height() for each in table.panes[:4]}) == 1
    table.at_a_time.setCurrentIndex(table.at_a_time.findData(1))
    qtbot.waitUntil(lambda: table.panes[0].width() > 600)
    assert len(table.panes[0].shown_lines) == 1
    apply_text_size(make_application(), 100)


def test_the_smallest_card_of_the_queue_shows_images(opened: MainWindow, qtbot: QtBot) -> None:
    project, partition = opened.document.project, opened.document.partition
    assert project is not None
    assert partition is not None
    cluster = partition.clusters[0]
    card = CandidateCard(1, opened.thumbnails)
    qtbot.addWidget(card)
    card.show_cluster(cluster, project.images, NEUTRAL, 0.31)
    paths = [str(project.images.absolute(int(image))) for image in cluster.members[:3]]
    qtbot.waitUntil(lambda: all(opened.thumbnails.get(path) is not None for path in paths))
    for text_size in (100, 150):
        apply_text_size(make_application(), text_size)
        card.resize(card.minimumSizeHint())
        shot = card.grab().toImage()
        below = range(card.fontMetrics().height() + 16, shot.height() - 8)
        greys = [shot.pixelColor(x, y).lightness() for y in below for x in range(8, shot.width() - 8)]
        # The images are noise; a card without them has one shade there, and that of the text.
        assert np.std(greys) > 30
    apply_text_size(make_application(), 100)


def test_train_says_what_is_missing(opened: MainWindow) -> None:
    panel = opened.classify_panel
    assert not panel.train_button.isEnabled()
    assert "this session has none" in panel.train_button.toolTip()
    panel.folder.setText("/somewhere")
    assert panel.train_button.isEnabled()
    assert not panel.train_button.toolTip()
    panel.folder.clear()
    assert opened.document.partition is not None
    for name in ("pit", "ring"):
        assert not panel.train_button.isEnabled()
        number = 0 if name == "pit" else 1
        opened.document.rename(opened.document.partition.clusters[number], name)
        opened.document.confirm([opened.document.partition.clusters[number]])
    assert panel.train_button.isEnabled()
    panel.use_confirmed.setChecked(False)
    assert not panel.train_button.isEnabled()
    assert "Choose labelled folders" in panel.train_button.toolTip()


@pytest.mark.parametrize("text_size", [100, 150])
def test_words_about_a_tree_in_two_levels_are_whole(opened: MainWindow, qtbot: QtBot, text_size: int) -> None:
    apply_text_size(make_application(), text_size)
    found = opened.document._opened
    assert found is not None
    tree = found.project.analysis.tree
    assert tree is not None
    analysis = replace(found.project.analysis, result=replace(tree, micro_clusters=20_000))
    opened.document.show(replace(found, project=replace(found.project, analysis=analysis)))
    words = opened.grouping.why
    assert "20,000 micro-clusters" in words.text()
    opened.docks[3].raise_()
    qtbot.waitUntil(words.isVisible)
    assert words.height() >= words.heightForWidth(words.width())
    # The status bar may be too narrow for all; the tooltip has it.
    assert "20,000 micro-clusters" in opened.summary.toolTip()
    apply_text_size(make_application(), 100)


def test_one_count_of_clusters_and_the_cut_counts_branches(opened: MainWindow) -> None:
    confirmed(opened, 1)
    partition, cut = opened.document.partition, opened.document.clusters_at_cut
    assert partition is not None
    text = opened.summary.text()
    assert text.count("cluster") == 1
    assert f"{len(partition.clusters)} clusters" in text
    assert f"cut into {cut} branches" in text
    assert "branches" in opened.cluster_count.toolTip()
