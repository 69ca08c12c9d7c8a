"""The dendrogram with its draggable cut.

The tree is drawn once into a pixmap; dragging only moves the line over it. Lines are deduplicated in
device pixels first, so the cost depends on the size of the widget, not on the number of images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Suggestion
from defect_workbench.core.clustering.dendrogram_layout import Layout
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.dendrogram.tree_drawing import LEAF_BAND, TreeScene, draw_scene, small_font
from defect_workbench.gui.dendrogram.tree_overlay import THUMBNAIL, Thumbnail, draw_cut, draw_medoids
from defect_workbench.gui.dendrogram.tree_raster import describe_suggestion
from defect_workbench.gui.dendrogram.tree_viewport import Viewport, Zoom

# Pixels within which the line is grabbed, snaps to a suggested cut, and a wedge is hit.
_GRAB = 6
_SNAP = 6
_WEDGE = 8
# Medoids are shown from this height of the widget on.
_TALL = 260
_REGROUP_MILLISECONDS = 40


class Dendrogram(QWidget):
    """Shows a tree and a cut.

    Signals: cut_dragged(clusters), at most every 40 ms while the line is dragged;
    cut_released(clusters) when it is released or moved by a key; branch_chosen(images) on a double click.

    The wheel zooms horizontally, with Ctrl vertically; dragging the background pans; Home shows all of it.
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
        self._scene: TreeScene | None = None
        self._clusters = 1
        self._drag_height: float | None = None
        self._zoom = Zoom()
        self._panning: float | None = None
        self._message = ""
        self._medoids: Mapping[int, Thumbnail] = {}
        # Kept until something but the cut changes.
        self._pixmap: QPixmap | None = None
        self._cached_viewport: Viewport | None = None
        self._throttle = QTimer(self)
        self._throttle.setSingleShot(True)
        self._throttle.setInterval(_REGROUP_MILLISECONDS)
        self._throttle.timeout.connect(self._emit_drag)

    # Content

    def set_tree(
        self,
        tree: Tree | None,
        layout: Layout | None,
        colours: Integers | None,
        suggestions: tuple[Suggestion, ...],
    ) -> None:
        """Show another tree; without one, the message."""
        if tree is None or layout is None or colours is None:
            self._scene = None
        else:
            self._scene = TreeScene(tree, layout, colours, suggestions)
        self._end_drag()
        self._medoids = {}
        self.show_all()

    def show_all(self) -> None:
        """Show the whole tree."""
        self._set_zoom(Zoom())

    def set_medoids(self, medoids: Mapping[int, Thumbnail]) -> None:
        """Thumbnails to show under branches, by the node at the top of each cluster."""
        self._medoids = medoids
        self.update()

    def set_decided(self, decided: Sequence[tuple[Integers, str, bool]], branches: Mapping[int, int]) -> None:
        """Mark the images whose cluster a user decided, and colour the branches as their clusters.

        Parameters
        ----------
        decided : sequence of (images, colour, confirmed)
        branches : mapping of int to int
            Colour numbers by top node.
        """
        scene = self._scene.with_decided(decided, branches) if self._scene is not None else None
        if scene is not self._scene:
            self._scene = scene
            self._redraw()

    def set_message(self, message: str) -> None:
        """Set the text shown without a tree."""
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
        if self._scene is not None and self._drag_height is not None:
            return self._scene.tree.clusters_at(self._drag_height)
        return self._clusters

    def line_y(self) -> float:
        """Return where the line of the cut is, in widget coordinates."""
        if self._scene is None:
            return -1.0
        height = self._drag_height
        return self._viewport().y_of(self._scene.tree.height_of(self._clusters) if height is None else height)

    def y_of_clusters(self, clusters: int) -> float:
        """Return where the line is at a number of clusters."""
        return -1.0 if self._scene is None else self._viewport().y_of(self._scene.tree.height_of(clusters))

    def x_of(self, leaf: float) -> float:
        """Return where a place among the leaves (0 to n) is, in widget coordinates."""
        return self._viewport().x_of(leaf)

    @property
    def zoom(self) -> Zoom:
        """The visible part of the tree."""
        return self._zoom

    def sizeHint(self) -> QSize:
        """Return a size of about a third of the window."""
        return QSize(380, 460)

    def minimumSizeHint(self) -> QSize:
        """Return a size small enough for a laptop."""
        return QSize(190, 180)

    def _viewport(self) -> Viewport:
        if self._cached_viewport is None:
            tree = self._scene.tree if self._scene is not None else None
            highest = float(tree.heights[-1]) if tree is not None else 1.0
            leaves = tree.leaves if tree is not None else 1
            self._cached_viewport = Viewport(self._plot(), leaves, highest, self._zoom)
        return self._cached_viewport

    def _plot(self) -> QRectF:
        metrics = QFontMetricsF(small_font(self.font()))
        left = metrics.horizontalAdvance("00.0") + 16
        right = metrics.horizontalAdvance("000") + 20
        top = metrics.height() + 8
        below = LEAF_BAND + 12.0 + (THUMBNAIL + 6 if self.height() > _TALL else 0)
        width, height = self.width() - left - right, self.height() - top - below
        return QRectF(left, top, max(10.0, width), max(10.0, height))

    # Painting

    def _redraw(self) -> None:
        self._pixmap = self._cached_viewport = None
        self.update()

    def _set_zoom(self, zoom: Zoom) -> None:
        self._zoom = zoom
        self._redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Redraw the tree for another size."""
        self._redraw()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Redraw the tree in other colours or fonts."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._redraw()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cached tree, and the line over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        if self._scene is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            room = self.rect().adjusted(24, 24, -24, -24)
            painter.drawText(
                room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._message
            )
            return
        # Of a copy at another resolution, not of the screen.
        ratio, viewport = painter.deviceTransform().m11(), self._viewport()
        font, palette = small_font(self.font()), self.palette()
        if self._pixmap is None or self._pixmap.devicePixelRatio() != ratio:
            self._pixmap = draw_scene(
                self._scene, self._clusters, viewport, self.size(), ratio, font, palette
            )
        painter.drawPixmap(0, 0, self._pixmap)
        if self._drag_height is None and self.height() > _TALL:
            draw_medoids(painter, self._scene, self.clusters, viewport, self._medoids)
        draw_cut(painter, round(self.line_y()), self.clusters, viewport, font, palette, self.hasFocus())

    # Mouse and keys

    def _suggestion_at(self, y: float, reach: float) -> Suggestion | None:
        suggestions = self._scene.suggestions if self._scene is not None else ()
        viewport = self._viewport()
        near = [(abs(viewport.y_of(s.height) - y), s) for s in suggestions]
        near = [(distance, s) for distance, s in near if distance <= reach]
        return min(near, key=lambda pair: pair[0])[1] if near else None

    def _wedge_at(self, place: QPointF) -> Suggestion | None:
        in_margin = place.x() > self._viewport().plot.right()
        return self._suggestion_at(place.y(), _WEDGE) if in_margin else None

    def _on_line(self, y: float) -> bool:
        return self._scene is not None and abs(y - self.line_y()) <= _GRAB

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the line, jump to a suggested cut, or begin to pan."""
        if event.button() != Qt.MouseButton.LeftButton or self._scene is None:
            return
        place = event.position()
        if self._on_line(place.y()):
            self._drag_height = self._scene.tree.height_of(self._clusters)
            self.update()
        elif place.x() <= self._viewport().plot.right():
            self._panning = place.x()
        elif (suggestion := self._wedge_at(place)) is not None:
            self.cut_released.emit(suggestion.clusters)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the line, snapping to suggested cuts; pan; or show what can be grabbed."""
        place = event.position()
        if self._panning is not None:
            share = (self._panning - place.x()) / self._viewport().plot.width()
            self._panning = place.x()
            self._set_zoom(self._zoom.panned(share * self._zoom.width))
            return
        if self._drag_height is None:
            on_wedge = self._wedge_at(place) is not None
            cursor = Qt.CursorShape.PointingHandCursor if on_wedge else Qt.CursorShape.ArrowCursor
            self.setCursor(Qt.CursorShape.SplitVCursor if self._on_line(place.y()) else cursor)
            return
        suggestion = self._suggestion_at(place.y(), _SNAP)
        self._drag_height = (
            suggestion.height if suggestion is not None else self._viewport().height_at(place.y())
        )
        self.update()
        if not self._throttle.isActive():
            self._throttle.start()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Release the line: one undo step."""
        self._panning = None
        if event.button() != Qt.MouseButton.LeftButton or self._drag_height is None:
            return
        clusters = self.clusters
        self._end_drag()
        self._clusters = clusters
        self._redraw()
        self.cut_released.emit(clusters)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom horizontally, or with Ctrl vertically."""
        if self._scene is None:
            return
        factor = 0.8 ** (event.angleDelta().y() / 120)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._set_zoom(self._zoom.taller(factor))
        else:
            plot = self._viewport().plot
            anchor = min(max((event.position().x() - plot.left()) / plot.width(), 0.0), 1.0)
            self._set_zoom(self._zoom.wider(factor, anchor, self._scene.tree.leaves))
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select the branch at the mouse: the cluster that a cut there would make."""
        node = self._branch_at(event.position())
        if node is not None and self._scene is not None:
            self._panning = None
            self.branch_chosen.emit(self._scene.tree.members(node).tolist())

    def _branch_at(self, place: QPointF) -> int | None:
        if self._scene is None or self._on_line(place.y()):
            return None
        viewport, layout, n = self._viewport(), self._scene.layout, self._scene.tree.leaves
        leaf = viewport.leaf_at(place.x())
        around = (layout.left[n:] - 0.5 <= leaf) & (leaf <= layout.right[n:] + 0.5)
        merges = np.flatnonzero(around & (layout.y[n:] <= viewport.height_at(place.y())))
        return int(merges[-1]) + n if len(merges) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cut by one cluster or to the next suggestion, show the whole tree, or cancel a drag."""
        if self._scene is None:
            super().keyPressEvent(event)
            return
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        offered = sorted({s.clusters for s in self._scene.suggestions})
        if event.key() == Qt.Key.Key_Home:
            self.show_all()
        elif step is not None:
            self.cut_released.emit(min(max(self._clusters + step, 1), self._scene.tree.leaves))
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
        """Show the tooltips of suggested cuts, and elsewhere how the tree of many images was built."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            suggestion = self._suggestion_at(event.pos().y(), _WEDGE)
            words = sentence_case(self._scene.tree.levels) if self._scene is not None else ""
            if suggestion is not None:
                words = describe_suggestion(suggestion)
            # Without words, a tooltip that is shown is hidden.
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _end_drag(self) -> None:
        self._drag_height = None
        self._throttle.stop()

    def _emit_drag(self) -> None:
        if self._drag_height is not None:
            self.cut_dragged.emit(self.clusters)
