"""Two groupings of the same images: how far they agree, and where they differ."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.text import counted
from defect_workbench.engine.clustering.agreement import Comparison
from defect_workbench.gui.shared.rich_text import bold

# A cell is a widget item; every outlier is a separate group.
_MOST_SHOWN = 100


class CompareDialog(QDialog):
    """A table of both groupings. Signals: images_chosen(images) when a cell is clicked."""

    images_chosen = Signal(list)

    def __init__(self, comparison: Comparison, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("compareDialog")
        self.setWindowTitle(f"Compared with {name}")
        self.resize(760, 460)
        self._comparison = comparison
        words = QLabel(
            bold(f"Adjusted Rand index {comparison.adjusted_rand_index:.3f}")
            + " (1: the same groups, 0: chance)  ·  "
            + bold(f"purity {comparison.purity:.1%}")
            + f"  ·  {counted(len(comparison.first), 'image')} in common"
        )
        words.setWordWrap(True)
        hint = QLabel(
            "Rows: clusters here. Columns: the other grouping. Click a number to select its images."
        )
        if any(comparison.missing):
            here, there = comparison.missing
            hint.setText(f"{hint.text()} Left out: {here:,} only here, {there:,} only there.")
        shown = [min(len(labels), _MOST_SHOWN) for labels in (comparison.rows, comparison.columns)]
        if shown != [len(comparison.rows), len(comparison.columns)]:
            hint.setText(f"{hint.text()} Only the {_MOST_SHOWN} largest groups of each are shown.")
        hint.setWordWrap(True)
        hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.table = QTableWidget(shown[0], shown[1])
        self.table.setVerticalHeaderLabels(list(comparison.rows[:_MOST_SHOWN]))
        self.table.setHorizontalHeaderLabels(list(comparison.columns[:_MOST_SHOWN]))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._fill()
        self.table.cellClicked.connect(self._on_cell)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        for widget in (words, hint, self.table, close):
            layout.addWidget(widget)

    def _fill(self) -> None:
        table = self._comparison.table
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        for row in range(self.table.rowCount()):
            total = max(int(table[row].sum()), 1)
            for column in range(self.table.columnCount()):
                count = int(table[row, column])
                item = QTableWidgetItem(f"{count:,}" if count else "")
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                shade = QColor(accent)
                shade.setAlpha(round(150 * count / total))
                item.setBackground(shade)
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()

    def _on_cell(self, row: int, column: int) -> None:
        chosen = self._comparison.images_of(row, column)
        if len(chosen):
            self.images_chosen.emit(chosen.tolist())
