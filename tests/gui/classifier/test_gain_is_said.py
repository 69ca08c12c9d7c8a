"""After retraining, the window says what the labels gained."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from defect_workbench.app.jobs.classifier_jobs import Loaded, ModelSaved, Trained
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.engine.classifier.training_job import TrainingResult
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.model.model_file import load_model
from tests.conftest import GOLDEN
from tests.gui.classifier.conftest import facts_of


def trained(facts: TrainingFacts) -> Trained:
    """The result of a training with these facts."""
    model = replace(load_model(GOLDEN / "staged.model"), facts=facts)
    return Trained(model, cast(TrainingResult, SimpleNamespace(facts=facts)))


def test_the_summary_and_the_notice_say_what_the_labels_gained(opened: MainWindow, tmp_path: Path) -> None:
    assert opened.document.project is not None
    first = facts_of(opened.document.project.images)
    held_out = first.held_out
    assert held_out is not None
    opened.jobs.done.emit(trained(first))
    summary = opened.classify_panel.figures
    assert "Since the training before" not in summary.toPlainText()
    # Two labels are changed to what was predicted.
    labels = list(held_out.labels)
    labels[1] = labels[2] = 1
    second = replace(first, held_out=replace(held_out, labels=tuple(labels)))
    opened.jobs.done.emit(trained(second))
    words = "2 labels changed, 75.0% of the 8 images that both trainings tested are right, 75.0% before"
    assert f"Since the training before: with {words}" in summary.toPlainText()
    assert f"With {words}" in opened.notice.text.text()
    # It stays when the classifier is saved, and goes with another one.
    opened.jobs.done.emit(ModelSaved(tmp_path / "kinds.dwm", None))
    assert words in summary.toPlainText()
    other = replace(load_model(GOLDEN / "staged.model"), facts=first)
    opened.jobs.done.emit(Loaded(other, tmp_path / "other.dwm"))
    assert "Since the training before" not in summary.toPlainText()
