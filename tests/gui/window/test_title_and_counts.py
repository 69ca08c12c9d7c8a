"""What the window says about itself: what is being opened, how much there is, how long it takes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.runner import Progress
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.gui.shared.banners import describe
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_lot


def test_the_title_names_the_folder_while_it_is_opened(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    lot = made_lot(tmp_path / "lot", 14, (64, 64))
    with qtbot.waitSignal(window.jobs.cancelled, timeout=30_000):
        with qtbot.waitSignal(window.jobs.partial, timeout=30_000):
            window.open_path(lot)
        assert window.windowTitle() == "Opening lot… — Defect Workbench"
        assert "being compared" in window.image_model.sections[0].detail
        window.jobs.cancel()
    assert window.windowTitle() == "Defect Workbench"
    assert "not compared yet" in window.image_model.sections[0].detail
    with qtbot.waitSignal(window.document.opened, timeout=30_000):
        window.open_path(lot)
    assert window.windowTitle() == "lot[*] — Defect Workbench"


def test_a_folder_that_cannot_be_opened_leaves_the_title(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    title = opened.windowTitle()
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        opened.open_path(tmp_path / "empty")
        assert opened.windowTitle() == f"Opening empty… — {title}"
    assert opened.windowTitle() == title


def test_one_count_of_outliers_and_one_of_proposals(opened: MainWindow) -> None:
    found = opened.document._opened
    assert found is not None
    count = len(found.project.images)
    unreviewed = np.zeros(count, bool)
    unreviewed[5:9] = True
    unknown = np.zeros(count, bool)
    unknown[:2] = True
    proposal = replace(
        Proposal.none(count),
        labels=("crater",) * count,
        probability=np.full(count, 0.6, np.float32),
        unknown=unknown,
        unreviewed=unreviewed,
    )
    opened.document.show(replace(found, project=replace(found.project, proposal=proposal)))
    partition = opened.document.partition
    assert partition is not None
    outliers, unsure = len(partition.outliers), len(proposal.unsure(partition))
    assert outliers >= 2
    assert unsure > 0
    assert f"{outliers} outliers  ·  {unsure} unsure proposals" in opened.summary.text()
    assert opened.outlier_dock.windowTitle() == f"Outliers · {outliers}   Unsure proposals · {unsure}"
    assert opened.outlier_queue.counter.text() == f"1 of {outliers + unsure} left"


def test_the_cut_is_not_called_a_number_of_clusters(opened: MainWindow) -> None:
    partition = opened.document.partition
    assert partition is not None
    opened.document.split_out(partition.clusters[0].members[:1])
    opened.document.split_out(partition.clusters[0].members[:2])
    text, partition = opened.summary.text(), opened.document.partition
    assert partition is not None
    assert f"{len(partition.clusters)} clusters" in text
    assert f"cut into {opened.document.clusters_at_cut} branches at" in text


def test_the_time_left_says_of_what_it_is() -> None:
    words = describe(Progress("Computing features", 120, 1360, 12.0, 103.4))
    assert words == "Computing features  ·  120 of 1,360  ·  12/s  ·  1:43 left in this step"
