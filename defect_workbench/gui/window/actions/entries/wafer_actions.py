"""Where defects lie on their wafers."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import with_project

ENTRIES = (
    Action(
        "actionWafer",
        "W&afer",
        "Show where the defects lie on their wafers",
        Group.PAGES,
        lambda controllers: controllers.window.show_wafers(),
        with_project,
        ("Ctrl+Shift+W",),
    ),
)
