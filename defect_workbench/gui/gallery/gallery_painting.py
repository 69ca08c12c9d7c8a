"""Draws the headings and the thumbnails of the gallery."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen, QPolygonF

from defect_workbench.app.columns import Column
from defect_workbench.app.document.item_models import ImageModel, Section
from defect_workbench.gui.gallery.section_layout import MARGIN

_COLOUR_HEIGHT = 4


def draw_heading(
    painter: QPainter,
    section: Section,
    place: QRect,
    font: QFont,
    palette: QPalette,
    folded: bool,
    drop_target: bool,
) -> None:
    """Draw the triangle, colour, title and detail of a section."""
    top, height = place.top(), place.height()
    metrics = QFontMetrics(font)
    x = MARGIN
    if drop_target:
        lit = palette.color(QPalette.ColorRole.Highlight)
        lit.setAlpha(60)
        painter.fillRect(place, lit)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(QPalette.ColorRole.PlaceholderText))
    middle = QPointF(x + 5, top + height / 2 + 1)
    if folded:
        corners = [middle + QPointF(-2, -4), middle + QPointF(3, 0), middle + QPointF(-2, 4)]
    else:
        corners = [middle + QPointF(-4, -2), middle + QPointF(4, -2), middle + QPointF(0, 3)]
    painter.drawPolygon(QPolygonF(corners))
    x += 18
    if section.colour is not None:
        painter.setBrush(QColor(section.colour))
        painter.drawRoundedRect(QRect(x, top + height // 2 - 5, 12, 12), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        x += 20
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    painter.setFont(bold)
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    end = place.width() - MARGIN
    title = QFontMetrics(bold).elidedText(section.title, Qt.TextElideMode.ElideMiddle, end - x)
    baseline = top + (height + metrics.ascent() - metrics.descent()) // 2 + 1
    painter.drawText(x, baseline, title)
    x += QFontMetrics(bold).horizontalAdvance(title) + 10
    painter.setFont(font)
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    detail = metrics.elidedText(section.detail, Qt.TextElideMode.ElideRight, end - x)
    painter.drawText(x, baseline, detail)


def caption_font(font: QFont) -> QFont:
    """Return the font of captions, a little smaller than that of the gallery."""
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.88)
    return small


def caption_height(font: QFont, lines: int) -> int:
    """Return the height of captions with this many lines, in pixels."""
    return lines * QFontMetrics(caption_font(font)).height() + 4 if lines else 0


def draw_captions(
    painter: QPainter, rect: QRect, font: QFont, palette: QPalette, columns: Sequence[Column], image: int
) -> None:
    """Draw the values of columns below a cell, with the names of the columns where there is room."""
    if not columns:
        return
    small = caption_font(font)
    metrics = QFontMetrics(small)
    painter.setFont(small)
    baseline = rect.bottom() + 2 + metrics.ascent()
    for column in columns:
        value = metrics.elidedText(column.text_of(image) or "–", Qt.TextElideMode.ElideRight, rect.width())
        room = rect.width() - metrics.horizontalAdvance(f"{value}  ")
        name = metrics.elidedText(column.name, Qt.TextElideMode.ElideRight, room)
        x = rect.left()
        # A name of which hardly a letter is left says nothing.
        if len(name) > 2 or name == column.name:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(x, baseline, name)
            x += metrics.horizontalAdvance(f"{name}  ")
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.drawText(x, baseline, value)
        baseline += metrics.height()


def draw_message(painter: QPainter, place: QRect, palette: QPalette, text: str) -> None:
    """Draw a text in place of all images."""
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
    painter.drawText(place.adjusted(24, 24, -24, -24), flags, text)


def draw_placeholder(painter: QPainter, rect: QRect, palette: QPalette, unreadable: bool) -> None:
    """Draw a cell without a thumbnail, which is still to be read or cannot be."""
    painter.fillRect(rect, palette.color(QPalette.ColorRole.Midlight))
    if unreadable:
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(rect.adjusted(6, 6, -6, -6), flags, "cannot\nbe read")


def draw_marks(painter: QPainter, rect: QRect, model: ImageModel, image: int) -> None:
    """Draw marks into the upper right corner of a cell, for tags and a note, and its class's colour below."""
    if model.class_of is not None:
        below = QRect(rect.left(), rect.bottom() + 1, rect.width(), _COLOUR_HEIGHT)
        painter.fillRect(below, QColor(model.class_of(image)[1]))
    side = max(12, min(16, rect.width() // 6))
    place = QRect(rect.right() - side - 3, rect.top() + 4, side, side)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for marked, lines in ((model.notes.texts, _NOTE_LINES), (model.notes.tags, _TAG_LINES)):
        if image not in marked:
            continue
        # Dark with a light edge, to be seen on images of any brightness.
        painter.setPen(QPen(QColor(255, 255, 255, 200), 1))
        painter.setBrush(QColor(18, 20, 24, 225))
        painter.drawRoundedRect(place, 3, 3)
        painter.setPen(QPen(QColor("#FFFFFF"), max(1.2, side / 11)))
        corner = QPointF(place.topLeft())
        for x1, y1, x2, y2 in lines:
            painter.drawLine(corner + QPointF(x1, y1) * side, corner + QPointF(x2, y2) * side)
        place.translate(-side - 3, 0)
    painter.restore()


# A # for tags, lines of text for a note; corners in parts of the side.
_TAG_LINES = (
    (0.28, 0.38, 0.8, 0.38),
    (0.2, 0.64, 0.72, 0.64),
    (0.44, 0.2, 0.34, 0.8),
    (0.68, 0.2, 0.58, 0.8),
)
_NOTE_LINES = ((0.24, 0.3, 0.76, 0.3), (0.24, 0.52, 0.76, 0.52), (0.24, 0.74, 0.56, 0.74))


def draw_frame(painter: QPainter, rect: QRect, palette: QPalette, selected: bool) -> None:
    """Draw what marks a cell as selected, or else as the current one."""
    accent = palette.color(QPalette.ColorRole.Highlight)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(accent, 3 if selected else 1))
    painter.drawRect(rect.adjusted(1, 1, -2, -2))
    if selected:
        accent.setAlpha(50)
        painter.fillRect(rect, accent)
