"""Options of an export: mode, split, annotation formats; and where they place the images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from defect_workbench.core.errors import InputError
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import cell_text
from defect_workbench.core.project.splits import SPLITS, Shares, split_at_random, split_by_group
from defect_workbench.storage.result.annotation_formats.registry import ANNOTATION_FORMATS
from defect_workbench.storage.result.manifest import Row

RANDOM, FOLDER, COLUMN = "random", "folder", "column:"


class Mode(StrEnum):
    """How images get into the result folder."""

    COPY = "copy"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"

    @property
    def label(self) -> str:
        """In the window."""
        return _MODE_LABELS[self]


_MODE_LABELS = {
    Mode.COPY: "Copy the images",
    Mode.HARDLINK: "Hard links (no extra space, same disk)",
    Mode.SYMLINK: "Symbolic links to the originals",
}


@dataclass(frozen=True)
class Split:
    """How images are divided into train, val and test.

    Attributes
    ----------
    by : str
        "random" (each label in the same shares), "folder" (images of one folder stay together), or
        "column:NAME" (images with one value in a column of the side data, such as the lot, do).
    shares : tuple of three float
        Of train, val and test; only their ratios count.
    """

    by: str = RANDOM
    shares: Shares = (70.0, 15.0, 15.0)
    seed: int = 0


@dataclass(frozen=True)
class ExportOptions:
    """What to export.

    Attributes
    ----------
    formats : tuple of str
        Names of the annotation formats to write as well.
    confirmed : bool
        Only clusters a person has confirmed; the other images are in the manifest without a file.
    """

    split: Split | None = None
    formats: tuple[str, ...] = ()
    confirmed: bool = False

    def as_json(self) -> dict[str, Any]:
        """JSON values, as a receipt keeps them."""
        split = self.split and {"by": self.split.by, "shares": self.split.shares, "seed": self.split.seed}
        return {"split": split, "formats": list(self.formats), "confirmed": self.confirmed}

    @staticmethod
    def of_json(state: Mapping[str, Any]) -> ExportOptions:
        """The profile of JSON values.

        Raises
        ------
        ValueError, KeyError, TypeError
            If they do not describe a profile.
        """
        split = None
        if state["split"]:
            train, val, test = (float(share) for share in state["split"]["shares"])
            split = Split(str(state["split"]["by"]), (train, val, test), int(state["split"]["seed"]))
            _check_split(split)
        formats = tuple(str(name) for name in state["formats"])
        if not set(formats) <= set(ANNOTATION_FORMATS.names):
            raise ValueError("no such annotation format")
        return ExportOptions(split, formats, bool(state["confirmed"]))


def _check_split(split: Split) -> None:
    if split.by not in (RANDOM, FOLDER) and not split.by.startswith(COLUMN):
        raise ValueError("no such split")
    if min(split.shares) < 0 or not 0 < sum(split.shares) < 1e9:
        raise ValueError("no such shares")


@dataclass(frozen=True)
class Layout:
    """The manifest, with files placed as a profile says.

    Attributes
    ----------
    rows : tuple of Row
        `exported_as` is empty where an image is left out.
    groups : mapping of str to str
        The set of each lot or folder; empty without such a split.
    notes : tuple of str
        What the person should know.
    """

    rows: tuple[Row, ...]
    groups: Mapping[str, str]
    notes: tuple[str, ...]


def lay_out(
    project: Project, rows: Sequence[Row], profile: ExportOptions, known: Mapping[str, str] | None = None
) -> Layout:
    """Place the files of a manifest as a profile says.

    Outliers stay in a folder beside the sets, as they belong to no class that a model could learn.

    Parameters
    ----------
    known : mapping of str to str, optional
        Lots or folders whose set an earlier export decided.

    Raises
    ------
    InputError
        If nothing is confirmed, or the split is not possible.
    """
    placed = list(rows)
    notes: list[str] = []
    if profile.confirmed:
        partition = project.partition
        sure = {i for c in partition.clusters if c.group and c.group.confirmed for i in c.members.tolist()}
        if not sure:
            raise InputError("no cluster is confirmed, so there is nothing to export; confirm some, or all")
        placed = [row if i in sure else replace(row, exported_as="") for i, row in enumerate(placed)]
        left = len(placed) - len(sure)
        if left:
            notes.append(f"{left:,} images are in no confirmed cluster and are not exported")
    if profile.split is None:
        return Layout(tuple(placed), {}, tuple(notes))
    chosen = [i for i, row in enumerate(placed) if row.exported_as and not row.outlier]
    labels = [placed[i].label for i in chosen]
    split, groups = profile.split, {}
    if split.by == RANDOM:
        hashes = [placed[i].sha256 for i in chosen]
        sets = split_at_random(labels, hashes, split.shares, split.seed)
    else:
        lots = [_lot(project, i, split.by) for i in chosen]
        if len(set(lots) | set(known or {})) < 2:
            what = "folder" if split.by == FOLDER else split.by.removeprefix(COLUMN)
            raise InputError(f"all images have the same {what}; a split by it is not possible")
        if "" in lots and split.by != FOLDER:
            notes.append(
                f"images without {split.by.removeprefix(COLUMN)} stay together ({lots.count(''):,} of them)"
            )
        groups = split_by_group(lots, labels, split.shares, split.seed, known)
        sets = [groups[lot] for lot in lots]
    for i, name in zip(chosen, sets, strict=True):
        placed[i] = replace(placed[i], exported_as=f"{name}/{placed[i].exported_as}")
    empty = [n for n, share in zip(SPLITS, split.shares, strict=True) if share > 0 and n not in sets]
    if empty and chosen:
        notes.append(f"no image for {' and '.join(empty)}")
    return Layout(tuple(placed), groups, tuple(notes))


def _lot(project: Project, image: int, by: str) -> str:
    if by == FOLDER:
        return project.images.images[image].path.rpartition("/")[0]
    if project.side is None:
        raise InputError(f"a split by {by.removeprefix(COLUMN)} needs side data with that column")
    return cell_text(project.side.column(by.removeprefix(COLUMN)).cells[image])


def set_of(exported_as: str) -> str:
    """The set of an exported file; empty without a split."""
    first = exported_as.split("/", 1)[0]
    return first if exported_as.count("/") == 2 and first in SPLITS else ""
