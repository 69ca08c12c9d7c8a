"""The folders and sessions that were opened last, and how far the work on each was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from defect_workbench.core.project.decisions import Partition

MOST = 8


@dataclass(frozen=True)
class RecentWork:
    """A folder or session that was opened.

    Attributes
    ----------
    path : str
    when : str
        When it was last open, as YYYY-MM-DD HH:MM; empty for one that an earlier version remembered.
    confirmed, clusters : int
        How many of its clusters were confirmed; 0 clusters if that is not known.
    single_defects : bool
        Whether the single defects in the images of a folder were grouped.
    reference : str
        The folder of golden references that they were found with; empty without.
    """

    path: str
    when: str = ""
    confirmed: int = 0
    clusters: int = 0
    single_defects: bool = False
    reference: str = ""

    @property
    def file(self) -> Path:
        """Where it is."""
        return Path(self.path)

    @property
    def exists(self) -> bool:
        """Whether it is still there."""
        try:
            return self.file.exists()
        except OSError:  # such as a share that is out of reach
            return False

    @property
    def words(self) -> str:
        """Information about it: where it is, when it was open, and how far it was."""
        parts = [str(self.file.parent)]
        if not self.exists:
            parts.insert(0, "Not found")
        if self.single_defects:
            parts.append("single defects")
        if self.when:
            parts.append(self.when)
        if self.clusters:
            parts.append(f"{self.confirmed:,} of {self.clusters:,} clusters confirmed")
        return "  ·  ".join(parts)


def recent_work(path: Path, partition: Partition | None, now: datetime) -> RecentWork:
    """Return what to remember of a folder or session that is open."""
    clusters = (
        [] if partition is None else [c for c in partition.clusters if not (c.group and c.group.nuisance)]
    )
    confirmed = sum(1 for c in clusters if c.group is not None and c.group.confirmed)
    return RecentWork(str(path), f"{now:%Y-%m-%d %H:%M}", confirmed, len(clusters))


def to_text(works: list[RecentWork]) -> str:
    """Return a list as one line of text."""
    return json.dumps([asdict(work) for work in works])


def from_text(text: str) -> list[RecentWork]:
    """Return the list in a text; earlier versions wrote one path a line. What cannot be read is left out."""
    if not text.startswith("["):
        return [RecentWork(line) for line in text.split("\n") if line]
    try:
        found = json.loads(text)
        return [
            RecentWork(
                str(each["path"]),
                str(each["when"]),
                int(each["confirmed"]),
                int(each["clusters"]),
                bool(each.get("single_defects", False)),
                str(each.get("reference", "")),
            )
            for each in found
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
