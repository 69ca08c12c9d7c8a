"""Setting the tags of the selected images."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.project.image_notes import LONGEST_TAG, typed_tags
from defect_workbench.core.text import counted
from defect_workbench.gui.shared.labels import secondary_label

_SOME = Qt.CheckState.PartiallyChecked
_SHOWN = 10


class TagDialog(QDialog):
    """Asks which tags some images shall have. Signals: chosen(add, remove), both lists of tags.

    Parameters
    ----------
    count : int
        Number of images.
    have : mapping of str to int
        How many of them have each tag.
    known : mapping of str to int
        Tags of all images, with their numbers of images.
    noun : str
        What one of the images is called.
    """

    chosen = Signal(list, list)

    def __init__(
        self,
        count: int,
        have: Mapping[str, int],
        known: Mapping[str, int],
        parent: QWidget,
        noun: str = "image",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("tagDialog")
        self.setWindowTitle(f"Tags of {counted(count, noun)}")
        self._known, self._noun = list(known), noun
        self.boxes: dict[str, QCheckBox] = {}
        self._before: dict[str, Qt.CheckState] = {}
        self.text = QLineEdit()
        self.text.setPlaceholderText("rework, lot 7")
        self.text.setMaxLength(10 * LONGEST_TAG)
        self.text.setMinimumWidth(self.fontMetrics().averageCharWidth() * 42)
        label = QLabel("&New tags, separated by commas; a tag may have spaces:")
        label.setBuddy(self.text)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(label)
        layout.addWidget(self.text)
        if known:
            layout.addWidget(self._make_list(count, have, known), 1)
        hint = secondary_label(
            'Find them again with the filter tag:rework or tag:"lot 7". Tags do not change clusters.'
        )
        layout.addWidget(hint)
        layout.addWidget(buttons)
        self.text.setFocus()

    def _make_list(self, count: int, have: Mapping[str, int], known: Mapping[str, int]) -> QScrollArea:
        inner = QWidget()
        rows = QVBoxLayout(inner)
        rows.setContentsMargins(8, 6, 8, 6)
        for tag, images in known.items():
            mine = have.get(tag, 0)
            box = QCheckBox(f"{tag}  ·  {counted(images, self._noun)}".replace("&", "&&"))
            state = Qt.CheckState.Checked if mine == count else _SOME if mine else Qt.CheckState.Unchecked
            # The third state says that some of the images have the tag; it is left as it is.
            box.setTristate(state is _SOME)
            box.setCheckState(state)
            if state is _SOME:
                box.setText(f"{box.text()}, {mine:,} of these")
            self.boxes[tag], self._before[tag] = box, state
            rows.addWidget(box)
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        line = inner.sizeHint().height() / max(1, len(known))
        scroll.setMinimumHeight(round(line * min(len(known), _SHOWN)) + 4)
        return scroll

    def _accept(self) -> None:
        """Report what changed; a tag that is typed is added even if its box is not checked."""
        changed = {tag: box.checkState() for tag, box in self.boxes.items()}
        changed = {tag: state for tag, state in changed.items() if state is not self._before[tag]}
        add = [tag for tag, state in changed.items() if state is Qt.CheckState.Checked]
        typed = [tag for tag in typed_tags(self.text.text(), self._known) if tag not in add]
        remove = [t for t, s in changed.items() if s is Qt.CheckState.Unchecked and t not in typed]
        self.accept()
        self.chosen.emit([*add, *typed], remove)
