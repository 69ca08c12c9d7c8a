"""Cross-validation: each image is predicted by a model trained on neither it nor a near-duplicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.classifier.conformal import FALSE_ALARMS, Calibration
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import Taxonomy, label_routes
from defect_workbench.core.classifier.trained_classifier import Prediction
from defect_workbench.core.classifier.training_facts import (
    DEEP_ONLY,
    AblationFigures,
    Evaluation,
    StageFacts,
)
from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.evaluation import (
    difference,
    evaluate,
    wilson,
)
from defect_workbench.engine.classifier.heads.folds import folds
from defect_workbench.engine.classifier.heads.head import Watcher
from defect_workbench.engine.classifier.predict import predict_rows
from defect_workbench.engine.classifier.stage_runner import route
from defect_workbench.engine.classifier.training import Options, block_choices, targets, train

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.fine_tuning import FineTuning


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Held-out predictions of a cross-validation, and their evaluation.

    Attributes
    ----------
    fold : (n,) intp
        The fold of each image.
    labels : (n,) intp
        The label of each image, an index into `prediction.names`.
    prediction : Prediction
        Held-out predictions; `known` applies the thresholds of the calibration.
    overall : Evaluation
        Evaluation of the final labels, with no image rejected as unknown.
    stages : mapping of str to StageFacts
        Without the stages' parameters, which differ between folds.
    ablation : mapping of str to AblationFigures
        By choice of feature blocks; empty if no ablation was requested.
    calibration : Calibration
        The held-out novelty scores by label.
    """

    fold: Integers
    labels: Integers
    prediction: Prediction
    overall: Evaluation
    stages: Mapping[str, StageFacts]
    ablation: Mapping[str, AblationFigures]
    calibration: Calibration


def cross_validate(
    data: LabelledSet,
    inputs: StageInputs,
    taxonomy: Taxonomy,
    count: int,
    options: Options,
    reporter: Reporter,
    *,
    watch: Watcher | None = None,
    ablation: bool = True,
    tuning: FineTuning | None = None,
    false_alarms: float = FALSE_ALARMS,
) -> CrossValidation:
    """Train on all folds but one and predict that one, for each fold.

    Augmented images are used in training only.

    Parameters
    ----------
    taxonomy : Taxonomy
        As `fit_taxonomy` returns it.
    count : int
        Number of folds, at least 2.
    watch : callable, optional
        Called with every `Epoch`.
    ablation : bool
        Whether to evaluate subsets of the feature blocks, too.
    tuning : FineTuning, optional
        Trains the network's last block on the training part of each fold.
    false_alarms : float
        Share of known images that may be called unknown.

    Raises
    ------
    InputError
        If all images of a class are in one fold.
    Cancelled
        If the user cancelled.
    """
    fold = folds(data.labels, data.groups, count, options.seed)
    for label, folder in enumerate(data.folders):
        if len(np.unique(fold[data.labels == label])) < 2:
            raise InputError(
                f"the folder {folder} cannot be divided into folds: its images are near-duplicates or from "
                "one lot, but training and evaluation need different images"
            )
    choices = block_choices(tuple(data.features.blocks))
    full = list(choices)[-1]
    compared = choices if ablation else {full: choices[full]}
    reporter.stage("Cross-validation", count * len(compared))
    names = taxonomy.labels
    routes = label_routes(taxonomy, data.folders)
    truth = np.array([names.index(routes.label_of[f]) for f in data.folders], np.intp)[data.labels]
    parts: dict[str, list[tuple[Integers, Prediction]]] = {choice: [] for choice in compared}
    for number in range(count):
        training, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if not len(held_out):
            continue
        name = f"fold {number + 1}"
        fold_data, fold_inputs = data, inputs
        if tuning is not None:
            fold_data, fold_inputs, _ = tuning.refit(training, name)
            reporter.stage(f"Cross-validation, {name}", len(compared))
        for choice, blocks in compared.items():
            reporter.check()
            is_full = choice == full
            model = train(
                fold_data,
                fold_inputs,
                taxonomy,
                training,
                replace(options, blocks=blocks, calibrate=is_full),
                reporter,
                name=name,
                watch=watch if is_full else None,
            )
            parts[choice].append((held_out, predict_rows(model, fold_inputs, held_out)))
            reporter.advance()
    joined = {choice: join(of_folds, len(data)) for choice, of_folds in parts.items()}
    right = {choice: predicted.labels == truth for choice, predicted in joined.items()}
    prediction = joined[full]
    overall = evaluate(truth, prediction.labels, names, prediction.probability, prediction.novelty_scores)
    calibration = Calibration(prediction.novelty_scores, truth, len(names), false_alarms)
    known = prediction.novelty_scores <= calibration.thresholds()[prediction.labels]
    prediction = replace(prediction, known=known)
    return CrossValidation(
        fold,
        truth,
        prediction,
        overall,
        {stage.name: _stage_facts(stage.name, taxonomy, data, prediction) for stage in taxonomy.stages},
        _ablation(right, options.seed) if ablation else {},
        calibration,
    )


