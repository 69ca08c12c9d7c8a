"""Where to export to, and what would be written there, before anything is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app import opening
from defect_workbench.app.jobs import JobRunner
from defect_workbench.core.project import Project
from defect_workbench.gui.file_dialogs import ask_folder
from defect_workbench.storage.export import Plan

_TYPING_MILLISECONDS = 150
_MODES = (
    ("Copy the images", "copy"),
    ("Hard links (no extra space, same disk)", "hardlink"),
    ("Symbolic links to the originals", "symlink"),
)


class ExportDialog(QDialog):
    """Asks for a new folder; `chosen(folder, mode)` follows if the person agrees."""

    chosen = Signal(Path, str)

    def __init__(
        self, project: Project, suggestion: Path, planner: JobRunner, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("exportDialog")
        self.setWindowTitle("Export labelled folders")
        self.setMinimumWidth(62 * self.fontMetrics().averageCharWidth() + 120)
        self._project, self._planner = project, planner
        self.folder = QLineEdit(str(suggestion))
        self.folder.setObjectName("exportFolder")
        browse = QPushButton("Browse…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        self.mode = QComboBox()
        for words, value in _MODES:
            self.mode.addItem(words, value)
        self._plan = QLabel()
        self._plan.setObjectName("exportPlan")
        self._plan.setWordWrap(True)
        self._plan.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._go.setDefault(True)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        line = QHBoxLayout()
        line.addWidget(self.folder, 1)
        line.addWidget(browse)
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("New folder", line)
        form.addRow("Images", self.mode)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(14)
        layout.addLayout(form)
        layout.addWidget(self._plan)
        layout.addWidget(self.buttons)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MILLISECONDS)
        self._typing.timeout.connect(self._look)
        planner.done.connect(self._show_plan)
        planner.failed.connect(self._show_fault)
        self.folder.textChanged.connect(self._refresh)
        self._refresh()

    def _browse(self) -> None:
        start = str(Path(self.folder.text()).parent)
        ask_folder(self, "Folder to export into", lambda path: self.folder.setText(str(path)), start)

    def _refresh(self) -> None:
        """The plan no longer holds; a moment after the last key the worker makes another."""
        self._go.setEnabled(False)
        if self.folder.text().strip():
            self._typing.start()
        else:
            self._typing.stop()
            self._show_fault("Name a folder that does not exist yet, or is empty.")

    def _look(self) -> None:
        self._planner.run(opening.plan(self._project, self._out()))

    def _out(self) -> Path:
        return Path(self.folder.text().strip()).expanduser()

    def _show_fault(self, words: str) -> None:
        self._say(words[:1].upper() + words[1:])
        self._go.setEnabled(False)

    def _show_plan(self, plan: Plan) -> None:
        if plan.out != self._out():
            return
        lines = [f"{len(plan.manifest):,} images, {plan.total_bytes / 1e6:,.1f} MB, in:"]
        shown = list(plan.folders.items())[:8]
        lines.append(", ".join(f"{name} ({count:,})" for name, count in shown))
        if len(plan.folders) > len(shown):
            lines[-1] += f" and {len(plan.folders) - len(shown)} more folders"
        lines.append("with manifest, session and report. Nothing is overwritten or deleted.")
        if plan.missing:
            lines.append(f"{len(plan.missing)} images can no longer be read, so nothing can be exported.")
        self._say("\n".join(lines))
        self._go.setEnabled(not plan.missing)

    def _say(self, text: str) -> None:
        """Show a text and grow to hold it; a wrapped label asks for no height of its own."""
        self._plan.setText(text)
        layout = self.layout()
        if layout is not None:
            width = max(self.width(), self.minimumWidth())
            self.setMinimumHeight(layout.totalHeightForWidth(width))

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(self._out(), str(self.mode.currentData()))
