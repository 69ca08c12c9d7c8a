"""The gallery: thumbnails in one section per cluster. Only what is visible is painted."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QWidget

from defect_workbench.app.document.item_models import ImageModel, Role, Section, dragged_images
from defect_workbench.gui.gallery.gallery_painting import (
    caption_height,
    draw_captions,
    draw_frame,
    draw_heading,
    draw_marks,
    draw_message,
    draw_placeholder,
)
from defect_workbench.gui.gallery.section_layout import GAP, MARGIN, SectionLayout
from defect_workbench.gui.painting.image_painting import draw_thumbnail
from defect_workbench.gui.shared.map_overlays import MapOverlays

Index = QModelIndex | QPersistentModelIndex

# Added to the height of the text.
_HEADING_PADDING = 16


class Gallery(QAbstractItemView):
    """Thumbnails of an `ImageModel` under the headings of its sections.

    Signals: section_clicked(key) when a cluster's heading is clicked; images_dropped(images, key) when
    images are dropped on a cluster.
    """

    section_clicked = Signal(int)
    images_dropped = Signal(list, int)

    def __init__(self, overlays: MapOverlays | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Before anything else: the setters below already call the overrides.
        self._overlays = overlays
        self._side = 96
        self._message = ""
        self._folded: set[int | None] = set()
        self._layout = SectionLayout((), self._folded, self._side, 0, 0)
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
        # Where the last run that was selected with Shift begins and ends, and whether it is being clicked.
        self._run = -1, -1
        self._in_run = self._entering = False
        if overlays is not None:
            overlays.changed.connect(self.viewport().update)

    # Content

    def set_side(self, side: int) -> None:
        """Set the size of the thumbnails, in pixels."""
        self._side = side
        self._lay_out()

    @property
    def message(self) -> str:
        """The text shown without images."""
        return self._message

    def set_message(self, message: str) -> None:
        """Set the text shown without images."""
        self._message = message
        self.viewport().update()

    def _sections(self) -> tuple[Section, ...]:
        model = self.model()
        return model.sections if isinstance(model, ImageModel) else ()

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Show another model."""
        super().setModel(model)
        if model is not None:
            model.modelReset.connect(self._on_reset)
        self._lay_out()

    def _on_reset(self) -> None:
        self._run = -1, -1
        self._lay_out()

    def fold(self, key: int | None, folded: bool) -> None:
        """Fold or unfold a section; folded, it shows only its heading."""
        (self._folded.add if folded else self._folded.discard)(key)
        self._lay_out()

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold every section."""
        self._folded = {section.key for section in self._sections()} if folded else set()
        self._lay_out()

    # Layout

    def _lay_out(self) -> None:
        heading = QFontMetrics(self.font()).height() + _HEADING_PADDING
        self._layout = SectionLayout(
            self._sections(), self._folded, self._side, self.viewport().width(), heading, self._caption()
        )
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._layout.height - self.viewport().height()))
        bar.setPageStep(max(1, self.viewport().height()))
        bar.setSingleStep(self._layout.step // 2)
        self.viewport().update()

    def _caption(self) -> int:
        model = self.model()
        return caption_height(self.font(), len(model.captions)) if isinstance(model, ImageModel) else 0

    def changeEvent(self, event: QEvent) -> None:
        """Lay out again for another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out for another width; the first visible row stays visible."""
        first = self.indexAt(QPoint(MARGIN + 2, self._layout.heading))
        super().resizeEvent(event)
        self._lay_out()
        if event.size().width() != event.oldSize().width() and self.verticalScrollBar().value() > 0:
            self.scrollTo(first, QAbstractItemView.ScrollHint.PositionAtTop)

    def visualRect(self, index: Index) -> QRect:
        """Return where an item is on the viewport."""
        if not index.isValid():
            return QRect()
        return self._layout.rect_of(index.row()).translated(0, -self.verticalOffset())

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Scroll an item into view."""
        if not index.isValid():
            return
        rect = self._layout.rect_of(index.row())
        bar, height = self.verticalScrollBar(), self.viewport().height()
        if (
            hint == QAbstractItemView.ScrollHint.PositionAtTop
            or rect.top() - self._layout.heading < bar.value()
        ):
            bar.setValue(rect.top() - self._layout.heading)
        elif rect.bottom() + GAP > bar.value() + height:
            bar.setValue(rect.bottom() + GAP - height)

    def scroll_to_section(self, key: int) -> None:
        """Scroll the heading of a cluster to the top."""
        for number, section in enumerate(self._sections()):
            if section.key == key:
                self.verticalScrollBar().setValue(self._layout.top_of(number))
                return

    def indexAt(self, point: QPoint) -> QModelIndex:
        """Return the item at a place of the viewport."""
        row, model = self._layout.row_at(point + QPoint(0, self.verticalOffset())), self.model()
        return QModelIndex() if row is None or model is None else model.index(row, 0)

    def image_at(self, point: QPoint) -> int | None:
        """Return the image at a place of the viewport."""
        image = self.indexAt(point).data(Role.IMAGE)
        return None if image is None else int(image)

    def horizontalOffset(self) -> int:
        """Return 0: the gallery never scrolls horizontally."""
        return 0

    def verticalOffset(self) -> int:
        """Return the scrolled height in pixels."""
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        """Return False: no item is hidden."""
        return False

    def sizeHint(self) -> QSize:
        """Return a size for a few columns."""
        return QSize(640, 480)

    # Selection and keys

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Move along and between lines, across headings."""
        model = self.model()
        if model is None or model.rowCount() == 0 or self._entering:
            return QModelIndex()
        if not self.currentIndex().isValid():
            return model.index(0, 0)
        last, current = model.rowCount() - 1, max(self.currentIndex().row(), 0)
        actions = QAbstractItemView.CursorAction
        page = max(1, self.viewport().height() // self._layout.line_step)
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
                row = self._layout.row_beside(row, down)
        return model.index(min(max(row, 0), last), 0)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Take the focus, but not, as Qt does, the first item, which the user has not chosen."""
        self._entering = True
        super().focusInEvent(event)
        self._entering = False

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select what a rubber band touches."""
        model, chosen = self.model(), QItemSelection()
        for first, last in self._layout.runs_in(rect.normalized().translated(0, self.verticalOffset())):
            chosen.select(model.index(first, 0), model.index(last, 0))
        self.selectionModel().select(chosen, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """Return the region to repaint for another selection: the viewport, as few items are visible."""
        return QRegion(self.viewport().rect())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the cluster of a heading, or fold it on a click on its triangle."""
        y = int(event.position().y()) + self.verticalOffset()
        number = self._layout.section_at(y)
        if number is not None and self._layout.in_heading(number, y):
            if event.button() == Qt.MouseButton.RightButton:
                # The context menu is then about the images of this cluster.
                self._select_rows(*self._rows_of(self._sections()[number]), add=False)
                return
            key = self._sections()[number].key
            if event.position().x() < self._layout.heading:
                self.fold(key, key not in self._folded)
                return
            if key is not None:
                self.section_clicked.emit(key)
                return
        index = self.indexAt(event.position().toPoint())
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._in_run = index.isValid() and shift and event.button() == Qt.MouseButton.LeftButton
        if self._in_run:
            self._select_run(index, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag or select, but not out of a click that selected a run, which began elsewhere."""
        if not self._in_run:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the press began."""
        in_run, self._in_run = self._in_run, False
        if not in_run:
            super().mouseReleaseEvent(event)

    def _select_run(self, index: QModelIndex, add: bool) -> None:
        """Select everything from the current item to this one, as file managers do."""
        anchor, end = self._run
        current = self.currentIndex().row()
        # Another run from the same item, or one from where the user has gone since.
        anchor = anchor if current == end else current
        anchor = index.row() if anchor < 0 else anchor
        self._run = anchor, index.row()
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        self._select_rows(min(self._run), max(self._run), add=add)

    @staticmethod
    def _rows_of(section: Section) -> tuple[int, int]:
        return section.start, section.start + section.count - 1

    def _select_rows(self, first: int, last: int, *, add: bool) -> None:
        """Select the rows from one to another that are not folded."""
        chosen, model = QItemSelection(), self.model()
        for section in self._sections():
            low, high = max(first, self._rows_of(section)[0]), min(last, self._rows_of(section)[1])
            if low <= high and section.key not in self._folded:
                chosen.select(model.index(low, 0), model.index(high, 0))
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(chosen, flags.Select if add else flags.ClearAndSelect)

    # Drag and drop

    def _drop_key(self, event: QDropEvent) -> int | None:
        """Return the key of the cluster under the mouse, if dragged images can be dropped there."""
        number = self._layout.section_at(int(event.position().y()) + self.verticalOffset())
        if number is None or not dragged_images(event.mimeData()):
            return None
        return self._sections()[number].key

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept images."""
        if dragged_images(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Highlight the cluster under the mouse."""
        self._target = self._drop_key(event)
        event.setAccepted(self._target is not None)
        self.viewport().update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Remove the highlight."""
        self._target = None
        self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        """Move the images into the cluster under the mouse."""
        key, self._target = self._drop_key(event), None
        if key is not None:
            # Not a move in Qt's sense: the view must not remove rows itself.
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.images_dropped.emit(dragged_images(event.mimeData()), key)
        self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the visible headings and thumbnails."""
        painter = QPainter(self.viewport())
        model = self.model()
        sections = self._sections()
        if not sections or not isinstance(model, ImageModel):
            draw_message(painter, self.viewport().rect(), self.palette(), self._message)
            return
        offset = self.verticalOffset()
        area, width = event.rect().translated(0, offset), self.viewport().width()
        for number in self._layout.headings_in(area):
            place = QRect(0, self._layout.top_of(number) - offset, width, self._layout.heading)
            key = sections[number].key
            target, folded = key is not None and key == self._target, key in self._folded
            draw_heading(painter, sections[number], place, self.font(), self.palette(), folded, target)
        selection, current = self.selectionModel(), self.currentIndex().row()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for low, high in self._layout.runs_in(area):
            for row in range(low, high + 1):
                index, rect = model.index(row, 0), self._layout.rect_of(row).translated(0, -offset)
                self._draw_image(painter, model, index, rect)
                image = int(index.data(Role.IMAGE))
                draw_captions(painter, rect, self.font(), self.palette(), model.captions, image)
                draw_marks(painter, rect, model, image)
                selected = selection.isSelected(index)
                if selected or (row == current and self.hasFocus()):
                    draw_frame(painter, rect, self.palette(), selected)

    def _draw_image(self, painter: QPainter, model: ImageModel, index: QModelIndex, rect: QRect) -> None:
        image = int(model.data(index, Role.IMAGE))
        pixmap = model.data(index, Qt.ItemDataRole.DecorationRole)
        if isinstance(pixmap, QPixmap):
            place = draw_thumbnail(painter, pixmap, rect)
            if self._overlays is not None:
                self._overlays.paint(painter, QRectF(place), image)
        else:
            draw_placeholder(painter, rect, self.palette(), model.unreadable(image))
