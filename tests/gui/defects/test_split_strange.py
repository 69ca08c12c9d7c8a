"""Splitting clean from strange images: one step, at a movable threshold, confirmed clusters aside."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.strange_split import split_at, suggested_count
from defect_workbench.core.images.defect_maps import DefectMaps, MapSource
from defect_workbench.gui.dialogs.split_strange_dialog import SplitStrangeDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_lot
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT

COUNT = 24
STRANGE = [3, 8, 15, 20]


@pytest.fixture
def mapped(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with a lot in which four images are strange, and a cluster of its last six is confirmed."""
    document = window.document
    with qtbot.waitSignal(window.jobs.done, timeout=60_000):
        window.open_path(made_lot(tmp_path / "lot", COUNT))
    assert not window.actions_by_name["actionSplitStrange"].isEnabled()
    strangeness = np.linspace(1, 1.3, COUNT, dtype=np.float32)
    strangeness[STRANGE] = [6, 7, 8, 9]
    maps = DefectMaps(MapSource.SELF, np.zeros((COUNT, 4, 4), np.uint8), strangeness)
    opened = document._opened
    assert opened is not None
    document.show(replace(opened, project=replace(opened.project, maps=maps)))
    document.split_out(np.arange(18, COUNT))
    assert document.partition is not None
    (held,) = [c for c in document.partition.clusters if c.group is not None]
    document.rename(held, "clean")
    (held,) = [c for c in document.partition.clusters if c.group is not None]
    document.confirm([held])
    return window


def groups(window: MainWindow) -> dict[str, set[int]]:
    """The members of each cluster that has a name."""
    assert window.document.partition is not None
    clusters = window.document.partition.clusters
    return {c.label: set(c.members.tolist()) for c in clusters if c.group is not None and c.group.name}


def shown_dialog(window: MainWindow) -> SplitStrangeDialog:
    window.actions_by_name["actionSplitStrange"].trigger()
    (dialog,) = window.findChildren(SplitStrangeDialog)
    return dialog


def test_the_lot_is_split_in_one_step_and_confirmed_clusters_stay(
    mapped: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    before, steps = groups(mapped), mapped.document.undo_stack.count()
    dialog = shown_dialog(mapped)
    assert dialog.objectName() == "splitStrangeDialog"
    # Image 20 is as strange as the others, but in a confirmed cluster.
    assert dialog.summary_text.text().startswith("3 strange, 15 clean; 6 images stay")
    qtbot.mouseClick(dialog.ok_button, LEFT)
    after = groups(mapped)
    assert after["strange"] == {3, 8, 15}
    assert after["clean 2"] == set(range(18)) - {3, 8, 15}
    assert after["clean"] == before["clean"] == set(range(18, COUNT))
    assert mapped.document.undo_stack.count() == steps + 1
    mapped.actions_by_name["actionUndo"].trigger()
    assert groups(mapped) == before
    assert answers.messages == []


def test_threshold_and_slider_move_each_other(mapped: MainWindow, qtbot: QtBot) -> None:
    dialog = shown_dialog(mapped)
    assert dialog.count.value() == 3
    dialog.threshold.setValue(7.5)
    assert dialog.count.value() == 1
    order = dialog.model.order
    assert order[0] == 15
    assert list(order[1:3]) == [8, 3]
    dialog.count.setValue(2)
    assert 6 < dialog.threshold.value() < 7.01
    for extreme in (0, dialog.count.maximum()):
        dialog.count.setValue(extreme)
        assert not dialog.ok_button.isEnabled()
    with qtbot.assertNotEmitted(dialog.applied):
        dialog.reject()


def test_without_maps_nothing_is_split(mapped: MainWindow) -> None:
    project = mapped.document.project
    assert project is not None
    split = split_at(replace(project, maps=None), 0.0)
    assert (split.possible, split.kept) == (False, COUNT)


@pytest.mark.parametrize("values", [[], [2.0], [2.0, 2.0, 2.0]])
def test_without_two_distinct_values_nothing_is_called_strange(values: list[float]) -> None:
    assert suggested_count(np.array(values)) == 0
