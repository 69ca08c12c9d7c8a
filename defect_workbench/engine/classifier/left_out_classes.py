"""Measure how well images of unknown kinds are recognised, by leaving each class out of training in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.conformal import FALSE_ALARMS, Calibration
from defect_workbench.core.classifier.trained_stage import scaled
from defect_workbench.core.classifier.unknown_kinds import LeftOutClass, UnknownKinds
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.heads.folds import folds
from defect_workbench.engine.classifier.novelty import fit_novelty, novelty_blocks
from defect_workbench.engine.classifier.training import Options


@dataclass(frozen=True, eq=False)
class LeftOutScores:
    """Novelty scores by models that were trained without a class, one model per fold.

    Attributes
    ----------
    folder : str
        The class left out.
    fold, labels, predictions : (n,) intp
        Of the known images: the fold, the label and the predicted label, 0 to `count` - 1.
    scores : (n,) float64
        Of the known images, by the model of their fold, which was not trained on them.
    unknown_predictions, unknown_scores : (models, m)
        Of the images of the class left out, by every model.
    models : (models,) intp
        The fold that each model was not trained on.
    count : int
        Number of labels.
    """

    folder: str
    fold: Integers
    labels: Integers
    predictions: Integers
    scores: Floats
    unknown_predictions: Integers
    unknown_scores: Floats
    models: Integers
    count: int

    def flagged(self, false_alarms: float, *, by_label: bool = True) -> tuple[float, float]:
        """Return the shares of unknown and of known images that are flagged.

        Each fold is judged by thresholds from the known images of the other folds, so that no image is
        compared with itself.

        Parameters
        ----------
        by_label : bool
            Whether each label has its own threshold, as in a trained classifier, or all have one.
        """
        found, rejected = [], 0
        for model, number in enumerate(self.models.tolist()):
            held_out = self.fold == number
            labels, count = (self.labels, self.count) if by_label else (np.zeros_like(self.labels), 1)
            calibration = Calibration(self.scores[~held_out], labels[~held_out], count, false_alarms)
            thresholds = np.broadcast_to(calibration.thresholds(), self.count)
            rejected += int((self.scores[held_out] > thresholds[self.predictions[held_out]]).sum())
            found.append((self.unknown_scores[model] > thresholds[self.unknown_predictions[model]]).mean())
        return float(np.mean(found)), rejected / len(self.scores)


def left_out_scores(
    data: LabelledSet, options: Options, reporter: Reporter, count: int = 5
) -> Iterator[LeftOutScores]:
    """Leave each class out in turn and yield the novelty scores.

    Parameters
    ----------
    count : int
        Number of folds, at least 2.

    Raises
    ------
    Cancelled
        If the user cancelled; checked before each class.
    """
    fold = folds(data.labels, data.groups, count, options.seed)
    for left_out, folder in enumerate(data.folders):
        reporter.check()
        unknown = np.flatnonzero(data.labels == left_out)
        known = np.flatnonzero(data.labels != left_out)
        labels, kept = data.labels - (data.labels > left_out), len(data.folders) - 1
        models = np.unique(fold[known])
        scores, predictions = np.zeros(len(data)), np.zeros(len(data), np.intp)
        unknown_scores = np.zeros((len(models), len(unknown)))
        unknown_predictions = np.zeros((len(models), len(unknown)), np.intp)
        for model, number in enumerate(models.tolist()):
            training, held_out = known[fold[known] != number], known[fold[known] == number]
            both = np.concatenate([held_out, unknown])
            values, names = _scores_and_labels(data, labels, training, both, kept, options.seed)
            scores[held_out], unknown_scores[model] = np.split(values, [len(held_out)])
            predictions[held_out], unknown_predictions[model] = np.split(names, [len(held_out)])
        yield LeftOutScores(
            folder,
            fold[known],
            labels[known],
            predictions[known],
            scores[known],
            unknown_predictions,
            unknown_scores,
            models,
            kept,
        )


def leave_classes_out(
    data: LabelledSet,
    options: Options,
    reporter: Reporter,
    count: int = 5,
    *,
    false_alarms: float = FALSE_ALARMS,
) -> UnknownKinds:
    """Measure how well images of unknown kinds are recognised, by leaving each class out of training in turn.

    Known images are predicted by models trained on neither them nor the class left out.

    Parameters
    ----------
    count : int
        Number of folds, at least 2.
    false_alarms : float
        Share of known images that may be called unknown.

    Raises
    ------
    Cancelled
        If the user cancelled; checked before each class.
    """
    if len(data.folders) < 3:
        return UnknownKinds({}, None, None, "at least three class folders are needed")
    from sklearn.metrics import roc_auc_score

    reporter.stage("Leaving each class out", len(data.folders))
    classes: dict[str, LeftOutClass] = {}
    for entry in left_out_scores(data, options, reporter, count):
        ranked = np.concatenate([entry.scores, entry.unknown_scores.mean(axis=0)])
        found, rejected = entry.flagged(false_alarms)
        classes[entry.folder] = LeftOutClass(
            auc=float(roc_auc_score(np.arange(len(ranked)) >= len(entry.scores), ranked)),
            unknown_found=found,
            known_rejected=rejected,
        )
        reporter.advance()
    areas = [figures.auc for figures in classes.values()]
    return UnknownKinds(
        classes,
        float(np.mean(areas)),
        float(np.min(areas)),
        recall=float(np.mean([figures.unknown_found for figures in classes.values()])),
        known_rejected=float(np.mean([figures.known_rejected for figures in classes.values()])),
        false_alarms=false_alarms,
    )


def _scores_and_labels(
    data: LabelledSet, labels: Integers, training: Integers, chosen: Integers, count: int, seed: int
) -> tuple[Floats, Integers]:
    """Return novelty scores and predicted labels of some images by a model of `count` labels."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        blocks = novelty_blocks(data, training)
        novelty = fit_novelty(blocks, labels[training], data.groups[training], count, seed)
        rows = novelty_blocks(data, chosen)
        scores = novelty.scores(novelty.measures(rows))
        vectors = scaled(novelty.scales, rows)
    linear_scores = vectors @ novelty.linear[:-1] + novelty.linear[-1]
    return scores, linear_scores.argmax(axis=1).astype(np.intp)
