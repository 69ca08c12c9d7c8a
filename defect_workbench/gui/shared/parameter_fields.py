"""Form fields for parameters, and the form for a clustering method built from them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QWidget

from defect_workbench.core.parameters import Choice, Number, Parameter, Value
from defect_workbench.engine.clustering.registry import METHODS

_DECIMALS = 2


class ChoiceField:
    """A list to choose from, for a `Choice`."""

    def __init__(self, parameter: Choice) -> None:
        self.widget = QComboBox()
        for value, label in parameter.choices:
            self.widget.addItem(label, value)
        self.changed = self.widget.currentIndexChanged

    def value(self) -> Value:
        """Return the chosen value."""
        return str(self.widget.currentData())

    def show_value(self, value: Value) -> None:
        """Choose a value."""
        self.widget.setCurrentIndex(self.widget.findData(value))


class NumberField:
    """A spin box for a `Number`; its lowest step means "unset" if the number may be unset."""

    def __init__(self, parameter: Number) -> None:
        self._unset = bool(parameter.unset)
        self.widget = QDoubleSpinBox()
        self.widget.setDecimals(0 if parameter.whole else _DECIMALS)
        self.widget.setSingleStep(parameter.step)
        low, high = parameter.offered or (parameter.low, parameter.high)
        if self._unset:
            self.widget.setSpecialValueText(parameter.unset)
        if parameter.open_high and high == parameter.high:
            high -= 10.0**-_DECIMALS
        self.widget.setRange(low - self._below(), high)
        self.changed = self.widget.valueChanged

    def value(self) -> Value:
        """Return the number in the box; None if it is unset."""
        value = self.widget.value()
        return None if self._unset and value == self.widget.minimum() else value

    def show_value(self, value: Value) -> None:
        """Show a number; one beyond the range of the form (the command line allows more) widens it."""
        if value is None:
            self.widget.setValue(self.widget.minimum())
        elif isinstance(value, int | float):
            self.widget.setMinimum(min(self.widget.minimum(), value - self._below()))
            self.widget.setMaximum(max(self.widget.maximum(), value))
            self.widget.setValue(value)

    def _below(self) -> float:
        return self.widget.singleStep() if self._unset else 0.0


Field = ChoiceField | NumberField


def field_of(parameter: Parameter) -> Field:
    """Return the field for a parameter, with object name, tooltip and default."""
    field = ChoiceField(parameter) if isinstance(parameter, Choice) else NumberField(parameter)
    field.widget.setObjectName(f"parameter_{parameter.name}")
    field.widget.setAccessibleName(parameter.label)
    field.widget.setToolTip(parameter.help[:1].upper() + parameter.help[1:])
    field.show_value(parameter.default)
    return field


class MethodForm(QWidget):
    """A clustering method and its parameters, as the registry lists them.

    Signals: method_changed when another method is chosen; parameter_changed when a value is.
    """

    method_changed = Signal()
    parameter_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.method = QComboBox()
        self.fields: dict[str, Field] = {}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(8)
        self._form.addRow("Method", self.method)
        for method in METHODS:
            self.method.addItem(method.label, method.name)
            for parameter in method.parameters:
                if parameter.name not in self.fields:
                    field = self.fields[parameter.name] = field_of(parameter)
                    self._form.addRow(parameter.label, field.widget)
                    field.changed.connect(lambda _: self.parameter_changed.emit())
        self.method.currentIndexChanged.connect(self._on_method)
        self._show_rows()

    def method_name(self) -> str:
        """Return the name of the chosen method."""
        return str(self.method.currentData())

    def values(self) -> dict[str, Value]:
        """Return the parameters of the chosen method."""
        return {name: self.fields[name].value() for name in self._names()}

    def show_settings(self, method: str, parameters: Mapping[str, Value]) -> None:
        """Show a method and its parameters, without emitting signals."""
        blocked = self.blockSignals(True)
        self.method.setCurrentIndex(self.method.findData(method))
        for name, value in parameters.items():
            if name in self.fields:
                self.fields[name].show_value(value)
        self._show_rows()
        self.blockSignals(blocked)

    def _names(self) -> list[str]:
        name = self.method.currentData()
        return [parameter.name for parameter in METHODS[name].parameters] if name in METHODS else []

    def _show_rows(self) -> None:
        shown = self._names()
        for name, field in self.fields.items():
            self._form.setRowVisible(field.widget, name in shown)

    def _on_method(self) -> None:
        self._show_rows()
        self.method_changed.emit()
