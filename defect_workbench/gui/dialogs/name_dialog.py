"""Naming a cluster, with its most typical images in sight; one cluster after the other if wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.messages import NameRequest
from defect_workbench.gui.painting.image_painting import draw_thumbnail

_SIDE, _GAP, _IMAGES = 84, 6, 5


class NameDialog(QDialog):
    """Asks for the name of a cluster.

    Parameters
    ----------
    done : callable
        Called with the name, and whether the cluster shall be confirmed and the next one named.
    """

    def __init__(self, request: NameRequest, done: Callable[[str, bool], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("nameDialog")
        self.setWindowTitle("Rename")
        self._done = done
        self.name = QLineEdit(request.name)
        self.name.setAccessibleName("Name of the cluster")
        self.name.selectAll()
        completer = QCompleter(list(request.known), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.name.setCompleter(completer)
        self.name.returnPressed.connect(self._on_return)
        self.go_on = QCheckBox("&Confirm, then show the next cluster")
        self.go_on.setChecked(request.go_on)
        # A click or its key leaves the typing in the name.
        self.go_on.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        label = QLabel("&Name of the cluster and of its exported folder:")
        label.setBuddy(self.name)
        layout = QVBoxLayout(self)
        layout.addWidget(_Strip(request.pictures))
        layout.addWidget(label)
        layout.addWidget(self.name)
        layout.addWidget(self.go_on)
        layout.addWidget(buttons)

    def _on_return(self) -> None:
        completer = self.name.completer()
        completions = None if completer is None else completer.popup()
        if completions is not None and completions.isVisible():
            # The list of completions keeps the key from the default button. Once it has set the text.
            QTimer.singleShot(0, self, self._accept)

    def _accept(self) -> None:
        if self.isVisible():
            self.accept()
            self._done(self.name.text(), self.go_on.isChecked())


class _Strip(QWidget):
    """A row of pictures."""

    def __init__(self, pictures: Sequence[Callable[[], QPixmap | None]]) -> None:
        super().__init__()
        self._pictures = pictures[:_IMAGES]
        self.setAccessibleName("The most typical images of the cluster")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(_IMAGES * (_SIDE + _GAP) - _GAP, _SIDE)

    def sizeHint(self) -> QSize:
        """Return the size of the row."""
        return self.minimumSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pictures that have been read."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for number, picture in enumerate(self._pictures):
            place = QRect(number * (_SIDE + _GAP), 0, _SIDE, _SIDE)
            pixmap = picture()
            if pixmap is None:
                painter.fillRect(place, self.palette().midlight())
            else:
                draw_thumbnail(painter, pixmap, place)
