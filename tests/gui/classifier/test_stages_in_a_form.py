"""Stages edited in the form, by class and as text, with mouse and keys."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import default_taxonomy
from defect_workbench.core.classifier.taxonomy_toml import read_taxonomy, taxonomy_text
from defect_workbench.gui.classifier.taxonomy_dialog import CLASSES, TEXT, TaxonomyDialog
from tests.builders import flat_taxonomy

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(qtbot: QtBot) -> Iterator[TaxonomyDialog]:
    """The dialog with the default stages, for three classes."""
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = TaxonomyDialog(None, {"clean": 62, "crater": 15, "pit": 31}, parent)
    dialog.open()
    qtbot.waitExposed(dialog)
    yield dialog
    dialog.close()


def stages_as_text(dialog: TaxonomyDialog) -> list[str]:
    """The names of the stages as the text has them, which must be valid."""
    return [stage.name for stage in read_taxonomy(dialog.text.toPlainText(), "the text").stages]


def choose(qtbot: QtBot, box: QComboBox, words: str) -> None:
    """Choose an entry with the keyboard."""
    box.setFocus()
    while box.currentText() != words:
        before = box.currentIndex()
        qtbot.keyClick(box, Qt.Key.Key_Down if before < box.findText(words) else Qt.Key.Key_Up)
        assert box.currentIndex() != before, f"{words} is not among the choices"


def error(dialog: TaxonomyDialog, field: str) -> str:
    """What is shown to be wrong with a field."""
    QApplication.processEvents()
    label = dialog.form.editor.findChild(QLabel, f"error_{field}")
    assert label is not None
    return label.text() if label.isVisible() else ""


def test_stages_are_moved_and_removed_and_the_text_follows(dialog: TaxonomyDialog, qtbot: QtBot) -> None:
    form = dialog.form
    assert form.list.count() == 4
    form.list.setFocus()
    qtbot.keyClick(form.list, Qt.Key.Key_Down)
    assert form.editor.name.text() == "defect or clean"
    qtbot.mouseClick(form.down, LEFT)
    assert stages_as_text(dialog) == ["noise", "size", "defect or clean", "kind"]
    assert form.list.currentRow() == 2
    qtbot.mouseClick(form.up, LEFT)
    assert dialog.text.toPlainText() == taxonomy_text(default_taxonomy())
    qtbot.mouseClick(form.remove, LEFT)
    assert stages_as_text(dialog) == ["noise", "size", "kind"]
    assert dialog.ok_button.isEnabled()
    qtbot.mouseClick(dialog.default_button, LEFT)
    assert dialog.text.toPlainText() == taxonomy_text(default_taxonomy())


@pytest.mark.parametrize("kind", STAGE_KINDS.names)
def test_a_stage_of_every_kind_is_added_with_its_fields(
    dialog: TaxonomyDialog, qtbot: QtBot, kind: str
) -> None:
    form = dialog.form
    form.list.setCurrentRow(3)
    action = next(a for a in form.add.menu().actions() if a.text().endswith(kind))
    action.trigger()
    QApplication.processEvents()
    assert len(stages_as_text(dialog)) == 5
    assert form.list.currentRow() == 3
    assert form.editor.kind.currentText() == kind
    for setting in STAGE_KINDS[kind].settings:
        field = form.editor.findChild(QWidget, f"parameter_{setting.name}")
        assert field is not None
        assert field.isVisible()
    assert dialog.focusWidget() is form.editor.name
    form.editor.name.clear()
    qtbot.keyClicks(form.editor.name, "kind of")
    assert stages_as_text(dialog)[3] == "kind of"
    assert dialog.ok_button.isEnabled()


def test_settings_are_learned_or_given(dialog: TaxonomyDialog, qtbot: QtBot) -> None:
    dialog.form.list.setCurrentRow(2)
    limit = dialog.form.editor.settings["limit"]
    assert limit.widget.text() == "Learned"  # type: ignore[union-attr] # a number's field
    limit.widget.setFocus()
    limit.widget.selectAll()  # type: ignore[union-attr]
    qtbot.keyClicks(limit.widget, "40")
    assert "limit = 40.0" in dialog.text.toPlainText()
    limit.widget.selectAll()  # type: ignore[union-attr]
    qtbot.keyClicks(limit.widget, "0")
    assert error(dialog, "limit") == "Limit must be a number above 0."
    assert not dialog.ok_button.isEnabled()
    assert "⚠" in dialog.form.list.item(2).text()
    choose(qtbot, dialog.form.editor.settings["unit"].widget, "nm")  # type: ignore[arg-type]
    assert 'unit = "nm"' in dialog.text.toPlainText()


def test_an_error_is_shown_beside_the_field(dialog: TaxonomyDialog, qtbot: QtBot) -> None:
    dialog.form.list.setCurrentRow(2)
    name = dialog.form.editor.name
    name.setFocus()
    name.selectAll()
    qtbot.keyClicks(name, "kind")
    assert error(dialog, "name") == "The name of each stage must be unique and not empty."
    assert "Stage 3 (kind)" in dialog.status_text.text()
    assert not dialog.ok_button.isEnabled()
    qtbot.keyClicks(name, " of size")
    assert error(dialog, "name") == ""
    assert stages_as_text(dialog)[2] == "kind of size"
    dialog.form.list.setCurrentRow(1)
    assert dialog.form.editor.outcomes[1].leads_to.currentText() == "leads to kind of size"
    # The stage that it led to is reached by nothing then.
    choose(qtbot, dialog.form.editor.outcomes[1].leads_to, "leads to kind")
    dialog.form.list.setCurrentRow(2)
    assert "no outcome leads to" in error(dialog, "order").lower()


def test_outcomes_are_added_named_and_removed(dialog: TaxonomyDialog, qtbot: QtBot) -> None:
    dialog.form.list.setCurrentRow(1)
    editor = dialog.form.editor
    qtbot.mouseClick(editor.add_outcome, LEFT)
    assert dialog.focusWidget() is editor.outcomes[2].name
    qtbot.keyClicks(editor.outcomes[2].name, "damaged")
    taxonomy = read_taxonomy(dialog.text.toPlainText(), "the text")
    assert [o.name for o in taxonomy.stages[1].outcomes] == ["clean", "defect", "damaged"]
    editor.outcomes[2].name.selectAll()
    qtbot.keyClicks(editor.outcomes[2].name, "clean")
    assert "outcome must be unique" in error(dialog, "outcomes")
    editor.outcomes[2].removed.emit(2)
    assert dialog.text.toPlainText() == taxonomy_text(default_taxonomy())


def test_classes_are_sent_to_outcomes(dialog: TaxonomyDialog, qtbot: QtBot) -> None:
    dialog.tabs.setCurrentIndex(CLASSES)
    boxes = dialog.classes.boxes
    assert boxes["clean"].currentText() == "Automatic (defect or clean: clean)"
    assert boxes["crater"].currentText() == "Automatic (kind: crater)"
    assert "62 images" in dialog.classes.item(0, 0).text()  # type: ignore[union-attr]
    choose(qtbot, boxes["pit"], "defect or clean: clean")
    assert 'folders = [\n    "pit",\n]' in dialog.text.toPlainText()
    dialog.form.list.setCurrentRow(1)
    dialog.tabs.setCurrentIndex(0)
    assert dialog.form.editor.outcomes[0].classes.text() == "Classes: pit"
    dialog.tabs.setCurrentIndex(CLASSES)
    choose(qtbot, boxes["pit"], boxes["pit"].itemText(0))
    assert dialog.text.toPlainText() == taxonomy_text(default_taxonomy())


def test_the_text_and_the_form_stay_in_step(dialog: TaxonomyDialog, qtbot: QtBot) -> None:
    dialog.tabs.setCurrentIndex(TEXT)
    dialog.text.selectAll()
    QApplication.clipboard().setText(taxonomy_text(flat_taxonomy()).replace('"kind"', '"type"', 1))
    dialog.text.paste()
    assert dialog.form.list.count() == 1
    assert dialog.form.editor.name.text() == "type"
    assert dialog.form.editor.findChild(QCheckBox, "stageRest").isChecked()  # type: ignore[union-attr]
    qtbot.keyClicks(dialog.text, "x")
    assert "not TOML" in dialog.status_text.text()
    assert not dialog.form.isEnabled()
    assert not dialog.ok_button.isEnabled()
    qtbot.keyClick(dialog.text, Qt.Key.Key_Backspace)
    assert dialog.form.isEnabled()
    received: list[object] = []
    dialog.chosen.connect(received.append)
    qtbot.mouseClick(dialog.ok_button, LEFT)
    assert received == [read_taxonomy(dialog.text.toPlainText(), "the text")]


def test_default_stages_are_handed_over_as_none(dialog: TaxonomyDialog, qtbot: QtBot) -> None:
    received: list[object] = []
    dialog.chosen.connect(received.append)
    qtbot.mouseClick(dialog.ok_button, LEFT)
    assert received == [None]


def test_a_click_in_the_list_shows_the_stage(dialog: TaxonomyDialog, qtbot: QtBot) -> None:
    view = dialog.form.list
    place: QPoint = view.visualItemRect(view.item(3)).center()
    qtbot.mouseClick(view.viewport(), LEFT, pos=place)
    assert dialog.form.editor.name.text() == "kind"
    QApplication.processEvents()
    assert list(dialog.form.editor.inputs) == ["noise", "defect or clean", "size"]
    qtbot.mouseClick(dialog.form.editor.inputs["noise"], LEFT, pos=QPoint(8, 8))
    assert read_taxonomy(dialog.text.toPlainText(), "the text").stages[3].inputs == (
        "noise",
        "defect or clean",
        "size",
    )
