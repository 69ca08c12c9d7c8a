"""Measure all sets: read their features once, then compute the figures of each seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.workflows.extract import FeatureOptions
from tests.quality.describe import PICTURE, WAYS, Sample, Way, read_sample
from tests.quality.figures import (
    ACTIONS,
    CLEAN,
    FOREIGN,
    STRANGENESS,
    area,
    classifier_figures,
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
        described = {}
        for way_name, way in WAYS.items():
            if way.applies_to(sample.source):
                note(f"describing {name} by {way_name}")
                described[way_name] = way.described(sample)
        for seed in range(plan.seeds):
            note(f"measuring {name}, seed {seed + 1} of {plan.seeds}")
            rows = subsample(classes, SHARE, seed)
            for way_name, found in described.items():
                results.add(name, way_name, figures_of(found.subset(rows), WAYS[way_name], seed, plan))
            if others:
                figures = outlier_figures(sample.subset(rows), others, PICTURE, seed)
                results.add(name, "picture", figures)
    return results


def figures_of(described: Sample, way: Way, seed: int, plan: Plan) -> dict[str, float]:
    """Return all figures of one subsample and one way of describing it, but those about outliers.

    Outliers are judged by the picture alone, as each planted image would change what the others are compared
    with, and all maps would have to be made again.
    """
    labelled, paths = described.labelled(), described.images.paths
    background_of = described.source.background_of
    backgrounds = None if background_of is None else codes([background_of(path) for path in paths])
    analysis = way.analysis_of(described, seed)
    figures = grouping_figures(analysis, labelled.labels, backgrounds)
    clean = [folder == CLEAN for folder in labelled.folders]
    if described.strangeness is not None and any(clean):
        figures[STRANGENESS] = area(~np.array(clean)[labelled.labels], described.strangeness)
    figures[ACTIONS] = reviewer_figure(analysis, labelled.labels, seed)
    if plan.classifier and way is PICTURE:
        figures |= classifier_figures(described, FOLDS, seed)
    return figures
