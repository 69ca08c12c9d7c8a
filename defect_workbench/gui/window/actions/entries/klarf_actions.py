"""Inspection files: opening and adding them, and writing classes back."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import always, idle, inspected

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
        "actionAddKlarf",
        "&Add file…",
        "Add the images of an inspection file: match them to confirmed clusters, cluster the rest",
        Group.KLARF,
        lambda controllers: controllers.klarf.choose_file_to_add(),
        idle,
    ),
    Action(
        "actionExportKlarf",
        "&Write classes…",
        "Write the confirmed classes to a new inspection file; nothing else is changed",
        Group.KLARF,
        lambda controllers: controllers.klarf.choose_export(),
        inspected,
    ),
)
