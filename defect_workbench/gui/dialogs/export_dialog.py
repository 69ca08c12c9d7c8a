"""Asks what to export and where, and shows what would be written."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.jobs import export_job
from defect_workbench.app.jobs.export_job import Planned
from defect_workbench.app.jobs.runner import JobRunner
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.gui.dialogs.file_dialogs import ask_folder
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.storage.result.annotation_formats.registry import ANNOTATION_FORMATS
from defect_workbench.storage.result.export_options import (
    COLUMN,
    FOLDER,
    RANDOM,
    ExportOptions,
    Mode,
    Split,
)
from defect_workbench.workflows.export import ExportRequest

_TYPING_MILLISECONDS = 150
_FOLDERS = 8
_SHARES = (("Training", 70), ("Validation", 15), ("Test", 15))


class ExportDialog(QDialog):
    """Asks what to export and where. Signals: chosen(ExportRequest) if the user agrees.

    Parameters
    ----------
    planner : JobRunner
        Makes the plan in the background.
    """

    chosen = Signal(object)

    def __init__(
        self, project: Project, suggestion: Path, planner: JobRunner, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("exportDialog")
        self.setWindowTitle("Export labelled folders")
        self.setMinimumWidth(62 * self.fontMetrics().averageCharWidth() + 120)
        self._project, self._noun = project, project.images.noun
        self.folder = QLineEdit(str(suggestion))
        self.folder.setObjectName("exportFolder")
        self.folder.setAccessibleName("Folder to export to")
        self.add = QCheckBox(f"Add new {self._noun}s to the earlier export there")
        self.mode = QComboBox()
        for mode in Mode:
            self.mode.addItem(mode.label, mode)
        self.clusters = QComboBox()
        self.clusters.addItem("All", False)
        self.clusters.addItem("Only confirmed", True)
        self.split = QComboBox()
        self.split.addItem("No split", "")
        self.split.addItem("At random, with the same shares of each label", RANDOM)
        self.split.addItem(f"By folder: {self._noun}s of one folder stay together", FOLDER)
        for column in project.side.columns if project.side is not None else ():
            self.split.addItem(
                f"By {column.name}: {self._noun}s with the same value stay together", COLUMN + column.name
            )
        self.shares = [QSpinBox() for _ in _SHARES]
        self.formats = {entry.name: QCheckBox(entry.label) for entry in ANNOTATION_FORMATS}
        self.plan_text = secondary_label()
        self.plan_text.setObjectName("exportPlan")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok_button.setDefault(True)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._form = self._make_form()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(14)
        layout.addLayout(self._form)
        layout.addWidget(self.plan_text)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MILLISECONDS)
        self._typing.timeout.connect(lambda: planner.run(export_job.plan(project, self.request())))
        planner.done.connect(self._show_plan)
        planner.failed.connect(self._show_fault)
        self._connect()
        self._refresh()

    def _make_form(self) -> QFormLayout:
        browse = QPushButton("Browse…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(browse)
        self._shares = QWidget()
        shares = QHBoxLayout(self._shares)
        shares.setContentsMargins(0, 0, 0, 0)
        for (words, value), box in zip(_SHARES, self.shares, strict=True):
            box.setRange(0, 100)
            box.setValue(value)
            box.setSuffix("%")
            box.setAccessibleName(f"Share of the {words.lower()} set")
            shares.addWidget(QLabel(words))
            shares.addWidget(box)
        shares.addStretch(1)
        annotations = QHBoxLayout()
        annotations.setSpacing(16)
        for check in self.formats.values():
            annotations.addWidget(check)
        annotations.addStretch(1)
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("Folder", where)
        form.addRow("", self.add)
        form.addRow("Images", self.mode)
        form.addRow("Clusters", self.clusters)
        form.addRow("Split", self.split)
        form.addRow("", self._shares)
        form.addRow("Annotations", annotations)
        form.setRowVisible(self._shares, False)
        return form

    def _connect(self) -> None:
        self.folder.textChanged.connect(self._refresh)
        for check in (self.add, *self.formats.values()):
            check.toggled.connect(self._refresh)
        for choice in (self.clusters, self.split, self.mode):
            choice.currentIndexChanged.connect(self._refresh)
        for box in self.shares:
            box.valueChanged.connect(self._refresh)

    def _browse(self) -> None:
        start = str(Path(self.folder.text()).parent)
        ask_folder(self, "Folder to export into", lambda path: self.folder.setText(str(path)), start)

    def request(self) -> ExportRequest:
        """Return what the controls ask for."""
        by, split = str(self.split.currentData()), None
        if by:
            train, val, test = (float(box.value()) for box in self.shares)
            split = Split(by, (train, val, test), self._project.analysis.settings.seed)
        formats = tuple(name for name, check in self.formats.items() if check.isChecked())
        options = ExportOptions(split, formats, bool(self.clusters.currentData()))
        out = Path(self.folder.text().strip()).expanduser()
        return ExportRequest(out, Mode(self.mode.currentData()), options, self.add.isChecked())

    def _refresh(self) -> None:
        """Discard the plan; a new one is made a moment after the last change."""
        self.ok_button.setEnabled(False)
        # An addition uses the options of the export it is added to.
        for widget in (self.clusters, self.split, self._shares, *self.formats.values()):
            widget.setEnabled(not self.add.isChecked())
        self._form.setRowVisible(self._shares, bool(self.split.currentData()))
        if not self.folder.text().strip():
            self._typing.stop()
            self._show_fault("Choose a folder that does not exist yet or is empty.")
        elif self.split.currentData() and not any(box.value() for box in self.shares):
            self._typing.stop()
            self._show_fault("Set at least one share of the split above 0%.")
        else:
            self._typing.start()

    def _show_fault(self, words: str) -> None:
        self._show_text(sentence_case(words))
        self.ok_button.setEnabled(False)

    def _show_plan(self, planned: Planned) -> None:
        plan = planned.plan
        if planned.request != self.request():
            return
        files = sum(plan.folders.values())
        lines = [f"{counted(files, self._noun)}, {plan.total_bytes / 1e6:,.1f} MB, in:"]
        shown = list(plan.folders.items())[:_FOLDERS]
        lines.append(", ".join(f"{name} ({count:,})" for name, count in shown))
        if len(plan.folders) > len(shown):
            lines[-1] += f" and {counted(len(plan.folders) - len(shown), 'more folder')}"
        lines.append("with manifest, session and report. Nothing is overwritten or deleted.")
        if plan.already:
            lines.append(f"Already exported: {counted(len(plan.already), self._noun)}.")
        if plan.collisions:
            source, target = plan.collisions[0]
            lines.append(
                f"{len(plan.collisions):,} files share a name with another; for example, {source} "
                f"will be saved as {target}."
            )
        lines += [f"{sentence_case(note)}." for note in plan.notes]
        if plan.missing:
            lines.append(
                f"Nothing can be exported: {counted(len(plan.missing), self._noun)} can no longer be read."
            )
        self._show_text("\n".join(lines))
        self.ok_button.setEnabled(not plan.missing and (files > 0 or not planned.request.add))

    def _show_text(self, text: str) -> None:
        """Show a text and grow to hold it; a wrapped label requests no height by itself."""
        self.plan_text.setText(text)
        layout = self.layout()
        if layout is not None:
            width = max(self.width(), self.minimumWidth())
            self.setMinimumHeight(layout.totalHeightForWidth(width))

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(self.request())
