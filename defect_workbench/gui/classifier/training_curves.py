"""The curves of a training: the loss, and how good the result is on validation images, one line per head."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from defect_workbench.core.project.palette import COLOURS

_SHOWN = 8
# Heads of a few images train a hundred epochs a second; drawing each would take the time from the training.
_REDRAWN_AFTER_MS = 60


class CurveStep(Protocol):
    """One point of both curves."""

    @property
    def head(self) -> str:
        """What is trained; may be empty if there is only one."""

    @property
    def epoch(self) -> float:
        """The number of passes through the training images."""

    @property
    def loss(self) -> float:
        """The loss."""

    @property
    def accuracy(self) -> float:
        """From 0 to 1; NaN if it was not measured at this point."""


class Curves(QWidget):
    """Two plots side by side; the head trained last stands out.

    Parameters
    ----------
    titles : (str, str)
        What loss and accuracy are called.
    """

    def __init__(self, parent: QWidget | None = None, titles: tuple[str, str] = ("Loss", "Accuracy")) -> None:
        super().__init__(parent)
        self._titles = titles
        self.setObjectName("curves")
        self.setAccessibleName("Training curves")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._epochs: dict[str, list[CurveStep]] = defaultdict(list)
        self._message = "Loss and accuracy appear here during training"
        self._redrawing = QTimer(self)
        self._redrawing.setSingleShot(True)
        self._redrawing.setInterval(_REDRAWN_AFTER_MS)
        self._redrawing.timeout.connect(self.update)

    def clear(self) -> None:
        """Remove all curves."""
        self._epochs.clear()
        self.update()

    def add(self, epoch: CurveStep) -> None:
        """Add an epoch to the curve of its head."""
        steps = self._epochs[epoch.head]
        if steps and epoch.epoch <= steps[-1].epoch:
            steps.clear()
        steps.append(epoch)
        # The heads trained last are the ones of interest; the dictionary keeps their order.
        self._epochs[epoch.head] = self._epochs.pop(epoch.head)
        if not self._redrawing.isActive():
            self._redrawing.start()

    def steps(self, head: str = "") -> tuple[CurveStep, ...]:
        """Return the points of a head, from the first to the last."""
        return tuple(self._epochs.get(head, ()))

    @property
    def heads(self) -> list[str]:
        """Names of the heads in the order in which they were trained."""
        return list(self._epochs)

    def sizeHint(self) -> QSize:
        """Return the size of a low panel above the evaluation."""
        return QSize(480, 11 * self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both plots."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        secondary = self.palette().color(QPalette.ColorRole.PlaceholderText)
        if not self._epochs:
            painter.setPen(secondary)
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self._message)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        heads = self.heads[-_SHOWN:]
        half = self.width() / 2
        losses = [step.loss for head in heads for step in self._epochs[head]]
        room = QRectF(0, 0, half, self.height())
        self._plot(painter, room, self._titles[0], heads, "loss", 0.0, max(losses))
        accuracies = [
            step.accuracy for head in heads for step in self._epochs[head] if math.isfinite(step.accuracy)
        ]
        room = QRectF(half, 0, half, self.height())
        low = min(0.9, min(accuracies)) if accuracies else 0.0
        self._plot(painter, room, self._titles[1], heads, "accuracy", low, 1.0)

    def _plot(
        self,
        painter: QPainter,
        room: QRectF,
        title: str,
        heads: list[str],
        name: str,
        low: float,
        high: float,
    ) -> None:
        line = self.fontMetrics().height()
        secondary = self.palette().color(QPalette.ColorRole.PlaceholderText)
        plot = room.adjusted(4.5 * line, 1.8 * line, -line, -1.8 * line)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        words = f"{title}: {heads[-1]}" if name == "loss" and heads[-1] else title
        above = room.adjusted(line, 4, -8, 0)
        words = self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, round(above.width()))
        painter.drawText(above, int(Qt.AlignmentFlag.AlignTop), words)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Midlight), 1))
        painter.drawLine(plot.topLeft(), plot.topRight())
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.setPen(secondary)
        aside = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for value, y in ((high, plot.top()), (low, plot.bottom())):
            label = QRectF(room.left(), y - line / 2, 4.5 * line - 6, line)
            painter.drawText(label, aside, f"{value:.3g}")
        most = max(self._epochs[head][-1].epoch for head in heads)
        below = QRectF(plot.left(), plot.bottom() + 3, plot.width(), line)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), f"epoch {most:.3g}")
        span = max(high - low, 1e-9)
        for number, head in enumerate(heads):
            colour = QColor(COLOURS[0] if head == heads[-1] else self.palette().color(QPalette.ColorRole.Mid))
            painter.setPen(QPen(colour, 2.2 if number == len(heads) - 1 else 1.2))
            places = [
                QPointF(
                    plot.left() + plot.width() * step.epoch / max(most, 1),
                    plot.bottom() - plot.height() * (getattr(step, name) - low) / span,
                )
                for step in self._epochs[head]
                if math.isfinite(getattr(step, name))
            ]
            painter.drawPolyline(QPolygonF(places))
            if len(places) == 1:
                painter.setBrush(colour)
                painter.drawEllipse(places[0], 2.0, 2.0)
