"""How pictures are prepared for the features, seen side by side before anything is done."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFontDatabase, QPalette, QPixmap
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
from defect_workbench.app.jobs.runner import JobRunner
from defect_workbench.core.images.instrument import scales
from defect_workbench.core.images.preprocessing_steps import Processing
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.inspector.image_view import PictureView

_QUIET_MILLISECONDS = 200
_INFO_BARS = (("Found and left out", "auto"), ("Kept", "off"), ("So many rows left out:", "rows"))
_DENOISES = (("None", "none"), ("Median of 3 × 3", "median"), ("Non-local means", "nlm"))
_BACKGROUNDS = (
    ("Kept", "none"),
    ("Large-scale median taken off", "median"),
    ("Plane taken off", "plane"),
    ("Repeating pattern taken off", "periodic"),
)


class PrepareDialog(QDialog):
    """Asks for a `Processing`; `chosen(processing)` follows if the person agrees.

    Parameters
    ----------
    image : int
        The picture to try it on first.
    suggested : (Processing, str)
        What the pictures ask for, and why.
    worker : JobRunner
        Prepares the picture looked at.
    """

    chosen = Signal(object)

    def __init__(
        self,
        project: Project,
        image: int,
        suggested: tuple[Processing, str],
        worker: JobRunner,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("prepareDialog")
        self.setWindowTitle("Prepare the pictures")
        line = self.fontMetrics().height()
        self.resize(58 * line, 42 * line)
        self._project, self._image, self._worker = project, image, worker
        self._suggested = suggested[0]
        self._given = project.analysis.settings.processing
        self.info_bar, self.denoise, self.background = QComboBox(), QComboBox(), QComboBox()
        choices = ((self.info_bar, _INFO_BARS), (self.denoise, _DENOISES), (self.background, _BACKGROUNDS))
        for box, entries in choices:
            for words, value in entries:
                box.addItem(words, value)
        self.rows = QSpinBox()
        self.rows.setRange(1, 10_000)
        self.rows.setAccessibleName("Rows left out at the bottom")
        self.rescale = QCheckBox("Bring all pictures to")
        self.pixel = QDoubleSpinBox()
        self.pixel.setRange(0.001, 1e6)
        self.pixel.setDecimals(3)
        self.pixel.setSuffix(" nm a pixel")
        self.pixel.setSpecialValueText("pixel size not known")
        self.before, self.after = PictureView(), PictureView()
        self._name, self._words = QLabel(), QLabel()
        self._ask = QPushButton("Set as suggested")
        self._ask.setAutoDefault(False)
        self._why = QLabel(f"The pictures as a whole: {suggested[1] or 'not looked at yet'}.")
        for label in (self._why, self._words):
            label.setWordWrap(True)
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = self.buttons.addButton("Prepare and compare anew", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MILLISECONDS)
        self._quiet.timeout.connect(self._look)
        self.show_processing(self._given)
        for box, _ in choices:
            box.currentIndexChanged.connect(self._refresh)
        self.rows.valueChanged.connect(self._refresh)
        self.pixel.valueChanged.connect(self._refresh)
        self.rescale.toggled.connect(self._refresh)
        self._ask.clicked.connect(lambda: self.show_processing(self._suggested))
        worker.done.connect(self._show)
        worker.failed.connect(self._show_fault)
        self._refresh()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(10)
        bar, scale, suggestion = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for line, parts in (
            (bar, (self.info_bar, self.rows)),
            (scale, (self.rescale, self.pixel)),
            (suggestion, (self._why, self._ask)),
        ):
            for part in parts:
                line.addWidget(part)
        bar.addStretch(1)
        scale.addStretch(1)
        suggestion.setStretch(0, 1)
        form.addRow("Info bar", bar)
        form.addRow("Noise", self.denoise)
        form.addRow("Background", self.background)
        form.addRow("Scale", scale)
        pictures = QGridLayout()
        pictures.addWidget(QLabel("As stored"), 0, 0)
        pictures.addWidget(QLabel("As the features see it"), 0, 1)
        pictures.addWidget(self.before, 1, 0)
        pictures.addWidget(self.after, 1, 1)
        pictures.setRowStretch(1, 1)
        steps = QHBoxLayout()
        for words, by in (("‹", -1), ("›", 1)):
            button = QPushButton(words)
            button.setAutoDefault(False)
            button.setToolTip("The picture before" if by < 0 else "The next picture")
            button.clicked.connect(lambda _=False, way=by: self.step(way))
            steps.addWidget(button)
        steps.addWidget(self._name, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addLayout(suggestion)
        self._add_scales(layout)
        layout.addLayout(pictures, 1)
        layout.addLayout(steps)
        layout.addWidget(self._words)
        layout.addWidget(self.buttons)

    def _add_scales(self, layout: QVBoxLayout) -> None:
        """The histogram of pixel sizes, where there are several."""
        found = scales(image.tool for image in self._project.images.images)
        sizes = [i.tool.pixel_size_nm for i in self._project.images.images if i.tool and i.tool.pixel_size_nm]
        for widget in (self.rescale, self.pixel):
            widget.setEnabled(bool(sizes))
            widget.setToolTip("" if sizes else "No picture says how large its pixels are")
        if sizes:
            self.pixel.setValue(max(sizes))
        if found.mixed:
            histogram = QLabel("\n".join(found.lines()).replace("#", "▇"))
            histogram.setObjectName("scales")
            fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
            fixed.setPointSizeF(self.font().pointSizeF())
            histogram.setFont(fixed)
            layout.addWidget(QLabel(f"The pictures have different scales ({found.kind}):"))
            layout.addWidget(histogram)

    def show_processing(self, processing: Processing) -> None:
        """Set the controls."""
        bar = processing.info_bar
        self.info_bar.setCurrentIndex(self.info_bar.findData(bar if isinstance(bar, str) else "rows"))
        self.rows.setValue(bar if isinstance(bar, int) else 64)
        self.denoise.setCurrentIndex(self.denoise.findData(processing.denoise))
        self.background.setCurrentIndex(self.background.findData(processing.background))
        self.rescale.setChecked(processing.rescale_nm is not None)
        if processing.rescale_nm is not None:
            self.pixel.setValue(processing.rescale_nm)

    def processing(self) -> Processing:
        """What the controls say."""
        bar = self.info_bar.currentData()
        return Processing(
            info_bar=self.rows.value() if bar == "rows" else bar,
            denoise=self.denoise.currentData(),
            background=self.background.currentData(),
            rescale_nm=self.pixel.value() if self.rescale.isChecked() else None,
        )

    def step(self, by: int) -> None:
        """Try it on another picture."""
        self._image = (self._image + by) % len(self._project.images)
        self._refresh()

    def _refresh(self) -> None:
        self.rows.setVisible(self.info_bar.currentData() == "rows")
        self.pixel.setEnabled(self.rescale.isEnabled() and self.rescale.isChecked())
        wanted = self.processing()
        self._ask.setEnabled(wanted != self._suggested)
        self._go.setEnabled(wanted != self._given)
        self._name.setText(self._project.images.images[self._image].path)
        self._words.setText("Preparing…")
        self._quiet.start()

    def _look(self) -> None:
        self._worker.run(preprocess_job.look(self._project, self._image, self.processing()))

    def _show(self, prepared: preprocess_job.Prepared) -> None:
        if (prepared.image, prepared.processing) != (self._image, self.processing()):
            return
        self.before.show_pixmap(QPixmap.fromImage(to_image(prepared.before)), "")
        self.before.set_left_out(prepared.left_out)
        self.after.show_pixmap(QPixmap.fromImage(to_image(prepared.after)), "")
        words = prepared.processing.words
        self._words.setText(f"{sentence_case(words)}. Decisions stay when all pictures are compared anew.")

    def _show_fault(self, words: str) -> None:
        self.before.show_pixmap(None, words)
        self.after.show_pixmap(None, "")
        self._words.setText("")

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(self.processing())
