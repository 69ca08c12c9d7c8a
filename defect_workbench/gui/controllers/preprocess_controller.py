"""Preprocessing in the window: opens the dialog, applies the settings, and suggests others."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import preprocess_job
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.core.images.instrument import scales
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.dialogs.preprocessing_dialog import PreprocessingDialog
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.user_dirs import UserDirs


class PreprocessController(QObject):
    """Connects the preprocessing dialog and the jobs.

    Parameters
    ----------
    run : callable
        Runs a job.
    current : callable
        Returns the image shown in the inspector, or None.
    """

    def __init__(
        self,
        document: Document,
        places: UserDirs,
        offline: bool,
        run: Callable[[Work], None],
        current: Callable[[], int | None],
        notice: NoticeBanner,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._document, self._places, self._offline = document, places, offline
        self._run, self._current, self._notice, self._parent = run, current, notice, parent
        self.worker = JobRunner(self)

    def close(self) -> None:
        """Stop the preview and wait for its thread."""
        self.worker.close()

    def open_dialog(self) -> None:
        """Let the user choose how images are preprocessed."""
        project = self._document.project
        if project is None:
            return
        image = self._current()
        suggested = self._document.suggested
        analyse = preprocess_job.suggest(project, self._places, offline=self._offline)
        dialog = PreprocessingDialog(project, image or 0, suggested, self.worker, analyse, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.preprocess)
        dialog.open()

    def preprocess(self, processing: Preprocessing) -> None:
        """Extract the features of all images with other preprocessing; decisions are kept."""
        project = self._document.project
        if project is not None:
            self._run(preprocess_job.preprocess(project, processing, self._places, offline=self._offline))

    def extract_again(self) -> None:
        """Extract the features again with the same preprocessing, now that network weights are available."""
        project = self._document.project
        if project is not None:
            self.preprocess(project.analysis.settings.processing)

    def on_opened(self) -> None:
        """Suggest preprocessing for mixed pixel sizes, or other than the one in use."""
        project = self._document.project
        if project is None:
            return
        given = project.analysis.settings.processing
        suggested, why = self._document.suggested
        histogram = scales(image.tool for image in project.images.images)
        if histogram.mixed and given.rescale_nm is None:
            words = f"The images have {len(histogram.counts)} different {histogram.kind}s."
            self._notice.notify(words, "Preprocess images…", self.open_dialog)
        elif suggested != given:
            self._notice.notify(f"{sentence_case(why)}.", "Preprocess images…", self.open_dialog)
