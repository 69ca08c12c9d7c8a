"""The files of a project that could not be used, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.storage.files.csv_cells import safe_text

# Of more rows, each has two lines; fitting them to their texts would take too long.
_MEASURED_ROWS = 500


class UnusedFilesDialog(QDialog):
    """A table of files and reasons, which can be copied into a spreadsheet."""

    def __init__(self, rejected: Sequence[Rejection], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("unusedFilesDialog")
        self.setWindowTitle("Files not used")
        line = self.fontMetrics().height()
        self.resize(46 * line, 24 * line)
        self._rejected = rejected
        about = QLabel(f"{counted(len(rejected), 'file')} could not be used. Nothing was changed.")
        about.setWordWrap(True)
        self.table = QTableWidget(len(rejected), 2)
        self.table.setHorizontalHeaderLabels(["File", "Reason"])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        for row, item in enumerate(rejected):
            for column, text in enumerate((item.path, sentence_case(item.reason))):
                cell = QTableWidgetItem(text)
                cell.setToolTip(plain_tip(text))
                self.table.setItem(row, column, cell)
        if len(rejected) <= _MEASURED_ROWS:
            rows = self.table.verticalHeader()
            rows.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(0, 16 * line)
        self.copy_button = QPushButton("Copy list")
        self.copy_button.setAutoDefault(False)
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.table_text()))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(about)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)

    def table_text(self) -> str:
        """Return the table as text with tabs, for a spreadsheet."""
        lines = [("File", "Reason"), *((item.path, item.reason) for item in self._rejected)]
        return "\n".join("\t".join(safe_text(cell) for cell in line) for line in lines)
