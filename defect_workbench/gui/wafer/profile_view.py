"""How densely defects lie over the radius and around the wafer: two histograms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.arrays import Floats
from defect_workbench.engine.wafer.profiles import Profile
from defect_workbench.gui.shared.copying import offer_copy

_GAP, _PAD = 28, 10
_LEAST_HEIGHT_LINES = 6
_FULL_TURN = 360.0


@dataclass(frozen=True, eq=False)
class _Chart:
    """A histogram on the widget: densities relative to their mean, 1 where defects lie evenly."""

    title: str
    place: QRectF
    profile: Profile
    every: Floats
    chosen: Floats | None
    weights: Floats


class ProfileView(QWidget):
    """Density of all shown defects as a line, that of the selected ones as bars; 1 is the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("waferProfiles")
        self.setAccessibleName("Density over the radius and around the wafer")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._radial: Profile | None = None
        self._angular: Profile | None = None
        self._number = 0
        self._colour: QColor | None = None
        offer_copy(self, "histograms")

    def show_profiles(
        self, radial: Profile | None, angular: Profile | None, chosen: int, colour: QColor | None = None
    ) -> None:
        """Show other profiles.

        Parameters
        ----------
        chosen : int
            How many of the defects are selected.
        colour : QColor, optional
            Of the selected ones.
        """
        self._radial, self._angular, self._number, self._colour = radial, angular, chosen, colour
        self.update()

    def minimumSizeHint(self) -> QSize:
        """Return a size at which the axes can be read."""
        line = self.fontMetrics().height()
        return QSize(22 * self.fontMetrics().averageCharWidth(), _LEAST_HEIGHT_LINES * line)

    def sizeHint(self) -> QSize:
        """Return the smallest size: the wafers need the room."""
        return QSize(640, self.minimumSizeHint().height() + 20)

    def _charts(self) -> list[_Chart]:
        if self._radial is None or self._angular is None:
            return []
        width = (self.width() - 2 * _PAD - _GAP) / 2
        charts = []
        parts = (("Radius (mm)", self._radial), ("Direction (o'clock)", self._angular))
        for number, (title, profile) in enumerate(parts):
            place = QRectF(_PAD + number * (width + _GAP), 0, width, self.height())
            # Of rings, the outer ones have more area.
            areas = np.diff(profile.edges**2) if number == 0 else np.diff(profile.edges)
            weights = areas / areas.sum()
            chosen = _relative(profile.chosen, weights) if self._number else None
            charts.append(_Chart(title, place, profile, _relative(profile.every, weights), chosen, weights))
        return charts

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both histograms."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        for number, chart in enumerate(self._charts()):
            self._draw(painter, chart, is_angle=number == 1)

    def _area(self, chart: _Chart) -> QRectF:
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance("00.0") + 6
        return chart.place.adjusted(left, 1.6 * line, 0, -1.5 * line)

    def _draw(self, painter: QPainter, chart: _Chart, *, is_angle: bool) -> None:
        palette, metrics, area = self.palette(), self.fontMetrics(), self._area(chart)
        soft = palette.color(QPalette.ColorRole.PlaceholderText)
        text = palette.color(QPalette.ColorRole.Text)
        highest = max(1.2, *(float(v.max()) for v in (chart.every, chart.chosen) if v is not None))
        painter.setPen(text)
        head = QRectF(chart.place.left(), 3, chart.place.width(), metrics.height())
        words = metrics.elidedText(chart.title, Qt.TextElideMode.ElideRight, round(head.width()))
        painter.drawText(head, int(Qt.AlignmentFlag.AlignLeft), words)
        if is_angle:
            self._draw_key(painter, head, metrics.horizontalAdvance(words))
        edges = self._edges(chart, area, is_angle)
        if chart.chosen is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._accent())
            for left, right, value in zip(
                edges[:-1], edges[1:], _ordered(chart.chosen, is_angle), strict=True
            ):
                height = area.height() * value / highest
                painter.drawRect(QRectF(left + 1, area.bottom() - height, right - left - 2, height))
        line = QPainterPath(QPointF(edges[0], area.bottom()))
        for left, right, value in zip(edges[:-1], edges[1:], _ordered(chart.every, is_angle), strict=True):
            y = area.bottom() - area.height() * value / highest
            line.lineTo(left, y)
            line.lineTo(right, y)
        line.lineTo(edges[-1], area.bottom())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(text, 1.5))
        painter.drawPath(line)
        painter.setPen(QPen(soft, 1, Qt.PenStyle.DashLine))
        even = area.bottom() - area.height() / highest
        painter.drawLine(QPointF(area.left(), even), QPointF(area.right(), even))
        painter.setPen(QPen(soft, 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for value in (1.0, highest) if highest > 1.5 else (1.0,):
            y = area.bottom() - area.height() * value / highest
            place = QRectF(chart.place.left(), y - 10, area.left() - chart.place.left() - 5, 20)
            painter.drawText(place, flags, f"{value:.0f}" if value in (0.0, 1.0) else f"{value:.1f}")
        free = chart.place.left()
        for share, label in _ticks(chart.profile, is_angle):
            x = area.left() + share * area.width()
            wide = metrics.horizontalAdvance(label) + 4
            place = QRectF(x - wide / 2, area.bottom() + 2, wide, metrics.height())
            if place.left() < free:
                # It would lie over the one before.
                continue
            free = place.right()
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), label)

    def _edges(self, chart: _Chart, area: QRectF, is_angle: bool) -> list[float]:
        """Return where the bars begin and end on the widget."""
        shares = chart.profile.edges / chart.profile.edges[-1]
        shares = np.linspace(0, 1, len(shares)) if is_angle else shares
        return [float(edge) for edge in area.left() + shares * area.width()]

    def _draw_key(self, painter: QPainter, head: QRectF, used: int) -> None:
        """Say, beside a title, which defects are drawn how, if there is room."""
        metrics = self.fontMetrics()
        words = f"{self._number:,} selected" if self._number else "line: all; select defects to compare"
        wide = metrics.horizontalAdvance(words) + (18 if self._number else 0)
        if used + wide + 12 > head.width():
            return
        left = head.right() - wide
        if self._number:
            painter.fillRect(QRectF(left, head.top() + metrics.height() / 2 - 5, 11, 11), self._accent())
            left += 18
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(
            QRectF(left, head.top(), wide, head.height()), int(Qt.AlignmentFlag.AlignLeft), words
        )

    def _accent(self) -> QColor:
        colour = QColor(self._colour or self.palette().color(QPalette.ColorRole.Highlight))
        colour.setAlpha(170)
        return colour

    def event(self, event: QEvent) -> bool:
        """Show the numbers of a bar as a tooltip."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = plain_tip(self.words_at(QPointF(event.pos())))
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def words_at(self, place: QPointF) -> str:
        """Return the numbers of the bar at a place; empty if there is no bar."""
        for number, chart in enumerate(self._charts()):
            area = self._area(chart)
            if not area.left() <= place.x() < area.right():
                continue
            count = len(chart.every)
            edges = self._edges(chart, area, number == 1)
            bar = min(int(np.searchsorted(edges, place.x(), side="right")) - 1, count - 1)
            profile = chart.profile
            bar = _order(count)[bar] if number == 1 else bar
            low, high = profile.edges[bar], profile.edges[bar + 1]
            where = f"{low:.0f} to {high:.0f} mm" if number == 0 else f"{low:.0f}° to {high:.0f}°"
            words = f"{where}: {profile.every[bar]:.3g} defects per cm²"
            return words + (f", {profile.chosen[bar]:.3g} of them selected" if self._number else "")
        return ""


def _relative(density: Floats, weights: Floats) -> Floats:
    mean = float((density * weights).sum())
    return density / mean if mean > 0 else density


def _order(count: int) -> list[int]:
    """Return the sectors clockwise, from 12 o'clock on; they are stored anticlockwise, from the right on."""
    return [(count // 4 - 1 - number) % count for number in range(count)]


def _ordered(values: Floats, is_angle: bool) -> list[float]:
    return [float(values[i]) for i in _order(len(values))] if is_angle else [float(v) for v in values]


def _ticks(profile: Profile, is_angle: bool) -> list[tuple[float, str]]:
    if is_angle:
        return [(hour / 12, f"{hour or 12}") for hour in (0, 3, 6, 9, 12)]
    outer = float(profile.edges[-1])
    return [(value / outer, f"{value:.0f}") for value in np.linspace(0, outer, 4).tolist()]
