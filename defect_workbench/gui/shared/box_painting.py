"""Draws the boxes of defects over an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from defect_workbench.core.images.detections import Box, Detection

_PADDING = 3
# Captions would hide the image if boxes are smaller than this on the screen.
_LEAST_FOR_CAPTION = 24


@dataclass(frozen=True)
class ShownBox:
    """A box as it is drawn.

    Attributes
    ----------
    colour : str
        #RRGGBB.
    words : str
        Its caption; empty for none.
    """

    box: Box
    colour: str
    words: str = ""


def shown_boxes(
    found: Sequence[Detection], colour_of: Callable[[str], str], *, captions: bool = True
) -> tuple[ShownBox, ...]:
    """Return defects as they are drawn, with label and score as captions."""
    return tuple(
        ShownBox(
            each.box, colour_of(each.box.label), f"{each.box.label} {each.score:.2f}" if captions else ""
        )
        for each in found
    )


def in_view(box: Box, target: QRectF, size: tuple[int, int]) -> QRectF:
    """Return a box in the coordinates of a widget.

    Parameters
    ----------
    target : QRectF
        Where the whole image is drawn.
    size : (int, int)
        Width and height of the image, in pixels.
    """
    across, down = target.width() / size[0], target.height() / size[1]
    corner = QPointF(target.left() + box.x1 * across, target.top() + box.y1 * down)
    other = QPointF(target.left() + box.x2 * across, target.top() + box.y2 * down)
    return QRectF(corner, other)


def draw_boxes(
    painter: QPainter,
    boxes: Sequence[ShownBox],
    target: QRectF,
    size: tuple[int, int],
    *,
    thin: bool = False,
) -> None:
    """Draw boxes, each as a coloured line with a dark rim, so that it is seen on any image.

    Parameters
    ----------
    thin : bool
        With thin lines, for thumbnails.
    """
    painter.save()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for each in boxes:
        place = in_view(each.box, target, size)
        rim, line = (2.5, 1.2) if thin else (4, 2)
        for pen in (QPen(QColor(0, 0, 0, 160), rim), QPen(QColor(each.colour), line)):
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(place)
        if each.words and place.width() >= _LEAST_FOR_CAPTION:
            _draw_caption(painter, each, place)
    painter.restore()


def _draw_caption(painter: QPainter, each: ShownBox, place: QRectF) -> None:
    metrics = painter.fontMetrics()
    height = metrics.height()
    frame = QRectF(0, 0, metrics.horizontalAdvance(each.words) + 2 * _PADDING, height)
    frame.moveBottomLeft(place.topLeft() - QPointF(1, 2))
    if frame.top() < 0:
        frame.moveTopLeft(place.bottomLeft() + QPointF(-1, 2))
    painter.fillRect(frame, QColor(0, 0, 0, 190))
    painter.setPen(QColor("#FFFFFF"))
    painter.drawText(frame, int(Qt.AlignmentFlag.AlignCenter), each.words)
