"""Grouping by the defect: the switch, the map over the image, and strangeness."""

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.gallery_sections import Choice, Order, sections_of
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.defect_maps import MapSource
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import part_of_sample
from tests.gui.conftest import Answers

LAST = len(GroupBy) - 1


@pytest.fixture
def few_opened(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with a few images of the sample set."""
    document = window.document
    with qtbot.waitSignal(
        document.opened, timeout=60_000, check_params_cb=lambda: document.project is not None
    ):
        window.open_path(part_of_sample(tmp_path / "few", 10))
    qtbot.waitUntil(lambda: not window.jobs.busy)
    return window


@pytest.mark.usefixtures("with_weights", "small_batches")
def test_switch_maps_the_defects_and_regroups_in_one_step(
    window: MainWindow, few_opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    document, panel, inspector = window.document, window.grouping, window.inspector
    assert document.project is not None
    assert document.project.maps is None
    window.choose_image(0)
    assert not inspector.map_toggle.isVisible()
    switch = panel.group_by
    with qtbot.waitSignal(document.grouping_changed, timeout=60_000):
        switch.setCurrentIndex(switch.findData("defect"))
    qtbot.waitUntil(lambda: not window.jobs.busy)
    project = window.document.project
    assert project is not None
    assert project.analysis.group_by.chosen is GroupBy.DEFECT
    assert project.maps is not None
    assert project.maps.source is MapSource.SELF
    assert panel.sliders["defect"].value() == panel.sliders["residual"].value() == 10
    assert panel.sliders["deep"].value() == 0
    assert "Strangeness" in inspector.fields
    assert "the image itself" in inspector.fields["Strangeness"].text()
    overlays = []
    for _ in range(3):
        overlays.append(inspector.image_view.has_overlay)
        inspector.map_toggle.click()
    assert overlays == [False, True, False]
    inspector.map_toggle.click()
    # The strangest images come first, in every cluster and among the clusters.
    sections, order = sections_of(document, Choice(Order.STRANGE))
    shown = project.maps.strangeness[order]
    for section in sections:
        within = shown[section.start : section.start + section.count]
        assert (np.diff(within) <= 0).all()
    heads = [shown[section.start] for section in sections if section.key is not None]
    assert heads == sorted(heads, reverse=True)
    # What is there already is only weighted differently.
    with qtbot.waitSignal(document.grouping_changed, timeout=20_000):
        switch.setCurrentIndex(switch.findData("both"))
    assert panel.sliders["deep"].value() == 10
    qtbot.waitUntil(lambda: not window.jobs.busy)
    for _ in range(2):
        window.actions_by_name["actionUndo"].trigger()
    assert switch.currentData() == "auto"
    assert not inspector.map_toggle.isVisible()
    assert answers.messages == []


def test_without_weights_the_reason_is_shown_and_the_switch_goes_back(
    window: MainWindow, few_opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    switch = window.grouping.group_by
    with qtbot.waitSignal(window.jobs.failed, timeout=20_000):
        switch.setCurrentIndex(LAST)
    assert "Mapping defects needs network weights" in answers.messages[0]
    assert switch.currentData() == "auto"
