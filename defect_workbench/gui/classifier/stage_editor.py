"""The form for one stage; its fields follow from the registry of stage kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.classifier.stage import Outcome, Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.stages.stage_kind import StageKind
from defect_workbench.core.classifier.taxonomy_problems import INPUTS, NAME, ORDER, OUTCOMES, REST, Problem
from defect_workbench.core.images.preprocessing_steps import BACKGROUND_CHOICES, DENOISE_CHOICES
from defect_workbench.core.text import and_more, sentence_case
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.parameter_fields import Field, field_of

_LABEL = "is a label"
_MOST_NAMES = 4


class StageEditor(QWidget):
    """Edits a stage. Signals: changed(stage); kind_chosen(kind), which changes more than the stage."""

    changed = Signal(object)
    kind_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._stage = Stage("", "")
        # The names of the stages before and after it.
        self._links: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self.name = QLineEdit()
        self.name.setObjectName("stageName")
        self.name.setAccessibleName("Name of the stage")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind of the stage")
        self.kind.setObjectName("stageKind")
        for kind in STAGE_KINDS:
            self.kind.addItem(kind.name, kind.name)
        self.summary = secondary_label()
        self.settings: dict[str, Field] = {}
        self.inputs: dict[str, QCheckBox] = {}
        self.outcomes: list[OutcomeRow] = []
        self.rest = QCheckBox("Classes that are not listed are labels here")
        self.rest.setObjectName("stageRest")
        self.denoise, self.background = QComboBox(), QComboBox()
        for box, choices in ((self.denoise, DENOISE_CHOICES), (self.background, BACKGROUND_CHOICES)):
            for choice in choices:
                box.addItem(sentence_case(choice.label), choice.value)
        self.add_outcome = QPushButton("Add outcome")
        self.errors = {field: _error_label(field) for field in (NAME, OUTCOMES, REST, INPUTS, ORDER)}
        self._setting_rows: list[QWidget] = []
        self._outcome_rows, self._input_rows = _column(), _column()
        line = QHBoxLayout()
        line.addWidget(self.add_outcome)
        line.addStretch(1)
        outcomes = _boxed(self._outcome_rows, self.errors[OUTCOMES], line)
        self._rest_box = _boxed(self.rest, self.errors[REST])
        self._input_box = _boxed(self._input_rows, self.errors[INPUTS])
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(8)
        self._form.addRow("Name", _boxed(self.name, self.errors[NAME], self.errors[ORDER]))
        self._form.addRow("Kind", _boxed(self.kind, self.summary))
        self._form.addRow("Outcomes", outcomes)
        self._form.addRow("", self._rest_box)
        self._form.addRow("Also learns from", self._input_box)
        self._form.addRow("Denoise", self.denoise)
        self._form.addRow("Background", self.background)
        self.name.textEdited.connect(lambda text: self._change(name=text))
        self.kind.activated.connect(lambda _: self.kind_chosen.emit(str(self.kind.currentData())))
        self.rest.clicked.connect(lambda on: self._change(rest=on))
        self.denoise.activated.connect(lambda _: self._change(denoise=self.denoise.currentData()))
        self.background.activated.connect(lambda _: self._change(background=self.background.currentData()))
        self.add_outcome.clicked.connect(self._add_outcome)

    # Content

    def show_stage(self, stage: Stage, earlier: Sequence[str], later: Sequence[str]) -> None:
        """Show a stage.

        Parameters
        ----------
        earlier, later : sequence of str
            Names of the stages before and after it.
        """
        before, self._stage = self._stage, stage
        kind, links = STAGE_KINDS[stage.kind], (tuple(earlier), tuple(later))
        another_kind, other_links = stage.kind != before.kind, links != self._links
        self._links = links
        if another_kind:
            self._make_settings(kind)
        if another_kind or other_links or len(stage.outcomes) != len(self.outcomes):
            self._make_outcomes(kind)
        if another_kind or other_links:
            self._make_inputs(kind)
        _show_text(self.name, stage.name)
        self.kind.setCurrentIndex(self.kind.findData(stage.kind))
        self.summary.setText(f"{sentence_case(STAGE_KINDS[stage.kind].summary)}.")
        for name, field in self.settings.items():
            blocked = field.widget.blockSignals(True)
            field.show_value(stage.settings.get(name))
            field.widget.blockSignals(blocked)
        for name, box in self.inputs.items():
            box.setChecked(name in stage.inputs)
        for row, outcome in zip(self.outcomes, stage.outcomes, strict=True):
            row.show_outcome(outcome)
        self.rest.setChecked(stage.rest)
        self.denoise.setCurrentIndex(self.denoise.findData(stage.denoise))
        self.background.setCurrentIndex(self.background.findData(stage.background))

    def show_problems(self, found: Sequence[Problem]) -> None:
        """Show what is wrong beside the fields."""
        for field, label in self.errors.items():
            why = dict.fromkeys(problem.why for problem in found if problem.field == field)
            label.setText("\n".join(f"{sentence_case(each)}." for each in why))
            label.setVisible(bool(why))

    def _make_settings(self, kind: StageKind) -> None:
        """Make the fields for the settings of a kind, below the kind."""
        for row in self._setting_rows:
            self._form.removeRow(row)
        for name in self.settings:
            del self.errors[name]
        self.settings, self._setting_rows = {}, []
        for number, setting in enumerate(kind.settings):
            field = self.settings[setting.name] = field_of(setting.parameter)
            error = self.errors[setting.name] = _error_label(setting.name)
            field.changed.connect(lambda _, name=setting.name: self._set(name))
            self._setting_rows.append(_boxed(field.widget, error))
            self._form.insertRow(2 + number, setting.parameter.label, self._setting_rows[-1])

    def _make_outcomes(self, kind: StageKind) -> None:
        fixed = bool(kind.fixed_outcomes)
        _clear(self._outcome_rows)
        self.outcomes = []
        for number in range(len(self._stage.outcomes)):
            row = OutcomeRow(number, self._links[1], fixed=fixed)
            row.changed.connect(self._set_outcome)
            row.removed.connect(self._remove_outcome)
            self.outcomes.append(row)
            self._outcome_rows.addWidget(row)
        self.add_outcome.setVisible(not fixed)
        self._form.setRowVisible(self._rest_box, not fixed)

    def _make_inputs(self, kind: StageKind) -> None:
        earlier = self._links[0]
        _clear(self._input_rows)
        self.inputs = {}
        for name in earlier:
            box = self.inputs[name] = QCheckBox(name)
            box.clicked.connect(self._set_inputs)
            self._input_rows.addWidget(box)
        # Only what learns has a use for the results of others.
        self._form.setRowVisible(self._input_box, bool(earlier) and kind.gives_probabilities)

    # User actions

    def _change(self, **fields: object) -> None:
        self._stage = replace(self._stage, **fields)  # type: ignore[arg-type] # fields of Stage
        self.changed.emit(self._stage)

    def _set(self, name: str) -> None:
        settings = {key: value for key, value in self._stage.settings.items() if key != name}
        value = self.settings[name].value()
        self._change(settings=settings if value is None else {**settings, name: value})

    def _set_inputs(self) -> None:
        self._change(inputs=tuple(name for name, box in self.inputs.items() if box.isChecked()))

    def _set_outcome(self, number: int, outcome: Outcome) -> None:
        outcomes = self._stage.outcomes
        self._change(outcomes=(*outcomes[:number], outcome, *outcomes[number + 1 :]))

    def _add_outcome(self) -> None:
        names = {outcome.name for outcome in self._stage.outcomes}
        name = next(
            n for n in ("new outcome", *(f"new outcome {k}" for k in range(2, 1000))) if n not in names
        )
        self._change(outcomes=(*self._stage.outcomes, Outcome(name)))
        if self.outcomes:
            self.outcomes[-1].name.setFocus()
            self.outcomes[-1].name.selectAll()

    def _remove_outcome(self, number: int) -> None:
        outcomes = self._stage.outcomes
        self._change(outcomes=(*outcomes[:number], *outcomes[number + 1 :]))


class OutcomeRow(QWidget):
    """An outcome: its name, what it leads to, its classes.

    Signals: changed(number, outcome), removed(number).

    Parameters
    ----------
    later : sequence of str
        The stages that it may lead to.
    fixed : bool
        The kind of the stage determines the name.
    """

    changed = Signal(int, object)
    removed = Signal(int)

    def __init__(self, number: int, later: Sequence[str], *, fixed: bool) -> None:
        super().__init__()
        self._outcome = Outcome("")
        self.name, self.leads_to, self.classes = QLineEdit(), QComboBox(), secondary_label()
        self.name.setReadOnly(fixed)
        self.name.setEnabled(not fixed)
        self.name.setAccessibleName(f"Name of outcome {number + 1}")
        self.leads_to.setAccessibleName(f"Where outcome {number + 1} leads to")
        self.leads_to.addItem(_LABEL, "")
        for name in later:
            self.leads_to.addItem(f"leads to {name}", name)
        self.leads_to.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        remove = QToolButton()
        remove.setText("✕")
        remove.setToolTip("Remove this outcome")
        remove.setAccessibleName(f"Remove outcome {number + 1}")
        remove.setVisible(not fixed)
        line = QHBoxLayout()
        line.addWidget(self.name, 1)
        line.addWidget(self.leads_to, 1)
        line.addWidget(remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(self.classes)
        self.name.textEdited.connect(lambda text: self._change(number, replace(self._outcome, name=text)))
        self.leads_to.activated.connect(
            lambda _: self._change(number, replace(self._outcome, next=self.leads_to.currentData()))
        )
        remove.clicked.connect(lambda: self.removed.emit(number))

    def show_outcome(self, outcome: Outcome) -> None:
        """Show an outcome."""
        self._outcome = outcome
        _show_text(self.name, outcome.name)
        place = self.leads_to.findData(outcome.next)
        if place < 0:
            # It was a later stage before the stages were moved.
            self.leads_to.addItem(f"leads to {outcome.next}", outcome.next)
            place = self.leads_to.count() - 1
        self.leads_to.setCurrentIndex(place)
        names = and_more(outcome.folders, _MOST_NAMES)
        self.classes.setText(f"Classes: {names}")
        self.classes.setVisible(bool(names))

    def _change(self, number: int, outcome: Outcome) -> None:
        self._outcome = outcome
        self.changed.emit(number, outcome)


def _show_text(box: QLineEdit, text: str) -> None:
    # While the user types, the cursor stays where it is.
    if box.text() != text:
        box.setText(text)


def _error_label(field: str) -> QLabel:
    label = QLabel()
    label.setObjectName(f"error_{field}")
    label.setProperty("error", True)
    label.setWordWrap(True)
    label.setForegroundRole(QPalette.ColorRole.Text)
    label.hide()
    return label


def _column() -> QVBoxLayout:
    layout = QVBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    return layout


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _boxed(*parts: QWidget | QLayout) -> QWidget:
    """Return a field with what is wrong with it below."""
    box = QWidget()
    layout = _column()
    box.setLayout(layout)
    for part in parts:
        if isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    return box
