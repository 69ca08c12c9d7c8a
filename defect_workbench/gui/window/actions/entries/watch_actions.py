"""Watching the folder into which a tool writes."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import always

ENTRIES = (
    Action(
        "actionWatchFolder",
        "&Watch a folder…",
        "Classify new images in a folder, and report when a level rises",
        Group.REVIEW,
        lambda controllers: controllers.watching.choose(),
        always,
    ),
)
