"""Preparation of the pictures: asks how, says when the pictures ask for another one."""

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
from defect_workbench.gui.shared.banners import NoticeStrip
from defect_workbench.user_dirs import UserDirs


class PreprocessController(QObject):
    """Between the dialog and the worker.

    Parameters
    ----------
    run : callable
        Runs a job.
    current : callable
        The image looked at, or None.
    """

    def __init__(
        self,
        document: Document,
        places: UserDirs,
        offline: bool,
        run: Callable[[Work], None],
        current: Callable[[], int | None],
        notice: NoticeStrip,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._document, self._places, self._offline = document, places, offline
        self._run, self._current, self._notice, self._parent = run, current, notice, parent
        self.worker = JobRunner(self)

    def close(self) -> None:
        """Stop what is under way."""
        self.worker.close()

    def ask(self) -> None:
        """Ask how to prepare the pictures."""
        project = self._document.project
        if project is None:
            return
        image = self._current()
        suggested = self._document.suggested
        dialog = PreprocessingDialog(project, image or 0, suggested, self.worker, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.prepare)
        dialog.open()

    def prepare(self, processing: Preprocessing) -> None:
        """Take the features anew."""
        project = self._document.project
        if project is not None:
            self._run(preprocess_job.preprocess(project, processing, self._places, offline=self._offline))

    def prepare_as_before(self) -> None:
        """Take the features anew in the same way: there is a network now. Decisions stay."""
        project = self._document.project
        if project is not None:
            self.prepare(project.analysis.settings.processing)

    def on_opened(self) -> None:
        """Say what the pictures ask for: one scale, or another preparation."""
        project = self._document.project
        if project is None:
            return
        given = project.analysis.settings.processing
        suggested, why = self._document.suggested
        found = scales(image.tool for image in project.images.images)
        if found.mixed and given.rescale_nm is None:
            words = f"The images have {len(found.counts)} different scales ({found.kind})."
            self._notice.tell(words, "Preprocess images…", self.ask)
        elif suggested != given:
            self._notice.tell(f"{sentence_case(why)}.", "Preprocess images…", self.ask)
