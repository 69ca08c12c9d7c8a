"""Message boxes that do not stop the event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget


class MessageBoxes:
    """The window's `Messages`."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def tell(self, title: str, text: str) -> None:
        """Say something that must be read."""
        box = QMessageBox(QMessageBox.Icon.Information, title, text, parent=self._parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def ask(self, title: str, text: str, yes: str, done: Callable[[bool], None]) -> None:
        """Ask a question."""
        box = QMessageBox(QMessageBox.Icon.Question, title, text, parent=self._parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        agree = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.finished.connect(lambda _: done(box.clickedButton() is agree))
        box.open()

    def ask_text(self, title: str, text: str, value: str, done: Callable[[str], None]) -> None:
        """Ask for a line of text."""
        dialog = QInputDialog(self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText(text)
        dialog.setTextValue(value)
        dialog.textValueSelected.connect(done)
        dialog.open()
