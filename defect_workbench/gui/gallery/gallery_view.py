"""The gallery: thumbnails in sections, one a cluster. Only what is visible is laid out and painted."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QWidget

from defect_workbench.app.document.item_models import ImageModel, Role, Section, dragged_images

Index = QModelIndex | QPersistentModelIndex

_GAP = 6
_MARGIN = 10


class Gallery(QAbstractItemView):
    """Thumbnails of an `ImageModel` under the headings of its sections.

    Signals: section_clicked(key) when a cluster's heading is clicked; images_dropped(images, key) when
    images are dropped on a cluster.
    """

    section_clicked = Signal(int)
    images_dropped = Signal(list, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Before anything else: the setters below already call the overrides.
        self._side = 96
        self._tops = np.zeros(1, np.int64)
        self._message = ""
        self._folded: set[int | None] = set()
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QAbstractItemView.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(False)
        self._target: int | None = None

    # What it shows

    def set_side(self, side: int) -> None:
        """Size of the thumbnails, in pixels."""
        self._side = side
        self._lay_out()

    def set_message(self, message: str) -> None:
        """What to say where there is nothing to show."""
        self._message = message
        self.viewport().update()

    def _sections(self) -> tuple[Section, ...]:
        model = self.model()
        return model.sections if isinstance(model, ImageModel) else ()

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Show another model."""
        super().setModel(model)
        if model is not None:
            model.modelReset.connect(self._lay_out)
        self._lay_out()

    def fold(self, key: int | None, folded: bool) -> None:
        """Show a section's heading alone, or all of it."""
        (self._folded.add if folded else self._folded.discard)(key)
        self._lay_out()

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold every section."""
        self._folded = {section.key for section in self._sections()} if folded else set()
        self._lay_out()

    def _shown(self, section: Section) -> int:
        return 0 if section.key in self._folded else section.count

    # Layout

    def _heading_height(self) -> int:
        return QFontMetrics(self.font()).height() + 16

    def _step(self) -> int:
        return self._side + _GAP

    def _columns(self) -> int:
        return max(1, (self.viewport().width() - 2 * _MARGIN + _GAP) // self._step())

    def _lay_out(self) -> None:
        counts = np.array([self._shown(section) for section in self._sections()], np.int64)
        rows = -(-counts // self._columns())
        heights = self._heading_height() + rows * self._step() + _GAP
        self._tops = np.concatenate([[0], np.cumsum(heights)]).astype(np.int64)
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, int(self._tops[-1]) + _MARGIN - self.viewport().height()))
        bar.setPageStep(max(1, self.viewport().height()))
        bar.setSingleStep(self._step() // 2)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other columns for another width; the first visible row stays in sight."""
        first = self.indexAt(QPoint(_MARGIN + 2, self._heading_height()))
        super().resizeEvent(event)
        self._lay_out()
        if first.isValid() and self.verticalScrollBar().value() > 0:
            self.scrollTo(first, QAbstractItemView.ScrollHint.PositionAtTop)

    def _section_of_row(self, row: int) -> int:
        starts = [section.start for section in self._sections()]
        return int(np.searchsorted(starts, row, side="right")) - 1

    def _item_rect(self, row: int) -> QRect:
        """Of a row, in content coordinates."""
        number = self._section_of_row(row)
        if number < 0:
            return QRect()
        line, column = divmod(row - self._sections()[number].start, self._columns())
        top = int(self._tops[number]) + self._heading_height() + line * self._step()
        return QRect(_MARGIN + column * self._step(), top, self._side, self._side)

    def visualRect(self, index: Index) -> QRect:
        """Where an item is on the viewport."""
        if not index.isValid():
            return QRect()
        return self._item_rect(index.row()).translated(0, -self.verticalOffset())

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Bring an item into sight."""
        if not index.isValid():
            return
        rect = self._item_rect(index.row())
        bar, height = self.verticalScrollBar(), self.viewport().height()
        if (
            hint == QAbstractItemView.ScrollHint.PositionAtTop
            or rect.top() - self._heading_height() < bar.value()
        ):
            bar.setValue(rect.top() - self._heading_height())
        elif rect.bottom() + _GAP > bar.value() + height:
            bar.setValue(rect.bottom() + _GAP - height)

    def scroll_to_section(self, key: int) -> None:
        """Bring the heading of a cluster to the top."""
        for number, section in enumerate(self._sections()):
            if section.key == key:
                self.verticalScrollBar().setValue(int(self._tops[number]))
                return

    def indexAt(self, point: QPoint) -> QModelIndex:
        """The item at a place of the viewport."""
        place = point + QPoint(0, self.verticalOffset())
        number = self._section_at(place.y())
        model = self.model()
        if number is None or model is None:
            return QModelIndex()
        section = self._sections()[number]
        line, y = divmod(place.y() - int(self._tops[number]) - self._heading_height(), self._step())
        column, x = divmod(place.x() - _MARGIN, self._step())
        inside = line >= 0 and 0 <= column < self._columns() and x < self._side and y < self._side
        offset = line * self._columns() + column
        if not inside or offset >= self._shown(section):
            return QModelIndex()
        return model.index(section.start + offset, 0)

    def _section_at(self, y: int) -> int | None:
        number = int(np.searchsorted(self._tops, y, side="right")) - 1
        return number if 0 <= number < len(self._sections()) else None

    def horizontalOffset(self) -> int:
        """Never scrolled sideways."""
        return 0

    def verticalOffset(self) -> int:
        """Pixels scrolled."""
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        """Nothing is hidden."""
        return False

    def sizeHint(self) -> QSize:
        """Room for a few columns."""
        return QSize(640, 480)

    # Selection and keys

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Arrow keys go along and between the lines, across headings."""
        model = self.model()
        if model is None or model.rowCount() == 0:
            return QModelIndex()
        last, current = model.rowCount() - 1, max(self.currentIndex().row(), 0)
        actions = QAbstractItemView.CursorAction
        page = max(1, self.viewport().height() // self._step())
        if action in (actions.MoveLeft, actions.MovePrevious):
            row = current - 1
        elif action in (actions.MoveRight, actions.MoveNext):
            row = current + 1
        elif action == actions.MoveHome:
            row = 0
        elif action == actions.MoveEnd:
            row = last
        else:
            steps = page if action in (actions.MovePageUp, actions.MovePageDown) else 1
            down = action in (actions.MoveDown, actions.MovePageDown)
            row = current
            for _ in range(steps):
                row = self._row_beside(row, down)
        return model.index(min(max(row, 0), last), 0)

    def _row_beside(self, row: int, down: bool) -> int:
        sections, columns = self._sections(), self._columns()
        number = self._section_of_row(row)
        section = sections[number]
        line, column = divmod(row - section.start, columns)
        lines = -(-section.count // columns)
        if 0 <= line + (1 if down else -1) < lines:
            target = (line + (1 if down else -1)) * columns + column
            return section.start + min(target, section.count - 1)
        beside = number + (1 if down else -1)
        if not 0 <= beside < len(sections):
            return row
        other = sections[beside]
        first = 0 if down else (-(-other.count // columns) - 1) * columns
        return other.start + min(first + column, other.count - 1)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select what a rubber band touches."""
        model = self.model()
        area = rect.normalized().translated(0, self.verticalOffset())
        chosen = QItemSelection()
        for first, last in self._runs(area):
            chosen.select(model.index(first, 0), model.index(last, 0))
        self.selectionModel().select(chosen, command)

    def _runs(self, area: QRect) -> list[tuple[int, int]]:
        """First and last row of each run of items that `area` (content coordinates) touches."""
        runs = []
        columns, step = self._columns(), self._step()
        left = max(0, (area.left() - _MARGIN + _GAP) // step)
        right = min(columns - 1, (area.right() - _MARGIN) // step)
        first = max(0, int(np.searchsorted(self._tops, area.top(), side="right")) - 1)
        for number in range(first, len(self._sections())):
            start = int(self._tops[number]) + self._heading_height()
            if start > area.bottom():
                break
            section = self._sections()[number]
            lines = -(-self._shown(section) // columns)
            top = max(0, (area.top() - start + _GAP) // step)
            bottom = min(lines - 1, (area.bottom() - start) // step)
            for line in range(top, bottom + 1):
                low = line * columns + left
                high = min(line * columns + right, section.count - 1)
                if low <= high:
                    runs.append((section.start + low, section.start + high))
        return runs

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """What to repaint when the selection changes: the viewport, which holds few items."""
        return QRegion(self.viewport().rect())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a heading chooses its cluster, on its triangle folds it."""
        y = int(event.position().y()) + self.verticalOffset()
        number = self._section_at(y)
        if number is not None and y - int(self._tops[number]) < self._heading_height():
            key = self._sections()[number].key
            if event.position().x() < self._heading_height():
                self.fold(key, key not in self._folded)
                return
            if key is not None:
                self.section_clicked.emit(key)
                return
        super().mousePressEvent(event)

    # Drag and drop

    def _drop_key(self, event: QDropEvent) -> int | None:
        """The cluster under the mouse that dragged images could go to."""
        number = self._section_at(int(event.position().y()) + self.verticalOffset())
        if number is None or not dragged_images(event.mimeData()):
            return None
        return self._sections()[number].key

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take images."""
        if dragged_images(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Light up the cluster under the mouse."""
        self._target = self._drop_key(event)
        event.setAccepted(self._target is not None)
        self.viewport().update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Light nothing up."""
        self._target = None
        self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        """Put the images into the cluster under the mouse."""
        key, self._target = self._drop_key(event), None
        if key is not None:
            # Not a move in Qt's sense: the view must not remove rows itself.
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.images_dropped.emit(dragged_images(event.mimeData()), key)
        self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The visible headings and thumbnails."""
        painter = QPainter(self.viewport())
        model = self.model()
        sections = self._sections()
        if not sections or not isinstance(model, ImageModel):
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            room = self.viewport().rect().adjusted(24, 24, -24, -24)
            painter.drawText(
                room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._message
            )
            return
        offset = self.verticalOffset()
        area = event.rect().translated(0, offset)
        first = max(0, int(np.searchsorted(self._tops, area.top(), side="right")) - 1)
        for number in range(first, len(sections)):
            top = int(self._tops[number])
            if top > area.bottom():
                break
            self._paint_heading(painter, sections[number], top - offset)
        selection, current = self.selectionModel(), self.currentIndex().row()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for low, high in self._runs(area):
            for row in range(low, high + 1):
                index = model.index(row, 0)
                rect = self._item_rect(row).translated(0, -offset)
                self._paint_item(
                    painter,
                    model,
                    index,
                    rect,
                    selection.isSelected(index),
                    row == current and self.hasFocus(),
                )

    def _paint_heading(self, painter: QPainter, section: Section, top: int) -> None:
        height = self._heading_height()
        metrics = QFontMetrics(self.font())
        x = _MARGIN
        if section.key is not None and section.key == self._target:
            lit = self.palette().color(QPalette.ColorRole.Highlight)
            lit.setAlpha(60)
            painter.fillRect(QRect(0, top, self.viewport().width(), height), lit)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.PlaceholderText))
        middle = QPointF(x + 5, top + height / 2 + 1)
        if section.key in self._folded:
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
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        room = self.viewport().width() - x - _MARGIN
        title = QFontMetrics(bold).elidedText(section.title, Qt.TextElideMode.ElideMiddle, room)
        baseline = top + (height + metrics.ascent() - metrics.descent()) // 2 + 1
        painter.drawText(x, baseline, title)
        x += QFontMetrics(bold).horizontalAdvance(title) + 10
        painter.setFont(self.font())
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        detail = metrics.elidedText(
            section.detail, Qt.TextElideMode.ElideRight, self.viewport().width() - x - _MARGIN
        )
        painter.drawText(x, baseline, detail)

    def _paint_item(
        self,
        painter: QPainter,
        model: ImageModel,
        index: QModelIndex,
        rect: QRect,
        selected: bool,
        current: bool,
    ) -> None:
        pixmap = model.data(index, Qt.ItemDataRole.DecorationRole)
        if isinstance(pixmap, QPixmap):
            size = pixmap.size().scaled(rect.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(QPoint(0, 0), size)
            target.moveCenter(rect.center())
            painter.drawPixmap(target, pixmap)
        else:
            painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Midlight))
            if model.unreadable(int(model.data(index, Role.IMAGE))):
                painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
                painter.drawText(
                    rect.adjusted(6, 6, -6, -6),
                    int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap),
                    "not\nreadable",
                )
        if selected or current:
            accent = self.palette().color(QPalette.ColorRole.Highlight)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(accent, 3 if selected else 1))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))
            if selected:
                accent.setAlpha(50)
                painter.fillRect(rect, accent)
