"""The evidence for an image's cluster: one bar per feature block, to the right for, to the left against."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from defect_workbench.core.project.palette import COLOURS
from defect_workbench.engine.features.registry import short_label

_FOR, _AGAINST = COLOURS[0], COLOURS[1]


class EvidenceBars(QWidget):
    """Bars for shares between -1 and 1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._shares: Mapping[str, float] = {}

    def show_shares(self, shares: Mapping[str, float]) -> None:
        """Show the share of each block."""
        self._shares = shares
        words = [f"{short_label(name)} {share:+.0%}" for name, share in shares.items()]
        self.setAccessibleName(", ".join(words))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of one line per block."""
        return QSize(160, len(self._shares) * self._line())

    def minimumSizeHint(self) -> QSize:
        """Return the size at which every line is visible."""
        return self.sizeHint()

    def _line(self) -> int:
        return self.fontMetrics().height() + 4

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars from a common middle."""
        painter = QPainter(self)
        metrics, line = self.fontMetrics(), self._line()
        names = [short_label(name) for name in self._shares]
        left = max((metrics.horizontalAdvance(name) for name in names), default=0) + 10
        number = metrics.horizontalAdvance("+100%") + 8
        half = max(0, (self.width() - left - number) // 2)
        middle = left + half
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        for row, (name, share) in enumerate(zip(names, self._shares.values(), strict=True)):
            top = row * line
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            painter.drawText(QRect(0, top, left, line), flags, name)
            painter.drawText(
                QRect(self.width() - number + 8, top, number, line), flags, f"{100 * share:+.0f}%"
            )
            painter.fillRect(QRect(left, top + line // 2, 2 * half, 1), self.palette().midlight())
            length = round(abs(share) * half)
            start = middle if share >= 0 else middle - length
            painter.fillRect(
                QRect(start, top + line // 2 - 4, length, 9), QColor(_FOR if share >= 0 else _AGAINST)
            )
        if self._shares:
            painter.fillRect(QRect(middle, 2, 1, len(names) * line - 4), self.palette().mid())
