"""The stages of a classifier as text, checked while the user types."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase, QPalette
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import Taxonomy, default_taxonomy
from defect_workbench.core.classifier.taxonomy_toml import read_taxonomy, taxonomy_text
from defect_workbench.core.errors import InputError
from defect_workbench.core.text import counted, sentence_case


def stage_help() -> str:
    """Return the explanation of the kinds of stages."""
    kinds = "; ".join(f"“{kind.name}” {kind.summary}" for kind in STAGE_KINDS)
    return f"Each image goes through the stages from the top. A stage of kind {kinds}."


class TaxonomyDialog(QDialog):
    """Edits the stages. Signals: chosen(taxonomy) if the user agrees; None means the default stages."""

    chosen = Signal(object)

    def __init__(self, taxonomy: Taxonomy | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("taxonomyDialog")
        self.setWindowTitle("Stages of the classifier")
        self.resize(680, 620)
        words = QLabel(stage_help())
        words.setWordWrap(True)
        words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.text = QPlainTextEdit(taxonomy_text(taxonomy or default_taxonomy()))
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.status_text = QLabel()
        self.status_text.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.addButton("Use these stages", QDialogButtonBox.ButtonRole.AcceptRole)
        default = self.buttons.addButton("Default stages", QDialogButtonBox.ButtonRole.ResetRole)
        default.clicked.connect(lambda: self.text.setPlainText(taxonomy_text(default_taxonomy())))
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(12)
        for widget in (words, self.text, self.status_text, self.buttons):
            layout.addWidget(widget)
        self.text.textChanged.connect(self._check)
        self._check()

    def _check(self) -> Taxonomy | None:
        try:
            taxonomy = read_taxonomy(self.text.toPlainText(), "this text")
        except InputError as error:
            self.status_text.setText(sentence_case(str(error)))
            self.ok_button.setEnabled(False)
            return None
        names = " → ".join(stage.name for stage in taxonomy.stages)
        self.status_text.setText(f"{counted(len(taxonomy.stages), 'stage')}: {names}")
        self.ok_button.setEnabled(True)
        return taxonomy

    def _accept(self) -> None:
        taxonomy = self._check()
        if taxonomy is not None:
            self.accept()
            self.chosen.emit(None if taxonomy == default_taxonomy() else taxonomy)
