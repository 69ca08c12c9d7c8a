"""The stages in order, and the form of the selected one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.classifier import taxonomy_editing as editing
from defect_workbench.core.classifier.stage import Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy_problems import Problem
from defect_workbench.gui.classifier.stage_editor import StageEditor
from defect_workbench.gui.shared.form_area import FormArea

_WARNING = "  ⚠"


class StageForm(QWidget):
    """Edits stages. Signals: changed(stages), which need not be valid."""

    changed = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self._stages: editing.Stages = ()
        self._found: tuple[Problem, ...] = ()
        # The name by which others refer to the stage, while its own name is that of another stage.
        self._referred = ""
        self.list = QListWidget()
        self.list.setObjectName("stageList")
        self.list.setAccessibleName("Stages, in the order in which an image goes through them")
        self.list.setSpacing(3)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.editor = StageEditor()
        self.add, self.remove = QPushButton("Add"), QPushButton("Remove")
        self.up, self.down = QPushButton("Move up"), QPushButton("Move down")
        menu = QMenu(self.add)
        for kind in STAGE_KINDS:
            action = menu.addAction(f"A stage of kind {kind.name}")
            action.setToolTip(kind.summary)
            action.triggered.connect(lambda _=False, name=kind.name: self.add_stage(name))
        menu.setToolTipsVisible(True)
        self.add.setMenu(menu)
        self.remove.clicked.connect(self._remove)
        self.up.clicked.connect(lambda: self._move(-1))
        self.down.clicked.connect(lambda: self._move(1))
        left = QWidget()
        rows = QVBoxLayout(left)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.list, 1)
        for pair in ((self.add, self.remove), (self.up, self.down)):
            line = QHBoxLayout()
            for button in pair:
                button.setAutoDefault(False)
                line.addWidget(button)
            rows.addLayout(line)
        scroll = FormArea()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 0, 12, 0)
        column.addWidget(self.editor)
        column.addStretch(1)
        scroll.setWidget(inside)
        parts = QSplitter()
        parts.addWidget(left)
        parts.addWidget(scroll)
        parts.setStretchFactor(0, 1)
        parts.setStretchFactor(1, 2)
        parts.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(parts)
        self.list.currentRowChanged.connect(self._show_stage)
        self.editor.changed.connect(self._on_edited)
        self.editor.kind_chosen.connect(self._on_kind)

    def show_stages(self, stages: Sequence[Stage], found: Sequence[Problem]) -> None:
        """Show stages, and what is wrong with them."""
        self._stages = tuple(stages)
        wrong = {problem.stage for problem in found}
        blocked = self.list.blockSignals(True)
        row = min(max(self.list.currentRow(), 0), len(stages) - 1)
        while self.list.count() > len(stages):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(stages):
            self.list.addItem("")
        for number, stage in enumerate(stages):
            item = self.list.item(number)
            name = stage.name or "without a name"
            item.setText(f"{number + 1}.  {name}  ({stage.kind}){_WARNING if number in wrong else ''}")
            item.setToolTip("\n".join(p.why for p in found if p.stage == number))
        self.list.setCurrentRow(row)
        self.list.blockSignals(blocked)
        self._found = tuple(found)
        self._show_stage(row)

    def _show_stage(self, row: int) -> None:
        if not 0 <= row < len(self._stages):
            return
        self._referred = ""
        names = [stage.name for stage in self._stages]
        self.editor.show_stage(self._stages[row], names[:row], names[row + 1 :])
        self.editor.show_problems([p for p in self._found if p.stage == row])
        self.remove.setEnabled(len(self._stages) > 1)
        self.up.setEnabled(row > 0)
        self.down.setEnabled(row < len(self._stages) - 1)

    # User actions

    def add_stage(self, kind: str) -> None:
        """Add a stage before the selected one."""
        row = self.list.currentRow()
        self._apply(editing.added(self._stages, row, kind), row)
        self.editor.name.setFocus()
        self.editor.name.selectAll()

    def _remove(self) -> None:
        row = self.list.currentRow()
        self._apply(editing.removed(self._stages, row), row)

    def _move(self, by: int) -> None:
        row = self.list.currentRow()
        self._apply(editing.swapped(self._stages, min(row, row + by)), row + by)

    def _on_edited(self, stage: Stage) -> None:
        row, before = self.list.currentRow(), self._referred or self._stages[self.list.currentRow()].name
        stages = editing.renamed(self._stages, row, stage.name, before)
        taken = any(other.name == stage.name for other in (*stages[:row], *stages[row + 1 :]))
        self._apply((*stages[:row], stage, *stages[row + 1 :]), row)
        self._referred = before if taken else ""

    def _on_kind(self, kind: str) -> None:
        row = self.list.currentRow()
        self._apply(editing.with_kind(self._stages, row, kind), row)

    def _apply(self, stages: editing.Stages, row: int) -> None:
        self._stages = stages
        blocked = self.list.blockSignals(True)
        while self.list.count() < len(stages):
            self.list.addItem("")
        self.list.setCurrentRow(min(row, len(stages) - 1))
        self.list.blockSignals(blocked)
        self.changed.emit(stages)
