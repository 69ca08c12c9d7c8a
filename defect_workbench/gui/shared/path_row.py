"""A field for a path, with a button to choose it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton


def choose_button(name: str, choose: Callable[[], object]) -> QPushButton:
    """Return the button that opens a file dialog; `name` is for screen readers."""
    button = QPushButton("Choose…")
    # Enter in the field agrees with the dialog.
    button.setAutoDefault(False)
    button.setAccessibleName(name)
    button.clicked.connect(choose)
    return button


def path_row(field: QLineEdit, name: str, choose: Callable[[], object]) -> QHBoxLayout:
    """Return a row of a field for a path and its button."""
    row = QHBoxLayout()
    row.addWidget(field, 1)
    row.addWidget(choose_button(name, choose))
    return row
