"""The stage kind `classes`: a trained head distinguishes the outcomes."""

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
    """A stage learned from the class folders; every outcome gets a calibrated probability."""

    name = CLASSES
    summary = "is learned from the folders"
    gives_probabilities = True

    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        """Fit a head, unless the stage has only one outcome."""
        if len(stage.outcomes) < 2:
            return FittedStage(TrainedStage(stage.name))
        fitted = images.fit_head(stage)
        return FittedStage(TrainedStage(stage.name, fitted.head), fitted.rows, centred(fitted.held_out))

    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        """Return the probabilities of the head; later stages get its logits."""
        if trained.head is None:
            return Decision(np.ones((len(images), len(stage.outcomes))), np.zeros((len(images), 0)))
        vectors = trained.head.vectors(images.blocks(stage))
        return Decision(trained.head.probabilities(vectors), centred(trained.head.logits(vectors)))

    def describe(self, facts: StageFacts) -> str:
        """Return the weights of the feature blocks, as text."""
        weights = ", ".join(f"{block} {weight:g}" for block, weight in facts.weights.items())
        return f"weights of the blocks: {weights}" if weights else ""


def centred(logits: Floats) -> Floats:
    """Return logits minus the mean of their row, (n, c), as only differences are meaningful."""
    result: Floats = logits - logits.mean(axis=1, keepdims=True)
    return result


ENTRY = Classes()
