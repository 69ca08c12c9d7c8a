"""Measure all sets: read their features once, then compute the figures of each seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.workflows.extract import FeatureOptions
from tests.quality.describe import WAYS, Sample, Way, read_sample
from tests.quality.figures import (
    ACCURACY,
    ACTIONS,
    FOREIGN,
    classifier_figure,
    codes,
    grouping_figures,
    outlier_figures,
    reviewer_figure,
)
from tests.quality.labelled import LabelledFolder, subsample
from tests.quality.table import Results

SHARE = 0.8
FOLDS = 5

Note = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes
    ----------
    seeds : int
        Number of random subsamples of each set, with `SHARE` of the images of each class.
    images : int
        Most images of a set.
    only : frozenset of str
        Names of the sets to measure; all if it is empty. Foreign images still are from all sets.
    classifier : bool
        Whether to cross-validate a classifier, which is slow.
    """

    seeds: int = 3
    images: int = 400
    only: frozenset[str] = frozenset()
    classifier: bool = False


def measure(folders: Sequence[LabelledFolder], plan: Plan, options: FeatureOptions, note: Note) -> Results:
    """Return the figures of all sets.

    Parameters
    ----------
    note : callable
        Called with a line about each step, and with each reason for which figures are missing.
    """
    results = Results()
    samples: list[Sample] = []
    for folder in folders:
        note(f"reading {folder.name}")
        reporter = SilentReporter()
        try:
            sample = read_sample(folder, plan.images, options, reporter)
            sample.labelled()
            samples.append(sample)
        except WorkbenchError as error:
            results.skipped[folder.name] = str(error)
        for warning in reporter.warnings:
            note(f"{folder.name}: {warning}")
    for sample in samples:
        name = sample.source.name
        if plan.only and name not in plan.only:
            continue
        others = [other for other in samples if other.source.family != sample.source.family]
        if sum(len(other.images) for other in others) < FOREIGN:
            results.skipped[f"{name}, outliers"] = "no other kind of set has foreign images for it"
            others = []
        classes = sample.labelled().labels
        results.sizes[name] = len(classes), len(np.unique(classes))
        for seed in range(plan.seeds):
            note(f"measuring {name}, seed {seed + 1} of {plan.seeds}")
            part = sample.subset(subsample(classes, SHARE, seed))
            for way_name, way in WAYS.items():
                results.add(name, way_name, figures_of(part, others, way, seed, plan))
    return results


def figures_of(sample: Sample, others: Sequence[Sample], way: Way, seed: int, plan: Plan) -> dict[str, float]:
    """Return all figures of one subsample and one way of describing it."""
    classes, paths = sample.labelled().labels, sample.images.paths
    background_of = sample.source.background_of
    backgrounds = None if background_of is None else codes([background_of(path) for path in paths])
    described = way.described(sample)
    analysis = way.analysis_of(described, seed)
    figures = grouping_figures(analysis, classes, backgrounds)
    if others:
        figures |= outlier_figures(sample, others, way, seed)
    figures[ACTIONS] = reviewer_figure(analysis, classes, seed)
    if plan.classifier:
        figures[ACCURACY] = classifier_figure(described, FOLDS, seed)
    return figures
