import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.item_models import Role
from defect_workbench.core.images.lengths import area_words, length_words, round_length, scale_bar
from defect_workbench.gui.window.actions.action_set import without_mnemonic
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT


def lightness(window: MainWindow) -> float:
    """Mean of the picture's middle."""
    view = window.inspector.image_view
    image = view.grab().toImage()
    spots = [QPoint(x, y) for x in range(60, view.width() - 60, 9) for y in range(60, view.height() - 60, 9)]
    return float(np.mean([image.pixelColor(spot).lightness() for spot in spots]))


def test_sliders_change_the_tone_and_a_double_click_sets_it_back(opened: MainWindow, qtbot: QtBot) -> None:
    opened.gallery.setCurrentIndex(opened.image_model.index(3))
    qtbot.waitUntil(lambda: opened.inspector.loaded)
    neutral = lightness(opened)
    slider = opened.inspector.tone.sliders["Brightness"]
    with qtbot.waitSignal(opened.originals.ready):
        slider.setValue(25)
    qtbot.waitUntil(lambda: lightness(opened) > neutral + 20)
    qtbot.mouseDClick(slider, LEFT)
    assert slider.value() == 0
    qtbot.waitUntil(lambda: abs(lightness(opened) - neutral) < 1)


def test_neighbours_are_shown_and_a_click_goes_there(opened: MainWindow, qtbot: QtBot) -> None:
    opened.gallery.setCurrentIndex(opened.image_model.index(3))
    strip = opened.inspector.neighbour_strip
    qtbot.waitUntil(lambda: len(strip.neighbours) > 0)
    nearest = strip.neighbours[0]
    qtbot.mouseClick(strip, LEFT, pos=strip.place(0).center())
    assert opened.inspector.image == nearest.image
    assert opened.review.chosen_images().tolist() == [nearest.image]


def test_the_blocks_that_speak_for_the_cluster_are_named(opened: MainWindow, qtbot: QtBot) -> None:
    partition = opened.document.partition
    assert partition is not None
    outlier = int(partition.outliers[0])
    for image in (int(partition.clusters[0].members[0]), outlier):
        opened.inspector.show_image(image)
        # A single block has a weight: a bar of 100% would say nothing.
        qtbot.waitUntil(lambda: "(Deep features only)" in opened.inspector.evidence_title.text())
    assert "Nearer to " in opened.inspector.evidence_title.text()
    assert not opened.inspector.evidence_bars.accessibleName()


def test_scale_bars_have_round_lengths_in_a_fitting_unit() -> None:
    assert [round_length(most) for most in (1, 1.9, 2, 4.99, 5, 99, 0.07)] == [1, 1, 2, 2, 5, 50, 0.05]
    assert [length_words(n) for n in (0.5, 200, 1000, 5e6)] == ["0.5 nm", "200 nm", "1 µm", "5 mm"]
    assert [area_words(n) for n in (0.5, 81234, 2e6, 3e12)] == ["0.5 nm²", "81,200 nm²", "2 µm²", "3 mm²"]
    assert [scale_bar(90, 2.5), scale_bar(90, None), scale_bar(0.9, None)] == [
        (80, "200 nm"),
        (50, "50 px"),
        None,
    ]


def test_notes_are_shown_kept_and_undone(opened: MainWindow, answers: Answers) -> None:
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    answers.text = "after the etch only"
    opened.actions_by_name["actionNote"].trigger()
    details = [section.detail for section in opened.image_model.sections]
    assert any("after the etch only" in detail for detail in details)
    assert without_mnemonic(opened.actions_by_name["actionUndo"].text()) == "Undo Note on cluster-02"
    opened.actions_by_name["actionUndo"].trigger()
    assert not any("etch" in section.detail for section in opened.image_model.sections)


def test_chosen_clusters_stay_chosen_while_they_change(opened: MainWindow) -> None:
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    (before,) = opened.cluster_list.chosen()
    opened.actions_by_name["actionConfirm"].trigger()
    opened.cluster_count.setValue(opened.cluster_count.value() + 3)
    (after,) = opened.cluster_list.chosen()
    assert set(after.members.tolist()) == set(before.members.tolist())
    assert opened.actions_by_name["actionRename"].isEnabled()


def test_gallery_is_filtered_by_what_is_known_of_the_images(opened: MainWindow, qtbot: QtBot) -> None:
    project = opened.document.project
    assert project is not None
    with qtbot.waitSignal(opened.gallery_bar.changed):
        opened.gallery_bar.text.setText("score>1")
    assert opened.image_model.rowCount() == int((project.analysis.outlier_scores > 1).sum())
    assert "score" in opened.gallery_bar.text.toolTip()


def test_larger_text_reaches_every_panel_and_is_remembered(opened: MainWindow) -> None:
    before = opened.cluster_list.fontMetrics().height(), opened.summary.fontMetrics().height()
    try:
        opened.set_text_size(150)
        after = opened.cluster_list.fontMetrics().height(), opened.summary.fontMetrics().height()
        assert all(new > old * 1.3 for new, old in zip(after, before, strict=True))
        assert opened.settings.text_size == 150
    finally:
        opened.set_text_size(100)
    assert QApplication.font().pointSizeF() > 0


def test_choosing_an_image_shows_it_in_the_inspector(opened: MainWindow, qtbot: QtBot) -> None:
    rect = opened.gallery.visualRect(opened.image_model.index(2))
    qtbot.mouseClick(opened.gallery.viewport(), LEFT, pos=rect.center())
    image = opened.image_model.index(2).data(Role.IMAGE)
    project = opened.document.project
    assert project is not None
    shown = " ".join(label.text().replace("\u200b", "") for label in opened.inspector.findChildren(QLabel))
    assert project.images.images[image].path in shown
    qtbot.waitUntil(lambda: opened.large_thumbnails.get(str(project.images.absolute(image))) is not None)


def test_wheel_zooms_the_inspected_picture_and_a_double_click_fits_it(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.gallery.setCurrentIndex(opened.image_model.index(0))
    picture = opened.inspector.image_view
    qtbot.waitUntil(lambda: picture.has_image)
    place = QPointF(picture.rect().center())
    wheel = QWheelEvent(
        place, place, QPoint(), QPoint(0, 360), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    picture.wheelEvent(wheel)
    assert picture.zoom > 1.5
    qtbot.mouseDClick(picture, LEFT)
    assert picture.zoom == 1


def test_bars_and_sliders_call_a_block_by_one_name(opened: MainWindow) -> None:
    from defect_workbench.engine.features.registry import BLOCKS
    from defect_workbench.gui.inspector.evidence_bars import EvidenceBars

    bars = EvidenceBars()
    bars.show_shares(dict.fromkeys(BLOCKS.names, 0.25))
    names = [part.rsplit(" ", 1)[0] for part in bars.accessibleName().split(", ")]
    assert names == [block.short_label for block in BLOCKS]
    assert all(block.label.startswith(block.short_label) for block in BLOCKS)
