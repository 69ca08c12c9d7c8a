"""Labelled image sets on disk: where each is, and what is stored beside its images."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.classifier.data.dataset import scan_labels

FEWEST_PER_CLASS = 10
FEWEST_CLASSES = 2


@dataclass(frozen=True)
class LabelledFolder:
    """A folder of class folders.

    Attributes
    ----------
    name : str
        As in the table.
    folder : Path
        Its subfolders are the classes.
    family : str
        Sets of one family show the same kind of surface, so none has foreign images for another.
    references : Path or None
        The defect-free image of each image, at the same relative path.
    masks : Path or None
        The true defect of each image, 255 inside, at the same relative path as a PNG.
    clean : Path or None
        Images without a defect, which are not in the set.
    background_of : callable or None
        Maps the relative path of an image to the name of its background, which no class depends on.
    """

    name: str
    folder: Path
    family: str
    references: Path | None = None
    masks: Path | None = None
    clean: Path | None = None
    background_of: Callable[[str], str] | None = None


@dataclass
class Inventory:
    """The sets to measure, and the reason why each other one is skipped."""

    sets: list[LabelledFolder] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, found: LabelledFolder) -> None:
        """Add a set, or note why it cannot be scored."""
        reason = unusable(found.folder)
        if reason is None:
            self.sets.append(found)
        else:
            self.skipped[found.name] = reason


def unusable(folder: Path) -> str | None:
    """Return why a folder of class folders cannot be scored; None if it can."""
    try:
        listing = scan_labels(folder, SilentReporter())
    except WorkbenchError as error:
        return str(error)
    names, counts = np.unique([file.path.split("/", 1)[0] for file in listing.files], return_counts=True)
    if len(names) < FEWEST_CLASSES:
        return "it has a single class folder"
    if counts.min() < FEWEST_PER_CLASS:
        return f"{names[counts.argmin()]} has {counts.min()} images, fewer than {FEWEST_PER_CLASS}"
    return None


def chosen_paths(paths: Sequence[str], count: int, seed: int = 0) -> list[str]:
    """Return at most `count` of the paths, drawn at random with the same share of each class folder.

    A larger draw contains a smaller one.
    """
    by_class: dict[str, list[str]] = {}
    for path in sorted(paths):
        by_class.setdefault(path.split("/", 1)[0], []).append(path)
    ranked: list[tuple[float, str]] = []
    for name, members in by_class.items():
        order = np.random.default_rng([seed, seed_of(name)]).permutation(len(members))
        ranked += [((rank + 0.5) / len(members), members[i]) for rank, i in enumerate(order.tolist())]
    return sorted(path for _, path in sorted(ranked)[:count])


def subsample(labels: Integers, share: float, seed: int) -> Integers:
    """Return the rows of a random share of each class, at least two images of each."""
    rng = np.random.default_rng([seed, len(labels)])
    parts = []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        parts.append(rows[: max(2, round(share * len(rows)))])
    return np.sort(np.concatenate(parts))


def seed_of(*parts: str | int) -> int:
    """Return a seed that depends on these parts only, whatever else is drawn."""
    return zlib.crc32("\0".join(map(str, parts)).encode())


def built_set(target: Path, build: Callable[[Path], object]) -> Path:
    """Return the folder of a built set; `build` fills it if it does not exist yet."""
    if not target.exists():
        unfinished = target.with_name(target.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        build(unfinished)
        unfinished.rename(target)
    return target


def folders_below(root: Path, families: Mapping[str, str]) -> list[LabelledFolder]:
    """Return the folders of class folders directly below `root`, with the family of each name."""
    if not root.is_dir():
        return []
    return [
        LabelledFolder(path.name, path, families.get(path.name, path.name))
        for path in sorted(root.iterdir())
        if path.is_dir()
    ]
