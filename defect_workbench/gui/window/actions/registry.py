"""The actions, in the order of the menus within each group."""

from __future__ import annotations

from defect_workbench.core.registry import Registry
from defect_workbench.gui.window.actions import (
    data_actions,
    edit_actions,
    file_actions,
    help_actions,
    image_actions,
)
from defect_workbench.gui.window.actions.action import Action

ACTIONS: Registry[Action] = Registry(
    "action",
    (
        *file_actions.ENTRIES,
        *data_actions.ENTRIES,
        *edit_actions.ENTRIES,
        *image_actions.ENTRIES,
        *help_actions.ENTRIES,
    ),
)
