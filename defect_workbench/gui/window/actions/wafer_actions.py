"""Where defects lie on their wafers."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import with_project
from defect_workbench.gui.window.pages.wafer_wiring import go_to_wafers

ENTRIES = (
    Action(
        "actionWafer",
        "W&afer",
        "Show where the defects lie on their wafers",
        Group.PAGES,
        lambda controllers: go_to_wafers(controllers.window),
        with_project,
        ("Ctrl+Shift+W",),
    ),
)
