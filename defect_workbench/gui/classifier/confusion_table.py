"""The confusion matrix as a table: right in blue, wrong in orange, each cell darker the larger its share."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.classifier.training_facts import ConfusionMatrix
from defect_workbench.core.text import counted

# Vermilion of the Okabe-Ito palette, which colour-blind people tell from blue.
WRONG = "#D55E00"
_SHARE = int(Qt.ItemDataRole.UserRole) + 1
# In em, for names that are longer.
_LONGEST_NAME = 9
# Names above columns are upright unless they are shorter than this, or all of them together than that.
_SHORT_NAME, _SHORT_ROW = 3.5, 24
_PADDING = 6


def cell_words(matrix: ConfusionMatrix, row: int, column: int) -> str:
    """Return what a cell counts: "2 images labelled pit, classified as crater"."""
    count, label, other = matrix.table[row][column], matrix.labels[row], matrix.labels[column]
    rest = "classified correctly" if row == column else f"classified as {other}"
    number = counted(count, "image") if count else "No image"
    return f"{number} labelled {label}, {rest}"


class ConfusionTable(QTableWidget):
    """A row per label, a column per predicted label.

    Signals: chosen(row, column) when another cell becomes current or is clicked; opened(row, column) on Enter
    or a double click.
    """

    chosen = Signal(int, int)
    opened = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confusionMatrix")
        self.setAccessibleName("Confusion matrix: rows are labels, columns are what images are classified as")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setItemDelegate(_Cells(self))
        self.setHorizontalHeader(_Names(Qt.Orientation.Horizontal, self))
        self.setVerticalHeader(_Names(Qt.Orientation.Vertical, self))
        self._corner = QLabel("Classified as →\nLabel ↓", self)
        self._corner.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
        self._corner.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._corner.setBackgroundRole(QPalette.ColorRole.Base)
        self._corner.setAutoFillBackground(True)
        self._corner.setContentsMargins(0, 0, _PADDING, _PADDING)
        self.currentCellChanged.connect(lambda row, column, *_: self._choose(row, column))
        self.cellClicked.connect(self._choose)
        self.cellDoubleClicked.connect(self._open)

    def show_matrix(self, matrix: ConfusionMatrix) -> None:
        """Show a matrix; no cell is current."""
        blocked = self.blockSignals(True)
        self.clear()
        self.setRowCount(len(matrix.labels))
        self.setColumnCount(len(matrix.labels))
        self.setVerticalHeaderLabels(list(matrix.labels))
        self.setHorizontalHeaderLabels(list(matrix.labels))
        for row, counts in enumerate(matrix.table):
            for column, count in enumerate(counts):
                item = QTableWidgetItem(f"{count:,}" if count else "·")
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                share = count / max(sum(counts), 1)
                words = cell_words(matrix, row, column)
                item.setData(_SHARE, share)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
                item.setToolTip(plain_tip(f"{words}: {share:.0%} of {matrix.labels[row]}"))
                self.setItem(row, column, item)
        for number, name in enumerate(matrix.labels):
            for header in (self.horizontalHeaderItem(number), self.verticalHeaderItem(number)):
                if header is not None:
                    header.setToolTip(plain_tip(name))
        self.setCurrentCell(-1, -1)
        self.blockSignals(blocked)
        self._lay_out()

    def _lay_out(self) -> None:
        """Make the cells large enough for the largest number."""
        metrics = self.fontMetrics()
        texts = [
            item.text()
            for row in range(self.rowCount())
            for column in range(self.columnCount())
            if (item := self.item(row, column)) is not None
        ]
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
        width = max(widest + 2 * _PADDING, 3 * metrics.horizontalAdvance("0") + 4 * _PADDING)
        header = self.horizontalHeader()
        if isinstance(header, _Names):
            longest, em = header.longest(), metrics.height()
            if longest <= _SHORT_NAME * em or longest * self.columnCount() <= _SHORT_ROW * em:
                width = max(width, longest)
        for column in range(self.columnCount()):
            self.setColumnWidth(column, width)
        for row in range(self.rowCount()):
            self.setRowHeight(row, metrics.height() + 2 * _PADDING)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.updateGeometry()
        self.updateGeometries()
        self.setMaximumHeight(self.sizeHint().height() + self.horizontalScrollBar().sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """Lay out the cells again for text of another size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._lay_out()

    def updateGeometries(self) -> None:
        """Lay the words of the corner over it."""
        super().updateGeometries()
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        self._corner.setGeometry(0, 0, rows.width(), columns.height())
        self._corner.raise_()

    def sizeHint(self) -> QSize:
        """Return the size at which every cell is visible."""
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        return QSize(
            rows.sizeHint().width() + columns.length() + 4, columns.sizeHint().height() + rows.length() + 4
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the images of the current cell on Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentRow(), self.currentColumn())
        else:
            super().keyPressEvent(event)

    def _choose(self, row: int, column: int) -> None:
        if row >= 0 and column >= 0:
            self.chosen.emit(row, column)

    def _open(self, row: int, column: int) -> None:
        if row >= 0 and column >= 0:
            self.opened.emit(row, column)


