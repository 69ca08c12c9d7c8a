"""The chart of the Pareto tab. Each bar, part of a bar and dot stands for its images."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.pareto.pareto_chart import ParetoChart, value_text
from defect_workbench.core.text import counted
from defect_workbench.gui.pareto.chart_layout import ChartLayout, ChartStyle, Spot, lay_out
from defect_workbench.gui.pareto.chart_painting import paint_chart
from defect_workbench.gui.shared.copying import offer_copy


class ParetoView(QWidget):
    """Bars or lines of a chart; arrow keys go from part to part.

    Signals: chosen(Spot) after a click or an arrow key; opened(Spot) after a double click or Enter.
    """

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("paretoView")
        self.setAccessibleName("Pareto chart")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._chart: ParetoChart | None = None
        self._style = ChartStyle.STACKED
        self._message = ""
        self._hovered: Spot | None = None
        self._chosen: Spot | None = None
        self._layout: ChartLayout | None = None
        offer_copy(self, "chart", self.table_text)

    @property
    def chart(self) -> ParetoChart | None:
        """The chart that is shown."""
        return self._chart

    @property
    def spot(self) -> Spot | None:
        """The part that was chosen last."""
        return self._chosen

    def show_chart(self, chart: ParetoChart | None, message: str = "") -> None:
        """Show a chart, or a message in its place."""
        before = self._chart
        self._chart, self._message, self._layout = chart, message, None
        if before is None or chart is None or before.counts.groups != chart.counts.groups:
            self._chosen = self._hovered = None
        self._describe()
        self.update()

    def set_style(self, style: ChartStyle) -> None:
        """Draw the chart in another way."""
        self._style, self._layout, self._hovered = style, None, None
        self.update()

    def choose(self, spot: Spot | None) -> None:
        """Outline a part, as if it had been clicked."""
        self._chosen = spot
        self._describe()
        self.update()

    def chart_layout(self) -> ChartLayout | None:
        """Return where the parts of the chart are; None without a chart."""
        if self._chart is not None and self._layout is None:
            size, metrics = QRectF(self.rect()), QFontMetricsF(self.font())
            self._layout = lay_out(self._chart, self._style, size, metrics)
        return self._layout

    def words_of(self, spot: Spot) -> str:
        """Return a part of the chart in words: group, class, number of images, value with its interval."""
        chart = self._chart
        assert chart is not None
        table, classes = chart.counts, list(spot.classes)
        names = [table.groups[spot.group]] if spot.group is not None else []
        names.append(table.classes[classes[0]].name if len(classes) == 1 else f"{len(classes)} classes")
        of_group = table.counts if spot.group is None else table.counts[spot.group : spot.group + 1]
        lines = ["  ·  ".join(names), counted(int(of_group[:, classes].sum()), table.noun)]
        if len(classes) == 1:
            if spot.group is None:
                parts = (chart.class_values, chart.class_low, chart.class_high)
                ends = [float(each[classes[0]]) for each in parts]
            else:
                parts = (chart.values, chart.low, chart.high)
                ends = [float(each[spot.group, classes[0]]) for each in parts]
            value, low, high = (value_text(each, chart.measure) for each in ends)
            lines.append(f"{value} {chart.axis} (95% interval {low} to {high})")
        return "\n".join(lines)

    def table_text(self) -> str:
        """Return the values as a table that spreadsheets take, one row per group."""
        chart = self._chart
        if chart is None:
            return ""
        table = chart.counts
        lines = ["\t".join((table.by, *(each.name for each in table.classes)))]
        for name, values in zip(table.groups, chart.values.tolist(), strict=True):
            lines.append("\t".join((name, *("" if value != value else f"{value:.6g}" for value in values))))
        return "\n".join(lines)

    def sizeHint(self) -> QSize:
        """Return the size of the gallery."""
        return QSize(640, 420)

    def minimumSizeHint(self) -> QSize:
        """Return a size at which a chart can be read."""
        return QSize(260, 180)

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the chart or the message."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        layout = self.chart_layout()
        if layout is not None:
            paint_chart(painter, layout, self.palette(), self._hovered, self._chosen)
            return
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        room = self.rect().adjusted(40, 20, -40, -20)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._message)

    def resizeEvent(self, event: QEvent) -> None:
        """Lay the chart out again."""
        self._layout = None

    def changeEvent(self, event: QEvent) -> None:
        """Lay the chart out again for another font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._layout = None
        self.update()

    def event(self, event: QEvent) -> bool:
        """Show what is under the mouse in words."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            spot = self._at(QPointF(event.pos()))
            words = plain_tip(self.words_of(spot)) if spot is not None else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Outline what is under the mouse."""
        spot = self._at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if spot else Qt.CursorShape.ArrowCursor)
        if spot != self._hovered:
            self._hovered = spot
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Outline nothing."""
        self._hovered = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose what is under the mouse."""
        spot = self._at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and spot is not None:
            self.choose(spot)
            self.chosen.emit(spot)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go to the images of what is under the mouse."""
        spot = self._at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and spot is not None:
            self.opened.emit(spot)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the next or the previous part, or to the images of the current one."""
        key, layout = event.key(), self.chart_layout()
        forward = {Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1}
        if layout is not None and layout.spots and key in forward:
            spots = layout.spots
            places = [number for number, spot in enumerate(spots) if spot.same_as(self._chosen)]
            step = forward[Qt.Key(key)]
            place = (places[0] + step) % len(spots) if places else 0
            self.choose(spots[place])
            self.chosen.emit(spots[place])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen is not None:
            self.opened.emit(self._chosen)
        else:
            super().keyPressEvent(event)

    def _at(self, place: QPointF) -> Spot | None:
        layout = self.chart_layout()
        return None if layout is None else layout.spot_at(place)

    def _describe(self) -> None:
        """Say what is shown to those who do not see it."""
        if self._chart is None:
            self.setAccessibleDescription(self._message)
        elif self._chosen is not None:
            self.setAccessibleDescription(self.words_of(self._chosen))
        else:
            self.setAccessibleDescription(". ".join(self._chart.findings))
