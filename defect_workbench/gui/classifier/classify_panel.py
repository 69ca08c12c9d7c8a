"""The Classify tab: train a classifier, review its evaluation, classify another folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.label_doubts import LabelDoubts
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.classifier.conformal import FALSE_ALARMS, MOST_FALSE_ALARMS
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.text import counted
from defect_workbench.gui.classifier.evaluation_tabs import EvaluationTabs
from defect_workbench.gui.dialogs.file_dialogs import ask_folder
from defect_workbench.gui.shared.copying import offer_copy
from defect_workbench.gui.shared.form_area import FormArea
from defect_workbench.gui.shared.labels import ElidedLabel, heading_label
from defect_workbench.workflows.train import TrainRequest

# Characters of the name of stages.
_FEWEST_LABELS = 2
_STAGES_LENGTH = 16
# Of the width, for the form.
_FORM_SHARE = 0.38


class ClassifyPanel(QWidget):
    """The Classify tab.

    Signals: train, save, load, apply, watch, preview, edit and report, one per button.
    """

    train = Signal()
    save = Signal()
    load = Signal()
    apply = Signal()
    watch = Signal()
    preview = Signal()
    edit = Signal()
    report = Signal()

    def __init__(
        self,
        document: Document,
        doubts: LabelDoubts,
        thumbnails: ThumbnailLoader,
        originals: OriginalLoader,
    ) -> None:
        super().__init__()
        self.setObjectName("classify")
        self.taxonomy: Taxonomy | None = None
        self.use_confirmed = QCheckBox("Confirmed clusters of this session")
        self.use_confirmed.setChecked(True)
        # Images of the classifier that a training replaces; `_earlier_choice` is what the user chose.
        self.use_earlier = QCheckBox("Images the classifier learned from")
        self.use_earlier.clicked.connect(self._choose_earlier)
        self.earlier_text = ElidedLabel(Qt.TextElideMode.ElideRight)
        self._earlier_choice: bool | None = None
        # One line, so that nothing below moves when labels are added; its tooltip has all of it.
        self.labels_text = ElidedLabel(Qt.TextElideMode.ElideRight)
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("None")
        self.last_export = QPushButton()
        self.last_export.clicked.connect(self._use_last_export)
        self.last_export.hide()
        self._last_export: Path | None = None
        self.folder.setToolTip("A folder with one subfolder per label, such as an export")
        self.folder.setAccessibleName("Labelled folders to train on")
        self.stages = QComboBox()
        self.stages.addItem("Default stages", "default")
        self.stages.setMinimumContentsLength(_STAGES_LENGTH)
        self.stages.setAccessibleName("Stages of the classifier")
        self.stages.setToolTip("Noise; defect or clean; size; final label")
        self.folds = QSpinBox()
        self.folds.setRange(2, 20)
        self.folds.setValue(5)
        self.folds.setSuffix(" folds")
        self.folds.setToolTip(
            "The images are divided into this many parts; each is classified by a model trained on the others"
        )
        self.augment = QCheckBox("Use augmentation")
        self.fine_tune = QCheckBox("Fine-tune the last block (slow)")
        self.false_alarms = _percent_box("falseAlarms", "Share of known images that training may flag")
        self.applied_share = _percent_box("appliedFalseAlarms", "Share of known images that may be flagged")
        self._stored_share = self.applied_share.value()
        self.applied_row = QWidget()
        self.applied_row.setVisible(False)
        self.train_button, self.save_button = QPushButton("Train"), QPushButton("Save…")
        self.train_button.setObjectName("primary")
        self.load_button, self.apply_button = QPushButton("Open…"), QPushButton("Classify a folder…")
        self.watch_button = QPushButton("Watch a folder…")
        self.watch_button.setToolTip("Classify new images in a folder, and report when a level rises")
        self.preview_button, self.report_button = QPushButton("Preview"), QPushButton("Open report")
        self.model_name = QLabel("None yet")
        self.model_name.setWordWrap(True)
        self.evaluation = EvaluationTabs(document, doubts, thumbnails, originals)
        self.curves, self.figures = self.evaluation.curves, self.evaluation.figures
        offer_copy(self.curves, "chart")
        self._model: Classifier | None = None
        self._has_model = False
        self._ready, self._labels = True, 0
        self.use_confirmed.toggled.connect(self._show_trainable)
        self.folder.textChanged.connect(self._show_trainable)
        self._parts = parts = QSplitter(Qt.Orientation.Horizontal)
        self._form, self._dragged = self._make_form(), False
        parts.addWidget(self._form)
        parts.addWidget(self.evaluation)
        parts.setStretchFactor(1, 1)
        parts.splitterMoved.connect(self._on_dragged)
        parts.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(parts)
        for button, signal in (
            (self.train_button, self.train),
            (self.save_button, self.save),
            (self.load_button, self.load),
            (self.apply_button, self.apply),
            (self.watch_button, self.watch),
            (self.preview_button, self.preview),
            (self.report_button, self.report),
        ):
            button.clicked.connect(signal)
            # A click disables some; the focus would move to the next one, which Space would then press.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _make_form(self) -> QWidget:
        browse, edit = QPushButton("…"), QPushButton("Edit…")
        browse.setToolTip("Choose the folder")
        browse.setAccessibleName("Choose the labelled folders")
        edit.clicked.connect(self.edit)
        browse.clicked.connect(
            lambda: ask_folder(self, "Folder with one subfolder per label", self._set_folder)
        )
        inside = QWidget()
        inside.setBackgroundRole(QPalette.ColorRole.Base)
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(14, 12, 14, 12)
        rows.setSpacing(10)
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("Labelled folders", _line(self.folder, browse))
        form.addRow("", self.last_export)
        form.addRow("Stages", _line(self.stages, edit))
        form.addRow("Evaluate in", self.folds)
        form.addRow("Flag as unknown", self.false_alarms)
        rows.addWidget(heading_label("Training data"))
        for item in (self.use_confirmed, self.labels_text, self.use_earlier, self.earlier_text):
            rows.addWidget(item)
        rows.addLayout(form)
        rows.addLayout(_line(self.augment, self.preview_button))
        rows.addWidget(self.fine_tune)
        rows.addWidget(self.train_button)
        rows.addSpacing(8)
        rows.addWidget(heading_label("Classifier"))
        rows.addWidget(self.model_name)
        rows.addLayout(_line(self.save_button, self.load_button))
        rows.addWidget(self.report_button)
        applied = QFormLayout(self.applied_row)
        applied.setContentsMargins(0, 0, 0, 0)
        applied.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        applied.addRow("Flag as unknown in the next folder", self.applied_share)
        rows.addWidget(self.applied_row)
        rows.addWidget(self.apply_button)
        rows.addWidget(self.watch_button)
        rows.addStretch(1)
        scroll = FormArea()
        scroll.setWidget(inside)
        return scroll

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave most of the width to the evaluation, until the user drags the edge."""
        super().resizeEvent(event)
        if not self._dragged:
            form, width = self._form, self.width()
            wide = max(
                min(form.sizeHint().width(), round(_FORM_SHARE * width)), form.minimumSizeHint().width()
            )
            self._parts.setSizes([wide, width - wide])

    def _on_dragged(self) -> None:
        self._dragged = True

    def offer_export(self, out: Path | None) -> None:
        """Offer the folder of the last export to train on."""
        self.last_export.setVisible(out is not None)
        if out is not None:
            self.last_export.setText(f"Use {out.name}")
            self.last_export.setToolTip(plain_tip(f"Train on the last export, {out}"))
            self._last_export = out

    def _use_last_export(self) -> None:
        if self._last_export is not None:
            self._set_folder(self._last_export)

    def _set_folder(self, path: Path) -> None:
        self.folder.setText(str(path))

    def request(self) -> TrainRequest:
        """Return the request that the controls describe."""
        text = self.folder.text().strip()
        return TrainRequest(
            confirmed=self.use_confirmed.isChecked(),
            folder=Path(text).expanduser() if text else None,
            taxonomy=self.taxonomy,
            folds=self.folds.value(),
            augment=self.augment.isChecked(),
            fine_tune=self.fine_tune.isChecked(),
            false_alarms=self.false_alarms.value() / 100,
            with_before=self.use_earlier.isChecked(),
        )

    def applied_false_alarms(self) -> float | None:
        """Return the share of known images that may be flagged; None to leave it to the classifier.

        That is so if the user has not changed it, as the box rounds, and if the classifier has a threshold.
        """
        share = self.applied_share.value()
        return None if self.applied_row.isHidden() or share == self._stored_share else share / 100

    def set_taxonomy(self, taxonomy: Taxonomy | None, name: str) -> None:
        """Show the name of the stages to train; None means the default ones."""
        self.taxonomy = taxonomy
        self.stages.setItemText(0, name)

    def _choose_earlier(self, chosen: bool) -> None:
        self._earlier_choice = chosen

    def show_earlier(self, words: str, *, are_listed: bool = True, are_alike: bool = True) -> None:
        """Offer to train on the images of the classifier, too, which are not in the open project.

        Parameters
        ----------
        words : str
            Which images; empty if there are none.
        are_listed : bool
            Whether the classifier lists its images.
        are_alike : bool
            Whether they have labels in common with the project. They are chosen then, unless the user
            decided about this classifier.
        """
        self.use_earlier.setVisible(bool(words))
        self.earlier_text.setVisible(bool(words))
        self.earlier_text.setText(words)
        self.use_earlier.setEnabled(are_listed)
        choice = are_alike if self._earlier_choice is None else self._earlier_choice
        self.use_earlier.setChecked(are_listed and choice)

    def show_labels(self, labels: Mapping[str, int]) -> None:
        """Show the labels of the open project that are available for training."""
        images = sum(labels.values())
        words = ", ".join(f"{name} ({count:,})" for name, count in labels.items())
        summary = (
            f"{counted(len(labels), 'label')}, {counted(images, 'image')}: {words}" if labels else "None yet"
        )
        self.labels_text.setText(summary)
        self._labels = len(labels)
        self._show_trainable()

    def _show_trainable(self) -> None:
        """Offer training where there is something to train on; the tooltip says what is missing."""
        missing = ""
        if not self.folder.text().strip():
            if not self.use_confirmed.isChecked():
                missing = "Choose labelled folders or the confirmed clusters to train on"
            elif self._labels < _FEWEST_LABELS:
                missing = (
                    f"Training needs two labels; this session has {self._labels or 'none'}. "
                    "Name and confirm two clusters (F2, C), or choose labelled folders"
                )
        self.train_button.setEnabled(self._ready and not missing)
        self.train_button.setToolTip(missing)

    def show_model(self, model: Classifier | None, name: str, *, fresh: bool, gain: str = "") -> None:
        """Show the evaluation of a classifier.

        Parameters
        ----------
        fresh : bool
            Whether it has no report file yet.
        gain : str
            What it gained over the classifier before.
        """
        if model is not self._model:
            self._earlier_choice = None
        self._model, self._has_model = model, model is not None
        self.model_name.setText(name)
        share = None if model is None else model.novelty.false_alarms
        self.applied_row.setVisible(share is not None)
        if share is not None:
            self.applied_share.setValue(100 * share)
            self._stored_share = self.applied_share.value()
        self.evaluation.show_facts(None if model is None else model.facts, gain)
        self.save_button.setEnabled(self._has_model)
        self.apply_button.setEnabled(self._has_model)
        self.report_button.setVisible(not fresh and self._has_model)

    def set_ready(self, ready: bool) -> None:
        """Enable the buttons, or disable them while a job is running."""
        if not ready and self.train_button.hasFocus():
            self.evaluation.setFocus()
        self._ready = ready
        self._show_trainable()
        self.apply_button.setEnabled(ready and self._has_model)
        self.save_button.setEnabled(ready and self._has_model)
        self.load_button.setEnabled(ready)
        self.preview_button.setEnabled(ready)


def _percent_box(name: str, accessible_name: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setObjectName(name)
    box.setAccessibleName(accessible_name)
    box.setRange(0.1, 100 * MOST_FALSE_ALARMS)
    box.setDecimals(1)
    box.setValue(100 * FALSE_ALARMS)
    box.setPrefix("at most ")
    box.setSuffix("\u202f% of known images")
    box.setToolTip(
        "Flag at most this share of known images as unknown. A larger share finds more images of "
        "unknown kinds."
    )
    return box


def _line(*parts: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    for number, part in enumerate(parts):
        line.addWidget(part, 1 if number == 0 else 0)
    return line
