"""Item models of the gallery, the cluster list and the outliers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from defect_workbench.app.columns import Column
from defect_workbench.app.document.held_order import HeldOrder
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.arrays import Flags, Integers
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.project.image_notes import ImageNotes
from defect_workbench.core.text import counted

KEPT = "kept"
_KEPT = f"{KEPT}: these images stay together at any cut, by your decision or a classifier's proposal"

Index = QModelIndex | QPersistentModelIndex
Roles = Qt.ItemDataRole


class Role(IntEnum):
    """Item roles besides those of Qt."""

    IMAGE = int(Qt.ItemDataRole.UserRole) + 1
    CLUSTER = int(Qt.ItemDataRole.UserRole) + 2
    COLOUR = int(Qt.ItemDataRole.UserRole) + 3
    # The state of a cluster, in the words of the headings.
    STATE = int(Qt.ItemDataRole.UserRole) + 4


@dataclass(frozen=True)
class Section:
    """A run of rows under one heading.

    Attributes
    ----------
    key : int or None
        Of the cluster; None for the outliers.
    """

    title: str
    detail: str
    colour: str | None
    start: int
    count: int
    key: int | None


MIME = "application/x-defect-workbench-images"


def dragged_images(data: QMimeData) -> list[int]:
    """Return the dragged images; none if something else is dragged."""
    if not data.hasFormat(MIME):
        return []
    return [int(number) for number in bytes(data.data(MIME).data()).decode("ascii").split()]


class ImageModel(QAbstractListModel):
    """Images in a given order, as thumbnails.

    `set_rows` sets the rows; thumbnails are requested from the loader when a view needs them.
    """

    def __init__(self, loader: ThumbnailLoader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loader = loader
        self._root = ""
        self._paths: Sequence[str] = ()
        self._locations: Sequence[str] = ()
        self._order: Integers = np.empty(0, np.intp)
        self._row_of: Integers = np.empty(0, np.intp)
        self.sections: tuple[Section, ...] = ()
        self.notes = ImageNotes()
        self.captions: tuple[Column, ...] = ()
        self.class_of: Callable[[int], tuple[str, str]] | None = None
        loader.ready.connect(self._on_ready)
        self._rows_of_path: dict[str, int] = {}

    def set_rows(
        self,
        root: Path,
        paths: Sequence[str],
        order: Integers,
        sections: tuple[Section, ...],
        notes: ImageNotes | None = None,
        captions: Sequence[Column] = (),
        locations: Sequence[str] = (),
        class_of: Callable[[int], tuple[str, str]] | None = None,
    ) -> None:
        """Show other images, or the same in another order, with columns below them.

        Parameters
        ----------
        paths : sequence of str
            As they are displayed.
        locations : sequence of str, optional
            Where the images can be read, relative to the root; default: their paths.
        class_of : callable, optional
            Returns the name and the colour of an image's cluster, where sections do not show them.
        """
        self.beginResetModel()
        self.captions = tuple(captions)
        self.notes = notes or ImageNotes()
        self.class_of = class_of
        self._root, self._paths, self._order = str(root), paths, order
        self._locations = locations or paths
        self._row_of = np.full(len(paths), -1, np.intp)
        self._row_of[order] = np.arange(len(order))
        self.sections = sections
        self._rows_of_path.clear()
        self.endResetModel()

    @property
    def order(self) -> Integers:
        """The images in the order of their rows."""
        return self._order

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of images shown."""
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def data(self, index: Index, role: int = Roles.DisplayRole) -> Any:
        """Return thumbnail, file name, tooltip or image number of a row."""
        if not index.isValid() or index.row() >= len(self._order):
            return None
        image = int(self._order[index.row()])
        if role == Roles.DecorationRole:
            path = self.file(image)
            pixmap = self._loader.get(path)
            if pixmap is None:
                self._rows_of_path[path] = index.row()
            return pixmap
        if role == Role.IMAGE:
            return image
        if role in (Roles.DisplayRole, Roles.AccessibleTextRole):
            name = self._paths[image].rsplit("/", 1)[-1]
            return name if role == Roles.DisplayRole else self._described(image, name)
        if role == Roles.ToolTipRole:
            return plain_tip("\n".join((self._paths[image], *self._class_name(image))))
        return None

    def _described(self, image: int, name: str) -> str:
        """Return what a thumbnail shows besides the image, for those who cannot see it."""
        values = [f"{column.name} {column.text_of(image) or 'unknown'}" for column in self.captions]
        return ", ".join(filter(None, (name, *self._class_name(image), *values, self.notes.words(image))))

    def _class_name(self, image: int) -> tuple[str, ...]:
        return () if self.class_of is None else (self.class_of(image)[0],)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that images can be selected and dragged."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def mimeTypes(self) -> list[str]:
        """Return the type of dragged images: their numbers, within this window."""
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the dragged images."""
        data = QMimeData()
        numbers = sorted(int(self._order[index.row()]) for index in indexes)
        data.setData(MIME, " ".join(map(str, numbers)).encode("ascii"))
        return data

    def file(self, image: int) -> str:
        """Return where an image can be read."""
        return f"{self._root}/{self._locations[image]}"

    def unreadable(self, image: int) -> bool:
        """Whether the file could not be read for a thumbnail."""
        return self._loader.failed(self.file(image))

    def row_of(self, image: int) -> int:
        """Return the row of an image; -1 if it is not shown."""
        return int(self._row_of[image]) if 0 <= image < len(self._row_of) else -1

    def selection_of(self, images: Sequence[int] | Integers) -> QItemSelection:
        """Return the rows of images as a selection, in runs: thousands of single rows would take seconds."""
        selection = QItemSelection()
        rows = np.sort(self._row_of[np.asarray(images, np.intp)]) if len(images) else self._row_of[:0]
        rows = rows[rows >= 0]
        if len(rows):
            for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
                selection.select(self.index(int(run[0])), self.index(int(run[-1])))
        return selection

    def images_of(self, selection: QItemSelection) -> Integers:
        """Return the images of a selection in ascending order."""
        parts = [selection.at(number) for number in range(selection.count())]
        runs = [self._order[part.top() : part.bottom() + 1] for part in parts]
        return np.sort(np.concatenate(runs)) if runs else np.empty(0, np.intp)

    def _on_ready(self, path: str) -> None:
        row = self._rows_of_path.pop(path, None)
        if row is not None and row < len(self._order) and self.file(int(self._order[row])) == path:
            index = self.index(row)
            self.dataChanged.emit(index, index, [Roles.DecorationRole])


class ClusterModel(QAbstractListModel):
    """The clusters, by descending size when they were sorted last."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._clusters: tuple[Cluster, ...] = ()
        self._waiting: Flags | None = None
        self._order = HeldOrder(document)
        document.partition_changed.connect(self._refresh)
        self._refresh()

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of clusters."""
        return 0 if parent is not None and parent.isValid() else len(self._clusters)

    def data(self, index: Index, role: int = Roles.DisplayRole) -> Any:
        """Return name, colour or description of a cluster, or the cluster itself."""
        if not index.isValid() or index.row() >= len(self._clusters):
            return None
        cluster = self._clusters[index.row()]
        if role in (Roles.DisplayRole, Roles.EditRole):
            return cluster.label
        if role == Role.CLUSTER:
            return cluster
        if role == Role.COLOUR:
            return self._document.colour(cluster)
        if role == Role.STATE:
            return state_words(cluster, self._waiting)
        if role in (Roles.ToolTipRole, Roles.AccessibleTextRole):
            proposed = self._proposed(cluster)
            to_review = f"\n{counted(proposed, 'proposal')} to review" if proposed else ""
            words = self._described(cluster) + to_review
            return plain_tip(words) if role == Roles.ToolTipRole else words
        return None

    def _described(self, cluster: Cluster) -> str:
        project = self._document.project
        assert project is not None
        state = state_words(cluster, self._waiting)
        parts = [
            f"{cluster.label}: {counted(len(cluster.members), project.images.noun)}",
            f"spread {cluster.spread:.3f}",
            _KEPT if state == KEPT else state,
        ]
        return ", ".join(filter(None, parts)) + (f"\n{note_of(cluster)}" if note_of(cluster) else "")

    def _proposed(self, cluster: Cluster) -> int:
        return 0 if self._waiting is None else int(np.count_nonzero(self._waiting[cluster.members]))

    def row_of_image(self, image: int) -> int:
        """Return the row of the cluster an image is in; -1 for outliers."""
        partition = self._document.partition
        known = partition is not None and 0 <= image < len(partition.vectors)
        number = int(partition.cluster_of[image]) if partition is not None and known else -1
        return (
            self.row_of_key(partition.clusters[number].key) if partition is not None and number >= 0 else -1
        )

    def row_of_key(self, key: int) -> int:
        """Return the row of a cluster; -1 if it no longer exists."""
        return next((row for row, cluster in enumerate(self._clusters) if cluster.key == key), -1)

    def _refresh(self) -> None:
        self.beginResetModel()
        partition = self._document.partition
        self._clusters = self._order.arranged(partition.clusters if partition is not None else ())
        project = self._document.project
        proposal = None if project is None else project.proposal
        self._waiting = None if proposal is None or partition is None else proposal.waiting(partition)
        self.endResetModel()


def note_of(cluster: Cluster) -> str:
    """Return the note on a cluster; empty without one."""
    return "" if cluster.group is None else cluster.group.note


def state_of(cluster: Cluster) -> str:
    """Return the state of a cluster that the user decided about, as views store it; empty for an open one."""
    if cluster.group is None:
        return ""
    if cluster.group.nuisance:
        return "nuisance"
    return "confirmed" if cluster.group.confirmed else "held"


def state_words(cluster: Cluster, waiting: Flags | None) -> str:
    """Return the state of a cluster as the window shows it; empty for an open cluster.

    Parameters
    ----------
    waiting : (n,) bool or None
        Images with proposals that nobody has reviewed.
    """
    state = state_of(cluster)
    if state != "held":
        return state
    return "proposed" if waiting is not None and waiting[cluster.members].any() else KEPT
