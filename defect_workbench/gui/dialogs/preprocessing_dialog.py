"""Preprocessing of the images, previewed on one of them before it is applied to all."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFontDatabase, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.image_loading.thumbnail_loader import to_image
from defect_workbench.app.jobs import preprocess_job
from defect_workbench.app.jobs.preprocess_job import Suggested
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.core.images.instrument import scales
from defect_workbench.core.images.preprocessing_steps import (
    BACKGROUND_CHOICES,
    DENOISE_CHOICES,
    INFO_BAR_CHOICES,
    Preprocessing,
)
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.inspector.image_view import ImageView
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.workflows.regroup import PreprocessedImage

_QUIET_MILLISECONDS = 200
# Crops a number of rows that the user gives.
_ROWS = "rows"


class PreprocessingDialog(QDialog):
    """Asks for a `Preprocessing`. Signals: chosen(processing) if the user agrees.

    Parameters
    ----------
    image : int
        The image to preview first.
    suggested : (Preprocessing, str)
        What suits the images, and why.
    worker : JobRunner
        Preprocesses the image that is previewed.
    """

    chosen = Signal(object)

    def __init__(
        self,
        project: Project,
        image: int,
        suggested: tuple[Preprocessing, str],
        worker: JobRunner,
        analyse: Work,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("prepareDialog")
        self.setWindowTitle("Preprocess images")
        line = self.fontMetrics().height()
        self.resize(58 * line, 42 * line)
        self._project, self._image, self._worker = project, image, worker
        self._suggested, self._reason, self._analyse = *suggested, analyse
        self._given = project.analysis.settings.processing
        self.info_bar, self.denoise, self.background = QComboBox(), QComboBox(), QComboBox()
        boxes = (
            (self.info_bar, INFO_BAR_CHOICES),
            (self.denoise, DENOISE_CHOICES),
            (self.background, BACKGROUND_CHOICES),
        )
        for box, choices in boxes:
            for choice in choices:
                box.addItem(sentence_case(choice.label), choice.value)
        self.info_bar.addItem("Crop rows:", _ROWS)
        self.info_bar.setAccessibleName("Info bar")
        self.rows = QSpinBox()
        self.rows.setRange(1, 10_000)
        self.rows.setAccessibleName("Rows to crop at the bottom")
        self.rescale = QCheckBox("Resample all images to")
        self.pixel = QDoubleSpinBox()
        self.pixel.setRange(0.001, 1e6)
        self.pixel.setDecimals(3)
        self.pixel.setAccessibleName("Common pixel size")
        self.pixel.setSuffix(" nm per pixel")
        self.pixel.setSpecialValueText("pixel size unknown")
        self.before, self.after = ImageView(), ImageView()
        self._name, self.summary_text = QLabel(), secondary_label()
        self.suggestion_button = QPushButton("Use suggestion")
        self.suggestion_button.setAutoDefault(False)
        self._why = secondary_label()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.addButton("Apply and regroup", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MILLISECONDS)
        self._quiet.timeout.connect(self._preview)
        self.show_processing(self._given)
        for box, _ in boxes:
            box.currentIndexChanged.connect(self._refresh)
        self.rows.valueChanged.connect(self._refresh)
        self.pixel.valueChanged.connect(self._refresh)
        self.rescale.toggled.connect(self._refresh)
        self.suggestion_button.clicked.connect(self._on_suggestion)
        worker.done.connect(self._on_done)
        worker.failed.connect(self._show_fault)
        self._refresh()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(10)
        bar, scale, suggestion = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for line, parts in (
            (bar, (self.info_bar, self.rows)),
            (scale, (self.rescale, self.pixel)),
            (suggestion, (self._why, self.suggestion_button)),
        ):
            line.setSpacing(8)
            for part in parts:
                line.addWidget(part)
        bar.addStretch(1)
        scale.addStretch(1)
        suggestion.setStretch(0, 1)
        form.addRow("Info bar", bar)
        form.addRow("Noise", self.denoise)
        form.addRow("Background", self.background)
        form.addRow("Pixel size", scale)
        images = QGridLayout()
        images.addWidget(QLabel("Original"), 0, 0)
        images.addWidget(QLabel("Preprocessed"), 0, 1)
        images.addWidget(self.before, 1, 0)
        images.addWidget(self.after, 1, 1)
        images.setRowStretch(1, 1)
        steps = QHBoxLayout()
        for words, by in (("‹", -1), ("›", 1)):
            button = QPushButton(words)
            button.setAutoDefault(False)
            button.setToolTip("Previous image" if by < 0 else "Next image")
            button.setAccessibleName(button.toolTip())
            button.clicked.connect(lambda _=False, way=by: self.step(way))
            steps.addWidget(button)
        steps.addWidget(self._name, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addLayout(suggestion)
        self._add_scales(layout)
        layout.addLayout(images, 1)
        layout.addLayout(steps)
        layout.addWidget(self.summary_text)
        layout.addWidget(self.buttons)

    def _add_scales(self, layout: QVBoxLayout) -> None:
        """Add the histogram of pixel sizes if there are several."""
        histogram = scales(image.tool for image in self._project.images.images)
        sizes = [i.tool.pixel_size_nm for i in self._project.images.images if i.tool and i.tool.pixel_size_nm]
        for widget in (self.rescale, self.pixel):
            widget.setEnabled(bool(sizes))
            widget.setToolTip("" if sizes else "No image has a known pixel size")
        if sizes:
            self.pixel.setValue(max(sizes))
        if histogram.mixed:
            histogram_label = QLabel("\n".join(histogram.lines()).replace("#", "▇"))
            histogram_label.setObjectName("scales")
            fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
            fixed.setPointSizeF(self.font().pointSizeF())
            histogram_label.setFont(fixed)
            layout.addWidget(QLabel(f"The images have different {histogram.kind}s:"))
            layout.addWidget(histogram_label)

    def show_processing(self, processing: Preprocessing) -> None:
        """Show settings in the controls."""
        bar = processing.info_bar
        self.info_bar.setCurrentIndex(self.info_bar.findData(bar if isinstance(bar, str) else _ROWS))
        self.rows.setValue(bar if isinstance(bar, int) else 64)
        self.denoise.setCurrentIndex(self.denoise.findData(processing.denoise))
        self.background.setCurrentIndex(self.background.findData(processing.background))
        self.rescale.setChecked(processing.rescale_nm is not None)
        if processing.rescale_nm is not None:
            self.pixel.setValue(processing.rescale_nm)

    def processing(self) -> Preprocessing:
        """Return the settings that the controls show."""
        bar = self.info_bar.currentData()
        return Preprocessing(
            info_bar=self.rows.value() if bar == _ROWS else bar,
            denoise=self.denoise.currentData(),
            background=self.background.currentData(),
            rescale_nm=self.pixel.value() if self.rescale.isChecked() else None,
        )

    def step(self, by: int) -> None:
        """Preview another image."""
        self._image = (self._image + by) % len(self._project.images)
        self._refresh()

    def _refresh(self) -> None:
        self.rows.setVisible(self.info_bar.currentData() == _ROWS)
        self.pixel.setEnabled(self.rescale.isEnabled() and self.rescale.isChecked())
        processing = self.processing()
        self._show_suggestion()
        self.ok_button.setEnabled(processing != self._given)
        self._name.setText(self._project.images.images[self._image].path)
        self.summary_text.setText("Preprocessing…")
        self._quiet.start()

    def _show_suggestion(self) -> None:
        """Show what suits the images; those of a session have to be looked at first."""
        known = bool(self._reason)
        self._why.setText(f"All images: {self._reason or 'not analysed yet'}.")
        self.suggestion_button.setText("Use suggestion" if known else "Analyse images")
        self.suggestion_button.setEnabled(not known or self.processing() != self._suggested)

    def _on_suggestion(self) -> None:
        if self._reason:
            self.show_processing(self._suggested)
            return
        self._why.setText("All images: being analysed…")
        self.suggestion_button.setEnabled(False)
        self._worker.run(self._analyse)

    def _on_done(self, result: object) -> None:
        if isinstance(result, Suggested):
            self._suggested, self._reason = result.processing, result.why
            self._show_suggestion()
        elif isinstance(result, PreprocessedImage):
            self._show(result)

    def _preview(self) -> None:
        self._worker.run(preprocess_job.preview(self._project, self._image, self.processing()))

    def _show(self, preview: PreprocessedImage) -> None:
        if (preview.image, preview.processing) != (self._image, self.processing()):
            return
        self.before.show_pixmap(QPixmap.fromImage(to_image(preview.before)), "")
        self.before.set_left_out(preview.cropped_rows / len(preview.before))
        self.after.show_pixmap(QPixmap.fromImage(to_image(preview.after)), "")
        words = preview.processing.words
        if preview.processing.info_bar == "auto" and not preview.cropped_rows:
            # Of this image; it was searched for.
            _, comma, others = words.partition(", ")
            words = f"no info bar found{comma}{others}"
        words = sentence_case(words)
        self.summary_text.setText(f"{words}. Your decisions are kept.")

    def _show_fault(self, words: str) -> None:
        self._show_suggestion()
        self.before.show_pixmap(None, words)
        self.after.show_pixmap(None, "")
        self.summary_text.setText("")

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(self.processing())
