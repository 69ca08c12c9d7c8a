"""What a trained classifier says of images, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.taxonomy import (
    LARGE,
    NOISY,
    QUIET,
    SMALL,
    UNKNOWN_SIZE,
    Kind,
    Stage,
    Taxonomy,
)
from defect_workbench.core.classifier.trained_classifier import EARLIER, Classifier, Prediction, TrainedStage
from defect_workbench.engine.classifier.data.stage_inputs import COLUMNS, Blocks, Material, diameters


class Walk:
    """Images on their way through the stages; both training and applying go this way.

    Parameters
    ----------
    chosen : (n,) intp
        The images, as rows of the material.
    """

    def __init__(self, taxonomy: Taxonomy, material: Material, chosen: Integers) -> None:
        self.taxonomy, self.material, self.chosen = taxonomy, material, chosen
        self.probabilities: dict[str, Floats] = {}
        self.findings: dict[str, Floats] = {}
        self._noisy = np.zeros(len(chosen), bool)
        self._denoise = "none"

    def measured(self, stage: Stage, trained: TrainedStage) -> None:
        """Take a stage that decides by measurement."""
        measures = self.material.measures(self.chosen)
        names = [outcome.name for outcome in stage.outcomes]
        if stage.kind is Kind.SIZE:
            size = diameters(stage, measures)
            limit = trained.limit if trained.limit is not None else np.inf
            wanted = np.where(np.isnan(size), UNKNOWN_SIZE, np.where(size >= limit, LARGE, SMALL))
            self.findings[stage.name] = size_findings(measures)
        else:
            noise = measures[:, COLUMNS.index("noise")]
            threshold = trained.threshold if trained.threshold is not None else np.inf
            self._noisy, self._denoise = noise >= threshold, stage.denoise
            wanted = np.where(self._noisy, NOISY, QUIET)
            self.findings[stage.name] = noise[:, None]
        # What the taxonomy does not list goes the way of its first outcome.
        column = np.array([names.index(w) if w in names else 0 for w in wanted.tolist()], np.intp)
        self.probabilities[stage.name] = np.eye(len(names))[column]

    def blocks(self, stage: Stage) -> Blocks:
        """Features of the images as the stage wants its pictures, and what earlier stages found."""
        found = self.pictures(stage.denoise, stage.background)
        earlier = [self.findings[name] for name in stage.inputs if name in self.findings]
        if earlier:
            found[EARLIER] = np.concatenate(earlier, axis=1)
        return found

    def pictures(self, denoise: str = "none", background: str = "none") -> dict[str, Any]:
        """Features of the images; of those found noisy, denoised."""
        found = dict(self.material.blocks(self.chosen, denoise, background))
        if self._noisy.any() and self._denoise != "none":
            rows = np.flatnonzero(self._noisy)
            quiet = self.material.blocks(self.chosen[rows], self._denoise, background)
            for name, block in quiet.items():
                found[name] = found[name].copy()
                found[name][rows] = block
        return found

    def decided(self, stage: Stage, trained: TrainedStage) -> None:
        """Take a stage of classes with its trained head."""
        n = len(self.chosen)
        if trained.head is None:
            self.probabilities[stage.name] = np.ones((n, len(stage.outcomes)))
            self.findings[stage.name] = np.zeros((n, 0))
            return
        head = trained.head
        vectors = head.vectors(self.blocks(stage))
        self.probabilities[stage.name] = head.probabilities(vectors)
        self.findings[stage.name] = centred(head.logits(vectors))

    def labels(self) -> Floats:
        """(n, labels) probability of each label: the product along the way, summed over the ways."""
        return self._reach()[self.taxonomy.stages[0].name]

    def _reach(self) -> dict[str, Floats]:
        names = self.taxonomy.labels
        reach: dict[str, Floats] = {}
        for stage in reversed(self.taxonomy.stages):
            total = np.zeros((len(self.chosen), len(names)))
            for column, outcome in enumerate(stage.outcomes):
                share = self.probabilities[stage.name][:, column]
                if outcome.next:
                    total += share[:, None] * reach[outcome.next]
                else:
                    total[:, names.index(stage.label(outcome))] += share
            reach[stage.name] = total
        return reach

    def paths(self, labels: Integers) -> tuple[str, ...]:
        """The likeliest way of each image to its label."""
        names, reach = self.taxonomy.labels, self._reach()
        stages = {stage.name: stage for stage in self.taxonomy.stages}
        found = []
        for row, label in enumerate(labels.tolist()):
            steps: list[str] = []
            stage: Stage | None = self.taxonomy.stages[0]
            while stage is not None:
                odds = [
                    self.probabilities[stage.name][row, column]
                    * (reach[o.next][row, label] if o.next else stage.label(o) == names[label])
                    for column, o in enumerate(stage.outcomes)
                ]
                best = stage.outcomes[int(np.argmax(odds))]
                steps.append(best.name if best.next or stage.kind is Kind.CLASSES else stage.label(best))
                stage = stages[best.next] if best.next else None
            found.append(" > ".join(steps))
        return tuple(found)


def centred(logits: Floats) -> Floats:
    """Log-odds less their mean: only differences mean anything."""
    result: Floats = logits - logits.mean(axis=1, keepdims=True)
    return result


def size_findings(measures: Floats) -> Floats:
    """What a size stage hands on: log of diameter and total area, aspect, contrast, number, any."""

    def column(name: str) -> Floats:
        return measures[:, COLUMNS.index(name)]

    parts = [
        np.log1p(column("diameter")),
        np.log1p(column("total_area")),
        np.log1p(column("aspect")),
        column("contrast"),
        np.log1p(column("defects")),
        (column("defects") > 0).astype(np.float64),
    ]
    return np.stack(parts, axis=1)


def predict(classifier: Classifier, material: Material) -> Prediction:
    """Labels, probabilities, whether known, and the way there, of every image.

    Parameters
    ----------
    material : Material
        Features made as the classifier's identity says; `identity.check_fit` tells.

    Raises
    ------
    WorkbenchError
        If a stage has to look at pictures that are not at hand.
    """
    return predict_rows(classifier, material, np.arange(len(material)))


def predict_rows(classifier: Classifier, material: Material, rows: Integers) -> Prediction:
    """As `predict`, of some rows."""
    walk = Walk(classifier.taxonomy, material, rows)
    for stage in classifier.taxonomy.stages:
        trained = classifier.stages[stage.name]
        if stage.kind is Kind.CLASSES:
            walk.decided(stage, trained)
        else:
            walk.measured(stage, trained)
    novelty = classifier.novelty
    return conclude(walk, novelty.doubt(novelty.measures(walk.pictures())), novelty.threshold)


def conclude(walk: Walk, doubt: Floats, threshold: float) -> Prediction:
    """The prediction at the end of a walk."""
    probabilities = walk.labels()
    labels = probabilities.argmax(axis=1).astype(np.intp)
    stages: Mapping[str, Floats] = dict(walk.probabilities)
    return Prediction(
        walk.taxonomy.labels, labels, probabilities, doubt, doubt <= threshold, walk.paths(labels), stages
    )
