"""Turn predictions into a project: labels become proposed clusters, unknown images become outliers."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.classifier.trained_classifier import Classifier, Prediction
from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.project.decisions import UNDECIDED, Decisions, Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.engine.classifier.active_learning import most_informative

SUGGESTED_IMAGES = 24


def proposed(
    images: ImageSet, features: Features, analysis: Analysis, classifier: Classifier, prediction: Prediction
) -> Project:
    """Return a project with an unconfirmed cluster of held images per predicted label.

    Unknown images are in the outlier queue. The cut is the first suggestion. It takes effect for images that
    the user releases from their label.
    """
    held = np.full(len(images), UNDECIDED, np.int32)
    groups: dict[int, Group] = {}
    for number, name in enumerate(prediction.names):
        members = np.flatnonzero(prediction.known & (prediction.labels == number))
        if len(members):
            held[members] = number
            groups[number] = Group(name=name, colour=number)
    labels = tuple(
        prediction.names[label] if known else ""
        for label, known in zip(prediction.labels.tolist(), prediction.known.tolist(), strict=True)
    )
    proposal = Proposal(
        labels,
        np.where(prediction.known, prediction.probability, np.nan).astype(np.float32),
        ~prediction.known,
        prediction.known.copy(),
        most_informative(classifier, prediction, features.blocks, SUGGESTED_IMAGES),
    )
    following = np.full(len(images), UNDECIDED, np.int32)
    clusters = analysis.suggested_cut
    return Project(images, analysis, clusters, Decisions(held, following, groups), proposal=proposal)
