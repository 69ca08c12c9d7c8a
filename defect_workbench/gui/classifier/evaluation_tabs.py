"""The evaluation of a classifier: summary, confusion matrix, mistakes, labels to check, training curves."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QSplitter, QTabWidget, QTextBrowser, QVBoxLayout, QWidget

from defect_workbench.app.document.label_doubts import LabelDoubts
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.classifier.held_out import HeldOutImages
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.text import counted
from defect_workbench.gui.classifier.confusion_table import ConfusionTable, cell_words
from defect_workbench.gui.classifier.evaluation_page import evaluation_html
from defect_workbench.gui.classifier.held_out_page import HeldOutPage
from defect_workbench.gui.classifier.training_curves import Curves
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.workflows.training_sources import confirmed_labels

SUMMARY, CONFUSION, MISTAKES, LABELS, CURVES = range(5)
# Short, so that all are in sight beside the form; the tooltips say more.
_NAMES = (
    ("Summary", "Summary of the evaluation"),
    ("Confusion", "Confusion matrix: held-out predictions against labels"),
    ("Mistakes", "Worst mistakes, the most confident first"),
    ("Labels to check", "Labels that the classifier disagrees with"),
    ("Curves", "Training curves"),
)
_MARGIN = 14
_EMPTY = """<h2>A classifier labels the next lot</h2>
<p>{first} The classifier is evaluated on images it
has not seen. Images that resemble no label are classified as unknown and added to the outlier queue.</p>"""
_CONFIRM_FIRST = "Name and confirm at least two clusters (F2, C), then train."
_NOT_RECORDED = (
    "This classifier was trained by an earlier version, which kept no list of the images. Train again."
)
_HINT = "Click a number to see its images here; press Enter on it to show them in the gallery."
_RULE = (
    "A classifier that had not seen the image assigns more than half of the probability to another label, "
    "and most of the ten most similar images have another label, too. On the light table, Enter accepts the "
    "prediction, and the key of the image's own class keeps the label. Move images of labelled folders from "
    "one folder to the other. Then train again."
)


class EvaluationTabs(QTabWidget):
    """The evaluation, with ways from each figure to its images.

    Signals: images_chosen(images) of the open project when a cell of the confusion matrix is chosen;
    gallery_wanted(images); light_table_wanted(images, title, first).
    """

    images_chosen = Signal(list)
    gallery_wanted = Signal(list)
    light_table_wanted = Signal(list, str, int)

    def __init__(
        self,
        document: Document,
        doubts: LabelDoubts,
        thumbnails: ThumbnailLoader,
        originals: OriginalLoader,
    ) -> None:
        super().__init__()
        self._doubts, self._document = doubts, document
        self.setObjectName("evaluationTabs")
        self.setAccessibleName("Evaluation of the classifier")
        self.setDocumentMode(True)
        # The widest page of the window's tabs would otherwise make the window wider on every tab.
        self.setMinimumWidth(1)
        self._facts: TrainingFacts | None = None
        self._empty = ""
        self.figures = QTextBrowser()
        self.figures.setObjectName("evaluation")
        self.figures.setAccessibleName("Summary of the evaluation")
        self.figures.setFrameShape(QFrame.Shape.NoFrame)
        self.figures.document().setDocumentMargin(_MARGIN)
        self.curves = Curves()
        self.matrix, self.matrix_words = ConfusionTable(), secondary_label()
        self.cell = HeldOutPage("cellImages", document, thumbnails, originals)
        self.mistakes = HeldOutPage("worstMistakes", document, thumbnails, originals)
        self.labels = HeldOutPage("labelsToCheck", document, thumbnails, originals, neighbours=True)
        for page in (self.cell, self.mistakes, self.labels):
            page.gallery_wanted.connect(self.gallery_wanted)
            page.light_table_wanted.connect(self.light_table_wanted)
        pages = (self.figures, self._make_confusion(), self.mistakes, self.labels, _on_top(self.curves))
        for number, (widget, (name, tip)) in enumerate(zip(pages, _NAMES, strict=True)):
            self.addTab(widget, name)
            self.setTabToolTip(number, tip)
        self.currentChanged.connect(self._make_room)
        doubts.changed.connect(self._show_doubts)
        document.partition_changed.connect(self._show_first_step)
        self.matrix.chosen.connect(self._on_cell)
        self.matrix.opened.connect(self._on_cell_opened)
        self.show_facts(None)

    def _make_confusion(self) -> QWidget:
        above = QWidget()
        above.setAutoFillBackground(True)
        above.setBackgroundRole(QPalette.ColorRole.Base)
        rows = QVBoxLayout(above)
        rows.setContentsMargins(_MARGIN, 10, _MARGIN, 4)
        rows.addWidget(self.matrix_words)
        rows.addWidget(self.matrix, 1)
        rows.addStretch(0)
        self._above = above
        self._parts = parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(above)
        parts.addWidget(self.cell)
        parts.setChildrenCollapsible(False)
        self.cell.setMinimumHeight(180)
        parts.setStretchFactor(1, 1)
        return parts

    def _make_room(self) -> None:
        """Make the whole matrix visible if there is room, and leave the rest to the images."""
        matrix, layout, width = self._above.sizeHint().height(), self._above.layout(), self._parts.width()
        if layout is not None and layout.hasHeightForWidth():
            matrix = max(matrix, layout.totalHeightForWidth(width))
        if self.matrix.sizeHint().width() > width - 2 * _MARGIN:
            matrix += self.matrix.horizontalScrollBar().sizeHint().height()
        self._parts.setSizes([matrix, max(self._parts.height() - matrix, self.cell.minimumHeight())])

    def show_facts(self, facts: TrainingFacts | None, gain: str = "") -> None:
        """Show the evaluation of a classifier; None if there is no classifier, or it was not evaluated.

        Parameters
        ----------
        gain : str
            What it gained over the classifier before.
        """
        self._facts = facts
        if facts is None:
            self._show_first_step()
        else:
            self.figures.setHtml(evaluation_html(facts, gain))
            self._empty = ""
        for tab in (CONFUSION, MISTAKES, LABELS):
            self.setTabVisible(tab, facts is not None)
        self.show_training_curves(False if facts is not None and not self.curves.heads else None)
        if facts is None:
            self._doubts.use(None, ())
            return
        held_out, names = facts.held_out, facts.overall.confusion.labels
        self.matrix.show_matrix(facts.overall.confusion)
        meaning = "" if held_out is None else f" {held_out.meaning_of_right}"
        self.matrix_words.setText(
            "Held-out images: blue is right, orange is wrong; a stronger colour is a larger share of the row."
            f"{meaning}"
        )
        self._doubts.use(held_out, names)
        self.cell.show_images(held_out, names, (), "", _NOT_RECORDED if held_out is None else _HINT)
        if held_out is None:
            self.mistakes.show_images(None, names, (), "Worst mistakes", _NOT_RECORDED)
            self.labels.show_images(None, names, (), "Labels to check", _NOT_RECORDED)
        else:
            self._show_lists(held_out, names)
        self._name_tabs(held_out)
        self._make_room()

    def _show_first_step(self) -> None:
        """Without a classifier, show what it takes to train one."""
        if self._facts is None:
            labels = 0 if self._document.project is None else len(confirmed_labels(self._document.project))
            first = _CONFIRM_FIRST if labels < 2 else f"{labels:,} clusters are confirmed. Press Train."
            text = _EMPTY.format(first=first)
            # The cut may be dragged.
            if text != self._empty:
                self.figures.setHtml(text)
                self._empty = text

    def _show_lists(self, held_out: HeldOutImages, names: tuple[str, ...]) -> None:
        wrong = held_out.mistakes
        title = f"{counted(len(wrong), 'held-out image')} of {len(held_out):,} classified wrongly"
        note = "The most confident mistake first." if wrong else ""
        self.mistakes.show_images(held_out, names, wrong, title, note)
        self._show_doubts()

    def _show_doubts(self) -> None:
        """List the labels to check that are not settled."""
        facts = self._facts
        if facts is None or facts.held_out is None:
            return
        held_out, waiting = facts.held_out, self._doubts.waiting
        settled = len(held_out.doubtful) - len(waiting)
        title = (
            f"{counted(len(waiting), 'label')} that the classifier disagrees with"
            if waiting
            else "The classifier disagrees with no label"
        )
        if settled and waiting:
            title += f", {settled:,} settled"
        elif settled:
            title = f"All labels to check are settled: {settled:,}. Train again to see what that changes."
        names = facts.overall.confusion.labels
        self.labels.show_images(held_out, names, waiting, title, _RULE if waiting else "")
        self._name_tabs(held_out)

    def _name_tabs(self, held_out: HeldOutImages | None) -> None:
        counts = (0, 0) if held_out is None else (len(held_out.mistakes), len(self._doubts.waiting))
        for tab, count in zip((MISTAKES, LABELS), counts, strict=True):
            name = _NAMES[tab][0]
            self.setTabText(tab, f"{name} ({count:,})" if count else name)

    # Training curves

    def show_training_curves(self, shown: bool | None) -> None:
        """Show the tab of the curves, or hide it; None leaves it as it is."""
        if shown is not None:
            self.setTabVisible(CURVES, shown)

    def begin_training(self) -> None:
        """Show empty curves, which fill during training."""
        self.curves.clear()
        self.setTabVisible(CURVES, True)
        self.setCurrentIndex(CURVES)

    # The confusion matrix

    def _on_cell(self, row: int, column: int) -> None:
        facts = self._facts
        if facts is None or facts.held_out is None:
            return
        matrix = facts.overall.confusion
        rows = facts.held_out.rows_of(row, column)
        self.cell.show_images(facts.held_out, matrix.labels, rows, cell_words(matrix, row, column), "")
        images = self.cell.images()
        if images:
            self.images_chosen.emit(images)

    def _on_cell_opened(self, row: int, column: int) -> None:
        self._on_cell(row, column)
        self.cell.list.clearSelection()
        self.cell.show_in_gallery()


def _on_top(widget: QWidget) -> QWidget:
    """Return a page with a widget at its top."""
    page = QWidget()
    page.setAutoFillBackground(True)
    page.setBackgroundRole(QPalette.ColorRole.Base)
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widget)
    layout.addStretch(1)
    return page
