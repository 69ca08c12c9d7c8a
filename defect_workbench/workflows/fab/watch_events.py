"""What a watcher tells while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from defect_workbench.core.monitoring import LevelAlarm
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.core.text import and_more, counted


@dataclass(frozen=True)
class WatchBegan:
    """The watcher is ready. `counts` has the images of earlier runs by folder, empty folders included."""

    folder: Path
    out: Path
    interval: float
    counts: Mapping[str, int]
    rejected: int

    @property
    def words(self) -> str:
        """Return the line for a log."""
        images = sum(self.counts.values())
        before = f", which has {counted(images, 'image')} so far" if images else ""
        return f"watching {self.folder} every {self.interval:g} s; the result is {self.out}{before}"


@dataclass(frozen=True)
class BatchDone:
    """Some files are classified and written.

    Attributes
    ----------
    images : tuple of (str, str)
        Label and place in the result of each new image.
    rejected : tuple of (str, str)
        Path and reason of each newly rejected file.
    replaced : tuple of str
        Files that were classified before, and then replaced by others: they have another row now.
    total, total_rejected : int
        Of the whole result.
    """

    time: datetime
    images: tuple[tuple[str, str], ...]
    rejected: tuple[tuple[str, str], ...]
    replaced: tuple[str, ...]
    total: int
    total_rejected: int
    alarms: tuple[LevelAlarm, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, int]:
        """Number of new images by label, the most frequent first; without unknown ones."""
        counts: dict[str, int] = {}
        for label, _ in self.images:
            if label != OUTLIERS:
                counts[label] = counts.get(label, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def unknown(self) -> int:
        """Number of new unknown images."""
        return sum(label == OUTLIERS for label, _ in self.images)

    @property
    def words(self) -> str:
        """Return the line for a log."""
        parts = [f"{count:,} {label}" for label, count in self.labels.items()]
        parts += [f"{self.unknown:,} unknown"] if self.unknown else []
        line = counted(len(self.images), "image") + (f": {', '.join(parts)}" if parts else "")
        if self.rejected:
            path, reason = self.rejected[0]
            more = f" and {len(self.rejected) - 1:,} more" if len(self.rejected) > 1 else ""
            line += f"; {counted(len(self.rejected), 'file')} rejected ({path}: {reason}{more})"
        if self.replaced:
            line += f"; classified again, as the file was replaced: {and_more(self.replaced, 3)}"
        return f"{line}; {self.total:,} in total"


@dataclass(frozen=True)
class WatchNotice:
    """A problem that the watcher waits for to end, or its end.

    Attributes
    ----------
    problem : bool
        False if it has ended.
    """

    time: datetime
    words: str
    problem: bool = True


@dataclass(frozen=True)
class WatchRemark:
    """Something to know about the files that arrive; nothing waits for it to change."""

    time: datetime
    words: str


WatchEvent = WatchBegan | BatchDone | WatchNotice | WatchRemark
Tell = Callable[[WatchEvent], None]
