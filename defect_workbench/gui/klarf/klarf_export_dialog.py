"""Asks where confirmed classes are written, and shows which lines would differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
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
from defect_workbench.core.text import and_more, counted, sentence_case
from defect_workbench.core.wafer.class_column import STANDARD_COLUMN, class_columns_of
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.path_row import path_row
from defect_workbench.workflows.klarf.class_export import KlarfPlan, KlarfRequest, unnamed_words

_TYPING_MILLISECONDS = 200
_MOST_LINES = 500
_MOST_CLASSES = 12


class KlarfExportDialog(QDialog):
    """Asks where classes are written.

    Signals: chosen(KlarfRequest) if the user agrees; library_wanted, to correct codes.

    Parameters
    ----------
    project, classes : callable
        Return the present project, which a class that is renamed in the library changes, and class library.
    suggestion : Path
        The new file, or the new folder if the images are from several inspection files.
    planner : JobRunner
        Makes the plan in the background.
    """

    chosen = Signal(object)
    library_wanted = Signal()

    def __init__(
        self,
        project: Callable[[], Project],
        classes: Callable[[], ClassLibrary],
        suggestion: Path,
        planner: JobRunner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("klarfExport")
        self.setWindowTitle("Write classes to a KLARF")
        self.resize(78 * self.fontMetrics().averageCharWidth() + 120, 34 * self.fontMetrics().height())
        self._project, self._classes, self._planner = project, classes, planner
        inspection = project().inspection
        self._several = inspection is not None and len(inspection.files) > 1
        self.file = QLineEdit(str(suggestion))
        self.file.setAccessibleName("New folder" if self._several else "New file")
        self.column = QComboBox()
        self.column.setEditable(True)
        self.column.setAccessibleName("Column for the classes")
        self.column.addItems(class_columns(project()))
        self.overlay = QCheckBox("Only &defect numbers and classes, to merge into another system")
        self.summary = secondary_label()
        # Names of classes are text, whatever characters they have.
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
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
        self.library_button = buttons.addButton("Class &library…", QDialogButtonBox.ButtonRole.ActionRole)
        self.library_button.setAutoDefault(False)
        self.library_button.clicked.connect(self.library_wanted)
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
        self._typing.timeout.connect(self._plan)
        planner.done.connect(self._show_plan)
        planner.failed.connect(self._show_fault)
        self.file.textChanged.connect(self.plan_again)
        self.column.currentTextChanged.connect(self.plan_again)
        self.overlay.toggled.connect(self.plan_again)
        self.plan_again()

    def request(self) -> KlarfRequest:
        """Return what the controls ask for."""
        file = Path(self.file.text().strip()).expanduser()
        column, overlay = self.column.currentText().strip(), self.overlay.isChecked()
        return KlarfRequest(file, column, overlay, self._classes())

    def _browse(self) -> None:
        dialog = QFileDialog(self, self.windowTitle(), self.file.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self.file.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def plan_again(self) -> None:
        """Discard the plan; a new one is made a moment after the last change."""
        self.ok_button.setEnabled(False)
        if not self.file.text().strip():
            self._typing.stop()
            self._show_fault(f"Name a new {'folder' if self._several else 'file'}.")
        else:
            self._typing.start()

    def _plan(self) -> None:
        self._planner.run(klarf_job.plan(self._project(), self.request()))

    def _show_fault(self, words: str) -> None:
        self.summary.setText(sentence_case(words))
        self.changes.clear()
        self.ok_button.setEnabled(False)

    def _show_plan(self, planned: object) -> None:
        # A plan that was begun before the last change is about to be replaced.
        if not isinstance(planned, KlarfPlanned) or self._typing.isActive():
            return
        if planned.request != self.request():
            return
        self.summary.setText(summary_words(planned.request.column, planned.plan))
        self.changes.setPlainText(preview(planned))
        self.ok_button.setEnabled(True)

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(self.request())


def summary_words(column: str, plan: KlarfPlan) -> str:
    """Return which classes will be written to how many defects, and which images have none."""
    sentences = ["No cluster is confirmed under a name, so no class will be written."]
    if plan.classes:
        parts = [f"{each.name} ({each.code}) {each.defects:,}" for each in plan.classes]
        classes = and_more(parts, _MOST_CLASSES)
        sentences = [f"{column} of {counted(plan.defects, 'defect')} will be written: {classes}."]
    if plan.undecided:
        images = counted(plan.undecided, "image")
        sentences.append(f"Nothing changes for {images} without a confirmed class.")
    if words := unnamed_words(plan):
        sentences.append(f"{words}.")
    opened = "file that was opened is" if len(plan.files) == 1 else "files that were opened are"
    sentences.append(f"The {opened} not changed.")
    return " ".join(sentences)


def preview(planned: KlarfPlanned) -> str:
    """Return the lines that would differ, or the small files that would be written."""
    files = planned.plan.files
    if planned.request.overlay:
        return "\n".join(each.content.decode("utf-8", "replace") for each in files)
    parts = []
    for file in files:
        # Files of several folders may have the same name.
        name = file.source.name
        if len(files) > 1:
            name = file.target.relative_to(planned.request.file).as_posix()
        where = f"{name}, line" if len(files) > 1 else "Line"
        parts += [
            f"{where} {number:,}\n- {before}\n+ {after}" for number, before, after in file.lines[:_MOST_LINES]
        ]
        if len(file.lines) > _MOST_LINES:
            parts.append(f"and {counted(len(file.lines) - _MOST_LINES, 'more line')} of {name}")
    return "\n".join(parts) or "No line differs."


def class_columns(project: Project) -> tuple[str, ...]:
    """Return the columns of the inspection files that may hold classes, the usual one first."""
    columns = () if project.inspection is None else project.inspection.columns
    return class_columns_of([column.name for column in columns]) or (STANDARD_COLUMN,)
