"""Preprocessing, joined tables and comparisons."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import Action, Group
from defect_workbench.gui.window.actions.conditions import idle, with_columns, with_table

ENTRIES = (
    Action(
        "actionPrepare",
        "&Preprocess images…",
        "Set how info bar, noise, background and pixel size are handled",
        Group.DATA,
        lambda controllers: controllers.preprocessing.open_dialog(),
        idle,
    ),
    Action(
        "actionJoinTable",
        "Join &table…",
        "Join a CSV or XLSX file with one row per image",
        Group.DATA,
        lambda controllers: controllers.tables.choose_table(),
        idle,
        ("Ctrl+J",),
    ),
    Action(
        "actionAssociate",
        "Compare ta&ble or counts with clusters",
        "Show which columns of the table, and whether the found defects, are related to the clusters",
        Group.DATA,
        lambda controllers: controllers.tables.associate(),
        with_columns,
    ),
    Action(
        "actionDropTable",
        "Re&move table",
        "Remove the joined table",
        Group.DATA,
        lambda controllers: controllers.tables.remove(),
        with_table,
    ),
    Action(
        "actionCompareSession",
        "&Compare with session…",
        "Show where another session groups images differently",
        Group.COMPARE,
        lambda controllers: controllers.outputs.choose_session_to_compare(),
        idle,
    ),
    Action(
        "actionCompareFolders",
        "Compare with &labelled folders…",
        "Show where labelled folders differ from the clusters",
        Group.COMPARE,
        lambda controllers: controllers.outputs.choose_folders_to_compare(),
        idle,
    ),
)
