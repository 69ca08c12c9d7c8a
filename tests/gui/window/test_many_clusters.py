"""More clusters than a handful: each can be found again by its colour and by its number."""

from pathlib import Path

import numpy as np
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.item_models import Role
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.gui.map.point_colours import colours_by_cluster
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import save_session
from tests.builders import made_project


def test_the_thirteenth_cluster_has_its_own_colour_everywhere(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    save_session(tmp_path / "many.dwb", made_project(tmp_path / "many", (4,) * 20))
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(tmp_path / "many.dwb")
    opened = window
    opened.cluster_count.setValue(20)
    partition, scene = opened.document.partition, opened.dendrogram._scene
    assert partition is not None
    assert scene is not None
    assert len(partition.clusters) == 20
    rows = [opened.cluster_model.row_of_image(int(c.members[0])) for c in partition.clusters]
    listed = [opened.cluster_model.index(row).data(Role.COLOUR) for row in rows]
    assert len(set(listed)) == len(partition.clusters)
    tops = scene.tree.roots(20)[[c.members[0] for c in partition.clusters]]
    assert [COLOURS[ink] for ink in scene.inks(tops).tolist()] == listed
    points = colours_by_cluster(opened.document)
    assert [QColor.fromRgb(int(points[c.members[0]])).name().upper() for c in partition.clusters] == listed


def test_a_cluster_keeps_its_number_in_the_list_while_images_move(opened: MainWindow, qtbot: QtBot) -> None:
    document = opened.document
    assert document.partition is not None
    first, second = document.partition.clusters[:2]
    sizes = {c.label: len(c.members) for c in document.partition.clusters}
    moved = len(first.members) - 2
    document.move(np.asarray(first.members[2:]), second)

    def listed() -> dict[str, int]:
        model = opened.cluster_model
        indices = [model.index(row) for row in range(model.rowCount())]
        return {str(index.data()): len(index.data(Role.CLUSTER).members) for index in indices}

    sizes[first.label] -= moved
    sizes[second.label] += moved
    assert listed() == sizes
    opened.actions_by_name["actionSortAgain"].trigger()
    assert listed() == sizes
    opened.actions_by_name["actionUndo"].trigger()
    assert listed()[first.label] == len(first.members)
