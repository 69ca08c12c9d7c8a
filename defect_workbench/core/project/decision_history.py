"""Who decided what, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.decisions import UNDECIDED, Partition

# Not from strftime, whose names follow the language of the system.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONGEST_NAME = 80


class DecisionKind(StrEnum):
    """What kind of decision was made. Files of later versions may contain others."""

    CONFIRM = "confirm"
    UNLOCK = "unlock"
    RENAME = "rename"
    NOTE = "note"
    MERGE = "merge"
    MOVE = "move"
    SPLIT_OUT = "split out"
    SPLIT = "split"
    NUISANCE = "nuisance"
    REFINE = "refine"
    AGREE = "agree"
    TAG = "tag"
    IMAGE_NOTE = "note on images"


# These describe images; they do not say where an image belongs.
_DESCRIBING = frozenset(kind.value for kind in (DecisionKind.NOTE, DecisionKind.TAG, DecisionKind.IMAGE_NOTE))


@dataclass(frozen=True, eq=False)
class DecisionRecord:
    """One decision about the images of one class.

    Attributes
    ----------
    kind : str
        A `DecisionKind`, or one of a later version.
    text : str
        What was done with the images, in words: "confirmed as pit".
    label : str
        Label of their cluster after the decision; empty for a new cluster without a name, and for tags and
        notes of images in several clusters.
    images : (m,) intp
        In ascending order.
    person : str
        Name of the user who decided.
    time : str
        When, in UTC, in the form of ISO 8601: "2026-11-29T14:03:05Z".
    """

    kind: str
    text: str
    label: str
    images: Integers
    person: str = ""
    time: str = ""

    def signed(self, person: str, time: str) -> DecisionRecord:
        """Return the record with name and time."""
        return replace(self, person=person, time=time)

    @cached_property
    def _span(self) -> tuple[int, int]:
        return (int(self.images[0]), int(self.images[-1])) if len(self.images) else (0, -1)

    def concerns(self, image: int) -> bool:
        """Whether the decision was about an image."""
        low, high = self._span
        # Most records of a long history are about one image: these need no search.
        if not low <= image <= high:
            return False
        return image in (low, high) or int(self.images[np.searchsorted(self.images, image)]) == image

    @property
    def places(self) -> bool:
        """Whether the decision says where images belong, not only what they are like."""
        return self.kind not in _DESCRIBING

    @property
    def sentence(self) -> str:
        """What was done, by whom and when: "confirmed as pit by Ada, 29 Nov 2026 14:03"."""
        return f"{self.text} by {self.person}, {local_time(self.time)}"


History = tuple[DecisionRecord, ...]


@dataclass(frozen=True)
class ClassDecisions:
    """The images of a class that one person decided about last.

    Attributes
    ----------
    label : str
        Label of the cluster that they are in now.
    images : int
    first, last : str
        Times of the earliest and the latest of these decisions.
    """

    label: str
    person: str
    images: int
    first: str
    last: str


def latest(history: Sequence[DecisionRecord], image: int) -> list[DecisionRecord]:
    """Return the decisions about where an image belongs, the latest first."""
    return [record for record in reversed(history) if record.places and record.concerns(image)]


def images_in(records: Sequence[DecisionRecord]) -> int:
    """Return the number of images that some decisions are about, each counted once."""
    highest = max((int(record.images[-1]) for record in records if len(record.images)), default=-1)
    concerned = np.zeros(highest + 1, bool)
    for record in records:
        concerned[record.images] = True
    return int(concerned.sum())


def by_class(history: Sequence[DecisionRecord], partition: Partition) -> list[ClassDecisions]:
    """Return who decided about the images of each cluster, in the order of the clusters.

    An image counts for the person who decided last where it belongs.
    """
    last = np.full(len(partition.vectors), UNDECIDED, np.intp)
    for number, record in enumerate(history):
        if record.places:
            last[record.images] = number
    return [
        row
        for cluster in partition.clusters
        for row in _of_cluster(history, cluster.label, last[cluster.members])
    ]


def _of_cluster(history: Sequence[DecisionRecord], label: str, numbers: Integers) -> Iterator[ClassDecisions]:
    numbers, counts = np.unique(numbers[numbers != UNDECIDED], return_counts=True)
    images: dict[str, int] = {}
    times: dict[str, list[str]] = {}
    for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
        record = history[number]
        images[record.person] = images.get(record.person, 0) + count
        times.setdefault(record.person, []).append(record.time)
    for person in sorted(images, key=lambda person: -images[person]):
        yield ClassDecisions(label, person, images[person], min(times[person]), max(times[person]))


def carried_history(history: History, before: Integers) -> History:
    """Return the history for images whose indices have changed.

    Parameters
    ----------
    before : (n,) intp
        The previous index of each image; `UNDECIDED` for new images.
    """
    known = np.flatnonzero(before != UNDECIDED)
    count = max((int(record.images[-1]) + 1 for record in history if len(record.images)), default=0)
    index_now = np.full(max(count, int(before.max(initial=-1)) + 1), UNDECIDED, np.intp)
    index_now[before[known]] = known
    carried = []
    for record in history:
        images = index_now[record.images]
        carried.append(replace(record, images=np.sort(images[images != UNDECIDED])))
    return tuple(carried)


def utc_now() -> str:
    """Return the time in UTC to the second, in the form that records have."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(time: str) -> datetime:
    """Return the moment of a record.

    Raises
    ------
    ValueError
        If it is not a time in UTC.
    """
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None or moment.utcoffset():
        raise ValueError(f"{time} is not a time in UTC")
    return moment


def local_time(time: str) -> str:
    """Return the time of a record on the clock of this machine: "29 Nov 2026 14:03"."""
    moment = moment_of(time)
    # Of years that the system has no clock for, the time stays in UTC.
    with suppress(OverflowError, OSError, ValueError):
        moment = moment.astimezone()
    return _words(moment)


def utc_words(time: str) -> str:
    """Return the time of a record in UTC: "29 Nov 2026 14:03"."""
    return _words(moment_of(time))


def _words(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year} {moment.hour:02d}:{moment.minute:02d}"
