"""Evaluations of a small session, made up: no training is needed to see what the window makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.core.classifier.held_out import DoubtfulLabel, HeldOutImages
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.engine.classifier.evaluation import evaluate
from defect_workbench.gui.classifier.evaluation_tabs import EvaluationTabs
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.storage.session.session_file import save_session
from tests.builders import made_project
from tests.conftest import GOLDEN

NAMES = ("lines", "particles", "specks")
# Labels and predictions of the first images, one pair per image.
PAIRS = ((0, 0), (0, 1), (0, 1), (1, 1), (1, 0), (2, 2), (2, 2), (2, 1))
PROBABILITIES = (0.99, 0.7, 0.9, 0.8, 0.6, 0.95, 0.97, 0.55)


def facts_of(images: ImageSet, root: Path | None = None) -> TrainingFacts:
    """The facts of a training on the first images of a set."""
    model = load_model(GOLDEN / "staged.model")
    assert model.facts is not None
    labels, predictions = (np.array(column, np.intp) for column in zip(*PAIRS, strict=True))
    overall = evaluate(labels, predictions, NAMES, np.array(PROBABILITIES))
    records = images.images[: len(PAIRS)]
    held_out = HeldOutImages(
        root=str(root or images.root),
        paths=tuple(record.path for record in records),
        sha256=tuple(record.sha256 for record in records),
        labels=tuple(labels.tolist()),
        predictions=tuple(predictions.tolist()),
        probabilities=PROBABILITIES,
        doubtful=(DoubtfulLabel(2, 0.9), DoubtfulLabel(4, 0.7)),
    )
    return replace(model.facts, overall=overall, held_out=held_out)


@pytest.fixture
def opened(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with a small session open: three clusters of made-up vectors over real files."""
    session = tmp_path / "small.dwb"
    save_session(session, made_project(tmp_path / "small"))
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.open_path(session)
    qtbot.waitUntil(lambda: not window.jobs.busy)
    return window


@pytest.fixture
def evaluated(opened: MainWindow) -> EvaluationTabs:
    """The Classify tab with an evaluation on the first images of the session."""
    assert opened.document.project is not None
    opened.tabs.setCurrentWidget(opened.classify_panel)
    evaluation = opened.classify_panel.evaluation
    evaluation.show_facts(facts_of(opened.document.project.images))
    return evaluation
