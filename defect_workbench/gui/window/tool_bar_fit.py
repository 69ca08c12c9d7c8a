"""Keeps every button of the tool bar in sight: in a narrow window, buttons lose their texts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QToolBar, QToolButton

_TEXT = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
_ICON = Qt.ToolButtonStyle.ToolButtonIconOnly


class ToolBarFit(QObject):
    """Shows as many texts as there is room for; without its text, a button is named by its tooltip.

    Parameters
    ----------
    buttons : sequence of QToolButton
        Those with a text.
    first : sequence of QToolButton
        Those of them that keep their texts longest.
    """

    def __init__(self, bar: QToolBar, buttons: Sequence[QToolButton], first: Sequence[QToolButton]) -> None:
        super().__init__(bar)
        self._bar, self._buttons, self._first = bar, tuple(buttons), tuple(first)
        bar.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Choose again for another width or another size of the text."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._choose()
        return super().eventFilter(watched, event)

    def _choose(self) -> None:
        layout = self._bar.layout()
        if layout is None:
            return
        for texts in (self._buttons, self._first, ()):
            for button in self._buttons:
                button.setToolButtonStyle(_TEXT if button in texts else _ICON)
            if layout.sizeHint().width() <= self._bar.width():
                return
