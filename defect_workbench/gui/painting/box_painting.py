"""Draws the boxes of defects over an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.detector.detection_error import ERROR_COLOURS, DetectionError
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
    outline : (m, 4) float32 or None
        Lines around the defect itself, in pixels of the image.
    """

    box: Box
    colour: str
    words: str = ""
    outline: Vectors | None = field(default=None, compare=False)


def shown_boxes(
    found: Sequence[Detection],
    colour_of: Callable[[str], str],
    *,
    captions: bool = True,
    outline_of: Callable[[Box], Vectors | None] = lambda _: None,
) -> tuple[ShownBox, ...]:
    """Return defects as they are drawn, with label and score as captions."""
    return tuple(
        ShownBox(
            each.box,
            colour_of(each.box.label),
            f"{each.box.label} {each.score:.2f}" if captions else "",
            outline_of(each.box),
        )
        for each in found
    )


def error_boxes(errors: Sequence[DetectionError], *, captions: bool = True) -> tuple[ShownBox, ...]:
    """Return the errors of a detector as they are drawn, in the colours of their kinds."""
    return tuple(
        ShownBox(each.box, ERROR_COLOURS[each.kind], each.caption if captions else "") for each in errors
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
    places = [in_view(each.box, target, size) for each in boxes]
    for each, place in zip(boxes, places, strict=True):
        rim, line = (2.5, 1.2) if thin else (4, 2)
        for pen in (QPen(QColor(0, 0, 0, 160), rim), QPen(QColor(each.colour), line)):
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(place)
    for each, place in zip(boxes, places, strict=True):
        if each.outline is not None:
            small = place.width() < _LEAST_FOR_CAPTION
            _draw_outline(painter, each.outline, QColor(each.colour), target, size, small=small)
    taken = list(places)
    for each, place in zip(boxes, places, strict=True):
        if each.words and place.width() >= _LEAST_FOR_CAPTION:
            _draw_caption(painter, each.words, place, taken, target)
    painter.restore()


def _draw_outline(
    painter: QPainter, lines: Vectors, colour: QColor, target: QRectF, size: tuple[int, int], *, small: bool
) -> None:
    """Draw the lines around a defect, as wide at every zoom; with a dark rim unless it is small."""
    painter.save()
    painter.translate(target.topLeft())
    painter.scale(target.width() / size[0], target.height() / size[1])
    drawn = [QLineF(*line) for line in lines.tolist()]
    for shade, width in ((colour, 1.0),) if small else ((QColor(0, 0, 0, 160), 3.5), (colour, 1.5)):
        pen = QPen(shade, width)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawLines(drawn)
    painter.restore()


def _draw_caption(painter: QPainter, words: str, place: QRectF, taken: list[QRectF], target: QRectF) -> None:
    """Draw a caption above or below a box where it covers no other box or caption; else leave it out."""
    metrics = painter.fontMetrics()
    frame = QRectF(0, 0, metrics.horizontalAdvance(words) + 2 * _PADDING, metrics.height())
    left, right = place.left() - 1, place.right() + 1 - frame.width()
    for top in (place.top() - 2 - frame.height(), place.bottom() + 2):
        for x in (left, right):
            frame.moveTopLeft(QPointF(x, top))
            if target.contains(frame) and not any(frame.intersects(other) for other in taken):
                taken.append(QRectF(frame))
                painter.fillRect(frame, QColor(0, 0, 0, 190))
                painter.setPen(QColor("#FFFFFF"))
                painter.drawText(frame, int(Qt.AlignmentFlag.AlignCenter), words)
                return
