"""Counts of classes in groups of images, such as lots."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats
from defect_workbench.core.errors import InputError
from defect_workbench.core.project.palette import NEUTRAL

NO_CLASS = -1
NO_GROUP = -1
NO_VALUE = "no value"
OUTLIERS, UNNAMED, NUISANCE = "Outliers", "Unnamed clusters", "Nuisance"
# Shades of grey for what is not a kind of defect.
PLAIN_COLOURS = {OUTLIERS: NEUTRAL, UNNAMED: "#B4BAC2", NUISANCE: "#5F6670"}


class Basis(StrEnum):
    """Which classes count: all clusters, those with a name or confirmed, or confirmed ones alone."""

    ALL = "all"
    NAMED = "named"
    CONFIRMED = "confirmed"


class Measure(StrEnum):
    """What a chart shows."""

    COUNT = "count"
    WAFER = "wafer"
    AREA = "area"
    SHARE = "share"

    @property
    def unit(self) -> str:
        """What counts are divided by; empty for counts and shares."""
        return {Measure.WAFER: "wafer", Measure.AREA: "cm²"}.get(self, "")

    def words(self, noun: str) -> str:
        """Return what is measured of images, each called a `noun`: "images per wafer"."""
        if self is Measure.SHARE:
            return f"share of the {noun}s"
        return f"{noun}s per {self.unit}" if self.unit else f"{noun}s"


@dataclass(frozen=True)
class CountedClass:
    """A class with its colour, as #RRGGBB."""

    name: str
    colour: str

    @property
    def plain(self) -> bool:
        """Whether it is not a kind of defect: outliers, unnamed clusters, nuisance."""
        return self.name in PLAIN_COLOURS


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """How many images of each class are in each group.

    Attributes
    ----------
    by : str
        The column that makes the groups.
    groups : tuple of str
        In order of time if it is known, else in natural order of their names; images without a value last.
    classes : tuple of CountedClass
        By falling number of images; what is not a kind of defect last.
    counts : (groups, classes) int64
    totals : (groups,) int64
        Images of a group, those without a class included.
    wafers, area_cm2 : (groups,) float64
        Inspected wafers and their area; NaN if unknown.
    without_value : bool
        Whether the last group has the images without a value.
    by_time : bool
        Whether the groups are in order of time.
    remarks : tuple of str
        What to know about how the images were counted, one sentence each.
    noun : str
        What one of the images is called.
    """

    by: str
    basis: Basis
    groups: tuple[str, ...]
    classes: tuple[CountedClass, ...]
    counts: NDArray[np.int64]
    totals: NDArray[np.int64]
    wafers: Floats
    area_cm2: Floats
    without_value: bool = False
    by_time: bool = False
    remarks: tuple[str, ...] = ()
    noun: str = "image"

    @property
    def reviewed(self) -> NDArray[np.int64]:
        """(groups,) int64: images that have a class."""
        return np.asarray(self.counts.sum(axis=1), np.int64)

    @property
    def reviewed_share(self) -> Floats:
        """(groups,) float64: share of the images that have a class; 1 for a group without images."""
        return np.where(self.totals > 0, self.reviewed / np.maximum(self.totals, 1), 1.0)

    @property
    def partial(self) -> bool:
        """Whether images have no class, so that counts have to be scaled."""
        return bool((self.reviewed < self.totals).any())

    @property
    def named(self) -> Flags:
        """(groups,) bool: groups other than the images without a value."""
        flags = np.ones(len(self.groups), bool)
        if self.without_value:
            flags[-1] = False
        return flags

    def check(self, measure: Measure) -> None:
        """Check that a measure is possible.

        Raises
        ------
        InputError
            If what it divides by is unknown for all groups.
        """
        if not self.has(measure):
            what = measure.words(self.noun)
            raise InputError(f"{what} cannot be counted: nothing says how much was inspected")

    def has(self, measure: Measure) -> bool:
        """Whether what a measure divides by is known for a group."""
        known = {Measure.WAFER: self.wafers, Measure.AREA: self.area_cm2}.get(measure)
        return known is None or bool(np.isfinite(known).any())
