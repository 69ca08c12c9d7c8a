"""The light table: images at full size, one to twelve at a time, sorted by keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPalette
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from defect_workbench.app.document.class_keys import ClassKey, ClassKeys, sort_into
from defect_workbench.app.document.label_doubts import LabelDoubts
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.engine.input.full_image import Tone
from defect_workbench.gui.inspector.error_legend import ErrorLegend
from defect_workbench.gui.inspector.neighbour_strip import Neighbour, NeighbourStrip
from defect_workbench.gui.inspector.tone_sliders import ToneSliders
from defect_workbench.gui.light_table.captions import Captions
from defect_workbench.gui.light_table.pane import Pane
from defect_workbench.gui.light_table.pane_grid import SHAPES, PaneGrid
from defect_workbench.gui.shared.class_legend import ClassLegend
from defect_workbench.gui.shared.focus_ring import SHOWS_FOCUS
from defect_workbench.gui.shared.labels import ElidedLabel, heading_label
from defect_workbench.gui.shared.map_overlays import MapOverlays
from defect_workbench.gui.shared.review_keys import is_plain

# The key of the same brightness and contrast; it is no class key, and on some keyboards it needs Shift.
_EQUAL = "="
_TAGS = "Ctrl+Shift+T"


class LightTable(QWidget):
    """Shows images large, in an order that holds still, and takes decisions by single keys.

    Signals: closed when the user is done, tags_wanted(image) when tags are to be set.

    Keys: one for each class moves the image there and shows the next one. Enter accepts the proposal; without
    one, it shows the next image that has one, or closes the table if none has. C confirms the cluster of the
    image, N makes a new cluster, X marks a nuisance, U undoes, O shows where defects are, = shows all
    images with the same brightness and contrast, and Ctrl+Shift+T sets tags. Arrows, Page Up, Page Down, Home
    and End show other images.
    """

    closed = Signal()
    tags_wanted = Signal(int)

    def __init__(
        self,
        document: Document,
        keys: ClassKeys,
        thumbnails: ThumbnailLoader,
        large_thumbnails: ThumbnailLoader,
        originals: OriginalLoader,
        overlays: MapOverlays,
        doubts: LabelDoubts,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        # Before anything else: the setters below already call the overrides.
        self._document = document
        self.images: tuple[int, ...] = ()
        self.setObjectName("lightTable")
        self.setAccessibleName("Light table")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # The current image is framed.
        self.setProperty(SHOWS_FOCUS, True)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._overlays, self._doubts, self._captions = overlays, doubts, Captions(document, doubts)
        self._title, self._place = "", 0
        # Where each step was taken, by the index of the undo stack after it, so that undoing goes back there;
        # steps from before the table was opened are not undone here.
        self._decided: dict[int, int] = {}
        self._floor = 0
        # Whether suggested labels may change confirmed clusters: asked once while the table is open.
        self._may_correct = False
        self.heading = heading_label()
        self.name = ElidedLabel()
        self._keys, self.legend = keys, ClassLegend(document, keys, *_OTHER_KEYS)
        self.legend.linkActivated.connect(self.sort)
        self.at_a_time = QComboBox()
        self.at_a_time.setAccessibleName("Images at a time")
        self.at_a_time.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for count in SHAPES:
            self.at_a_time.addItem("1 image" if count == 1 else f"{count} images", count)
        self.at_a_time.currentIndexChanged.connect(self._lay_out)
        self.equal = QPushButton("Same brightness  =")
        self.equal.setCheckable(True)
        self.equal.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.equal.setToolTip(
            "Show all images over the same range of grey levels, and adjust all at once (=)"
        )
        self.equal.toggled.connect(self._show_tone)
        self.tone = ToneSliders()
        for slider in self.tone.sliders.values():
            # Keys are those of the table.
            slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tone.changed.connect(self._show_tone)
        self.tone.hide()
        done = QPushButton("Close  Esc")
        done.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        done.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.addWidget(self.heading)
        head.addSpacing(10)
        head.addWidget(self.name, 1)
        head.addWidget(self.equal)
        head.addWidget(self.at_a_time)
        head.addWidget(done)
        self.grid = PaneGrid(document, large_thumbnails, originals, overlays)
        self.grid.clicked.connect(self._go_to_image)
        self.strip = NeighbourStrip(thumbnails, overlays)
        self.strip.setObjectName("filmstrip")
        self.strip.setAccessibleName("Images on the light table")
        self.strip.chosen.connect(self._go_to_image)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addLayout(head)
        layout.addWidget(self.tone)
        layout.addWidget(self.grid, 1)
        self.error_legend = ErrorLegend(overlays.boxes)
        layout.addWidget(self.error_legend)
        layout.addWidget(self.legend)
        layout.addWidget(self.strip)
        # Image numbers are not valid in another project.
        document.opened.connect(lambda: self.show_images((), ""))
        document.partition_changed.connect(self._on_partition)
        doubts.changed.connect(self._on_partition)

    # Content

    def show_images(self, images: Sequence[int], title: str) -> None:
        """Show images in this order; classes get their keys again."""
        self.images, self._title = tuple(images), title
        if images:
            self.legend.set_others((_ACCEPT, *_OTHER_KEYS) if self._to_accept() else _OTHER_KEYS)
            self._keys.restart()
        self._decided, self._may_correct = {}, False
        self._floor = self._document.undo_stack.index()
        self._place = 0
        self._show()

    @property
    def keys(self) -> tuple[ClassKey, ...]:
        """The classes and their keys."""
        return self._keys.keys

    @property
    def image(self) -> int | None:
        """The current image."""
        return self.images[self._place] if self.images else None

    @property
    def panes(self) -> list[Pane]:
        """The panes of a page."""
        return self.grid.panes

    def _lay_out(self) -> None:
        """Make as many panes as there are images at a time."""
        self.grid.set_count(int(self.at_a_time.currentData()))
        self._show()

    def _show_tone(self) -> None:
        """Show all images at the same brightness and contrast, or as they are stored."""
        self.tone.setVisible(self.equal.isChecked())
        self.grid.set_tone(replace(self.tone.tone(), equal=True) if self.equal.isChecked() else Tone())

    def _show(self) -> None:
        count, place = len(self.panes), self._place
        start = place // count * count
        following = self.images[place + 1 : place + 1 + 2 * count]
        self.grid.show_page(self.images[start : start + count], self.image, following)
        self.error_legend.show_images(self.images[start : start + count])
        self._show_words()

    def _show_words(self) -> None:
        project, partition = self._document.project, self._document.partition
        if project is None or partition is None or not self.images:
            return
        image = self.images[self._place]
        self.heading.setText(f"{self._title}  ·  {self._place + 1:,} of {len(self.images):,}")
        self.name.setText(project.images.images[image].path)
        self.grid.caption(self._captions.of)
        room = self.strip.room
        first = max(0, min(self._place - room // 4, len(self.images) - room))
        self.strip.show_neighbours(
            tuple(self._in_strip(other) for other in self.images[first : first + room])
        )

    def _on_partition(self) -> None:
        if self.images:
            self._show_words()

    def _in_strip(self, image: int) -> Neighbour:
        colour, words = self._captions.of(image)
        if image == self.image:
            colour = self.palette().color(QPalette.ColorRole.Highlight).name()
        assert self._document.project is not None
        return Neighbour(image, str(self._document.project.images.absolute(image)), colour, words)

    # User actions

    def go(self, by: int) -> None:
        """Go on by a number of images, not past the ends."""
        if self.images:
            self._place = min(max(self._place + by, 0), len(self.images) - 1)
            self._show()

    def _go_to_image(self, image: int) -> None:
        if image in self.images:
            self._place = self.images.index(image)
            self._show()
        self.setFocus()

    def sort(self, key: str) -> None:
        """Move the image into the class of a key, or agree that it is there, and show the next one."""
        each, image = self._keys.of(key), self.image
        if each is not None and image is not None:
            self._decide(lambda: self._sort_into(each, image))

    def _sort_into(self, each: ClassKey, image: int) -> bool:
        agreed = sort_into(self._document, each, np.array([image], np.intp))
        if agreed:
            # Its label is right, whatever a classifier suggests.
            self._doubts.keep(image)
        return agreed

    def _decide(self, change: Callable[[], object], corrects: bool = False) -> None:
        """Make a decision about the image, then show the next one: a question may come first.

        Parameters
        ----------
        change : callable
            Returns True to continue even if there was nothing to change.
        corrects : bool
            It accepts a suggested label. Whoever agrees once that a confirmed cluster loses such an image
            is not asked again on this table.
        """
        document, images, place = self._document, self.images, self._place
        stack, guard = document.undo_stack, document.guard

        def run(step: Callable[[], object]) -> None:
            before = stack.index()
            agreed = step() is True
            if stack.index() != before:
                self._decided[stack.index()] = place
            if (agreed or stack.index() != before) and (self.images, self._place) == (images, place):
                self.go(1)

        def ask(question: str, verb: str, proceed: Callable[[], None]) -> None:
            def proceed_and_go_on() -> None:
                self._may_correct = self._may_correct or corrects
                run(proceed)

            if corrects and self._may_correct:
                proceed()
            elif guard is not None:
                guard(question + (_ASKED_ONCE if corrects else ""), verb, proceed_and_go_on)

        document.guard = None if guard is None else ask
        try:
            run(change)
        finally:
            document.guard = guard

    def _proposed(self, image: int | None) -> bool:
        """Whether the proposal for an image is unreviewed."""
        project, partition = self._document.project, self._document.partition
        if image is None or project is None or project.proposal is None or partition is None:
            return False
        return bool(project.proposal.waiting(partition)[image])

    def _to_accept(self) -> bool:
        """Whether there is an image that a classifier proposes or suggests a label for."""
        project, partition = self._document.project, self._document.partition
        if project is None or partition is None or not self.images:
            return False
        waiting = None if project.proposal is None else project.proposal.waiting(partition)
        proposed = waiting is not None and bool(waiting[list(self.images)].any())
        return proposed or any(self._suggested(image) for image in self.images)

    def _suggested(self, image: int | None) -> TypeGuard[int]:
        return image is not None and bool(self._doubts.suggestion(image))

    def _accept(self, image: int) -> None:
        """Agree with what is proposed or suggested for an image; else go to the next that waits, or close."""
        if self._proposed(image):
            self._decide(lambda: self._document.accept_proposals(np.array([image], np.intp)))
        elif self._suggested(image):
            self._decide(lambda: self._doubts.accept(image), corrects=True)
        else:
            following = (*self.images[self._place + 1 :], *self.images[: self._place])
            waiting = (other for other in following if self._proposed(other) or self._suggested(other))
            if (other := next(waiting, None)) is not None:
                self._go_to_image(other)
            else:
                self.closed.emit()

    def undo(self) -> None:
        """Undo the last step that was taken here, and go back to where."""
        stack = self._document.undo_stack
        if stack.index() <= self._floor:
            return
        place = self._decided.pop(stack.index(), None)
        stack.undo()
        if place is not None:
            self._place = place
            self._show()

    def confirm(self) -> None:
        """Confirm the cluster of the image."""
        partition, image = self._document.partition, self.image
        if partition is not None and image is not None and (number := int(partition.cluster_of[image])) >= 0:
            self._document.confirm([partition.clusters[number]])

    def event(self, event: QEvent) -> bool:
        """Give the keys of the table precedence over the shortcuts of the window, Esc for one."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            own = {*"CNOUX", *(each.key for each in self.keys)}
            if _sets_tags(event):
                event.accept()
                return True
            if is_plain(event) and (event.key() == Qt.Key.Key_Escape or event.text().upper() in own):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Run what a key stands for."""
        page, image = len(self.panes), self.image
        steps = {
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: SHAPES[page][0],
            Qt.Key.Key_Up: -SHAPES[page][0],
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Space: page,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_Home: -len(self.images),
            Qt.Key.Key_End: len(self.images),
        }
        text = event.text().upper()
        if event.key() in steps:
            self.go(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and image is not None:
            self._accept(image)
        elif event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.closed.emit()
        elif text == _EQUAL:
            self.equal.toggle()
        elif _sets_tags(event) and image is not None:
            self.tags_wanted.emit(image)
        elif not is_plain(event) or image is None:
            super().keyPressEvent(event)
        elif text == "X":
            self._decide(lambda: self._document.nuisance(np.array([image], np.intp)))
        elif text == "N":
            self._decide(lambda: self._document.split_out(np.array([image], np.intp)))
        elif text == "C":
            self.confirm()
        elif text == "U":
            self.undo()
        elif text == "O":
            self._overlays.toggle()
        elif self._keys.of(text) is not None:
            self.sort(text)
        else:
            super().keyPressEvent(event)


def _sets_tags(event: QKeyEvent) -> bool:
    """Whether it is the key that sets tags in the window, too."""
    return QKeySequence(event.keyCombination()) == QKeySequence(_TAGS)


_ACCEPT = ("Enter", "accept")
_ASKED_ONCE = " Until you close the light table, you are not asked again about labels that you accept."
_OTHER_KEYS = (
    ("C", "confirm"),
    ("N", "new cluster"),
    ("X", "nuisance"),
    ("U", "undo"),
    (_EQUAL, "same brightness"),
    ("O", "defects"),
    (_TAGS, "tags"),
)
