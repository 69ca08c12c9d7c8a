"""The actions, in the order of the menus within each group. Add a new module of `entries` to this list."""

from __future__ import annotations

from importlib import import_module

from defect_workbench.core.registry import Registry
from defect_workbench.gui.window.actions.action import Action

_MODULES = (
    "file_actions",
    "klarf_actions",
    "data_actions",
    "edit_actions",
    "image_actions",
    "map_actions",
    "wafer_actions",
    "box_actions",
    "pareto_actions",
    "watch_actions",
    "help_actions",
)

ACTIONS: Registry[Action] = Registry(
    "action", (entry for name in _MODULES for entry in import_module(f"{__package__}.entries.{name}").ENTRIES)
)
