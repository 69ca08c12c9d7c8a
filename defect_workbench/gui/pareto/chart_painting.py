"""Paints a Pareto chart."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF

from defect_workbench.core.pareto.drawn_chart import LONGEST_NAME
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.pareto.chart_layout import GAP, MARGIN, SWATCH, ChartLayout, Spot

_CAP = 3.0
R = QPalette.ColorRole
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)


def paint_chart(
    painter: QPainter, layout: ChartLayout, palette: QPalette, hovered: Spot | None, chosen: Spot | None
) -> None:
    """Paint axes, bars or lines, legend, and what is under the mouse or chosen."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if layout.plot.isEmpty():
        return
    _paint_axes(painter, layout, palette)
    _paint_bars(painter, layout, palette)
    _paint_lines(painter, layout, palette)
    _paint_share(painter, layout, palette)
    _paint_marks(painter, layout, palette)
    _paint_legend(painter, layout, palette)
    for spot, role, width in ((hovered, R.Text, 1.5), (chosen, R.Highlight, 2.5)):
        if spot is not None:
            _outline(painter, layout, spot, QPen(palette.color(role), width))


def _paint_axes(painter: QPainter, layout: ChartLayout, palette: QPalette) -> None:
    plot, line = layout.plot, painter.fontMetrics().height()
    soft = palette.color(R.PlaceholderText)
    for y, text in layout.ticks:
        painter.setPen(QPen(palette.color(R.Midlight), 1))
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        painter.setPen(soft)
        painter.drawText(QRectF(0, y - line, plot.left() - GAP, 2 * line), _RIGHT, text)
    painter.setPen(QPen(palette.color(R.Dark), 1))
    painter.drawLine(plot.bottomLeft(), plot.bottomRight())
    painter.setPen(soft)
    title = QRectF(MARGIN, MARGIN - 2, plot.right() - MARGIN, line + 2)
    words = sentence_case(layout.drawn.chart.axis)
    if layout.drawn.left_out:
        words += f"  ·  {layout.drawn.left_out}"
    painter.drawText(title, _LEFT, _elided(painter, words, title.width()))
    painter.setPen(palette.color(R.Text))
    longest = LONGEST_NAME * painter.fontMetrics().averageCharWidth()
    for centre, name in layout.names:
        if not layout.angle:
            painter.drawText(QRectF(centre - 200, plot.bottom() + 5, 400, line + 4), _CENTRE, name)
            continue
        text = _elided(painter, name, longest)
        painter.save()
        painter.translate(centre, plot.bottom() + (6 if layout.angle > 45 else 2 + line / 2))
        painter.rotate(-layout.angle)
        painter.drawText(QRectF(-longest - 20, -line / 2, longest + 20, line), _RIGHT, text)
        painter.restore()


def _paint_bars(painter: QPainter, layout: ChartLayout, palette: QPalette) -> None:
    for bar in layout.bars:
        painter.fillRect(bar.spot.place, QColor(bar.colour))
        if layout.legend and bar.spot.place.height() > 2:
            # A thin line between the parts of a bar.
            painter.fillRect(
                QRectF(bar.spot.place.left(), bar.spot.place.top(), bar.spot.place.width(), 0.8),
                palette.base(),
            )
    for bar in layout.bars:
        if bar.interval is not None:
            _whisker(painter, bar.spot.place.center().x(), bar.interval, QPen(palette.color(R.Text), 1.2))


def _paint_lines(painter: QPainter, layout: ChartLayout, palette: QPalette) -> None:
    for line in layout.lines:
        soft = QColor(line.colour)
        soft.setAlpha(120)
        for spot, interval in zip(line.spots, line.intervals, strict=True):
            _whisker(painter, spot.place.center().x(), interval, QPen(soft, 1.2))
    for line in layout.lines:
        painter.setPen(QPen(QColor(line.colour), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([spot.place.center() for spot in line.spots]))
        painter.setPen(QPen(palette.color(R.Base), 1))
        painter.setBrush(QColor(line.colour))
        for spot in line.spots:
            painter.drawEllipse(spot.place.center(), 4.0, 4.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_share(painter: QPainter, layout: ChartLayout, palette: QPalette) -> None:
    """Paint the line of the cumulative share, with its axis at the right."""
    if not layout.share:
        return
    plot, line = layout.plot, painter.fontMetrics().height()
    soft = palette.color(R.PlaceholderText)
    painter.setPen(QPen(soft, 1.4))
    painter.drawPolyline(QPolygonF(list(layout.share)))
    painter.setBrush(soft)
    for place in layout.share:
        painter.drawEllipse(place, 2.6, 2.6)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for percent in (0, 50, 100):
        y = plot.bottom() - plot.height() * percent / 100
        painter.drawText(QRectF(plot.right() + GAP, y - line, 80, 2 * line), _LEFT, f"{percent}%")


def _paint_marks(painter: QPainter, layout: ChartLayout, palette: QPalette) -> None:
    """Paint triangles above bars in which a class changed: upwards, downwards or both."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(R.Text))
    for place, rose, fell in layout.marks:
        signs = [-1.0] * rose + [1.0] * fell
        for number, sign in enumerate(signs):
            x, y = place.x() + 11 * (number - (len(signs) - 1) / 2), place.y() - 8
            corners = [QPointF(x - 5, y - 4 * sign), QPointF(x + 5, y - 4 * sign), QPointF(x, y + 4 * sign)]
            painter.drawPolygon(QPolygonF(corners))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_legend(painter: QPainter, layout: ChartLayout, palette: QPalette) -> None:
    for spot in layout.legend:
        each = next(one for one in layout.classes if one.classes == spot.classes)
        row = spot.place
        painter.fillRect(
            QRectF(row.left(), row.center().y() - SWATCH / 2, SWATCH, SWATCH), QColor(each.colour)
        )
        painter.setPen(palette.color(R.Text))
        words = row.adjusted(SWATCH + GAP, 0, 0, 0)
        painter.drawText(words, _LEFT, _elided(painter, each.name, words.width()))


def _elided(painter: QPainter, text: str, width: float) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(width))


def _whisker(painter: QPainter, x: float, ends: tuple[float, float], pen: QPen) -> None:
    low, high = ends
    painter.setPen(pen)
    painter.drawLine(QPointF(x, low), QPointF(x, high))
    for y in ends:
        painter.drawLine(QPointF(x - _CAP, y), QPointF(x + _CAP, y))


def _outline(painter: QPainter, layout: ChartLayout, spot: Spot, pen: QPen) -> None:
    """Outline what stands for the same images: a row of the legend stands for its parts of all bars."""
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for other in layout.spots:
        if other.same_as(spot) or (spot.group is None and other.classes == spot.classes):
            round_ = bool(layout.lines)
            if round_:
                painter.drawEllipse(other.place.center(), 6.0, 6.0)
            else:
                painter.drawRect(other.place)
