"""The Map tab: the map, and how it is laid out and coloured."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from defect_workbench.gui.map.map_view import MapView

# Of a box, in pixels; its list shows all of a text.
_NARROWEST = 90


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
        head = QHBoxLayout()
        head.setContentsMargins(10, 6, 10, 6)
        head.setSpacing(6)
        for words, box in (("Laid out by", self.method), ("Coloured by", self.colour)):
            box.setAccessibleName(words)
            box.setMinimumWidth(_NARROWEST)
            head.addWidget(QLabel(words))
            head.addWidget(box)
            head.addSpacing(6)
        head.addStretch(1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(head)
        rows.addWidget(view, 1)
