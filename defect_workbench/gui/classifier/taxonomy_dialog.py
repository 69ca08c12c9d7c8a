"""The stages of a classifier: in a form, by class, and as text, each in step with the others."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.classifier import taxonomy_editing as editing
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import Taxonomy, default_taxonomy
from defect_workbench.core.classifier.taxonomy_problems import NAME, problems, unclear_outcomes
from defect_workbench.core.classifier.taxonomy_toml import read_taxonomy, taxonomy_text
from defect_workbench.core.errors import InputError
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.gui.classifier.class_table import ClassTable
from defect_workbench.gui.classifier.stage_form import StageForm
from defect_workbench.gui.shared.labels import secondary_label

FORM, CLASSES, TEXT = range(3)


def stage_help() -> str:
    """Return the explanation of the kinds of stages."""
    kinds = "; ".join(f"“{kind.name}” {kind.summary}" for kind in STAGE_KINDS)
    return f"Each image goes through the stages from the top. A stage of kind {kinds}."


class TaxonomyDialog(QDialog):
    """Edits the stages. Signals: chosen(taxonomy) if the user agrees; None means the default stages.

    Parameters
    ----------
    labels : mapping of str to int
        The classes that exist, with their numbers of images; 0 if the number is not known.
    """

    chosen = Signal(object)

    def __init__(self, taxonomy: Taxonomy | None, labels: Mapping[str, int], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("taxonomyDialog")
        self.setWindowTitle("Stages of the classifier")
        metrics = self.fontMetrics()
        self.resize(110 * metrics.averageCharWidth() + 120, 42 * metrics.height())
        self._taxonomy = taxonomy or default_taxonomy()
        self.form, self.classes = StageForm(), ClassTable(labels)
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Stages as TOML")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("Stages as a form or as text")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.form, "Stages")
        self.tabs.addTab(self.classes, "Classes")
        self.tabs.addTab(self.text, "As text")
        self.status_text = QLabel()
        self.status_text.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.addButton("Use these stages", QDialogButtonBox.ButtonRole.AcceptRole)
        self.default_button = self.buttons.addButton("Default stages", QDialogButtonBox.ButtonRole.ResetRole)
        self.default_button.clicked.connect(lambda: self._edit(default_taxonomy().stages, "default"))
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(12)
        layout.addWidget(secondary_label(stage_help()))
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.status_text)
        layout.addWidget(self.buttons)
        self.form.changed.connect(self._edit)
        self.classes.assigned.connect(
            lambda name, place: self._edit(editing.with_class(self._taxonomy.stages, name, place))
        )
        self.text.textChanged.connect(self._on_text)
        self._edit(self._taxonomy.stages, self._taxonomy.name)

    def _edit(self, stages: editing.Stages, name: str | None = None) -> None:
        """Show stages that were changed in the form, there and as text."""
        self._taxonomy = Taxonomy(stages, self._taxonomy.name if name is None else name)
        blocked = self.text.blockSignals(True)
        self.text.setPlainText(taxonomy_text(self._taxonomy))
        self.text.blockSignals(blocked)
        self._show()

    def _on_text(self) -> None:
        """Show stages that were changed as text in the form, unless the text is wrong."""
        try:
            self._taxonomy = read_taxonomy(self.text.toPlainText(), "this text")
        except InputError as error:
            self._say(sentence_case(str(error)), valid=False)
            # They would show other stages than the text.
            self.form.setEnabled(False)
            self.classes.setEnabled(False)
            return
        self._show()

    def _show(self) -> None:
        stages = self._taxonomy.stages
        found = [*problems(stages), *unclear_outcomes(stages)]
        self.form.setEnabled(True)
        self.classes.setEnabled(True)
        self.form.show_stages(stages, found)
        self.classes.show_stages(stages)
        if found:
            # Two stages of one name have further consequences.
            first = min(found, key=lambda problem: problem.field != NAME)
            name = stages[first.stage].name
            where = f"Stage {first.stage + 1}{f' ({name})' if name else ''}"
            self._say(f"{where}: {first.why}.", valid=False)
        else:
            names = " → ".join(stage.name for stage in stages)
            self._say(f"{counted(len(stages), 'stage')}: {names}", valid=True)

    def _say(self, words: str, *, valid: bool) -> None:
        self.status_text.setText(words)
        self.status_text.setProperty("error", not valid)
        self.status_text.style().polish(self.status_text)
        self.ok_button.setEnabled(valid)

    def _accept(self) -> None:
        if self.ok_button.isEnabled():
            taxonomy = self._taxonomy
            self.accept()
            self.chosen.emit(None if taxonomy == default_taxonomy() else taxonomy)
