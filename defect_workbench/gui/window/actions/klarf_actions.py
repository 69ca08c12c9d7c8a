"""Inspection files: opening them, and writing classes back."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import always, inspected

ENTRIES = (
    Action(
        "actionOpenKlarf",
        "&Open file…",
        "Open the images that an inspection file (KLARF) names, with wafer, die and class",
        Group.KLARF,
        lambda controllers: controllers.klarf.choose_file(),
        always,
    ),
    Action(
        "actionOpenKlarfFolder",
        "Open &folder…",
        "Open the images of all inspection files in a folder as one set",
        Group.KLARF,
        lambda controllers: controllers.klarf.choose_folder(),
        always,
    ),
    Action(
        "actionExportKlarf",
        "&Write classes…",
        "Write the confirmed classes to a new inspection file; nothing else differs from the one opened",
        Group.KLARF,
        lambda controllers: controllers.klarf.choose_export(),
        inspected,
    ),
)
