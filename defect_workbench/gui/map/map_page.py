"""The Map tab: the map, and how it is laid out and coloured."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from defect_workbench.gui.map.map_view import MapView
from defect_workbench.gui.shared.wrapping_row import WrappingRow


class MapPage(QWidget):
    """The map under its two choices."""

    def __init__(self, view: MapView) -> None:
        super().__init__()
        self.method = QComboBox()
        self.method.addItem("Principal components")
        self.method.addItem("Neighbours (t-SNE)")
        self.method.setToolTip("How the images are laid out on the map")
        self.colour = QComboBox()
        self.colour.setToolTip("What the colours of the map mean")
        # One below the other where there is no room beside each other.
        head = WrappingRow([named("Laid out by", self.method), named("Coloured by", self.colour)])
        around = QVBoxLayout()
        around.setContentsMargins(10, 6, 10, 6)
        around.addWidget(head)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(around)
        rows.addWidget(view, 1)


def named(words: str, box: QComboBox) -> QWidget:
    """Return a box beside its name."""
    box.setAccessibleName(words)
    pair = QWidget()
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 6, 0)
    row.setSpacing(6)
    row.addWidget(QLabel(words))
    row.addWidget(box)
    return pair
