"""Reasons say what an engineer understands; their figures are in tooltips."""

import re
from dataclasses import replace

from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.text import counted
from defect_workbench.gui.window.main_window import MainWindow

DECIMALS = re.compile(r"\d\.\d\d")


def test_the_reason_for_the_weights_has_its_figures_in_the_tooltip(opened: MainWindow) -> None:
    found = opened.document._opened
    assert found is not None
    weights = BlockWeights({"deep": 1.0}, "only deep features: shapes vary (agreement 0.31, texture 0.30)")
    analysis = replace(found.project.analysis, weights=weights)
    opened.document.show(replace(found, project=replace(found.project, analysis=analysis)))
    why = opened.grouping.why
    assert why.text().startswith("Only deep features: shapes vary.")
    assert why.toolTip().startswith("Only deep features: shapes vary (agreement 0.31, texture 0.30).")


def test_suggested_cuts_are_listed(opened: MainWindow, qtbot: QtBot) -> None:
    assert opened.document.project is not None
    best = opened.document.project.analysis.suggestions[0]
    cuts = next(a.menu() for a in opened.menuBar().actions() if a.text() == "&Cut")
    assert isinstance(cuts, QMenu)
    (entry,) = [a for a in cuts.actions() if a.text().startswith(counted(best.clusters, "branch"))]
    assert "farther apart than the last one; the clusters" in entry.text()
    assert not DECIMALS.search(entry.text())
    assert "silhouette" in entry.toolTip()
    assert cuts.toolTipsVisible()
