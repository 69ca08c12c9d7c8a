"""What is found about places on wafers: the placement of clusters, and repeaters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from defect_workbench.core.text import sentence_case

# A deviation is pointed out if it would be found by chance in one of 20 sets of clusters.
SIGNIFICANT = 0.05


class Signature(StrEnum):
    """How the defects of a cluster lie on the wafers."""

    LINE = "line"
    SPOT = "spot"
    CLOSE = "close together"
    EDGE = "ring near the edge"
    CENTRE = "centre"
    RING = "ring"
    SECTOR = "sector"
    WAFER = "wafers"
    RANDOM = "as the other defects"
    FEW = "too few"


# Signatures that say nothing against a random placement.
UNREMARKABLE = frozenset({Signature.RANDOM, Signature.FEW})


@dataclass(frozen=True)
class PlacementFinding:
    """How the defects of one cluster lie on the wafers, compared with the other defects.

    Attributes
    ----------
    cluster : int
        Its number in the partition.
    label : str
        Its name.
    defects : int
        Its defects with a known place.
    signature : Signature
    words : str
        Where they are, such as `along a line on wafer 3`.
    effect : str
        How strong it is, in numbers; may be empty.
    p : float
        Corrected for all clusters and statistics; NaN if it was not tested.
    """

    cluster: int
    label: str
    defects: int
    signature: Signature
    words: str
    effect: str
    p: float

    @property
    def remarkable(self) -> bool:
        """Whether the placement is not random against the other defects."""
        return self.signature not in UNREMARKABLE

    @property
    def sentence(self) -> str:
        """Such as `pit: along a line on wafer 3 (p < 0.001)`."""
        return f"{self.label}: {self.words}" + ("" if math.isnan(self.p) else f" ({p_words(self.p)})")


@dataclass(frozen=True)
class Repeater:
    """Defects at the same position of several dies.

    Attributes
    ----------
    x_um, y_um : float
        Their mean position from the lower left corner of the die.
    images : tuple of int
    dies : int
        Number of different dies, by column and row.
    p : float
        The probability that chance alone would bring as many to any one position.
    """

    x_um: float
    y_um: float
    images: tuple[int, ...]
    dies: int
    p: float


def p_words(p: float) -> str:
    """Return a p-value in words, such as `p < 0.001` or `p = 0.02`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.01 else f"p = {p:.2f}"


def summary_words(findings: Sequence[PlacementFinding]) -> str:
    """Return how many clusters have a signature."""
    tested = [each for each in findings if each.signature is not Signature.FEW]
    number = sum(each.remarkable for each in tested)
    if not tested:
        return "No cluster has enough defects with a known place."
    if not number:
        return "No cluster lies differently from the other defects."
    words = "lies" if number == 1 else "lie"
    of = f"{number:,} of {len(tested):,} clusters" if len(tested) > 1 else "The cluster"
    return sentence_case(f"{of} {words} differently from the other defects.")
