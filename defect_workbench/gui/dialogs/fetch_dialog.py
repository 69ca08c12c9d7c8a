"""Fetching some images to review: how many, and which."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.fetching import Source
from defect_workbench.core.text import counted
from defect_workbench.gui.shared.labels import secondary_label

_COUNT = 20


class FetchDialog(QDialog):
    """Asks how many images to review next, and from where.

    Signals: fetched(images, title) when the user agrees.
    """

    fetched = Signal(list, str)

    def __init__(self, sources: Sequence[Source], parent: QWidget, noun: str = "image") -> None:
        super().__init__(parent)
        self.setObjectName("fetchDialog")
        self.setWindowTitle("Fetch images")
        self._sources, self._noun = sources, noun
        self.source = QComboBox()
        for source in sources:
            self.source.addItem(f"{source.name} ({len(source.images):,})")
        self.count = QSpinBox()
        self.count.setRange(1, max(len(source.images) for source in sources))
        self.count.setValue(_COUNT)
        self.words = secondary_label()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = self.buttons.addButton("Light table", QDialogButtonBox.ButtonRole.AcceptRole)
        go.setDefault(True)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self.source.currentIndexChanged.connect(self._show_words)
        self.count.valueChanged.connect(self._show_words)
        form = QFormLayout()
        form.addRow("&Images", self.count)
        form.addRow("&Which", self.source)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.words)
        layout.addWidget(self.buttons)
        self._show_words()
        self.count.selectAll()

    def _chosen(self) -> list[int]:
        source = self._sources[self.source.currentIndex()]
        return [int(image) for image in source.images[: self.count.value()]]

    def _show_words(self) -> None:
        count = counted(len(self._chosen()), self._noun)
        words = f"{count} will be shown at full size, to be classified with keys."
        self.words.setText(f"{words} Confirmed clusters are left out unless they are selected.")

    def _accept(self) -> None:
        title = self._sources[self.source.currentIndex()].name
        images = self._chosen()
        self.accept()
        self.fetched.emit(images, title)
