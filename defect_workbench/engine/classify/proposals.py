"""A classifier's findings as a project: labels as held clusters, unknown images as outliers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from defect_workbench.core.analysis import Analysis
from defect_workbench.core.assignment import UNDECIDED, Decisions, Group
from defect_workbench.core.classifier import Classifier, Prediction
from defect_workbench.core.project import Project
from defect_workbench.core.records import ImageSet


def proposed(
    images: ImageSet, analysis: Analysis, clusters: int, classifier: Classifier, prediction: Prediction
) -> Project:
    """The images under the labels they were given, nothing confirmed, and the unknown ones in the queue.

    Parameters
    ----------
    clusters : int
        The cut, for whoever lets go of the labels.
    """
    held = np.full(len(images), UNDECIDED, np.int32)
    groups: dict[int, Group] = {}
    for number, name in enumerate(prediction.names):
        members = np.flatnonzero(prediction.known & (prediction.labels == number))
        if len(members):
            held[members] = number
            groups[number] = Group(name=name, colour=number)
    threshold = classifier.novelty.threshold
    # An unknown image is an outlier by the classifier's word; its doubt beyond the threshold ranks it.
    beyond = 1.0 + 1e-6 + np.maximum(prediction.doubt - threshold, 0.0)
    scores = np.where(prediction.known, analysis.outlier_scores, np.maximum(beyond, 1.0 + 1e-6))
    nothing = np.full(len(images), UNDECIDED, np.int32)
    return Project(
        images, replace(analysis, outlier_scores=scores), clusters, Decisions(held, nothing, groups)
    )
