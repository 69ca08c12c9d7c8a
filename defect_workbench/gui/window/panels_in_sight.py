"""Which panels Tab goes to."""

from __future__ import annotations

from PySide6.QtWidgets import QMainWindow, QWidget


def is_in_sight(window: QMainWindow, widget: QWidget) -> bool:
    """Whether the panel that a widget is in is shown, and not behind another one."""
    panel, around = widget, widget.parentWidget()
    while around is not None and around is not window and not panel.isWindow():
        panel, around = around, around.parentWidget()
    return not panel.visibleRegion().isEmpty()
