"""Which labels of a training are doubtful, what is suggested instead, and which of them are settled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.arrays import Integers
from defect_workbench.core.classifier.held_out import HeldOutImages, HeldOutPlaces
from defect_workbench.core.project.decisions import Cluster


class LabelDoubts(QObject):
    """The doubtful labels of the classifier that is shown, for the images of the open project.

    A doubt is settled once the image is moved into a cluster other than that of its label, or once the user
    confirmed its label. Undoing the move brings it back.

    Signals: changed when one is settled or brought back, or when there are others.
    """

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._held_out: HeldOutImages | None = None
        self._names: tuple[str, ...] = ()
        # As an array, as the clusters of labels are counted whenever the partition changes.
        self._labels: Integers = np.empty(0, np.intp)
        # By content, so that another project with the same images has them, too.
        self._kept: set[str] = set()
        self._found = HeldOutPlaces()
        self._waiting: list[int] = []
        document.opened.connect(self._refresh)
        document.partition_changed.connect(self._refresh)

    def use(self, held_out: HeldOutImages | None, names: Sequence[str]) -> None:
        """Take the doubtful labels of another training."""
        self._held_out, self._names, self._kept = held_out, tuple(names), set()
        self._labels = np.array(() if held_out is None else held_out.labels, np.intp)
        self._waiting = self._unsettled()
        self.changed.emit()

    @property
    def waiting(self) -> list[int]:
        """Rows of the held-out images that are not settled, the most doubtful first."""
        return list(self._waiting)

    def suggestion(self, image: int) -> str:
        """Return the label suggested for an image of the project; empty if its label is not in doubt."""
        row = self._row_of(image)
        return "" if row is None else self._name(row)

    def keep(self, image: int) -> None:
        """Note that the label of an image is right."""
        row = self._row_of(image)
        if row is not None and self._held_out is not None:
            self._kept.add(self._held_out.sha256[row])
            self._refresh()

    def accept(self, image: int) -> bool:
        """Move an image into the class that is suggested for it; a class without images begins with it.

        Returns
        -------
        bool
            Whether there was nothing to move, as it was there already.
        """
        row, held_out = self._row_of(image), self._held_out
        if row is None or held_out is None:
            return False
        chosen, name = np.array([image], np.intp), self._name(row)
        partition = self._document.partition
        clusters = () if partition is None else partition.clusters
        named = next((cluster for cluster in clusters if cluster.label.casefold() == name.casefold()), None)
        target = named or self._home(held_out.predictions[row])
        if target is not None and image in target.members:
            self.keep(image)
            return True
        if target is not None:
            self._document.move(chosen, target)
        else:
            self._document.split_out(chosen, name)
        return False

    def _name(self, row: int) -> str:
        assert self._held_out is not None
        return self._names[self._held_out.predictions[row]]

    def _row_of(self, image: int) -> int | None:
        if not self._waiting:
            return None
        places = self._places()
        return next((row for row in self._waiting if places[row] == image), None)

    def _places(self) -> Integers:
        """Return where each training image is in the project, -1 where it is not, (n,)."""
        project, held_out = self._document.project, self._held_out
        if held_out is None:
            return np.empty(0, np.intp)
        return self._found.of(held_out, None if project is None else project.images)

    def _home(self, label: int) -> Cluster | None:
        """Return the decided cluster that holds most of the training images with a label."""
        partition = self._document.partition
        if partition is None or self._held_out is None:
            return None
        places = self._places()
        places = places[(self._labels == label) & (places >= 0)]
        numbers = partition.cluster_of[places]
        numbers = numbers[numbers >= 0]
        if not len(numbers):
            return None
        cluster = partition.clusters[int(np.bincount(numbers).argmax())]
        return cluster if cluster.group is not None else None

    def _is_settled(self, row: int, homes: dict[int, Cluster | None]) -> bool:
        held_out, partition = self._held_out, self._document.partition
        assert held_out is not None
        if held_out.sha256[row] in self._kept:
            return True
        image = int(self._places()[row])
        number = -1 if partition is None or image < 0 else int(partition.cluster_of[image])
        if partition is None or number < 0 or partition.clusters[number].group is None:
            return False
        label = held_out.labels[row]
        if label not in homes:
            homes[label] = self._home(label)
        cluster, home = partition.clusters[number], homes[label]
        if cluster.label.casefold() == self._name(row).casefold():
            return True
        return home is not None and home.key != cluster.key

    def _unsettled(self) -> list[int]:
        doubtful = () if self._held_out is None else self._held_out.doubtful
        homes: dict[int, Cluster | None] = {}
        return [each.image for each in doubtful if not self._is_settled(each.image, homes)]

    def _refresh(self) -> None:
        if self._held_out is None or not self._held_out.doubtful:
            return
        waiting = self._unsettled()
        if waiting != self._waiting:
            self._waiting = waiting
            self.changed.emit()
