"""What a screen reader can read of a window."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)

# What these hold is no name: the choice of a box says not what is chosen.
_FIELDS = (
    QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit,
)  # fmt: skip


def nameless(window: QWidget) -> list[str]:
    """The widgets of a window that can be used but have no name a screen reader could read."""
    buddies = {label.buddy() for label in window.findChildren(QLabel) if label.buddy() is not None}
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisibleTo(window) or _is_part(widget):
            continue
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus and not isinstance(widget, QAbstractButton):
            continue
        if not _is_name(_name(widget, named_by_label=widget in buddies)):
            found.append(f"{type(widget).__name__} “{widget.objectName()}” in {_place(widget)}")
    return found


def _is_part(widget: QWidget) -> bool:
    """Whether a widget is a part of another one, made by Qt."""
    if isinstance(widget, QScrollBar) or widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    made_by_qt = (QComboBox, QAbstractSpinBox, QDockWidget, QLineEdit)
    named = ("ScrollLeftButton", "ScrollRightButton")
    if isinstance(parent, QDockWidget) and parent.widget() is widget:
        return False
    if isinstance(widget, QTabBar) and isinstance(parent, QMainWindow):
        # Of docks that share a place: it is named by the dock in front.
        return True
    return widget.objectName() in named or isinstance(parent, made_by_qt)


def _name(widget: QWidget, *, named_by_label: bool) -> str:
    if isinstance(widget, _FIELDS) and not widget.accessibleName():
        return "named by its label" if named_by_label else ""
    interface = QAccessible.queryAccessibleInterface(widget)
    return "" if interface is None else interface.text(QAccessible.Text.Name)


def _is_name(text: str) -> bool:
    """Whether a text has a word in it: three dots or a cross say nothing."""
    return re.search(r"[^\W\d_]{2}", text) is not None


def _place(widget: QWidget) -> str:
    names = []
    parent = widget.parentWidget()
    while parent is not None:
        names.append(parent.objectName() or type(parent).__name__)
        parent = parent.parentWidget()
    return " < ".join(names[:4])
