"""The queue of outliers and unreviewed proposals: one image at a time, next to its nearest clusters.

The images of an outlier group follow each other, and a decision applies to the whole group.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from defect_workbench.app.document.class_keys import ClassKeys, sort_into
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.outlier_reason import outlier_words
from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.gui.gallery.candidate_card import CandidateCard
from defect_workbench.gui.gallery.queue_done import QueueDone
from defect_workbench.gui.inspector.image_view import ImageView
from defect_workbench.gui.shared.class_legend import ClassLegend
from defect_workbench.gui.shared.focus_ring import SHOWS_FOCUS
from defect_workbench.gui.shared.labels import ElidedLabel, heading_label
from defect_workbench.gui.shared.map_overlays import MapOverlays
from defect_workbench.gui.shared.review_keys import NEAREST, is_plain
from defect_workbench.gui.shared.wrapping_row import WrappingRow

_CANDIDATES = 3
_IMAGE_WIDTH, _LEAST_IMAGE = 260, 104
# Of the legend, at most.
_LINES = 4
# Margins of the queue, and the space beside the image.
_AROUND = 24
_OWN = "NXD"


class OutlierQueue(QWidget):
    """Shows one outlier, or one of a group, and the possible decisions; fully usable by keyboard.

    Keys: each class has the key that it has on the light table; Shift with 1, 2 and 3 moves the image into
    one of the nearest clusters, Enter agrees with what is proposed, N moves it into a new cluster, X marks it
    as nuisance, D postpones it, all of them with the rest of its group. Left and Right show the previous and
    the next image, Space shows them at full size.

    Signals: image_chosen(image) when another one is shown; light_table_wanted(images, title, current).
    """

    image_chosen = Signal(int)
    light_table_wanted = Signal(list, str, int)

    def __init__(
        self,
        document: Document,
        keys: ClassKeys,
        loader: ThumbnailLoader,
        large_thumbnails: ThumbnailLoader,
        overlays: MapOverlays,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("outlierQueue")
        self.setAccessibleName("Outlier queue")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(SHOWS_FOCUS, True)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._document, self._large_thumbnails, self._overlays = document, large_thumbnails, overlays
        self._later: list[int] = []
        self._order: list[int] = []
        self._current: int | None = None
        self._deciding = False
        self.candidates: list[Cluster] = []
        self.image_view = ImageView()
        self.image_view.setMinimumSize(_LEAST_IMAGE, _LEAST_IMAGE)
        self.image_view.setMaximumWidth(_IMAGE_WIDTH)
        self.counter = heading_label()
        self.name = ElidedLabel()
        self.group_note = QLabel()
        self.group_note.setWordWrap(True)
        self.group_note.setToolTip(
            "These images resemble each other and no others. A decision applies to all of them."
        )
        self.cards = [CandidateCard(number + 1, loader) for number in range(_CANDIDATES)]
        self._buttons: list[QPushButton] = []
        self._keys, self.legend = keys, ClassLegend(document, keys)
        self.legend.linkActivated.connect(self.sort)
        self._columns = layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 4, 12, 8)
        self.done = QueueDone(document)
        layout.addWidget(self.image_view, 2)
        # One widget, as a layout without visible widgets would keep its share of the width.
        self._right = self._make_right_side()
        layout.addWidget(self._right, 5)
        layout.addWidget(self.done, 5)
        large_thumbnails.ready.connect(self._on_ready)
        overlays.changed.connect(self._show_map)
        document.opened.connect(self._later.clear)
        document.partition_changed.connect(self._refresh)
        self._refresh()

    def _make_right_side(self) -> QWidget:
        head = QHBoxLayout()
        head.addWidget(self.counter)
        head.addSpacing(10)
        head.addWidget(self.name, 1)
        self._accept = QPushButton("Accept  Enter")
        self._accept.setToolTip("Accept the proposal (Enter)")
        self._accept.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._accept.clicked.connect(self.agree)
        for text, action in (
            ("New cluster  N", self.split_out),
            ("Nuisance  X", self.nuisance),
            ("Later  D", self.defer),
        ):
            button = QPushButton(text)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(action)
            self._buttons.append(button)
        row = QHBoxLayout()
        row.setSpacing(8)
        for number, card in enumerate(self.cards):
            card.clicked.connect(lambda chosen=number: self.move_to_candidate(chosen))
            row.addWidget(card)
        side = QWidget()
        right = QVBoxLayout(side)
        right.setContentsMargins(0, 4, 0, 0)
        right.addLayout(head)
        right.addWidget(self.group_note)
        right.addLayout(row, 1)
        right.addWidget(self.legend)
        self._row = WrappingRow([self._accept, *self._buttons])
        right.addWidget(self._row)
        return side

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make the image smaller where the buttons would not have one line."""
        super().resizeEvent(event)
        beside = self.width() - self._row.sizeHint().width() - _AROUND
        self.image_view.setMaximumWidth(min(max(beside, self.image_view.minimumWidth()), _IMAGE_WIDTH))
        self._show_whole_legend()

    def _show_whole_legend(self) -> None:
        """Keep room for the lines of the legend; a label by itself asks for one."""
        # It then has the width that the image leaves.
        self._columns.activate()
        self.legend.fit(self._right.width(), _LINES)

    # Content

    @property
    def current(self) -> int | None:
        """The image shown."""
        return self._current

    @property
    def group(self) -> Integers:
        """The images that a decision applies to: the one shown and the rest of its outlier group."""
        partition = self._document.partition
        if self._current is None or partition is None:
            return np.empty(0, np.intp)
        return partition.outliers_with(self._current)

    @property
    def remaining(self) -> int:
        """Number of images left to review."""
        return len(self._order)

    def _refresh(self) -> None:
        partition = self._document.partition
        outliers = grouped(partition) if partition is not None else []
        proposal = self._proposal()
        if proposal is not None and partition is not None:
            unsure = proposal.unsure(partition).tolist()
            outliers += unsure
        queued = set(outliers)
        later = [image for image in self._later if image in queued]
        postponed = set(later)
        order = [image for image in outliers if image not in postponed] + later
        place = self._order.index(self._current) if self._current in self._order else 0
        self._order = order
        if self._current not in order:
            self._show(order[min(place, len(order) - 1)] if order else None)
            if self._deciding:
                # Once all panels show the new clusters.
                QTimer.singleShot(0, self, self._choose)
        else:
            self._show(self._current)

    def _show(self, image: int | None) -> None:
        self._current = image
        project, partition = self._document.project, self._document.partition
        has_image = image is not None and project is not None and partition is not None
        group = self.group
        self.image_view.setVisible(has_image)
        self._right.setVisible(has_image)
        self.done.setVisible(not has_image)
        proposed = has_image and partition is not None and int(partition.cluster_of[image or 0]) >= 0
        self._accept.setVisible(proposed)
        self.group_note.setVisible(len(group) > 1)
        self.candidates = []
        self._show_map()
        if image is None or project is None or partition is None:
            self.done.refresh()
            for card in self.cards:
                card.show_cluster(None, None, "", 0.0)
            return
        self._show_group(group.tolist())
        self._show_whole_legend()
        self.counter.setText(f"{self._order.index(image) + 1} of {len(self._order):,} left")
        own, proposal = int(partition.cluster_of[image]), self._proposal()
        if own >= 0 and proposal is not None:
            reason = f"proposed: {proposal.labels[image]}, probability {proposal.probability[image]:.2f}"
        elif proposal is not None and proposal.unknown[image]:
            reason = "unknown kind"
        else:
            reason = outlier_words(project.analysis, image)
        self.name.setText(f"{project.images.images[image].path}  ·  {reason}")
        self._load_image()
        self.image_view.set_left_out(project.images.images[image].info_bar_share)
        numbers, distances = partition.nearest_on_average(group, len(partition.clusters))
        # A proposal comes first: 1 accepts it.
        order = np.argsort(numbers != own, kind="stable")[:_CANDIDATES]
        self.candidates = [partition.clusters[number] for number in numbers[order].tolist()]
        for number, card in enumerate(self.cards):
            if number < len(self.candidates):
                cluster = self.candidates[number]
                colour = self._document.colour(cluster)
                card.show_cluster(cluster, project.images, colour, float(distances[order[number]]))
            else:
                card.show_cluster(None, None, "", 0.0)

    def _show_group(self, group: list[int]) -> None:
        """Show which images a decision applies to."""
        images = "the image" if len(group) == 1 else f"all {len(group):,} images of the group"
        tips = (f"Move {images} into a new cluster", f"Mark {images} as of no interest", f"Postpone {images}")
        for button, tip, key in zip(self._buttons, tips, "NXD", strict=True):
            button.setToolTip(f"{tip} ({key})")
        if len(group) > 1:
            place = group.index(self._current) + 1 if self._current in group else 1
            self.group_note.setText(f"Image {place} of {len(group):,} in a group, decided as one")

    def _proposal(self) -> Proposal | None:
        project = self._document.project
        return None if project is None else project.proposal

    def _path(self) -> str:
        project = self._document.project
        return "" if project is None or self._current is None else str(project.images.absolute(self._current))

    def _load_image(self) -> None:
        path = self._path()
        words = "This image cannot be read" if self._large_thumbnails.failed(path) else "Loading…"
        self.image_view.show_pixmap(self._large_thumbnails.get(path), words)

    def _show_map(self) -> None:
        """Lay the defect map over the image, or remove it."""
        self._overlays.lay_over(self.image_view, self._current)

    def _on_ready(self, path: str) -> None:
        if path == self._path():
            self._load_image()

    # User actions

    def move_to_candidate(self, number: int) -> None:
        """Move the image and its group into one of the nearest clusters, or accept its proposal."""
        if self._current is None or number >= len(self.candidates):
            return
        cluster, image = self.candidates[number], self._current
        if image in cluster.members:
            self._decide(lambda: self._document.accept_proposals(np.array([image])))
        else:
            self._decide(lambda: self._document.move(self.group, cluster))

    def sort(self, key: str) -> None:
        """Move the image and its group into the class of a key, or agree that it is there."""
        each = self._keys.of(key)
        if each is not None and self._current is not None:
            self._decide(lambda: sort_into(self._document, each, self.group))

    def agree(self) -> None:
        """Agree with what is proposed for the image."""
        partition = self._document.partition
        if self._current is not None and partition is not None and partition.cluster_of[self._current] >= 0:
            image = np.array([self._current], np.intp)
            self._decide(lambda: self._document.accept_proposals(image))

    def split_out(self) -> None:
        """Move the image and its group into a new cluster."""
        self._decide(lambda: self._document.split_out(self.group))

    def nuisance(self) -> None:
        """Mark the image and its group as of no interest."""
        self._decide(lambda: self._document.nuisance(self.group))

    def _decide(self, change: Callable[[], object]) -> None:
        """Make a decision; the other panels then show the next image, too."""
        self._deciding = True
        change()
        self._deciding = False

    def defer(self) -> None:
        """Postpone the image and its group to the end of the queue."""
        if self._current is None:
            return
        group = self.group.tolist()
        place = max(self._order.index(image) for image in group)
        self._later = [other for other in self._later if other not in group] + group
        self._current = self._order[(place + 1) % len(self._order)]
        self._refresh()
        self._choose()

    def _show_large(self) -> None:
        if self._current is not None:
            self.light_table_wanted.emit(list(self._order), "To review", self._current)

    def step(self, by: int) -> None:
        """Show the next image or the previous one."""
        if self._current is not None:
            self._show(self._order[(self._order.index(self._current) + by) % len(self._order)])
            self._choose()

    def _choose(self) -> None:
        if self._current is not None:
            self.image_chosen.emit(self._current)

    def _handle_key(self, event: QKeyEvent) -> bool:
        """Run the action of a key; return whether it has one."""
        key, text = event.key(), event.text().upper()
        handlers: dict[int, Callable[[], None]] = {
            Qt.Key.Key_N: self.split_out,
            Qt.Key.Key_X: self.nuisance,
            Qt.Key.Key_D: self.defer,
            Qt.Key.Key_Left: lambda: self.step(-1),
            Qt.Key.Key_Right: lambda: self.step(1),
            Qt.Key.Key_Return: self.agree,
            Qt.Key.Key_Enter: self.agree,
            Qt.Key.Key_Space: self._show_large,
        }
        if event.modifiers() == Qt.KeyboardModifier.ShiftModifier and key in NEAREST:
            self.move_to_candidate(NEAREST[Qt.Key(key)])
        elif not is_plain(event):
            return False
        elif key in handlers:
            handlers[key]()
        elif self._keys.of(text) is not None:
            self.sort(text)
        else:
            return False
        return True

    def event(self, event: QEvent) -> bool:
        """Give the keys of the queue precedence over the shortcuts of the window while it has the focus."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            own = {*_OWN, *(each.key for each in self._keys.keys)}
            if is_plain(event) and event.text().upper() in own:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys of the queue."""
        if not self._handle_key(event):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QEvent) -> None:
        """Show the current image in all panels."""
        self._choose()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a frame while the queue has the focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def focusOutEvent(self, event: QEvent) -> None:
        """Remove the frame."""
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Set the focus on a click anywhere."""
        self.setFocus()


def grouped(partition: Partition) -> list[int]:
    """Return the outliers by descending score, the images of an outlier group one after the other."""
    result: dict[int, None] = {}
    for image in partition.outliers.tolist():
        if image not in result:
            result |= dict.fromkeys(partition.outliers_with(image).tolist())
    return list(result)
