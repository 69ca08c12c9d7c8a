"""Shows how far the defects that a detector finds agree with boxes that people drew, and its errors."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.detector.detection_error import ErrorKind
from defect_workbench.core.text import counted
from defect_workbench.gui.boxes.detector_figures import figure_lines, figure_text, headline
from defect_workbench.gui.shared.labels import heading_label, secondary_label
from defect_workbench.storage.boxes.box_folder import summary
from defect_workbench.workflows.detection.compare_with_boxes import EvaluatedDetector

_KINDS = {
    ErrorKind.MISSED: "Missed",
    ErrorKind.INVENTED: "False detections",
    ErrorKind.WRONG_KIND: "Wrong kind",
}


class EvaluatedDetectorDialog(QDialog):
    """The figures of a detector, and its errors.

    Signals: image_chosen(path) when an image is selected; table_wanted to see all images with errors large.
    """

    image_chosen = Signal(str)
    table_wanted = Signal()

    def __init__(self, done: EvaluatedDetector, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("evaluatedDetectorDialog")
        self.setWindowTitle("Evaluation of the detector")
        width = self.fontMetrics().averageCharWidth()
        self.setMinimumWidth(86 * width + 120)
        trained = done.finder is not None
        self.headline = heading_label(headline(done.figures.values) or "No image has a marked defect.")
        self.headline.setWordWrap(True)
        self.about = secondary_label(_about(done))
        self.errors = _error_table(done, with_kinds=trained)
        self.errors.currentCellChanged.connect(self._choose)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        self.table_button = close.addButton(
            "Show on the &light table", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.table_button.setVisible(bool(done.errors))
        self.table_button.clicked.connect(self.table_wanted)
        images = counted(len(done.errors), "image")
        verb = "has" if len(done.errors) == 1 else "have"
        words = f"{images} {verb} errors. Select one to see its errors in the window."
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self.headline)
        layout.addLayout(_figures(done))
        layout.addWidget(self.about)
        layout.addWidget(QLabel(words if done.errors else "No errors."))
        layout.addWidget(self.errors, 1)
        layout.addWidget(close)
        self.errors.setVisible(bool(done.errors))
        layout.activate()
        lines = 14 if done.errors else 0
        height = layout.totalHeightForWidth(self.minimumWidth())
        self.resize(self.minimumWidth(), max(height, height - 100 + lines * self.fontMetrics().height()))

    def _choose(self, row: int) -> None:
        item = self.errors.item(row, 0)
        if item is not None:
            self.image_chosen.emit(item.text())


def _figures(done: EvaluatedDetector) -> QGridLayout:
    """Return the figures with their intervals, and those of the classical finder beside them."""
    trained = done.finder is not None
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    grid.addWidget(secondary_label("95% interval"), 0, 2)
    if trained:
        grid.addWidget(secondary_label("Classical finder"), 0, 3)
    lines = figure_lines(done.figures.values, by_label=trained)
    for row, (name, value, words) in enumerate(lines, start=1):
        number = heading_label(value)
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        interval = done.figures.intervals.get(name)
        between = "" if interval is None else " to ".join(figure_text(name, bound) for bound in interval)
        grid.addWidget(number, row, 0)
        grid.addWidget(QLabel(words), row, 1)
        grid.addWidget(QLabel(between), row, 2)
        other = done.finder.values.get(name) if done.finder is not None else None
        if other is not None:
            grid.addWidget(QLabel(figure_text(name, other)), row, 3)
    return grid


def _about(done: EvaluatedDetector) -> str:
    figures = done.figures
    words = f"{counted(figures.detections, 'defect')} found in {counted(figures.images, 'image')} with "
    lines = [f"{words}{counted(figures.boxes, 'box')}; a detection is right from an IoU of .33 on."]
    guess = figures.values.get("median_guess_mae")
    if guess is not None:
        lines.append(f"Always guessing the median would give a mean error of the count of {guess:.2f}.")
    if done.finder is not None:
        lines.append("The classical finder is not evaluated by kind.")
    if done.without_boxes:
        lines.append(f"{counted(done.without_boxes, 'image')} without boxes not counted.")
    if done.rejected:
        lines.append(f"{counted(done.rejected, 'image')} could not be searched.")
    if done.problems:
        lines.append(f"Boxes not used: {'; '.join(summary(done.problems, shown=1))}.")
    return " ".join(lines)


def _error_table(done: EvaluatedDetector, *, with_kinds: bool) -> QTableWidget:
    """Return the images with errors, those with the most errors first."""
    kinds = [kind for kind in _KINDS if with_kinds or kind is not ErrorKind.WRONG_KIND]
    table = QTableWidget(len(done.errors), 1 + len(kinds))
    table.setObjectName("detectorErrors")
    table.setAccessibleName("Images with errors")
    table.setHorizontalHeaderLabels(["Image", *(_KINDS[kind] for kind in kinds)])
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for column in range(table.columnCount()):
        heading = table.horizontalHeaderItem(column)
        if heading is not None:
            heading.setTextAlignment(
                right if column else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            )
    for row, (path, errors) in enumerate(done.errors):
        table.setItem(row, 0, QTableWidgetItem(path))
        numbers = Counter(error.kind for error in errors)
        for column, kind in enumerate(kinds, start=1):
            item = QTableWidgetItem(f"{numbers[kind]:,}" if numbers[kind] else "")
            item.setTextAlignment(right)
            table.setItem(row, column, item)
    return table
