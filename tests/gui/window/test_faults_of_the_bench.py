"""Faults that were found in a day's work with the window, each driven as then."""

from pathlib import Path

import numpy as np
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.item_models import Role
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.gui.dialogs.preprocessing_dialog import PreprocessingDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import save_session
from tests.builders import made_lot
from tests.gui.gestures import LEFT


def test_a_class_has_one_colour_in_list_tree_and_bar(opened: MainWindow) -> None:
    document = opened.document
    assert document.partition is not None
    # A decision about images of two branches, and a new cluster beside it.
    first, second = document.partition.clusters[:2]
    document.merge([first, second])
    document.confirm([document.partition.clusters[0]])
    document.split_out(document.partition.clusters[1].members[:2])
    partition, scene = document.partition, opened.dendrogram._scene
    assert partition is not None
    assert scene is not None
    shown = {cluster.label: document.colour(cluster) for cluster in partition.clusters}
    assert len(set(shown.values())) == len(shown)
    for cluster in partition.clusters:
        row = opened.cluster_model.row_of_image(int(cluster.members[0]))
        assert opened.cluster_model.index(row).data(Role.COLOUR) == shown[cluster.label]
        if cluster.group is not None:
            band = scene.confirmed if cluster.group.confirmed else scene.held
            (ink,) = np.unique(band[cluster.members]).tolist()
            assert QColor.fromRgb(ink) == QColor(shown[cluster.label])
    # A branch has the colour of the cluster that most of its images are in.
    tops = np.unique(scene.tree.roots(document.clusters_at_cut))
    for top, ink in zip(tops.tolist(), scene.inks(tops).tolist(), strict=True):
        numbers = partition.cluster_of[scene.tree.members(top)]
        numbers = numbers[numbers >= 0]
        if len(numbers):
            cluster = partition.clusters[int(np.bincount(numbers).argmax())]
            assert COLOURS[ink] == shown[cluster.label]


def test_more_labels_move_nothing_on_the_classify_page(opened: MainWindow, qtbot: QtBot) -> None:
    opened.tabs.setCurrentWidget(opened.classify_panel)
    panel = opened.classify_panel
    qtbot.waitUntil(lambda: panel.width() > 0.5 * opened.width())
    place = panel.train_button.mapTo(opened, panel.train_button.rect().topLeft())
    panel.show_labels({f"a rather long name of a class, number {number}": 12 for number in range(9)})
    qtbot.wait(1)
    assert panel.train_button.mapTo(opened, panel.train_button.rect().topLeft()) == place
    assert "number 8 (12)" in panel.labels_text.toolTip()


def test_what_preprocessing_finds_is_shown_also_after_a_session_was_opened(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.open_path(made_lot(tmp_path / "lot", 6, (64, 64)))
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=30_000)
    assert window.document.project is not None
    save_session(tmp_path / "lot.dwb", window.document.project)
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(tmp_path / "lot.dwb")
    qtbot.waitUntil(lambda: not window.jobs.busy)
    window.actions_by_name["actionPrepare"].trigger()
    dialog = window.findChild(PreprocessingDialog)
    assert dialog is not None
    # No image has an info bar, so none is said to be left out.
    qtbot.waitUntil(lambda: dialog.summary_text.text().startswith("No info bar found"))
    assert "not analysed yet" in dialog._why.text()
    assert dialog.suggestion_button.text() == "Analyse images"
    qtbot.mouseClick(dialog.suggestion_button, LEFT)
    qtbot.waitUntil(lambda: "grey levels" in dialog._why.text(), timeout=30_000)
    assert dialog.suggestion_button.text() == "Use suggestion"
    dialog.reject()
