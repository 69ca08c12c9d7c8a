"""A stage that is learned: a trained head tells its outcomes apart."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.classifier.stage import CLASSES, Stage
from defect_workbench.core.classifier.stages.stage_kind import (
    Decision,
    FittedStage,
    StageImages,
    StageKind,
    TrainingImages,
)
from defect_workbench.core.classifier.trained_stage import TrainedStage
from defect_workbench.core.classifier.training_facts import StageFacts


class Classes(StageKind):
    """Learned from the folders; every outcome gets a calibrated probability."""

    name = CLASSES
    summary = "is learned from the folders"
    gives_probabilities = True

    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        """Fit a head; a stage with a single outcome needs none."""
        if len(stage.outcomes) < 2:
            return FittedStage(TrainedStage(stage.name))
        fitted = images.fit_head(stage)
        trained = TrainedStage(stage.name, head=fitted.head, notes=fitted.head.notes)
        return FittedStage(trained, fitted.rows, centred(fitted.held_out))

    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        """The head's probabilities; later stages get its log-odds."""
        if trained.head is None:
            return Decision(np.ones((len(images), len(stage.outcomes))), np.zeros((len(images), 0)))
        vectors = trained.head.vectors(images.blocks(stage))
        return Decision(trained.head.probabilities(vectors), centred(trained.head.logits(vectors)))

    def describe(self, facts: StageFacts) -> str:
        """The weights of the feature blocks."""
        weights = ", ".join(f"{block} {weight:g}" for block, weight in facts.weights.items())
        return f"weights of the blocks: {weights}" if weights else ""


def centred(logits: Floats) -> Floats:
    """(n, c) log-odds less their mean in each row: only differences mean anything."""
    result: Floats = logits - logits.mean(axis=1, keepdims=True)
    return result


ENTRY = Classes()
