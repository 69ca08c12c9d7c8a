"""Conformal recognition of unknown images: the user sets the share of false alarms, not a threshold.

An image is compared with held-out training images of its predicted label. Its p-value is
(1 + number of them with at least its novelty score) / (n + 1). If the image is exchangeable with them, it is
at most P with a probability of at most P (V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random
World, 2005). docs/adr/0020-conformal-unknown.md gives the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Flags, Floats, Integers

FALSE_ALARMS = 0.02
MOST_FALSE_ALARMS = 0.5
# A threshold that hangs on one or two images is so high by chance that hardly an unknown image is above it.
FEWEST_ABOVE = 3
# Rounding must not decide whether 1 / (n + 1) is at most P.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Calibration:
    """Novelty scores of training images that were held out, by label.

    Attributes
    ----------
    scores : (n,) float64
        The novelty score of each image by a model that was not trained on it.
    labels : (n,) intp
        Its label, 0 to `count` - 1.
    count : int
        Number of labels.
    false_alarms : float
        The share of known images that may be called unknown.
    """

    scores: Floats
    labels: Integers
    count: int
    false_alarms: float = FALSE_ALARMS

    def pooled(self) -> Flags:
        """Return which labels have too few images for their own thresholds, (count,).

        At least `FEWEST_ABOVE` of their images have to be at or above the threshold.
        """
        return np.array([not _reliable(n, self.false_alarms) for n in self._sizes().tolist()], bool)

    def suffices(self) -> bool:
        """Return whether all images together are enough for the share of false alarms.

        The smallest p-value of n images is 1 / (n + 1); if it is above the share, nothing can be unknown.
        """
        return _rank(len(self.scores), self.false_alarms) >= 1

    def references(self) -> list[Floats]:
        """Return the scores that each label is compared with, (m,) float64 for each, in rising order.

        A label with enough images is compared with its own; the others with all images of such labels; and if
        these are still too few, with all images.
        """
        pooled = self.pooled()
        together = self.scores[pooled[self.labels]]
        if not _reliable(len(together), self.false_alarms):
            together = self.scores
        together = np.sort(together)
        return [
            together if pooled[label] else np.sort(self.scores[self.labels == label])
            for label in range(self.count)
        ]

    def thresholds(self) -> Floats:
        """Return the novelty score of each label above which an image is unknown, (count,).

        The p-value is at most P if and only if the score is above the k-th largest one, k = floor(P (n + 1)).
        Infinite if all images are too few.
        """
        result = np.full(self.count, np.inf)
        for label, scores in enumerate(self.references()):
            rank = _rank(len(scores), self.false_alarms)
            if rank:
                result[label] = scores[len(scores) - rank]
        return result

    def _sizes(self) -> Integers:
        return np.bincount(self.labels, minlength=self.count)


def _rank(n: int, false_alarms: float) -> int:
    return min(n, int(np.floor(false_alarms * (n + 1) + _ROUNDING)))


def _reliable(n: int, false_alarms: float) -> bool:
    return _rank(n, false_alarms) >= FEWEST_ABOVE
