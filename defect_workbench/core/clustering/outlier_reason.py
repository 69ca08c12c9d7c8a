"""Why an image is an outlier: because of its background, or because of its defect."""

from __future__ import annotations

from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.clustering.group_by import GroupBy, described_by

_BACKGROUND = "its background resembles no other"
_DEFECT = "its defect resembles no other"


def outlier_reason(analysis: Analysis, image: int) -> str:
    """Return why an image with an outlier score above 1 has it.

    Empty if only one description is searched for outliers: images are not grouped by the defect, or the
    session is from an earlier version.
    """
    scores = analysis.picture_scores
    if scores is None or described_by(analysis.weights) is not GroupBy.DEFECT:
        return ""
    return _BACKGROUND if scores[image] >= analysis.outlier_scores[image] else _DEFECT


def outlier_words(analysis: Analysis, image: int) -> str:
    """Return why an image is in the queue of outliers, without a decision, in words."""
    score = float(analysis.outlier_scores[image])
    if score <= 1:
        return "singleton at this cut"
    reason = outlier_reason(analysis, image)
    return f"score {score:.2f}: {reason}" if reason else f"score {score:.2f}"
