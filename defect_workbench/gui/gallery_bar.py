"""What to show in the gallery, and in which order."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QWidget

from defect_workbench.app.sections import Choice, Order

_TYPING_MILLISECONDS = 150


class GalleryBar(QWidget):
    """Signals: changed when the choice is another; fold_all(bool) when all clusters fold or unfold."""

    changed = Signal()
    fold_all = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.order = QComboBox()
        for order in Order:
            self.order.addItem(order.value, order)
        self.order.setToolTip("Order of the clusters")
        self.state = QComboBox()
        for words, value in (
            ("All states", ""),
            ("Open", "open"),
            ("Held", "held"),
            ("Confirmed", "confirmed"),
            ("Nuisance", "nuisance"),
        ):
            self.state.addItem(words, value)
        self.state.setToolTip("Show clusters of one state")
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter by name")
        self.text.setToolTip("Show images by a part of their path, or clusters by a part of their name")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Filter by file or cluster name")
        fold = QPushButton("Fold")
        fold.setCheckable(True)
        fold.setToolTip("Show the headings alone")
        fold.toggled.connect(self.fold_all)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addWidget(self.order)
        layout.addWidget(self.state)
        layout.addWidget(self.text, 1)
        layout.addWidget(fold)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MILLISECONDS)
        self._typing.timeout.connect(self.changed)
        self.text.textChanged.connect(lambda _: self._typing.start())
        self.order.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.state.currentIndexChanged.connect(lambda _: self.changed.emit())

    def choice(self) -> Choice:
        """What the controls say."""
        order, state = Order(self.order.currentData()), str(self.state.currentData())
        return Choice(order, self.text.text().strip(), state)