class _Cells(QStyledItemDelegate):
    """Cells in the colour of right or wrong; the current one has a frame."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        table = self.parent()
        assert isinstance(table, ConfusionTable)
        place: QRect = option.rect.adjusted(1, 1, -1, -1)
        palette = table.palette()
        share = float(index.data(_SHARE) or 0.0)
        right = index.row() == index.column()
        colour = QColor(palette.color(QPalette.ColorRole.Highlight) if right else WRONG)
        # A single mistake among many images still has to be seen.
        colour.setAlpha(round(255 * (0.12 + 0.43 * share)) if share or right else 0)
        painter.save()
        painter.fillRect(place, palette.base())
        painter.fillRect(place, colour)
        role = QPalette.ColorRole.Text if share else QPalette.ColorRole.PlaceholderText
        painter.setPen(palette.color(role))
        font = painter.font()
        font.setBold(bool(share) and not right)
        painter.setFont(font)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), str(index.data() or ""))
        if index == table.currentIndex():
            width = 3 if table.hasFocus() else 1
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Text), width))
            painter.drawRect(place.adjusted(width // 2, width // 2, -width // 2 - 1, -width // 2 - 1))
        painter.restore()


class _Names(QHeaderView):
    """The names of the labels, as wide as the longest; above columns they are upright if they are long."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _names(self) -> list[str]:
        model = self.model()
        return [str(model.headerData(i, self.orientation()) or "") for i in range(self.count())]

    def longest(self) -> int:
        """Return the width of the longest name, up to a limit, with padding."""
        font = self.font()
        # As the current one is.
        font.setBold(True)
        metrics = QFontMetrics(font)
        longest = max((metrics.horizontalAdvance(name) for name in self._names()), default=0)
        return min(longest, _LONGEST_NAME * metrics.height()) + 2 * _PADDING

    def _upright(self) -> bool:
        wide = self.orientation() == Qt.Orientation.Vertical
        return not wide and bool(self.count()) and self.longest() > self.sectionSize(0)

    def sizeHint(self) -> QSize:
        """Return the size that the names need."""
        line = self.fontMetrics().height() + 2 * _PADDING
        # The corner between both has its own two lines.
        corner = self.fontMetrics().horizontalAdvance("Classified as →") + 2 * _PADDING
        if self.orientation() == Qt.Orientation.Vertical:
            return QSize(max(self.longest(), corner), self.length())
        return QSize(self.length(), max(self.longest() + _PADDING if self._upright() else 0, 2 * line))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the names; where there are none, the header looks like the table."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.palette().base())
        for section in range(self.count()):
            start, size = self.sectionViewportPosition(section), self.sectionSize(section)
            if self.orientation() == Qt.Orientation.Horizontal:
                self.paintSection(painter, QRect(start, 0, size, self.height()), section)
            else:
                self.paintSection(painter, QRect(0, start, self.width(), size), section)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        """Draw a name."""
        table = self.parent()
        painter.save()
        painter.fillRect(rect, self.palette().base())
        current = isinstance(table, QTableWidget) and section == (
            table.currentColumn() if self.orientation() == Qt.Orientation.Horizontal else table.currentRow()
        )
        font = self.font()
        font.setBold(current)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        name = self._names()[section]
        elide = Qt.TextElideMode.ElideMiddle
        if self._upright():
            painter.translate(rect.left(), rect.bottom() - _PADDING)
            painter.rotate(-90)
            place = QRect(_PADDING, 0, rect.height() - 2 * _PADDING, rect.width())
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        else:
            place = rect.adjusted(_PADDING, 0, -_PADDING, 0)
            flags = (
                Qt.AlignmentFlag.AlignCenter
                if self.orientation() == Qt.Orientation.Horizontal
                else Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )
        painter.drawText(place, int(flags), painter.fontMetrics().elidedText(name, elide, place.width()))
        painter.restore()