def join(parts: list[tuple[Integers, Prediction]], n: int) -> Prediction:
    """Join predictions of disjoint parts of an image set into one prediction of all n images.

    Parameters
    ----------
    parts : list of ((m,) intp, Prediction)
        Row numbers and their prediction; together the parts contain every row once.
    n : int
        Number of images.
    """
    first = parts[0][1]

    def array(get: Any, like: NDArray[Any]) -> NDArray[Any]:
        result = np.zeros((n, *like.shape[1:]), like.dtype)
        for rows, part in parts:
            result[rows] = get(part)
        return result

    paths = [""] * n
    for rows, part in parts:
        for row, path in zip(rows.tolist(), part.paths, strict=True):
            paths[row] = path
    return Prediction(
        first.names,
        array(lambda p: p.labels, first.labels),
        array(lambda p: p.probabilities, first.probabilities),
        array(lambda p: p.novelty_scores, first.novelty_scores),
        array(lambda p: p.known, first.known),
        tuple(paths),
        {name: array(lambda p, key=name: p.stages[key], values) for name, values in first.stages.items()},
    )


def _stage_facts(name: str, taxonomy: Taxonomy, data: LabelledSet, prediction: Prediction) -> StageFacts:
    stage = taxonomy.stage(name)
    truth = targets(stage, label_routes(taxonomy, data.folders), data)
    probabilities = prediction.stages[name]
    decided = probabilities.argmax(axis=1)
    # Of the images that arrive here: the others are decided by earlier stages, whatever this one says.
    steps = np.array([route(taxonomy, path).get(name, -1) for path in prediction.paths], np.intp)
    counts = np.bincount(steps[steps >= 0], minlength=len(stage.outcomes))
    names = [outcome.name for outcome in stage.outcomes]
    facts = StageFacts(stage.kind, dict(zip(names, counts.tolist(), strict=True)))
    rated = np.flatnonzero(truth >= 0)
    if not len(rated):
        return replace(facts, why="the class folders do not determine the right outcome")
    confidence: Floats = probabilities[rated, decided[rated]]
    if not STAGE_KINDS[stage.kind].gives_probabilities:
        return replace(facts, evaluation=evaluate(truth[rated], decided[rated], names))
    evaluation = evaluate(truth[rated], decided[rated], names, confidence)
    return replace(facts, evaluation=evaluation)


def _ablation(right: Mapping[str, Flags], seed: int) -> dict[str, AblationFigures]:
    figures: dict[str, AblationFigures] = {}
    for choice, hits in right.items():
        figures[choice] = AblationFigures(float(hits.mean()), wilson(int(hits.sum()), len(hits)))
        if choice != DEEP_ONLY and DEEP_ONLY in right:
            figures[choice] = replace(
                figures[choice],
                minus_deep=float(hits.mean() - right[DEEP_ONLY].mean()),
                minus_deep_interval=difference(hits, right[DEEP_ONLY], seed),
            )
    return figures
