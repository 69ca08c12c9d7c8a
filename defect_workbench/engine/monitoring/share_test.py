"""A sequential test of whether the share of images with some property left its usual level.

It is a CUSUM of likelihood ratios (E. S. Page, Biometrika 41, 1954), averaged over several alternatives.
Under the usual level it is at most the Shiryaev-Roberts statistic, which minus the number of images is a
supermartingale. So on average at least `threshold` images pass before a false alarm (G. Lorden, Annals of
Mathematical Statistics 42, 1971; J. Shin, A. Ramdas, A. Rinaldo, E-detectors, 2023), and that holds for any
share up to the usual one. docs/adr/0032-watching-a-folder.md has measured rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Excursion:
    """The images since the share last looked usual.

    Attributes
    ----------
    images, events : int
        Their number, and how many of them have the property.
    """

    images: int
    events: int

    @property
    def share(self) -> float:
        """Share of the images that have the property."""
        return self.events / self.images


class ShareTest:
    """The state of the test.

    Parameters
    ----------
    usual : float
        The share under which a false alarm is rare, above 0 and below 1.
    alternatives : sequence of float
        Shares to detect, all above or all below the usual one.
    threshold : float
        At least this many images pass on average before a false alarm.
    """

    def __init__(self, usual: float, alternatives: Sequence[float], threshold: float) -> None:
        if not 0 < usual < 1 or not all(0 < share < 1 for share in alternatives):
            raise ValueError("shares must be above 0 and below 1")
        self._gains = [
            (math.log((1 - share) / (1 - usual)), math.log(share / usual)) for share in alternatives
        ]
        self._threshold = threshold * len(alternatives)
        self._sums = [0.0] * len(alternatives)
        self._images = [0] * len(alternatives)
        self._events = [0] * len(alternatives)

    def add(self, has_property: bool) -> Excursion | None:
        """Count an image; return the unusual images if the test now says that the share has changed."""
        total = 0.0
        for number, gains in enumerate(self._gains):
            if self._sums[number] <= 0:
                self._sums[number] = 0.0
                self._images[number] = self._events[number] = 0
            self._sums[number] += gains[has_property]
            self._images[number] += 1
            self._events[number] += has_property
            total += math.exp(min(self._sums[number], 500.0))
        if total < self._threshold:
            return None
        best = max(range(len(self._sums)), key=self._sums.__getitem__)
        return Excursion(self._images[best], self._events[best])


def rise_test(usual: float, threshold: float) -> ShareTest:
    """Return a test for shares of at least twice the odds of the usual one."""
    odds = usual / (1 - usual)
    return ShareTest(usual, [r * odds / (1 + r * odds) for r in (2.0, 4.0, 8.0)], threshold)


def return_test(usual: float, raised: float, threshold: float) -> ShareTest:
    """Return a test for the return from a raised share to the usual one."""
    return ShareTest(math.sqrt(usual * raised), [usual], threshold)
