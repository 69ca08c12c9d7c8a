"""Brightness and contrast of the image in the inspector."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from defect_workbench.engine.input.full_image import Tone

_STEPS = 50


class _Slider(QSlider):
    """A slider that a double click resets."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.setValue(0)


class ToneSliders(QWidget):
    """Two sliders. Signals: changed when one moves."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 0)
        self.sliders = {}
        for words in ("Brightness", "Contrast"):
            slider = _Slider(Qt.Orientation.Horizontal)
            slider.setRange(-_STEPS, _STEPS)
            slider.setAccessibleName(words)
            slider.setToolTip(f"{words} of the image; double-click to reset")
            slider.valueChanged.connect(lambda _: self.changed.emit())
            label = QLabel(words)
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            layout.addWidget(label)
            layout.addWidget(slider, 1)
            self.sliders[words] = slider

    def tone(self) -> Tone:
        """Return the tone that the sliders show."""
        brightness, contrast = (self.sliders[words].value() / _STEPS for words in ("Brightness", "Contrast"))
        return Tone(brightness, contrast)
