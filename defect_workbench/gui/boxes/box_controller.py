"""Finding defects in the open images, correcting and exporting their boxes, training a detector on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog, QWidget

from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.jobs import defect_search_job, detector_training_job
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.core.arrays import Integers
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.text import counted
from defect_workbench.gui.boxes.box_editor import BoxEditor
from defect_workbench.gui.boxes.detector_progress_dialog import DetectorProgressDialog
from defect_workbench.gui.boxes.evaluate_detector_dialog import EvaluateDetectorDialog
from defect_workbench.gui.boxes.evaluated_detector_dialog import EvaluatedDetectorDialog
from defect_workbench.gui.boxes.export_boxes_dialog import ExportBoxesDialog
from defect_workbench.gui.boxes.find_defects_dialog import FindDefectsDialog
from defect_workbench.gui.boxes.train_detector_dialog import TrainDetectorDialog
from defect_workbench.gui.boxes.trained_detector_dialog import TrainedDetectorDialog
from defect_workbench.gui.dialogs.file_dialogs import free_name
from defect_workbench.gui.light_table.light_table import LightTable
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.gui.shared.box_overlays import BoxOverlays
from defect_workbench.storage.model.detector_file import unfinished_file
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.detection.compare_with_boxes import BoxComparison
from defect_workbench.workflows.detection.marked_sources import CheckedBoxes
from defect_workbench.workflows.detection.search_project import SearchRequest
from defect_workbench.workflows.detection.train_on_boxes import TrainingOptions

_IN_BACKGROUND = "The detector is being trained in the background."


class Viewer(Protocol):
    """Shows images of the project, and runs its jobs."""

    jobs: JobRunner
    light_table: LightTable

    def choose_image(self, image: int) -> None:
        """Select an image, and show it in the other panels."""

    def look_at(self, images: Sequence[int], title: str) -> None:
        """Show images on the light table."""


class BoxController(QObject):
    """Connects the actions about single defects, their dialogs and jobs.

    Parameters
    ----------
    run : callable
        Runs a job.
    chosen : callable
        Returns the selected images.
    viewer : Viewer
        Shows images in the other panels.
    offline : bool
        Whether weights must not be fetched.
    """

    def __init__(
        self,
        boxes: BoxOverlays,
        run: Callable[[Work], None],
        chosen: Callable[[], Integers],
        viewer: Viewer,
        originals: OriginalLoader,
        notice: NoticeBanner,
        places: UserDirs,
        offline: bool,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._boxes, self._document, self._overlays = boxes.defects, boxes.defects.document, boxes
        self._run, self._chosen = run, chosen
        self._viewer, self._originals = viewer, originals
        self._notice, self._parent = notice, parent
        self._places, self._offline = places, offline
        # What was chosen last, and what the open images were searched with: another project may have others.
        self._last = self._searched_with = SearchRequest()
        self._document.opened.connect(self._on_opened)
        self._compared = BoxComparison(Path(), self._last)
        # The detector of the running training, and that of the last one.
        self._training: Path | None = None
        self._trained: Path | None = None

    @property
    def reference(self) -> Path | None:
        """The folder of golden references that the open images were searched with."""
        return self._searched_with.reference

    def results(self) -> Mapping[type, Callable[[Any], None]]:
        """Return the handler of each type of result."""
        return {
            defect_search_job.Searched: self._on_searched,
            defect_search_job.BoxesExported: self._on_exported,
            detector_training_job.DetectorTrained: self._on_trained,
            defect_search_job.Evaluated: self._on_evaluated,
        }

    def find(self) -> None:
        """Ask how defects are found, and find them."""
        project = self._document.project
        if project is None:
            return
        found = self._boxes.found
        checked = 0 if found is None else int(found.touched.sum())
        dialog = FindDefectsDialog(len(project.images), checked, self._last, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.search)
        dialog.open()

    def search(self, request: SearchRequest) -> None:
        """Find the defects of all images."""
        self._last = request
        if self._document.project is not None:
            self._run(defect_search_job.search(self._document.project, request))

    def _on_opened(self) -> None:
        self._searched_with = SearchRequest()

    def _on_searched(self, result: defect_search_job.Searched) -> None:
        project = self._document.project
        if project is None or project.images is not result.project.images:
            return
        self._searched_with = self._last
        before = self._boxes.found
        found = result.found if before is None else before.joined_by(result.found)
        self._boxes.take(found)
        counts = found.counts[np.isfinite(found.counts)]
        clean = int((counts == 0).sum())
        words = f"{counted(int(counts.sum()), 'defect')} in {counted(len(counts), 'image')}"
        words += f", {clean:,} of them without one." if clean else "; every image has at least one."
        self._notice.notify(words, "Correct boxes…", self.correct)

    def correct(self) -> None:
        """Correct the boxes of the selected images, or of all: those with the least certain defect first."""
        found = self._boxes.found
        if found is None:
            return
        chosen = self._chosen()
        images = chosen if len(chosen) > 1 else np.flatnonzero(np.isfinite(found.counts))
        if not len(images):
            return
        ordered = images[np.argsort(found.least_sure[images], kind="stable")].tolist()
        if len(chosen) == 1 and int(chosen[0]) in ordered:
            # The selected image first, then the rest.
            ordered.remove(int(chosen[0]))
            ordered.insert(0, int(chosen[0]))
        editor = BoxEditor(self._boxes, ordered, self._originals, self._parent)
        editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        editor.image_shown.connect(self._viewer.choose_image)
        editor.show()

    def export(self) -> None:
        """Ask for a folder and a format, and write the boxes."""
        project, found = self._document.project, self._boxes.found
        if project is None or found is None:
            return
        searched = np.isfinite(found.counts)
        dialog = ExportBoxesDialog(
            int(np.nansum(found.counts)),
            int(searched.sum()),
            int((searched & ~found.checked).sum()),
            project.beside("-boxes"),
            self._parent,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(
            lambda folder, name: self._run(defect_search_job.export(project, found, folder, name))
        )
        dialog.open()

    def _on_exported(self, result: defect_search_job.BoxesExported) -> None:
        self._notice.notify(f"{counted(result.boxes, 'box')} written to {result.folder}.")

    # Training

    def train(self) -> None:
        """Ask where a detector is written, and train it on the images whose boxes the user has checked."""
        project, found = self._document.project, self._boxes.found
        if project is None or found is None:
            return
        folder, unfinished = project.images.root.parent, self._trained
        if unfinished is None or not unfinished_file(unfinished).exists():
            unfinished = folder / free_name(folder, "detector.dwd")
        dialog = TrainDetectorDialog(CheckedBoxes.of(found), unfinished, self._last.reference, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.train_with)
        dialog.correct_wanted.connect(self.correct)
        dialog.open()

    def train_with(self, options: TrainingOptions) -> None:
        """Train a detector on the images whose boxes the user has checked."""
        project, found = self._document.project, self._boxes.found
        if project is None or found is None:
            return
        work = detector_training_job.train(project, found, options, self._places, offline=self._offline)
        self._run(work)
        self._training = self._trained = options.out
        jobs = self._viewer.jobs
        if jobs.busy:
            progress = DetectorProgressDialog(jobs, self._parent)
            progress.hidden_by_user.connect(
                lambda: self._notice.notify(_IN_BACKGROUND, "Show the curves", progress.show)
            )
            progress.ended.connect(self._drop_notice)
            progress.show()

    def _drop_notice(self) -> None:
        """Offer the curves of the training no longer."""
        if self._notice.text.text() == _IN_BACKGROUND:
            self._notice.hide()

    def drop_continuation(self) -> str:
        """Forget the training that failed or was cancelled.

        Returns
        -------
        str
            What is left of it, as a sentence; empty if nothing is.
        """
        file, self._training = self._training, None
        if file is None or not unfinished_file(file).exists():
            return ""
        return "The state of the training is kept. To continue it, choose “Train a detector…” again."

    def _on_trained(self, result: detector_training_job.DetectorTrained) -> None:
        self._training = None
        options = result.options
        dialog = TrainedDetectorDialog(result, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.find_wanted.connect(lambda: self.search(SearchRequest(options.reference, options.out)))
        dialog.open()

    # Evaluation

    def ask_to_evaluate(self) -> None:
        """Ask for a detector and boxes that people drew, and compare what it finds with them."""
        if self._document.project is None:
            return
        dialog = EvaluateDetectorDialog(replace(self._compared, search=self._last), self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.evaluate)
        dialog.open()

    def evaluate(self, request: BoxComparison) -> None:
        """Compare what a detector finds in the open images with boxes that people drew."""
        self._compared, self._last = request, request.search
        if self._document.project is not None:
            self._run(defect_search_job.evaluate(self._document.project, request))

    def _on_evaluated(self, result: defect_search_job.Evaluated) -> None:
        project = self._document.project
        if project is None or project.images is not result.project.images:
            return
        evaluated = result.evaluated
        self._overlays.show_errors(evaluated)
        dialog = EvaluatedDetectorDialog(evaluated, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.image_chosen.connect(lambda path: self._show_path(project.images, path))
        wrong = [path for path, _ in evaluated.errors]
        dialog.table_wanted.connect(lambda: self._show_on_table(project.images, wrong, dialog))
        # Its images are of no other project.
        self._document.opened.connect(dialog.close)
        dialog.show()

    def _show_on_table(self, images: ImageSet, paths: Sequence[str], dialog: QDialog) -> None:
        """Show images on the light table; meanwhile the dialog is out of the way."""
        project = self._document.project
        if project is not None and project.images is images:
            places = {path: place for place, path in enumerate(images.paths)}
            dialog.hide()
            self._viewer.look_at([places[path] for path in paths], "Errors of the detector")
            once = Qt.ConnectionType.SingleShotConnection
            self._viewer.light_table.closed.connect(dialog.show, once)

    def _show_path(self, images: ImageSet, path: str) -> None:
        project = self._document.project
        if project is not None and project.images is images:
            self._viewer.choose_image(images.paths.index(path))
