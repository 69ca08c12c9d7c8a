"""Asks where confirmed classes are written, and shows which lines would differ."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.jobs import klarf_job
from defect_workbench.app.jobs.klarf_job import KlarfPlanned
from defect_workbench.app.jobs.runner import JobRunner
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.core.wafer.class_column import STANDARD_COLUMN, class_columns_of
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.path_row import path_row
from defect_workbench.workflows.klarf.class_export import KlarfRequest

_TYPING_MILLISECONDS = 200
_MOST_LINES = 500


class KlarfExportDialog(QDialog):
    """Asks where classes are written. Signals: chosen(KlarfRequest) if the user agrees.

    Parameters
    ----------
    suggestion : Path
        The new file, or the new folder if the images are from several inspection files.
    planner : JobRunner
        Makes the plan in the background.
    """

    chosen = Signal(object)

    def __init__(
        self,
        project: Project,
        classes: ClassLibrary,
        suggestion: Path,
        planner: JobRunner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("klarfExport")
        self.setWindowTitle("Write classes to a KLARF")
        self.resize(78 * self.fontMetrics().averageCharWidth() + 120, 26 * self.fontMetrics().height())
        self._project, self._classes = project, classes
        inspection = project.inspection
        self._several = inspection is not None and len(inspection.files) > 1
        self.file = QLineEdit(str(suggestion))
        self.file.setAccessibleName("New folder" if self._several else "New file")
        self.column = QComboBox()
        self.column.setEditable(True)
        self.column.setAccessibleName("Column for the classes")
        self.column.addItems(class_columns(project))
        self.overlay = QCheckBox("Only &defect numbers and classes, to merge into another system")
        self.summary = secondary_label()
        self.changes = QPlainTextEdit()
        self.changes.setObjectName("klarfChanges")
        self.changes.setReadOnly(True)
        self.changes.setAccessibleName("Lines that would differ")
        self.changes.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.changes.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        form = QFormLayout()
        form.setVerticalSpacing(10)
        name = "Choose a new folder" if self._several else "Choose a new file"
        target = QLabel("New &folder" if self._several else "New &file")
        target.setBuddy(self.file)
        form.addRow(target, path_row(self.file, name, self._browse))
        form.addRow("&Column", self.column)
        form.addRow("", self.overlay)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = buttons.addButton("Write", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok_button.setDefault(True)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(14)
        layout.addLayout(form)
        layout.addWidget(self.summary)
        layout.addWidget(self.changes, 1)
        layout.addWidget(buttons)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MILLISECONDS)
        self._typing.timeout.connect(lambda: planner.run(klarf_job.plan(project, self.request())))
        planner.done.connect(self._show_plan)
        planner.failed.connect(self._show_fault)
        self.file.textChanged.connect(self._refresh)
        self.column.currentTextChanged.connect(self._refresh)
        self.overlay.toggled.connect(self._refresh)
        self._refresh()

    def request(self) -> KlarfRequest:
        """Return what the controls ask for."""
        file = Path(self.file.text().strip()).expanduser()
        return KlarfRequest(file, self.column.currentText().strip(), self.overlay.isChecked(), self._classes)

    def _browse(self) -> None:
        dialog = QFileDialog(self, self.windowTitle(), self.file.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self.file.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _refresh(self) -> None:
        """Discard the plan; a new one is made a moment after the last change."""
        self.ok_button.setEnabled(False)
        if not self.file.text().strip():
            self._typing.stop()
            self._show_fault("Name a new file.")
        else:
            self._typing.start()

    def _show_fault(self, words: str) -> None:
        self.summary.setText(sentence_case(words))
        self.changes.clear()
        self.ok_button.setEnabled(False)

    def _show_plan(self, planned: object) -> None:
        if not isinstance(planned, KlarfPlanned) or planned.request != self.request():
            return
        plan = planned.plan
        words = f"{planned.request.column} of {counted(plan.defects, 'defect')} will be written"
        if plan.undecided:
            words += f"; {counted(plan.undecided, 'image')} without a confirmed class stay as they are"
        self.summary.setText(f"{words}. The file that was opened is not changed.")
        lines = [
            f"{each.target.name} {number}\n- {before}\n+ {after}"
            for each in plan.files
            for number, before, after in each.lines[:_MOST_LINES]
        ]
        if planned.request.overlay:
            lines = [each.content.decode("utf-8", "replace") for each in plan.files]
        self.changes.setPlainText("\n".join(lines) or "No line differs.")
        self.ok_button.setEnabled(True)

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(self.request())


def class_columns(project: Project) -> tuple[str, ...]:
    """Return the columns of the inspection files that may hold classes, the usual one first."""
    columns = () if project.inspection is None else project.inspection.columns
    return class_columns_of([column.name for column in columns]) or (STANDARD_COLUMN,)
