"""A list of training images with their labels and held-out predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.gui.painting.image_painting import with_edge

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
SIDE = 56
_PADDING = 8


@dataclass(frozen=True)
class HeldOutRow:
    """A line of the list.

    Attributes
    ----------
    row : int
        Row of `HeldOutImages`.
    file : str
        The image file.
    cells : tuple of str
        The texts of the columns.
    """

    row: int
    file: str
    cells: tuple[str, ...]


class HeldOutModel(QAbstractTableModel):
    """Lines with a thumbnail in the first column.

    Parameters
    ----------
    loader : ThumbnailLoader
        Thumbnails are requested when a view needs them.
    """

    def __init__(self, loader: ThumbnailLoader, headings: Sequence[str], parent: QObject) -> None:
        super().__init__(parent)
        self._loader, self._headings = loader, tuple(headings)
        self.lines: tuple[HeldOutRow, ...] = ()
        self._at: dict[str, int] = {}
        loader.ready.connect(self._on_ready)

    def set_lines(self, lines: Sequence[HeldOutRow]) -> None:
        """Show other lines."""
        self.beginResetModel()
        self.lines = tuple(lines)
        self._at = {line.file: number for number, line in enumerate(lines)}
        self.endResetModel()

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Return the number of images."""
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return a heading."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._headings[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        """Return the text of a cell, or the thumbnail of its image."""
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return line.cells[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            pixmap = self._loader.get(line.file)
            return None if pixmap is None else QIcon(with_edge(pixmap, SIDE))
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(line.file)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._headings[index.column()]}: {line.cells[index.column()]}".replace(
                "\n→", ", classified as"
            )
        return None

    def _on_ready(self, file: str) -> None:
        number = self._at.get(file)
        if number is not None:
            place = self.index(number, 0)
            self.dataChanged.emit(place, place, [Qt.ItemDataRole.DecorationRole])


class HeldOutList(QTableView):
    """The list. Signals: opened(line) on Enter or a double click."""

    opened = Signal(int)

    def __init__(self, name: str, headings: Sequence[str], loader: ThumbnailLoader, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.lines = HeldOutModel(loader, headings, self)
        self.setModel(self.lines)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(SIDE + _PADDING)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))

    def show_lines(self, rows: Sequence[int], line: Callable[[int], HeldOutRow]) -> None:
        """Show images; `line` returns the line of each."""
        self.lines.set_lines([line(row) for row in rows])
        if rows:
            self.scrollToTop()

    def chosen(self) -> list[int]:
        """Return the selected lines, from the top; all if none is selected."""
        lines = sorted(index.row() for index in self.selectionModel().selectedRows())
        return lines or list(range(len(self.lines.lines)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the current image on Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)
