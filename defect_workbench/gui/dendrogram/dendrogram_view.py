"""The dendrogram with its draggable cut.

The tree is drawn once into a pixmap; dragging only moves the line over it. Lines are deduplicated in
device pixels first, so the cost follows the size of the widget and not the number of images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Suggestion
from defect_workbench.core.clustering.dendrogram_layout import Layout
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.project.palette import COLOURS, NEUTRAL
from defect_workbench.core.text import counted
from defect_workbench.gui.dendrogram.tree_raster import describe_suggestion, draw_tree, round_step

_GRAB = 6
_SNAP = 6
_BAND = 8
_THUMBNAIL = 40
_SMALLEST = 22.0
_TALL = 260
_MOST_MEDOIDS = 400
_REGROUP_MILLISECONDS = 40


# Gives a picture once it is read.
Thumbnail = Callable[[], QPixmap | None]


class Dendrogram(QWidget):
    """Shows a tree and a cut.

    Signals: cut_dragged(clusters), at most every 40 ms while the line is dragged;
    cut_released(clusters) when it is let go or moved by a key; branch_chosen(images) on a double click.

    The wheel zooms across, with Ctrl up and down; dragging the ground pans; Home shows all.
    """

    cut_dragged = Signal(int)
    cut_released = Signal(int)
    branch_chosen = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dendrogram")
        self.setAccessibleName("Dendrogram with the cut")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._tree: Tree | None = None
        self._layout: Layout | None = None
        self._colours: Integers | None = None
        self._suggestions: tuple[Suggestion, ...] = ()
        self._clusters = 1
        self._drag_height: float | None = None
        self._pixmap: QPixmap | None = None
        self._room: QRectF | None = None
        self._message = ""
        self._medoids: Mapping[int, Thumbnail] = {}
        self._held = self._sure = np.empty(0, np.uint32)
        self._from, self._to = 0.0, 1.0
        self._ceiling = 1.0
        self._panning: float | None = None
        self._throttle = QTimer(self)
        self._throttle.setSingleShot(True)
        self._throttle.setInterval(_REGROUP_MILLISECONDS)
        self._throttle.timeout.connect(self._tell_drag)

    # What it shows

    def set_tree(
        self,
        tree: Tree | None,
        layout: Layout | None,
        colours: Integers | None,
        suggestions: tuple[Suggestion, ...],
    ) -> None:
        """Show another tree; None shows the message."""
        self._tree, self._layout, self._colours = tree, layout, colours
        self._suggestions = suggestions
        self._drag_height = None
        self._throttle.stop()
        self._medoids = {}
        self._held = self._sure = np.empty(0, np.uint32)
        self.show_all()

    def show_all(self) -> None:
        """The whole tree in sight."""
        self._from, self._to = 0.0, 1.0
        self._ceiling = 1.0
        self._redraw()

    def set_medoids(self, medoids: Mapping[int, Thumbnail]) -> None:
        """Pictures to show under branches, by the node at the top of each cluster."""
        self._medoids = medoids
        self.update()

    def set_decided(self, decided: Sequence[tuple[Integers, str, bool]]) -> None:
        """Images whose place a person decided: images, colour, confirmed."""
        leaves = self._tree.leaves if self._tree is not None and decided else 0
        held, sure = np.zeros(leaves, np.uint32), np.zeros(leaves, np.uint32)
        for images, colour, confirmed in decided if leaves else ():
            (sure if confirmed else held)[images] = QColor(colour).rgb()
        if not (np.array_equal(held, self._held) and np.array_equal(sure, self._sure)):
            self._held, self._sure = held, sure
            self._redraw()

    def set_message(self, message: str) -> None:
        """What to say where there is no tree."""
        self._message = message
        self.update()

    def set_cut(self, clusters: int) -> None:
        """Move the line to a number of clusters."""
        if clusters == self._clusters and self._drag_height is None:
            return
        self._clusters = clusters
        self._redraw()

    @property
    def clusters(self) -> int:
        """Clusters at the line, also while it is dragged."""
        if self._tree is not None and self._drag_height is not None:
            return self._tree.clusters_at(self._drag_height)
        return self._clusters

    def line_y(self) -> float:
        """Where the cut line is, in widget coordinates."""
        if self._tree is None:
            return -1.0
        height = self._drag_height
        return self._y(self._tree.height_of(self._clusters) if height is None else height)

    def y_of_clusters(self, clusters: int) -> float:
        """Where the line is when cut into so many clusters."""
        return -1.0 if self._tree is None else self._y(self._tree.height_of(clusters))

    def sizeHint(self) -> QSize:
        """A panel of a third of the window."""
        return QSize(380, 460)

    def minimumSizeHint(self) -> QSize:
        """Small enough for a laptop."""
        return QSize(220, 180)

    # Geometry

    def _plot(self) -> QRectF:
        if self._room is None:
            self._room = self._measure()
        return self._room

    def _measure(self) -> QRectF:
        metrics = QFontMetricsF(self._small_font())
        left = metrics.horizontalAdvance("00.0") + 16
        right = metrics.horizontalAdvance("000") + 20
        top = metrics.height() + 8
        below = _BAND + 12.0 + (_THUMBNAIL + 6 if self.height() > _TALL else 0)
        return QRectF(
            left, top, max(10.0, self.width() - left - right), max(10.0, self.height() - top - below)
        )

    def _top_height(self) -> float:
        return 1.06 * self._ceiling * float(self._tree.heights[-1]) if self._tree is not None else 1.0

    def x_of(self, leaf: float) -> float:
        """Where a place among the leaves (0 to n) is, in widget coordinates."""
        plot = self._plot()
        leaves = self._tree.leaves if self._tree is not None else 1
        return plot.left() + (leaf / leaves - self._from) / (self._to - self._from) * plot.width()

    def _y(self, height: float) -> float:
        plot = self._plot()
        return plot.bottom() - height / max(self._top_height(), 1e-12) * plot.height()

    def _height(self, y: float) -> float:
        plot = self._plot()
        height = (plot.bottom() - y) / plot.height() * self._top_height()
        return min(max(height, 0.0), self._top_height())

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.Normal)
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.88))
        return font

    # Painting

    def _redraw(self) -> None:
        self._pixmap = self._room = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw the tree anew for another size."""
        self._redraw()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the tree anew in other colours or fonts."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._redraw()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cached tree, and the line over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        if self._tree is None or self._layout is None or self._colours is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            room = self.rect().adjusted(24, 24, -24, -24)
            painter.drawText(
                room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._message
            )
            return
        ratio = self.devicePixelRatioF()
        if self._pixmap is None or self._pixmap.devicePixelRatio() != ratio:
            self._pixmap = self._draw_tree(self._tree, self._layout, self._colours, ratio)
        painter.drawPixmap(0, 0, self._pixmap)
        if self._drag_height is None:
            self._draw_medoids(painter)
        self._draw_line(painter)

    def _draw_tree(self, tree: Tree, layout: Layout, colours: Integers, ratio: float) -> QPixmap:
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self._draw_axis(painter)
        self._draw_ticks(painter)
        plot = self._plot()
        # One column of pixels more on both sides, for the lines at the very edge.
        origin = np.floor(np.array([plot.left() - 1, 0.0]) * ratio)
        across = (layout.x / tree.leaves - self._from) / (self._to - self._from) * plot.width()
        up = layout.y / max(self._top_height(), 1e-12) * plot.height()
        x = np.rint((plot.left() + across) * ratio - origin[0]).astype(np.int64)
        y = np.rint((plot.bottom() - up) * ratio).astype(np.int64)
        tops, n = tree.tops(self._clusters), tree.leaves
        shades = np.zeros(len(tree.merges), np.int64)
        shades[: len(tops) - n] = 1 + colours[tops[n:]] % len(COLOURS)
        size = (round((plot.width() + 2) * ratio), round((plot.bottom() + 1) * ratio))
        inks = [QColor(value).rgb() for value in (NEUTRAL, *COLOURS)]
        image = draw_tree(tree, x, y, shades, inks, size, max(1, round(ratio)))
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(origin[0] / ratio, 0), image)
        self._draw_band(painter, tree, colours, tops)
        painter.end()
        return pixmap

    def _draw_band(self, painter: QPainter, tree: Tree, colours: Integers, tops: Integers) -> None:
        """The colour of each image's cluster below its leaf; what a person decided lies over it.

        Confirmed images stand out in full height, otherwise decided ones in half of it.
        """
        plot = self._plot()
        columns = max(1, round(plot.width()))
        share = self._from + (np.arange(columns) + 0.5) / columns * (self._to - self._from)
        leaves = tree.leaf_order[np.clip((share * tree.leaves).astype(np.intp), 0, tree.leaves - 1)]
        inks = np.array([QColor(value).rgb() for value in COLOURS], np.uint32)
        nodes = tops[leaves]
        row = inks[colours[nodes] % len(COLOURS)]
        # A gap between clusters that are wide enough to spare it.
        edges = np.flatnonzero(np.diff(nodes)) + 1
        widths = np.diff(np.concatenate([[0], edges, [columns]]))
        row[edges[(widths[:-1] > 4) & (widths[1:] > 4)]] = 0
        self._draw_row(painter, row, plot.bottom() + 5, _BAND)
        if len(self._held):
            self._draw_row(painter, self._held[leaves], plot.bottom() + 5, _BAND // 2)
            self._draw_row(painter, self._sure[leaves], plot.bottom() + 3, _BAND + 4)

    def _draw_row(self, painter: QPainter, row: NDArray[np.uint32], top: float, height: int) -> None:
        pixels = np.ascontiguousarray(np.repeat(row[None, :], height, axis=0))
        kind = QImage.Format.Format_ARGB32
        image = QImage(pixels.data, len(row), height, 4 * len(row), kind).copy()
        painter.drawImage(QPointF(round(self._plot().left()), round(top)), image)

    def _draw_medoids(self, painter: QPainter) -> None:
        """The medoid of each cluster under its branch, where there is room."""
        layout = self._layout
        if layout is None or self._tree is None or self.height() <= _TALL or self.clusters > _MOST_MEDOIDS:
            return
        plot = self._plot()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        free = plot.left() - _THUMBNAIL / 2
        roots = np.unique(self._tree.roots(self.clusters)).tolist()
        for node in sorted(roots, key=lambda n: float(layout.x[n])):
            start, end = self.x_of(layout.left[node] - 0.5), self.x_of(layout.right[node] + 0.5)
            side = min(float(_THUMBNAIL), max(end - start - 3, _SMALLEST))
            middle = (start + end) / 2
            left = middle - side / 2
            get = self._medoids.get(node)
            if get is None or left < free or middle > plot.right():
                continue
            pixmap = get()
            if pixmap is None:
                continue
            frame = QRectF(left, plot.bottom() + _BAND + 9, side, side)
            free = frame.right() + 3
            painter.drawPixmap(frame, pixmap, QRectF(pixmap.rect()))
        painter.restore()

    def _draw_axis(self, painter: QPainter) -> None:
        plot = self._plot()
        painter.setFont(self._small_font())
        soft = self.palette().color(QPalette.ColorRole.PlaceholderText)
        metrics = QFontMetricsF(painter.font())
        step = round_step(self._top_height() / max(2.0, plot.height() / (4 * metrics.height())))
        value = 0.0
        while value <= self._top_height():
            y = self._y(value)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Midlight), 1))
            painter.drawLine(QPointF(plot.left(), round(y) + 0.5), QPointF(plot.right(), round(y) + 0.5))
            painter.setPen(soft)
            box = QRectF(0, y - metrics.height() / 2, plot.left() - 8, metrics.height())
            painter.drawText(
                box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), f"{value:g}"
            )
            value = round(value + step, 10)

    def _draw_ticks(self, painter: QPainter) -> None:
        """A wedge at each suggested cut, the best one filled."""
        plot = self._plot()
        painter.setFont(self._small_font())
        metrics = QFontMetricsF(painter.font())
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        text = self.palette().color(QPalette.ColorRole.Text)
        soft = self.palette().color(QPalette.ColorRole.PlaceholderText)
        taken: list[float] = []
        for index, suggestion in enumerate(self._suggestions):
            y = self._y(suggestion.height)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(accent, 1.2))
            painter.setBrush(accent if index == 0 else Qt.BrushStyle.NoBrush)
            tip = plot.right() + 3
            painter.drawPolygon(
                QPolygonF([QPointF(tip, y), QPointF(tip + 7, y - 4), QPointF(tip + 7, y + 4)])
            )
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            if all(abs(y - other) >= metrics.height() * 0.9 for other in taken):
                taken.append(y)
                painter.setPen(text if index == 0 else soft)
                painter.drawText(QPointF(tip + 11, y + metrics.ascent() / 2 - 1), str(suggestion.clusters))

    def _draw_line(self, painter: QPainter) -> None:
        plot = self._plot()
        y = round(self.line_y())
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(accent, 2))
        painter.drawLine(QPointF(plot.left() - 4, y), QPointF(plot.right() + 2, y))
        words = counted(self.clusters, "cluster")
        font = self._small_font()
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        width = metrics.horizontalAdvance(words) + 14
        top = y - metrics.height() - 7 if y - metrics.height() - 7 >= 0 else y + 5
        bubble = QRectF(plot.left() + 4, top, width, metrics.height() + 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawRoundedRect(bubble, 4, 4)
        painter.setPen(self.palette().color(QPalette.ColorRole.HighlightedText))
        painter.drawText(bubble, int(Qt.AlignmentFlag.AlignCenter), words)
        if self.hasFocus():
            painter.setPen(QPen(accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(plot.left() - 6, y), 4, 4)

    # Hands

    def _suggestion_at(self, y: float, reach: float) -> Suggestion | None:
        near = [s for s in self._suggestions if abs(self._y(s.height) - y) <= reach]
        return min(near, key=lambda s: abs(self._y(s.height) - y)) if near else None

    def _on_line(self, y: float) -> bool:
        return self._tree is not None and abs(y - self.line_y()) <= _GRAB

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the line, or jump to a suggested cut."""
        if event.button() != Qt.MouseButton.LeftButton or self._tree is None:
            return
        position = event.position()
        if self._on_line(position.y()):
            self._drag_height = self._tree.height_of(self._clusters)
            self.update()
        elif position.x() > self._plot().right():
            suggestion = self._suggestion_at(position.y(), 8)
            if suggestion is not None:
                self.cut_released.emit(suggestion.clusters)
        else:
            self._panning = position.x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the line, snapping to suggested cuts; or show what can be grabbed."""
        y = event.position().y()
        if self._panning is not None:
            moved = (self._panning - event.position().x()) / self._plot().width() * (self._to - self._from)
            self._panning = event.position().x()
            self._look_at(self._from + moved, self._to + moved)
            return
        if self._drag_height is None or self._tree is None:
            ticks = event.position().x() > self._plot().right() and self._suggestion_at(y, 8) is not None
            shape = Qt.CursorShape.PointingHandCursor if ticks else Qt.CursorShape.ArrowCursor
            self.setCursor(Qt.CursorShape.SplitVCursor if self._on_line(y) else shape)
            return
        suggestion = self._suggestion_at(y, _SNAP)
        self._drag_height = suggestion.height if suggestion is not None else self._height(y)
        self.update()
        if not self._throttle.isActive():
            self._throttle.start()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the line go: one undo step."""
        self._panning = None
        if event.button() != Qt.MouseButton.LeftButton or self._drag_height is None:
            return
        clusters = self.clusters
        self._end_drag()
        self._clusters = clusters
        self._redraw()
        self.cut_released.emit(clusters)

    @property
    def view(self) -> tuple[float, float, float]:
        """What is in sight: from and to across, and the ceiling, as shares of the whole tree."""
        return self._from, self._to, self._ceiling

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom across, or with Ctrl up and down."""
        if self._tree is None:
            return
        factor = 0.8 ** (event.angleDelta().y() / 120)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._ceiling = min(max(self._ceiling * factor, 0.02), 1.0)
            self._redraw()
        else:
            plot = self._plot()
            share = min(max((event.position().x() - plot.left()) / plot.width(), 0.0), 1.0)
            here = self._from + share * (self._to - self._from)
            width = min(max((self._to - self._from) * factor, min(1.0, 8 / self._tree.leaves)), 1.0)
            self._look_at(here - share * width, here + (1 - share) * width)
        event.accept()

    def _look_at(self, start: float, end: float) -> None:
        width = end - start
        start = min(max(start, 0.0), 1.0 - width)
        self._from, self._to = start, start + width
        self._redraw()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Choose the branch at the mouse: the cluster a cut there would make."""
        node = self._branch_at(event.position())
        if node is not None and self._tree is not None:
            self._panning = None
            self.branch_chosen.emit(self._tree.members(node).tolist())

    def _branch_at(self, place: QPointF) -> int | None:
        if self._tree is None or self._layout is None or self._on_line(place.y()):
            return None
        plot, n = self._plot(), self._tree.leaves
        leaf = ((place.x() - plot.left()) / plot.width() * (self._to - self._from) + self._from) * n
        layout = self._layout
        around = (layout.left[n:] - 0.5 <= leaf) & (leaf <= layout.right[n:] + 0.5)
        found = np.flatnonzero(around & (layout.y[n:] <= self._height(place.y())))
        return int(found[-1]) + n if len(found) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down move the cut by a cluster, Page keys to the next suggestion, Escape lets go."""
        if self._tree is None:
            super().keyPressEvent(event)
            return
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        offered = sorted({s.clusters for s in self._suggestions})
        if event.key() == Qt.Key.Key_Home:
            self.show_all()
        elif step is not None:
            self.cut_released.emit(min(max(self._clusters + step, 1), self._tree.leaves))
        elif event.key() == Qt.Key.Key_PageUp and (fewer := [k for k in offered if k < self._clusters]):
            self.cut_released.emit(fewer[-1])
        elif event.key() == Qt.Key.Key_PageDown and (more := [k for k in offered if k > self._clusters]):
            self.cut_released.emit(more[0])
        elif event.key() == Qt.Key.Key_Escape and self._drag_height is not None:
            self._end_drag()
            self.update()
            self.cut_dragged.emit(self._clusters)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tooltips of the suggested cuts."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            suggestion = self._suggestion_at(event.pos().y(), 8)
            if suggestion is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), describe_suggestion(suggestion), self)
            return True
        return super().event(event)

    def _end_drag(self) -> None:
        self._drag_height = None
        self._throttle.stop()

    def _tell_drag(self) -> None:
        if self._drag_height is not None:
            self.cut_dragged.emit(self.clusters)
