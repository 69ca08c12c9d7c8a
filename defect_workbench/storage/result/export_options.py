"""Export options: mode, split, annotation formats; and the layout of files that results from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.splits import SPLITS, Shares, split_at_random, split_by_group
from defect_workbench.core.table_columns import cell_text
from defect_workbench.core.text import counted
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
        """Name in the window."""
        return _MODE_LABELS[self]


_MODE_LABELS = {
    Mode.COPY: "Copy the images",
    Mode.HARDLINK: "Hard links (no extra space, same disk)",
    Mode.SYMLINK: "Symbolic links to the originals",
}


@dataclass(frozen=True)
class Split:
    """How images are divided into training, validation and test set.

    Attributes
    ----------
    by : str
        "random" (each label in the same shares), "folder" (images of a folder stay together), or
        "column:NAME" (images with the same value in a column of the side data, such as the lot, stay
        together).
    shares : tuple of three float
        Shares of train, val and test; only their ratios matter.
    """

    by: str = RANDOM
    shares: Shares = (70.0, 15.0, 15.0)
    seed: int = 0


@dataclass(frozen=True)
class ExportOptions:
    """Split, annotation formats, and which clusters to export.

    Attributes
    ----------
    formats : tuple of str
        Names of annotation formats to write.
    confirmed : bool
        Export only confirmed clusters; other images are in the manifest without a file.
    """

    split: Split | None = None
    formats: tuple[str, ...] = ()
    confirmed: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for a receipt."""
        split = self.split and {"by": self.split.by, "shares": self.split.shares, "seed": self.split.seed}
        return {"split": split, "formats": list(self.formats), "confirmed": self.confirmed}

    @staticmethod
    def of_json(state: Mapping[str, Any]) -> ExportOptions:
        """Return the options in JSON values.

        Raises
        ------
        ValueError, KeyError, TypeError
            If they are not valid.
        """
        split = None
        if state["split"]:
            train, val, test = (float(share) for share in state["split"]["shares"])
            split = Split(str(state["split"]["by"]), (train, val, test), int(state["split"]["seed"]))
            _check_split(split)
        formats = tuple(str(name) for name in state["formats"])
        if not set(formats) <= set(ANNOTATION_FORMATS.names):
            raise ValueError("unknown annotation format")
        return ExportOptions(split, formats, bool(state["confirmed"]))


def _check_split(split: Split) -> None:
    if split.by not in (RANDOM, FOLDER) and not split.by.startswith(COLUMN):
        raise ValueError("unknown split")
    if min(split.shares) < 0 or not 0 < sum(split.shares) < 1e9:
        raise ValueError("invalid shares")


@dataclass(frozen=True)
class Layout:
    """The manifest with the paths that result from the export options.

    Attributes
    ----------
    rows : tuple of Row
        `exported_as` is empty if the image is not exported.
    groups : mapping of str to str
        The set of each lot or folder; empty if the split is not by lot or folder.
    notes : tuple of str
        Remarks for the user.
    """

    rows: tuple[Row, ...]
    groups: Mapping[str, str]
    notes: tuple[str, ...]


def lay_out(
    project: Project, rows: Sequence[Row], profile: ExportOptions, known: Mapping[str, str] | None = None
) -> Layout:
    """Return the manifest with the paths that result from the export options.

    Outliers are exported to a folder beside the sets, as they have no class that a model could learn.

    Parameters
    ----------
    known : mapping of str to str, optional
        Sets of lots or folders in an earlier export.

    Raises
    ------
    InputError
        If nothing is confirmed, or the split is not possible.
    """
    placed = list(rows)
    notes: list[str] = []
    if profile.confirmed:
        partition = project.partition
        confirmed = {
            i for c in partition.clusters if c.group and c.group.confirmed for i in c.members.tolist()
        }
        if not confirmed:
            raise InputError(
                "no cluster is confirmed, so there is nothing to export; confirm some or export all"
            )
        placed = [row if i in confirmed else replace(row, exported_as="") for i, row in enumerate(placed)]
        left_out = len(placed) - len(confirmed)
        if left_out:
            notes.append(f"{counted(left_out, 'image')} outside confirmed clusters: not exported")
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
            group = "folder" if split.by == FOLDER else split.by.removeprefix(COLUMN)
            raise InputError(f"all images have the same {group}; a split by it is not possible")
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
        notes.append(f"no images in {' and '.join(empty)}")
    return Layout(tuple(placed), groups, tuple(notes))


def _lot(project: Project, image: int, by: str) -> str:
    if by == FOLDER:
        return project.images.images[image].path.rpartition("/")[0]
    if project.side is None:
        raise InputError(
            f"a split by {by.removeprefix(COLUMN)} needs side data with that column", Remedy.ADD_TABLE
        )
    return cell_text(project.side.column(by.removeprefix(COLUMN)).cells[image])


def set_of(exported_as: str) -> str:
    """Return the set of an exported file; empty without a split."""
    first = exported_as.split("/", 1)[0]
    return first if exported_as.count("/") == 2 and first in SPLITS else ""
