"""Retraining offers the images that the classifier before learned from, and states what it learned from."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs import classifier_jobs
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.app.jobs.runner import Work
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.engine.classifier.training_job import TrainingResult
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.workflows.train import TrainRequest
from tests.builders import made_project
from tests.conftest import GOLDEN
from tests.gui.classifier.conftest import NAMES, facts_of
from tests.gui.gestures import LEFT


def load(window: MainWindow, facts: TrainingFacts) -> None:
    """Open a classifier with these facts."""
    model = replace(load_model(GOLDEN / "staged.model"), facts=facts)
    handle = window.classifier.results()[classifier_jobs.Loaded]
    handle(classifier_jobs.Loaded(model, Path("kinds.dwm")))


@pytest.fixture
def facts(opened: MainWindow, tmp_path: Path) -> TrainingFacts:
    """The facts of a training on the first images of another lot."""
    found = facts_of(made_project(tmp_path / "lot-a").images)
    assert found.held_out is not None
    # Other images of the same names.
    contents = tuple(content[::-1] for content in found.held_out.sha256)
    return replace(found, classes=dict.fromkeys(NAMES, 3), held_out=replace(found.held_out, sha256=contents))


def confirm(window: MainWindow, *names: str) -> None:
    for name in names:
        partition = window.document.partition
        assert partition is not None
        window.document.rename(next(c for c in partition.clusters if c.group is None), name)
    partition = window.document.partition
    assert partition is not None
    window.document.confirm([c for c in partition.clusters if c.group is not None])
    window.tabs.setCurrentWidget(window.classify_panel)


def requested(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> TrainRequest:
    """Press Train, and return what the job is to do."""
    requests: list[TrainRequest] = []

    def note(project: object, request: TrainRequest, *rest: object, **options: object) -> Work:
        requests.append(request)
        return lambda reporter: None

    monkeypatch.setattr(classifier_jobs, "train", note)
    with qtbot.waitSignal(window.jobs.done, timeout=10_000):
        qtbot.mouseClick(window.classify_panel.train_button, LEFT)
    return requests[-1]


def test_images_of_another_lot_are_learned_from_unless_the_user_declines(
    opened: MainWindow, facts: TrainingFacts, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = opened.classify_panel
    assert panel.use_earlier.isHidden()
    load(opened, facts)
    confirm(opened, "lines", "specks")
    assert panel.use_earlier.isVisible()
    assert panel.use_earlier.isChecked()
    assert panel.earlier_text.text() == "8 images of lot-a"
    request = requested(opened, qtbot, monkeypatch)
    assert (request.before, request.with_before) == (facts, True)
    qtbot.mouseClick(panel.use_earlier, LEFT, pos=QPoint(8, panel.use_earlier.height() // 2))
    assert not requested(opened, qtbot, monkeypatch).with_before
    # What the user chose stays while clusters change.
    confirm(opened, "particles")
    assert not panel.use_earlier.isChecked()


def test_nothing_is_offered_if_the_classifier_learned_from_the_open_images(
    opened: MainWindow, facts: TrainingFacts
) -> None:
    assert opened.document.project is not None
    load(opened, facts_of(opened.document.project.images))
    opened.tabs.setCurrentWidget(opened.classify_panel)
    assert opened.classify_panel.use_earlier.isHidden()


def test_images_of_another_product_are_not_chosen(opened: MainWindow, facts: TrainingFacts) -> None:
    load(opened, facts)
    confirm(opened, "open", "short")
    assert opened.classify_panel.use_earlier.isVisible()
    assert not opened.classify_panel.use_earlier.isChecked()


def test_a_class_that_was_renamed_is_the_same_class(
    opened: MainWindow, facts: TrainingFacts, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.classes.change(lambda _: ClassLibrary((KnownClass("scratches", aliases=("lines",)),)))
    load(opened, facts)
    confirm(opened, "scratches", "dots")
    assert opened.classify_panel.use_earlier.isChecked()
    assert requested(opened, qtbot, monkeypatch).renamed == {"lines": "scratches"}


def test_a_classifier_without_a_list_of_its_images_cannot_offer_them(
    opened: MainWindow, facts: TrainingFacts
) -> None:
    load(opened, replace(facts, held_out=None))
    confirm(opened, "lines", "specks")
    panel = opened.classify_panel
    assert not panel.use_earlier.isEnabled()
    assert not panel.use_earlier.isChecked()
    assert "which its file does not list" in panel.earlier_text.text()


def test_the_result_states_what_the_classifier_learned_from(opened: MainWindow, facts: TrainingFacts) -> None:
    model = replace(load_model(GOLDEN / "staged.model"), facts=facts)
    training = cast(TrainingResult, SimpleNamespace(facts=facts))
    handle = opened.classifier.results()[classifier_jobs.Trained]
    handle(classifier_jobs.Trained(model, training, "Trained on 8 images of lot-a"))
    assert opened.notice.text.text().startswith("Trained on 8 images of lot-a. The classifier agrees with ")


def test_an_opened_lot_is_shown_in_place_of_the_classify_page(
    opened: MainWindow, facts: TrainingFacts, qtbot: QtBot, tmp_path: Path
) -> None:
    assert facts.held_out is not None
    noted = replace(facts.held_out, sources=(0,) * 8, source_names=("lot-a",))
    load(opened, replace(facts, held_out=noted))
    opened.tabs.setCurrentWidget(opened.classify_panel)
    inspector = opened.docks[1]
    assert inspector.isHidden()
    save_session(tmp_path / "next.dwb", made_project(tmp_path / "next", sizes=(5, 4)))
    with qtbot.waitSignal(opened.document.opened, timeout=20_000):
        opened.open_path(tmp_path / "next.dwb")
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    assert opened.tabs.currentWidget() is not opened.classify_panel
    assert opened.gallery.isVisible()
    assert opened.gallery.hasFocus()
    assert not inspector.isHidden()
    assert opened.image_model.rowCount() == 9
    # The figures say which images they are about.
    assert "8 images of lot-a" in opened.classify_panel.figures.toPlainText()


def test_a_classified_folder_is_shown_in_place_of_the_classify_page(
    opened: MainWindow, tmp_path: Path
) -> None:
    opened.tabs.setCurrentWidget(opened.classify_panel)
    project = made_project(tmp_path / "next", sizes=(5, 4))
    project = replace(project, proposal=Proposal.none(9))
    handle = opened.classifier.results()[classifier_jobs.Classified]
    handle(classifier_jobs.Classified(prepare(project), 0))
    assert opened.gallery.isVisible()
    assert opened.image_model.rowCount() == 9
