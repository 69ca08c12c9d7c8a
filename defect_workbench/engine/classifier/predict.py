"""Predict labels with a trained classifier, stage by stage."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.trained_classifier import Classifier, Prediction
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.stage_runner import StageRunner


def predict(classifier: Classifier, inputs: StageInputs) -> Prediction:
    """Predict the label, probabilities, novelty and stage path of every image.

    Parameters
    ----------
    inputs : StageInputs
        Of n images, with features of the classifier's identity, as `identity.check_fit` verifies.

    Returns
    -------
    Prediction
        Of n images.

    Raises
    ------
    WorkbenchError
        If a stage needs image files that are not available.
    """
    return predict_rows(classifier, inputs, np.arange(len(inputs)))


def predict_rows(classifier: Classifier, inputs: StageInputs, rows: Integers) -> Prediction:
    """Predict as `predict` does, for some of the images.

    Parameters
    ----------
    rows : (m,) intp
        Images, as rows of the inputs.

    Returns
    -------
    Prediction
        Of m images.

    Raises
    ------
    WorkbenchError
        If a stage needs image files that are not available.
    """
    runner = StageRunner(classifier.taxonomy, inputs, rows)
    for stage in classifier.taxonomy.stages:
        runner.decide(stage, classifier.stages[stage.name])
    novelty = classifier.novelty
    return conclude(runner, novelty.scores(novelty.measures(runner.image_blocks())), novelty.thresholds())


def conclude(runner: StageRunner, novelty_scores: Floats, thresholds: Floats) -> Prediction:
    """Return the prediction after all stages have decided.

    Parameters
    ----------
    runner : StageRunner
        Of n images.
    novelty_scores : (n,) float64
    thresholds : (1,) or (labels,) float64
        Images with a novelty score above that of their label, or the only one, are unknown.

    Returns
    -------
    Prediction
        Of n images. Unknown images have a most likely label, too.
    """
    probabilities = runner.label_probabilities()
    labels = probabilities.argmax(axis=1).astype(np.intp)
    return Prediction(
        names=runner.taxonomy.labels,
        labels=labels,
        probabilities=probabilities,
        novelty_scores=novelty_scores,
        known=novelty_scores <= np.broadcast_to(thresholds, len(runner.taxonomy.labels))[labels],
        paths=runner.paths(labels),
        stages=dict(runner.probabilities),
    )
