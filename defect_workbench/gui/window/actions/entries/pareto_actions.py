"""The Pareto chart as a picture or a file."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import with_pareto

ENTRIES = (
    Action(
        "actionCopyPareto",
        "Cop&y Pareto chart",
        "Copy the Pareto chart as it is shown, and its values as a table",
        Group.PARETO,
        lambda controllers: controllers.window.pareto.copy(),
        with_pareto,
    ),
    Action(
        "actionSavePareto",
        "Save &Pareto chart…",
        "Save the Pareto chart as SVG, PNG, CSV or PowerPoint",
        Group.PARETO,
        lambda controllers: controllers.window.pareto.choose_file(),
        with_pareto,
    ),
)
