"""Training images that a figure counts: their list, and the ways from there to the images."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.classifier.held_out import HeldOutImages, HeldOutPlaces
from defect_workbench.gui.classifier.held_out_dialog import HeldOutDialog
from defect_workbench.gui.classifier.held_out_list import HeldOutList, HeldOutRow
from defect_workbench.gui.shared.labels import heading_label, secondary_label

_HEADINGS = ("Image", "Label → prediction", "Probability")
_ELSEWHERE = "These images are not in the open project: open the folder they are in first."


class HeldOutPage(QWidget):
    """A heading, a list of training images, and buttons.

    Signals: gallery_wanted(images) of the open project; light_table_wanted(images, title, first).

    Parameters
    ----------
    name : str
        Object name of the list.
    neighbours : bool
        Whether a column says how many of the similar images disagree.
    """

    gallery_wanted = Signal(list)
    light_table_wanted = Signal(list, str, int)

    def __init__(
        self,
        name: str,
        document: Document,
        thumbnails: ThumbnailLoader,
        originals: OriginalLoader,
        *,
        neighbours: bool = False,
    ) -> None:
        super().__init__()
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._document, self._originals = document, originals
        self._held_out: HeldOutImages | None = None
        self._names: tuple[str, ...] = ()
        self._rows: tuple[int, ...] = ()
        self._title = ""
        self._disagreeing: dict[int, float] = {}
        self._places = HeldOutPlaces()
        self.heading, self.note = heading_label(), secondary_label()
        self.heading.setWordWrap(True)
        self.heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        headings = (*_HEADINGS, "Similar\ndisagree") if neighbours else _HEADINGS
        self.list = HeldOutList(name, headings, thumbnails, self)
        self.gallery_button, self.table_button = QPushButton("Show in gallery"), QPushButton("Light table")
        self.gallery_button.setToolTip("Select these images, or the selected ones, in the gallery")
        self.table_button.setToolTip("View these images at full size, beginning with the current one (Enter)")
        self.gallery_button.clicked.connect(self.show_in_gallery)
        self.table_button.clicked.connect(lambda: self.open_line(max(self.list.currentIndex().row(), 0)))
        # Above the list, as notices lie over the lower edge of the page.
        buttons = QHBoxLayout()
        buttons.addWidget(self.gallery_button)
        buttons.addWidget(self.table_button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.addWidget(self.heading)
        layout.addWidget(self.note)
        layout.addLayout(buttons)
        layout.addWidget(self.list, 1)
        layout.addStretch(0)
        self.list.opened.connect(self.open_line)
        document.opened.connect(self._on_document)
        document.partition_changed.connect(self._on_document)

    def show_images(
        self, held_out: HeldOutImages | None, names: Sequence[str], rows: Sequence[int], title: str, note: str
    ) -> None:
        """Show some of the training images.

        Parameters
        ----------
        names : sequence of str
            The labels of the confusion matrix.
        rows : sequence of int
            Rows of `held_out`.
        """
        self._held_out, self._names, self._rows = held_out, tuple(names), tuple(rows)
        self._title = title
        doubtful = () if held_out is None else held_out.doubtful
        self._disagreeing = {each.image: each.disagreeing for each in doubtful}
        self.heading.setText(title)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.list.setAccessibleName(title)
        self._refresh()
        self.list.scrollToTop()

    def showEvent(self, event: QShowEvent) -> None:
        """Show what has changed in the meantime."""
        super().showEvent(event)
        self._refresh()

    def _on_document(self) -> None:
        # While the cut is dragged, the partition changes many times per second.
        if self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        """Write the lines again: an image may be in another cluster, or in no project that is open."""
        current = self.list.currentIndex().row()
        self.list.show_lines(self._rows, self._line)
        if 0 <= current < len(self._rows):
            self.list.setCurrentIndex(self.list.lines.index(current, 0))
        anything, here = bool(self._rows), any(image >= 0 for image in self._images(self._rows))
        self.list.setVisible(anything)
        self.gallery_button.setVisible(anything)
        self.table_button.setVisible(anything)
        self.gallery_button.setEnabled(here)
        self.gallery_button.setToolTip("Select these images in the gallery" if here else _ELSEWHERE)
        self.table_button.setText("Light table" if here else "View")

    def _line(self, row: int) -> HeldOutRow:
        assert self._held_out is not None
        held_out = self._held_out
        label = self._names[held_out.labels[row]]
        now = self._label_now(row)
        if now not in ("", label):
            label = f"{label}, now {now}"
        disagreeing = self._disagreeing.get(row)
        cells = (
            held_out.paths[row].rsplit("/", 1)[-1],
            f"{label}\n→ {self._names[held_out.predictions[row]]}",
            f"{held_out.probabilities[row]:.0%}",
            "" if disagreeing is None else f"{disagreeing:.0%}",
        )
        return HeldOutRow(row, str(held_out.file(row)), cells)

    def _label_now(self, row: int) -> str:
        """Return the name of the confirmed cluster that an image is in now; empty if it is in none."""
        partition, (image,) = self._document.partition, self._images((row,))
        number = -1 if partition is None or image < 0 else int(partition.cluster_of[image])
        if partition is None or number < 0:
            return ""
        cluster = partition.clusters[number]
        return cluster.label if cluster.group is not None else ""

    def _images(self, rows: Sequence[int]) -> list[int]:
        """Return the images of the open project; -1 for those that are not in it."""
        project = self._document.project
        if self._held_out is None:
            return [-1] * len(rows)
        places = self._places.of(self._held_out, None if project is None else project.images)
        return [int(places[row]) for row in rows]

    # User actions

    def images(self) -> list[int]:
        """Return the images of the list that are in the open project."""
        return [image for image in self._images(self._rows) if image >= 0]

    def show_in_gallery(self) -> None:
        """Lead to the selected images in the gallery, or to all if none is selected."""
        rows = [self._rows[line] for line in self.list.chosen()]
        images = [image for image in self._images(rows) if image >= 0]
        if images:
            self.gallery_wanted.emit(images)

    def open_line(self, line: int) -> None:
        """Show the images at full size, beginning with one of them."""
        if not 0 <= line < len(self._rows) or self._held_out is None:
            return
        (first,) = self._images((self._rows[line],))
        if first >= 0:
            self.light_table_wanted.emit(self.images(), self._title, first)
            return
        lines = [self.list.lines.lines[number] for number in range(len(self._rows))]
        dialog = HeldOutDialog(
            [(each.file, each.cells[1].replace("\n→", ", classified as")) for each in lines],
            line,
            self._originals,
            self,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
