"""Both forms for the clustering method are built from the registry."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.parameters import Number
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.gui.dendrogram.grouping_panel import GroupingPanel
from defect_workbench.gui.dialogs.refine_dialog import RefineDialog
from defect_workbench.gui.shared.parameter_fields import MethodForm, NumberField
from tests.builders import blobs, made_analysis
from tests.unit.conformance.test_methods import TOY


@pytest.fixture
def form(qtbot: QtBot) -> MethodForm:
    found = MethodForm()
    qtbot.addWidget(found)
    found.show()
    return found


def test_it_offers_every_method_and_shows_only_its_parameters(form: MethodForm) -> None:
    for index, method in enumerate(METHODS):
        assert form.method.itemText(index) == method.label
        form.method.setCurrentIndex(index)
        own = {parameter.name for parameter in method.parameters}
        assert {name for name, field in form.fields.items() if field.widget.isVisible()} == own
        assert form.values() == method.completed({})


def test_a_value_from_the_command_line_beyond_the_offered_range_is_kept(form: MethodForm) -> None:
    form.show_settings("affinity", {"preference": -25_000.0, "damping": 0.9, "linkage": "single"})
    assert form.method_name() == "affinity"
    assert form.values() == {"preference": -25_000.0, "damping": 0.9, "linkage": "single"}
    form.show_settings("affinity", {"preference": None})
    assert form.values()["preference"] is None


def test_showing_settings_is_no_change_and_a_person_who_changes_one_is_heard(
    form: MethodForm, qtbot: QtBot
) -> None:
    with qtbot.assertNotEmitted(form.parameter_changed), qtbot.assertNotEmitted(form.method_changed):
        form.show_settings("affinity", {"damping": 0.8})
    damping = form.fields["damping"].widget
    assert isinstance(damping, QDoubleSpinBox)
    with qtbot.waitSignal(form.parameter_changed):
        damping.setValue(0.85)
    with qtbot.waitSignal(form.method_changed):
        form.method.setCurrentIndex(0)


def test_the_end_of_an_open_range_cannot_be_reached(qtbot: QtBot) -> None:
    field = NumberField(Number("a", "A", "", 0.5, low=0.0, high=1.0, open_high=True))
    qtbot.addWidget(field.widget)
    field.widget.setValue(1.0)
    value = field.value()
    assert isinstance(value, float)
    assert value < 1.0


def test_one_more_entry_is_in_both_forms(qtbot: QtBot) -> None:
    with METHODS.including(TOY):
        parent = QWidget()
        qtbot.addWidget(parent)
        panel = GroupingPanel(Document(parent), parent)
        forms = [panel.form, *_refine_forms(parent)]
        for form in forms:
            form.method.setCurrentIndex(form.method.findText("Toy groups"))
            assert form.method_name() == "toy"
            assert form.values() == {"groups": 3}
            assert not isinstance(form.fields["groups"].widget, QComboBox)
        assert panel.settings().method == "toy"
        assert panel.settings().parameters == {"groups": 3}


def _refine_forms(parent: QWidget) -> list[MethodForm]:
    from defect_workbench.core.project.decisions import Decisions, divide

    analysis = made_analysis(blobs((6, 5)))
    cluster = divide(analysis, 2, Decisions.none(11)).clusters[0]
    loader = ThumbnailLoader(64, parent)
    dialog = RefineDialog(cluster, Settings(), lambda groups: [""] * len(groups), loader, parent)
    loader.close()
    return [dialog.form]
