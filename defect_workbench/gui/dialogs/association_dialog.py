"""The columns of a joined table, and the found defects, compared with the clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.table_columns import ColumnKind
from defect_workbench.core.text import counted
from defect_workbench.engine.clustering.association import Association
from defect_workbench.gui.shared.copying import offer_copy
from defect_workbench.gui.shared.rich_text import bold
from defect_workbench.storage.files.csv_cells import safe_text


class AssociationDialog(QDialog):
    """Columns on the left, the strongest relation first; the cross-table of one on the right.

    Parameters
    ----------
    side : SideData or None
        The joined table, if there is one.
    noun : str
        What one of the images is called.
    """

    def __init__(
        self, associations: Sequence[Association], side: SideData | None, noun: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._noun = noun
        self.setObjectName("associationDialog")
        self.setWindowTitle(f"{'Defects' if side is None else side.source} compared with clusters")
        self.resize(860, 480)
        # NaN sorts last.
        strength = {id(a): -1.0 if math.isnan(a.effect) else a.effect for a in associations}
        self._associations = sorted(associations, key=lambda a: -strength[id(a)])
        self._about = QLabel(_about(side, noun))
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setWordWrap(True)
        self._about.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.columns = QListWidget()
        for association in self._associations:
            size = "" if math.isnan(association.effect) else f"   {association.effect:.2f}"
            item = QListWidgetItem(f"{association.column}{size}")
            item.setToolTip(plain_tip(association.reading))
            self.columns.addItem(item)
        self.reading = QLabel()
        self.reading.setWordWrap(True)
        self.table = QTableWidget()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        offer_copy(self.table, "picture")
        as_text = QAction("Copy text", self.table)
        as_text.triggered.connect(lambda: QGuiApplication.clipboard().setText(self.table_text()))
        self.table.addAction(as_text)
        right = QWidget()
        rows = QVBoxLayout(right)
        rows.setContentsMargins(8, 0, 0, 0)
        rows.addWidget(self.reading)
        rows.addWidget(self.table, 1)
        parts = QSplitter()
        parts.addWidget(self.columns)
        parts.addWidget(right)
        parts.setStretchFactor(1, 1)
        parts.setSizes([220, 620])
        parts.setChildrenCollapsible(False)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self._about)
        layout.addWidget(parts, 1)
        layout.addWidget(close)
        self.columns.currentRowChanged.connect(self._show)
        self.columns.setCurrentRow(0)

    def table_text(self) -> str:
        """Return the cross-table as text with tabs, for a spreadsheet."""
        model = self.table.model()
        rows, columns = range(model.rowCount()), range(model.columnCount())
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        lines = [["", *(model.headerData(j, across) for j in columns)]]
        lines += [[model.headerData(i, down), *(model.index(i, j).data() for j in columns)] for i in rows]
        return "\n".join("\t".join(safe_text(str(cell)) for cell in line) for line in lines)

    def _show(self, row: int) -> None:
        if not 0 <= row < len(self._associations):
            return
        association = self._associations[row]
        words = bold(association.reading)
        if association.test:
            measure = "Cramér's V" if association.kind is ColumnKind.TEXT else "epsilon squared"
            words += Markup("<br>") + (
                f"{association.test}: p = {association.p_value:.3g}, {measure} {association.effect:.2f}; "
                f"{counted(association.images, self._noun)}"
            )
        self.reading.setText(words)
        self.table.setRowCount(len(association.rows))
        self.table.setColumnCount(len(association.columns))
        self.table.setVerticalHeaderLabels(list(association.rows))
        self.table.setHorizontalHeaderLabels(list(association.columns))
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        for i, line in enumerate(association.table.tolist()):
            total = max(sum(line), 1.0) if association.kind is ColumnKind.TEXT else 0.0
            for j, value in enumerate(line):
                item = QTableWidgetItem("" if math.isnan(value) or (total and not value) else f"{value:,.4g}")
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if total:
                    shade = QColor(accent)
                    shade.setAlpha(round(150 * value / total))
                    item.setBackground(shade)
                self.table.setItem(i, j, item)
        self.table.resizeColumnsToContents()


def _about(side: SideData | None, noun: str) -> str:
    """Return how the table was joined."""
    if side is None:
        return "The defects that were found in each image, compared with the clusters."
    words = side.how_joined(noun)
    if side.without_image:
        lost = counted(len(side.without_image), "row")
        words += f"; {lost} without an image (the first is {side.without_image[0]})"
    return ". ".join([words, *side.remarks]) + "."
