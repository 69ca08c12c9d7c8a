"""The boxes of defects, corrected image by image."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPalette, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.boxes.box_kinds import colour_of
from defect_workbench.app.boxes.defect_boxes import DefectBoxes
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.core.images.detections import UNNAMED, Box, Detection
from defect_workbench.core.project.found_defects import drawn
from defect_workbench.core.text import counted
from defect_workbench.engine.input.full_image import Tone
from defect_workbench.gui.boxes.box_canvas import BoxCanvas
from defect_workbench.gui.painting.swatches import swatch_icon
from defect_workbench.gui.shared.labels import ElidedLabel, heading_label
from defect_workbench.gui.shared.rich_text import class_link, coloured, key_meaning, listed

_SIDE_WIDTH, _SWATCH, _SPACING = 260, 12, 2
_NEXT = (Qt.Key.Key_Right, Qt.Key.Key_PageDown, Qt.Key.Key_Down)
_PREVIOUS = (Qt.Key.Key_Left, Qt.Key.Key_PageUp, Qt.Key.Key_Up)


class BoxEditor(QDialog):
    """Shows one image after the other with its boxes, which can be drawn, moved, resized, named and deleted.

    Every change is an undo step of the project. Signals: image_shown(index).

    Parameters
    ----------
    images : sequence of int
        In this order; it holds still.
    """

    image_shown = Signal(int)

    def __init__(
        self, boxes: DefectBoxes, images: Sequence[int], originals: OriginalLoader, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("boxEditor")
        self.setWindowTitle("Correct boxes")
        room = parent.screen().availableSize()
        self.resize(min(1120, room.width()), min(780, room.height()))
        self._boxes, self._document, self._originals = boxes, boxes.document, originals
        self.images, self.place = tuple(images), 0
        # Steps from before the editor was opened are not undone here.
        self._floor = self._document.undo_stack.index()
        self._path = ""
        self.heading = heading_label()
        self.name = ElidedLabel()
        self.canvas = BoxCanvas(lambda label: colour_of(boxes.kinds, label))
        self.canvas.setAccessibleName("Image with boxes")
        self.canvas.edited.connect(self._on_edited)
        self.canvas.chosen.connect(self._on_chosen)
        self.list = QListWidget()
        self.list.setAccessibleName("Boxes of this image")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setSpacing(_SPACING)
        self.list.currentRowChanged.connect(self.canvas.choose)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        self.legend.linkActivated.connect(self._label_by_key)
        self.agree = self._button("Agree and next  ↵", self.agree_and_go_on)
        self.agree.setToolTip("The boxes of this image are correct")
        self.agree.setDefault(True)
        self.delete = self._button("Delete box  Del", self.delete_box)
        self.kind = self._button("New kind…  N", self.ask_kind)
        self.kind.setToolTip("Give the chosen box a kind that has no key yet")
        self.back = self._button("◀", lambda: self.go(-1), "Previous image (left arrow)")
        self.forward = self._button("▶", lambda: self.go(1), "Next image (right arrow)")
        self._lay_out()
        originals.ready.connect(self._on_ready)
        boxes.changed.connect(self._refresh)
        self._document.opened.connect(self.close)
        self._show()

    def _button(self, text: str, slot: object, tip: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        if tip:
            button.setToolTip(tip)
            button.setAccessibleName(tip.partition(" (")[0])
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.back)
        head.addWidget(self.forward)
        head.addSpacing(10)
        head.addWidget(self.heading)
        head.addSpacing(10)
        head.addWidget(self.name, 1)
        head.addWidget(self._button("Close  Esc", self.close))
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.state)
        column.addWidget(self.list, 1)
        column.addWidget(self.delete)
        column.addWidget(self.kind)
        column.addWidget(self.agree)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.addWidget(self.canvas)
        self._splitter.addWidget(side)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setCollapsible(1, False)
        self._splitter.setSizes([self.width() - _SIDE_WIDTH, _SIDE_WIDTH])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.addLayout(head)
        layout.addWidget(self._splitter, 1)
        layout.addWidget(self.legend)

    # Content

    @property
    def image(self) -> int:
        """Index of the image that is shown."""
        return self.images[self.place]

    @property
    def found(self) -> tuple[Detection, ...]:
        """The defects of the image that is shown."""
        return self._boxes.of(self.image)

    def go(self, step: int) -> None:
        """Show another image; at the ends nothing happens."""
        place = min(max(self.place + step, 0), len(self.images) - 1)
        if place != self.place:
            self.place = place
            self._show()

    def _show(self) -> None:
        project = self._document.project
        if project is None:
            return
        self._path = str(project.images.absolute(self.image))
        self.canvas.choose(-1)
        self.canvas.show_pixmap(None, "Reading the image…")
        self._originals.request(self._path, Tone())
        self._refresh()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self.image_shown.emit(self.image)

    def _on_ready(self, path: str, image: QImage, tone: object) -> None:
        if path != self._path or self.canvas.has_image:
            return
        if image.isNull():
            self.canvas.show_pixmap(None, "This image can no longer be read.")
        else:
            self.canvas.show_pixmap(QPixmap.fromImage(image), "")

    def _refresh(self) -> None:
        """Show the boxes as they are now."""
        project, found = self._document.project, self._boxes.found
        if project is None or found is None:
            return
        record = project.images.images[self.image]
        self.heading.setText(f"{self.place + 1:,} of {len(self.images):,}")
        self.name.setText(record.path)
        boxes = [each.box for each in self.found]
        words = [_caption(each) for each in self.found]
        self.canvas.show_boxes(boxes, words, (record.width, record.height))
        self.list.blockSignals(True)
        self.list.clear()
        for each in self.found:
            size = f"{each.box.x2 - each.box.x1:g} × {each.box.y2 - each.box.y1:g} px"
            square = swatch_icon(colour_of(self._boxes.kinds, each.box.label), _SWATCH)
            self.list.addItem(QListWidgetItem(square, f"{_caption(each)}   {size}"))
        self.list.setCurrentRow(self.canvas.current)
        self.list.blockSignals(False)
        checked = bool(found.checked[self.image])
        number = counted(len(boxes), "box") if boxes else "No box"
        by = f"found by {found.source}" if found.source else "found"
        if found.touched[self.image]:
            by = "checked" if checked else "corrected, not checked yet"
        self.state.setText(f"{number}, {by}")
        left = sum(1 for image in self.images if not found.checked[image])
        self.state.setToolTip(f"{left:,} of these images are not checked yet")
        self._show_legend()
        self._enable()

    def changeEvent(self, event: QEvent) -> None:
        """Write the legend in the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.legend.text():
            self._show_legend()

    def _show_legend(self) -> None:
        colour = self.palette().color(QPalette.ColorRole.Text).name()
        kinds = [
            class_link(kind.key, kind.name, coloured("■", kind.colour), colour)
            for kind in self._boxes.kinds
            if kind.key
        ]
        others = [
            Markup("drag:&nbsp;draw, move, resize"),
            key_meaning("Tab", "next box"),
            key_meaning("Ctrl+Z", "undo"),
        ]
        self.legend.setText(listed([*kinds, *others]))

    def _enable(self) -> None:
        chosen = 0 <= self.canvas.current < len(self.found)
        self.delete.setEnabled(chosen)
        self.kind.setEnabled(chosen)
        self.back.setEnabled(self.place > 0)
        self.forward.setEnabled(self.place < len(self.images) - 1)

    def _on_chosen(self, index: int) -> None:
        self.list.blockSignals(True)
        self.list.setCurrentRow(index)
        self.list.blockSignals(False)
        self._enable()

    # Changes

    def _on_edited(self) -> None:
        """Take over the boxes of the canvas; those that did not change keep score and area."""
        before = {each.box: each for each in self.found}
        changed = [before.get(box) or drawn(_labelled(box, self._last_label())) for box in self.canvas.boxes]
        self._boxes.correct(self.image, changed, "Correct boxes")

    def _last_label(self) -> str:
        """Return the label of a box that is drawn: that of the last one, else the most common one."""
        if self.canvas.new_label:
            return self.canvas.new_label
        found = self._boxes.found
        labels = [each.box.label for each in self.found] or list(found.labels if found is not None else ())
        return max(set(labels), key=lambda label: (labels.count(label), label)) if labels else UNNAMED

    def delete_box(self) -> None:
        """Delete the chosen box."""
        index = self.canvas.current
        if 0 <= index < len(self.found):
            rest = [each for number, each in enumerate(self.found) if number != index]
            self.canvas.choose(-1)
            self._boxes.correct(self.image, rest, "Delete box")

    def label_box(self, label: str) -> None:
        """Give the chosen box another label; the next box that is drawn gets it, too."""
        self.canvas.new_label = label
        index = self.canvas.current
        if 0 <= index < len(self.found) and self.found[index].box.label != label:
            changed = list(self.found)
            box = _labelled(changed[index].box, label, always=True)
            changed[index] = Detection(box, drawn(box).score, changed[index].area)
            self._boxes.correct(self.image, changed, f"Name box {label}")

    def ask_kind(self) -> None:
        """Ask for a kind that has no key yet."""
        if not 0 <= self.canvas.current < len(self.found):
            return
        dialog = QInputDialog(self)
        dialog.setWindowTitle("New kind")
        dialog.setLabelText("Kind of the defect:")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(self._on_kind)
        dialog.open()

    def _on_kind(self, text: str) -> None:
        label = " ".join(text.split())
        if label:
            self.label_box(label)

    def _label_by_key(self, key: str) -> None:
        kind = next((kind for kind in self._boxes.kinds if kind.key == key), None)
        if kind is not None:
            self.label_box(kind.name)

    def agree_and_go_on(self) -> None:
        """Note that the boxes are right, and show the next image; after the last one, close."""
        self._boxes.agree(self.image)
        if self.place == len(self.images) - 1:
            self.close()
        else:
            self.go(1)

    def _undo(self) -> None:
        stack = self._document.undo_stack
        if stack.index() > self._floor:
            stack.undo()

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show another image; name, delete, agree or undo."""
        key, control = event.key(), event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control and key == Qt.Key.Key_Z:
            self._undo()
        elif control and key == Qt.Key.Key_Y:
            self._document.undo_stack.redo()
        elif control:
            super().keyPressEvent(event)
        elif key in _NEXT:
            self.go(1)
        elif key in _PREVIOUS:
            self.go(-1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.agree_and_go_on()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_box()
        elif key == Qt.Key.Key_N:
            self.ask_kind()
        elif event.text() and any(kind.key == event.text().upper() for kind in self._boxes.kinds if kind.key):
            self._label_by_key(event.text().upper())
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Let the Tab key go to the next box instead of the next button."""
        number = len(self.found)
        if number:
            step = 1 if forward else -1
            current = self.canvas.current
            self.canvas.choose((current + step) % number if current >= 0 else (0 if forward else number - 1))
        return True


def _labelled(box: Box, label: str, *, always: bool = False) -> Box:
    """Return a box with a label; unless `always`, one that has a label keeps it."""
    return Box(box.x1, box.y1, box.x2, box.y2, label if always or not box.label else box.label)


def _caption(found: Detection) -> str:
    """Return label and score; a drawn box has no score worth showing."""
    label = found.box.label
    return label if found.score == 1 else f"{label} {found.score:.2f}"
