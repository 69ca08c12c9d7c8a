"""How good a classifier is: figures from labels, decisions and probabilities, as reports show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers

BINS = 10
_Z = 1.959964  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class ClassFigures:
    """Of one class.

    Attributes
    ----------
    precision : float or None
        Share of the images given this label that have it; None where none was given it. In a folder
        sorted by label this is its purity.
    recall : float or None
        Share of this class's images that were given its label.
    """

    name: str
    images: int
    predicted: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether probabilities mean what they say.

    Attributes
    ----------
    confidence, accuracy : (bins,) float64
        Means of each filled bin of equal width.
    count : (bins,) int64
    error : float
        Expected calibration error (M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI 2015).
    """

    confidence: Floats
    accuracy: Floats
    count: NDArray[np.int64]
    error: float


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Share of errors among the images kept, as the most doubtful ones are given up.

    Attributes
    ----------
    coverage, risk, threshold : (n,) float64
        Rising coverage; the images kept are those whose doubt is at most `threshold`.
    area : float
        Below the curve; smaller is better (Y. Geifman, R. El-Yaniv, NeurIPS 2017).
    """

    coverage: Floats
    risk: Floats
    threshold: Floats
    area: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One decision judged against labels.

    Attributes
    ----------
    classes : tuple of str
    confusion : (c, c) int64
        Rows: label; columns: decision.
    interval : tuple of float
        95 % interval of the accuracy (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927).
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    accuracy: float
    interval: tuple[float, float]
    balanced_accuracy: float
    figures: tuple[ClassFigures, ...]
    calibration: Calibration | None
    risk_coverage: RiskCoverage | None

    def as_json(self) -> dict[str, Any]:
        """The figures as the JSON output and the model file have them."""
        result: dict[str, Any] = {
            "images": int(self.confusion.sum()),
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "balanced_accuracy": self.balanced_accuracy,
            "classes": {
                f.name: {
                    "images": f.images,
                    "predicted": f.predicted,
                    "precision": f.precision,
                    "recall": f.recall,
                    "purity": f.precision,
                }
                for f in self.figures
            },
            "confusion": {"labels": list(self.classes), "table": self.confusion.tolist()},
        }
        if self.calibration is not None:
            result["ece"] = self.calibration.error
            result["reliability"] = {
                "confidence": self.calibration.confidence.tolist(),
                "accuracy": self.calibration.accuracy.tolist(),
                "images": self.calibration.count.tolist(),
            }
        if self.risk_coverage is not None:
            at = _thinned(len(self.risk_coverage.coverage))
            result["risk_coverage"] = {
                "area": self.risk_coverage.area,
                "coverage": self.risk_coverage.coverage[at].tolist(),
                "risk": self.risk_coverage.risk[at].tolist(),
                "threshold": self.risk_coverage.threshold[at].tolist(),
            }
        return result


def _thinned(n: int, most: int = 101) -> Integers:
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.intp))


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, sound also near 0 and 1."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, _Z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def calibration(confidence: Floats, right: Flags) -> Calibration:
    """Reliability curve and expected calibration error.

    Parameters
    ----------
    confidence : (n,) float64
        Probability of the decision made.
    right : (n,) bool
    """
    bins = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    filled = count > 0
    mean = np.bincount(bins, confidence, BINS)[filled] / count[filled]
    share = np.bincount(bins, right.astype(np.float64), BINS)[filled] / count[filled]
    error = float((count[filled] * np.abs(mean - share)).sum() / max(1, len(confidence)))
    return Calibration(mean, share, count[filled].astype(np.int64), error)


def risk_coverage(doubt: Floats, right: Flags) -> RiskCoverage:
    """The curve over all thresholds of the doubt.

    Parameters
    ----------
    doubt : (n,) float64
        Larger is less sure.
    """
    order = np.argsort(doubt, kind="stable")
    kept = np.arange(1, len(doubt) + 1)
    risk = np.cumsum(~right[order]) / kept
    # Equal doubts are kept or given up together.
    last = np.append(np.diff(doubt[order]) > 0, True) if len(doubt) else np.empty(0, bool)
    area = float(risk.mean()) if len(doubt) else 0.0
    return RiskCoverage(
        (kept / max(1, len(doubt)))[last], risk[last], doubt[order][last].astype(np.float64), area
    )


def choose_threshold(curve: RiskCoverage, least: float = 0.95, most: float = 0.99) -> float:
    """The doubt above which an image is called unknown.

    The widest coverage at which a quarter of the errors at full coverage is left (per image kept),
    held between `least` and `most`: known images are given up sparingly, but the threshold also has to
    lie within reach of images of unknown kinds, so some always are.
    """
    if not len(curve.coverage):
        return float("inf")
    good = curve.risk <= 0.25 * curve.risk[-1]
    wanted = float(curve.coverage[good].max()) if good.any() else least
    wanted = min(max(wanted, least), most)
    at = min(int(np.searchsorted(curve.coverage, wanted)), len(curve.coverage) - 1)
    return float(curve.threshold[at])


def evaluate(
    labels: Integers,
    decisions: Integers,
    classes: Sequence[str],
    confidence: Floats | None = None,
    doubt: Floats | None = None,
) -> Evaluation:
    """Judge decisions.

    Parameters
    ----------
    labels, decisions : (n,) intp
        Indices into `classes`.
    confidence : (n,) float64, optional
        Probability of each decision.
    doubt : (n,) float64, optional
        For the risk-coverage curve; default: 1 - confidence.
    """
    count = len(classes)
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (labels, decisions), 1)
    right = labels == decisions
    rows, columns, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    figures = tuple(
        ClassFigures(
            name,
            int(rows[i]),
            int(columns[i]),
            float(hits[i] / columns[i]) if columns[i] else None,
            float(hits[i] / rows[i]) if rows[i] else None,
        )
        for i, name in enumerate(classes)
    )
    recalls = [f.recall for f in figures if f.recall is not None]
    if confidence is not None and doubt is None:
        doubt = 1 - confidence
    return Evaluation(
        classes=tuple(classes),
        confusion=confusion,
        accuracy=float(right.mean()) if len(labels) else 0.0,
        interval=wilson(int(right.sum()), len(labels)),
        balanced_accuracy=float(np.mean(recalls)) if recalls else 0.0,
        figures=figures,
        calibration=calibration(confidence, right) if confidence is not None else None,
        risk_coverage=risk_coverage(doubt, right) if doubt is not None else None,
    )


def difference(first: Flags, second: Flags, seed: int, draws: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval of the difference in accuracy of two ways on the same images.

    Parameters
    ----------
    first, second : (n,) bool
        Whether each was right.
    """
    pairs = first.astype(np.int64) - second.astype(np.int64)
    n = len(pairs)
    counts = np.array([(pairs == value).sum() for value in (-1, 0, 1)]) / max(1, n)
    drawn = np.random.default_rng(seed).multinomial(n, counts, draws)
    means = (drawn[:, 2] - drawn[:, 0]) / max(1, n)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def ranking_area(scores: Floats, positive: Flags) -> float:
    """Area under the receiver operating characteristic: how well a score tells two kinds apart."""
    positives, n = int(positive.sum()), len(positive)
    if positives in (0, n):
        return float("nan")
    order = np.argsort(scores, kind="stable")
    values, inverse, counts = np.unique(scores[order], return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[inverse]
    total = float(ranks[positive[order]].sum())
    return (total - positives * (positives + 1) / 2) / (positives * (n - positives))


def summary_line(evaluation: Mapping[str, Any]) -> str:
    """Accuracy with its interval in words, from `Evaluation.as_json`."""
    low, high = evaluation["interval"]
    return f"{100 * evaluation['accuracy']:.2f} % ({100 * low:.2f} to {100 * high:.2f})"
