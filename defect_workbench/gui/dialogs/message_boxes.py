"""Message boxes that do not block the event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QDialogButtonBox,
    QInputDialog,
    QLabel,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.messages import Leave, NameRequest
from defect_workbench.gui.dialogs.name_dialog import NameDialog
from defect_workbench.gui.shared.form_area import FormArea

# Characters from which on a text may be higher than the screen, and the most that it takes of it.
_LONG, _SHARE, _MARGIN = 2000, 0.85, 12


class MessageBoxes:
    """The `Messages` of the window."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def inform(self, title: str, text: str) -> None:
        """Show a message that must be acknowledged."""
        if len(text) > _LONG:
            _show_long(title, text, self._parent)
            return
        box = QMessageBox(QMessageBox.Icon.Information, title, text, parent=self._parent)
        box.setTextFormat(_format(text))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def ask(self, title: str, text: str, yes: str, done: Callable[[bool], None]) -> None:
        """Ask a question."""
        box = QMessageBox(QMessageBox.Icon.Question, title, text, parent=self._parent)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        agree = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        # Enter must not agree by accident.
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.finished.connect(lambda _: done(box.clickedButton() is agree))
        box.open()

    def ask_to_save(self, text: str, done: Callable[[Leave], None]) -> None:
        """Ask what to do with unsaved work; the default saves it."""
        box = QMessageBox(QMessageBox.Icon.Warning, "Unsaved changes", text, parent=self._parent)
        box.setObjectName("unsavedBox")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        save = box.addButton("Save", QMessageBox.ButtonRole.AcceptRole)
        save.setObjectName("saveButton")
        discard = box.addButton("Don’t save", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)
        box.setEscapeButton(stay)
        meanings: dict[QAbstractButton, Leave] = {save: Leave.SAVE, discard: Leave.DISCARD}
        box.finished.connect(lambda _: done(meanings.get(box.clickedButton(), Leave.STAY)))
        box.open()

    def ask_name(self, request: NameRequest, done: Callable[[str, bool], None]) -> None:
        """Ask for the name of a cluster."""
        dialog = NameDialog(request, done, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def ask_text(self, title: str, text: str, value: str, done: Callable[[str], None]) -> None:
        """Ask for a line of text."""
        dialog = QInputDialog(self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText(text)
        dialog.setTextValue(value)
        dialog.textValueSelected.connect(done)
        dialog.open()


def _format(text: str) -> Qt.TextFormat:
    """Return the format of a text: only our list of shortcuts is HTML; file names may look like markup."""
    return Qt.TextFormat.RichText if text.startswith("<table") else Qt.TextFormat.PlainText


def _show_long(title: str, text: str, parent: QWidget) -> None:
    """Show a text that may be higher than the screen, to be scrolled."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    words = QLabel(text)
    words.setTextFormat(_format(text))
    words.setMargin(_MARGIN)
    area = FormArea()
    area.setWidget(words)
    area.setAccessibleName(title)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(area)
    layout.addWidget(buttons)
    wanted, room = dialog.sizeHint(), parent.screen().availableSize()
    height = min(words.sizeHint().height() + 90, round(room.height() * _SHARE))
    dialog.resize(max(wanted.width(), area.minimumSizeHint().width() + 40), height)
    dialog.open()
