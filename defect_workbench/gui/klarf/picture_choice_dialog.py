"""Asks which pictures of each defect are opened, where an inspection file names several."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from defect_workbench.app.jobs.klarf_job import KindsRead
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.picture_choice import ALL, FIRST, NONE, SECOND, USUAL, PictureChoice
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.workflows.klarf.image_listing import ImageSource


class PictureChoiceDialog(QDialog):
    """Asks for the pictures of an inspection file. Signals: chosen(ImageSource) if the user agrees.

    Parameters
    ----------
    adding : bool
        Whether they are added to an open project, which decides about golden references.
    """

    chosen = Signal(object)

    def __init__(self, read: KindsRead, parent: QWidget | None = None, *, adding: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("pictureChoice")
        verb = "Add" if adding else "Open"
        self.setWindowTitle(f"{verb} {read.path.name}")
        self.setMinimumWidth(50 * self.fontMetrics().averageCharWidth() + 120)
        self._path = read.path
        total = sum(read.kinds.values())
        words = (
            f"{counted(read.defects, 'defect')} with {counted(total, 'picture')}. Kinds are named as in the "
            "file."
        )
        self.described = QComboBox()
        self.described.setAccessibleName("Pictures to group")
        self.described.addItem("The first of each defect", FIRST)
        self.described.addItem("All but the references", ALL)
        self.reference = QComboBox()
        self.reference.setAccessibleName("Golden references")
        self.reference.addItem("None", NONE)
        self.reference.addItem("The second of each defect", SECOND)
        for kind, number in read.kinds.items():
            text = f"{kind or 'Without a kind'}  ({number:,})"
            self.described.addItem(text, kind)
            self.reference.addItem(text, kind)
            if USUAL.is_reference(kind):
                self.reference.setCurrentIndex(self.reference.count() - 1)
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("&Group", self.described)
        form.addRow("Golden &references", self.reference)
        form.setRowVisible(self.reference, not adding)
        hint = secondary_label(
            "Golden references show the same place without the defect. With them, images are grouped by the "
            "defect rather than by its background."
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok_button.setDefault(True)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(14)
        layout.addWidget(secondary_label(words))
        layout.addLayout(form)
        layout.addWidget(hint)
        hint.setHidden(adding)
        layout.addStretch(1)
        layout.addWidget(buttons)

    def choice(self) -> PictureChoice:
        """Return what is chosen."""
        return PictureChoice(str(self.described.currentData()), str(self.reference.currentData()))

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(ImageSource(self._path, choice=self.choice()))
