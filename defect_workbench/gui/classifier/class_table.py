"""Which outcome each class goes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from defect_workbench.core.classifier import taxonomy_editing as editing
from defect_workbench.core.classifier.stage import Stage
from defect_workbench.core.classifier.taxonomy_fitting import is_clean_name
from defect_workbench.core.text import counted


class ClassTable(QTableWidget):
    """A row per class. Signals: assigned(class, place), a stage and an outcome, or None for automatic.

    Parameters
    ----------
    labels : mapping of str to int
        The classes that exist and their numbers of images; 0 if the number is not known.
    """

    assigned = Signal(str, object)

    def __init__(self, labels: Mapping[str, int]) -> None:
        super().__init__(0, 2)
        self.setObjectName("classTable")
        self.setAccessibleName("The outcome of each class")
        self._labels = dict(labels)
        self.setHorizontalHeaderLabels(["Class", "Goes to"])
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.boxes: dict[str, QComboBox] = {}

    def show_stages(self, stages: Sequence[Stage]) -> None:
        """Show where each class goes; classes that only the stages name come last."""
        listed = [folder for stage in stages for o in stage.outcomes for folder in o.folders]
        known = {name.casefold() for name in self._labels}
        others = dict.fromkeys(name for name in listed if name.casefold() not in known)
        names = [*self._labels, *others]
        if list(self.boxes) != names:
            self._rebuild(names)
        places = [
            (f"{stage.name}: {outcome.name}", (i, j))
            for i, stage in enumerate(stages)
            for j, outcome in enumerate(stage.outcomes)
            if not outcome.next or outcome.folders
        ]
        for name, box in self.boxes.items():
            blocked = box.blockSignals(True)
            box.clear()
            box.addItem(f"Automatic ({automatic(stages, name)})", None)
            for words, place in places:
                box.addItem(words, place)
            current = editing.place_of(stages, name)
            box.setCurrentIndex(0 if current is None else [place for _, place in places].index(current) + 1)
            box.blockSignals(blocked)

    def _rebuild(self, names: Sequence[str]) -> None:
        self.boxes = {}
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            count = self._labels.get(name)
            images = (
                f" ({counted(count, 'image')})" if count else " (no such class now)" if count is None else ""
            )
            self.setItem(row, 0, QTableWidgetItem(f"{name}{images}"))
            box = self.boxes[name] = QComboBox()
            box.setAccessibleName(f"Where {name} goes to")
            box.activated.connect(lambda _, each=name: self._assign(each))
            self.setCellWidget(row, 1, box)
            self.setRowHeight(row, box.sizeHint().height() + 8)

    def _assign(self, name: str) -> None:
        place = self.boxes[name].currentData()
        self.assigned.emit(name, None if place is None else tuple(place))


def automatic(stages: Sequence[Stage], name: str) -> str:
    """Return the text for where training puts a class that no outcome lists."""
    if is_clean_name(name):
        for stage in stages:
            for outcome in stage.outcomes:
                if not outcome.next and not outcome.folders and is_clean_name(outcome.name):
                    return f"{stage.name}: {outcome.name}"
    rest = next((stage.name for stage in stages if stage.rest), "")
    return f"{rest}: {name}" if rest else "nowhere, so training would stop"
