"""Keys that the outlier queue and the light table share."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

# Places among the nearest clusters. Shift with 1, 2 and 3 types another character on most keyboards.
NEAREST = {
    Qt.Key.Key_1: 0,
    Qt.Key.Key_Exclam: 0,
    Qt.Key.Key_Plus: 0,
    Qt.Key.Key_2: 1,
    Qt.Key.Key_At: 1,
    Qt.Key.Key_QuoteDbl: 1,
    Qt.Key.Key_3: 2,
    Qt.Key.Key_NumberSign: 2,
    Qt.Key.Key_section: 2,
    Qt.Key.Key_sterling: 2,
    Qt.Key.Key_Asterisk: 2,
}


def is_plain(event: QKeyEvent) -> bool:
    """Whether a key was pressed without Ctrl, Alt or Shift."""
    return event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
