"""Help."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import always

ENTRIES = (
    Action(
        "actionKeys",
        "&Keyboard shortcuts",
        "List the keyboard shortcuts",
        Group.HELP,
        lambda controllers: controllers.help.show_keys(),
        always,
        ("F1",),
    ),
    Action(
        "actionBugReport",
        "&Copy details for a bug report",
        "Copy versions and the last lines of the log",
        Group.HELP,
        lambda controllers: controllers.help.copy_bug_report(),
        always,
    ),
)
