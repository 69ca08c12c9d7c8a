"""Says when unknown images, a label, or untypical images of a label become more frequent than usual.

The usual level of unknown images is what the calibration of the classifier promises, until the first images
show what is usual here. The other levels come from the first images alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.monitoring import UNKNOWN, Arrival, LevelAlarm, Subject
from defect_workbench.engine.monitoring.share_test import ShareTest, return_test, rise_test

# Images from which the usual levels are learnt; of a label for its untypical images.
FIRST_IMAGES = 500
FIRST_OF_LABEL = 100
# Over all levels together at least this many images pass on average before a false alarm, if the levels are
# known. Measured with learnt levels: one false alarm in 49,000 images (docs/adr/0032-watching-a-folder.md).
IMAGES_PER_FALSE_ALARM = 1_000
# A return to the usual level may be wrong more often, as it only ends an alarm.
IMAGES_PER_FALSE_RETURN = 300
# The test starts from an upper bound of the usual share, which is only known from some images.
CONFIDENCE = 0.9
# Images of a label with a novelty score above this quantile of its held-out images are untypical.
TYPICAL = 0.9
# Of a label whose images are too few to say what is typical.
FEWEST_HELD_OUT = 30
_ALMOST_ALL, _MOST_USUAL = 1 - 1e-6, 0.99


@dataclass
class _Level:
    """One level: what is usual is learnt, then a rise is looked for, then the return.

    Attributes
    ----------
    first : int
        Number of images to learn from.
    usual, bound : float
        The usual share and an upper bound of it; 0 if nothing is known yet.
    """

    subject: Subject
    first: int
    threshold: float
    usual: float = 0.0
    bound: float = 0.0
    images: int = 0
    events: int = 0
    learning: bool = True
    raised: bool = False
    test: ShareTest | None = None

    def begin_at(self, usual: float, bound: float) -> None:
        """Watch from the first image on, as the level is known from training."""
        self.usual, self.bound = usual, bound
        self.test = rise_test(bound, self.threshold)

    def add(self, event: bool, total: int) -> LevelAlarm | None:
        """Count an image; return the alarm it raises, if any."""
        self.images += 1
        self.events += event
        found = None if self.test is None else self.test.add(event)
        if found is not None:
            # What rises while the level is learnt is not usual.
            self.raised, self.learning = not self.raised, False
            if self.raised:
                raised = min(max(found.share, 2 * self.usual), _ALMOST_ALL)
                self.test = return_test(self.usual, raised, IMAGES_PER_FALSE_RETURN)
            else:
                self.test = rise_test(self.bound, self.threshold)
            return LevelAlarm(
                self.subject, self.raised, self.usual, found.share, found.images, found.events, total
            )
        if self.learning and self.images == self.first:
            self.learning = False
            # A share of none of them is not zero.
            self.usual = min(max(self.events, 0.5) / self.images, _MOST_USUAL)
            self.bound = max(self.bound, upper_bound(self.events, self.images))
            self.test = rise_test(self.bound, self.threshold)
        return None


class LevelMonitor:
    """Watches the levels of a classifier's images, one image after the other.

    The same images in the same order give the same alarms, so nothing of it needs to be stored.

    Parameters
    ----------
    model : Classifier
        As it is applied, with its share of false alarms.
    """

    def __init__(self, model: Classifier) -> None:
        self._typical = typical_scores(model)
        count = 1 + len(model.labels) + len(self._typical)
        threshold = float(IMAGES_PER_FALSE_ALARM * count)
        self._unknown = _Level(Subject(UNKNOWN), FIRST_IMAGES, threshold)
        self._labels = {
            name: _Level(Subject("label", name), FIRST_IMAGES, threshold) for name in model.labels
        }
        self._untypical = {
            name: _Level(Subject("untypical", name), FIRST_OF_LABEL, threshold) for name in self._typical
        }
        self.images = 0
        calibration = model.novelty.calibration
        if calibration is not None and calibration.suffices():
            self._unknown.begin_at(
                calibration.false_alarms, unknown_bound(len(calibration.scores), calibration.false_alarms)
            )

    def add(self, arrival: Arrival) -> list[LevelAlarm]:
        """Count an image; return the alarms it raises."""
        self.images += 1
        alarms = [self._unknown.add(not arrival.known, self.images)]
        for name, level in self._labels.items():
            alarms.append(level.add(arrival.known and arrival.label == name, self.images))
        limit = self._typical.get(arrival.label)
        if arrival.known and limit is not None:
            alarms.append(self._untypical[arrival.label].add(arrival.score > limit, self.images))
        return [alarm for alarm in alarms if alarm is not None]


def upper_bound(events: int, images: int) -> float:
    """Return the Clopper-Pearson upper bound of a share."""
    from scipy.special import betaincinv

    if events >= images:
        return _ALMOST_ALL
    return min(_ALMOST_ALL, float(betaincinv(events + 1, images - events, CONFIDENCE)))


def unknown_bound(held_out: int, false_alarms: float) -> float:
    """Return an upper bound of the share of known images that are called unknown.

    Given the held-out images, this share has a beta distribution (V. Vovk, Conditional validity of inductive
    conformal predictors, 2012).
    """
    from scipy.special import betaincinv

    rank = max(1, int(false_alarms * (held_out + 1)))
    return min(_ALMOST_ALL, max(false_alarms, float(betaincinv(rank, held_out + 1 - rank, CONFIDENCE))))


def typical_scores(model: Classifier) -> dict[str, float]:
    """Return the outlier score above which an image of a label is untypical, for labels where it is known.

    The scores are on the scale of `outlier_scores`.
    """
    calibration = model.novelty.calibration
    if calibration is None:
        return {}
    thresholds, result = calibration.thresholds(), {}
    for number, name in enumerate(model.labels):
        own = calibration.scores[calibration.labels == number]
        if len(own) >= FEWEST_HELD_OUT and np.isfinite(thresholds[number]):
            result[name] = float(1 + np.quantile(own, TYPICAL) - thresholds[number])
    return result


def outlier_scores(
    novelty_scores: Sequence[float], labels: Sequence[int], thresholds: Sequence[float]
) -> list[float]:
    """Return novelty scores moved so that an image above 1 is unknown; 0 where nothing can be unknown."""
    result = []
    for score, label in zip(novelty_scores, labels, strict=True):
        threshold = thresholds[label if len(thresholds) > 1 else 0]
        result.append(1 + score - threshold if np.isfinite(threshold) else 0.0)
    return result
