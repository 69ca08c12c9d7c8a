"""Classifiers in the window: between the tab, the worker and the bench."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.gallery_sections import images
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import add_folder_job, classifier_jobs
from defect_workbench.app.jobs.runner import Work
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.project.project_state import Project
from defect_workbench.gui.classifier.augmentation_dialog import AugmentDialog
from defect_workbench.gui.classifier.classify_panel import ClassifyPanel
from defect_workbench.gui.classifier.taxonomy_dialog import TaxonomyDialog
from defect_workbench.gui.controllers.unsaved import UnsavedWork
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.shared.banners import NoticeStrip
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.training_sources import confirmed_labels

_COPIES = 11


class ClassifierController(QObject):
    """Trains, keeps, opens and applies classifiers; adds new lots.

    Signals: images_chosen(images) to look at next.

    Parameters
    ----------
    run : callable
        Runs a job that nothing else may push aside.
    unsaved : callable
        What stands before unsaved work.
    current : callable
        The image looked at, or None.
    """

    images_chosen = Signal(list)

    def __init__(
        self,
        document: Document,
        panel: ClassifyPanel,
        places: UserDirs,
        offline: bool,
        run: Callable[[Work], None],
        unsaved: Callable[[], UnsavedWork],
        current: Callable[[], int | None],
        notice: NoticeStrip,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._document, self.panel, self._places, self._offline = document, panel, places, offline
        self._run, self._unsaved, self._current = run, unsaved, current
        self._then: Callable[[], None] | None = None
        self._grown_from: Project | None = None
        self._notice, self._parent = notice, parent
        self.model: classifier_jobs.Trained | classifier_jobs.Loaded | None = None
        self._report: Path | None = None
        self.saved = True
        panel.train.connect(self.train)
        panel.save.connect(lambda: self.save())
        panel.load.connect(
            lambda: self._unsaved().leave_classifier(lambda: file_dialogs.ask_classifier(parent, self.load))
        )
        panel.apply.connect(lambda: self._unsaved().leave(self._choose_folder_to_classify))
        panel.preview.connect(self.preview)
        panel.edit.connect(self.edit_stages)
        panel.report.connect(self._open_report)
        panel.show_model(None, "none yet", fresh=False)
        document.partition_changed.connect(self.show_labels)
        document.opened.connect(self.show_labels)

    @property
    def unsaved(self) -> bool:
        """Whether a classifier was trained here that is in no file."""
        return isinstance(self.model, classifier_jobs.Trained) and not self.saved

    def results(self) -> Mapping[type, Callable[[Any], None]]:
        """What to do with results of jobs."""
        return {
            classifier_jobs.Trained: self._on_trained,
            classifier_jobs.ModelSaved: self._on_model_saved,
            classifier_jobs.Loaded: self._on_loaded,
            classifier_jobs.Classified: self._on_classified,
            classifier_jobs.AugmentedExamples: self._on_augmented,
            add_folder_job.Added: self._on_added,
        }

    def on_partial(self, value: object) -> None:
        """An epoch of the training under way."""
        if isinstance(value, classifier_jobs.EpochDone):
            self.panel.curves.add(value.epoch)

    def show_labels(self) -> None:
        """Say what there is to learn from."""
        project = self._document.project
        # Not while the cut is dragged: only what holds counts.
        self.panel.show_labels(confirmed_labels(project) if project is not None else {})

    def set_ready(self, ready: bool) -> None:
        """Whether anything can be done now."""
        self.panel.set_ready(ready)

    # Training

    def train(self) -> None:
        """Train from what is confirmed, from a folder, or from both."""
        self.panel.curves.clear()
        request = self.panel.request()
        self._run(classifier_jobs.train(self._document.project, request, self._places, offline=self._offline))

    def _on_trained(self, result: classifier_jobs.Trained) -> None:
        self.model, self._report, self.saved = result, None, False
        self.panel.show_model(result.model, "trained here, not saved yet", fresh=True)
        overall = result.outcome.facts.overall
        low, high = (100 * bound for bound in overall.interval)
        words = f"The classifier is right in {100 * overall.accuracy:.1f} % of unseen images"
        self._notice.tell(f"{words} (95 % interval {low:.0f} to {high:.0f}).", "Save it…", self.save)

    def edit_stages(self) -> None:
        """Let a person change the stages."""
        dialog = TaxonomyDialog(self.panel.taxonomy, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.use_stages)
        dialog.open()

    def use_stages(self, taxonomy: Taxonomy | None) -> None:
        """Train with other stages from now on; None are the default ones."""
        name = "Default stages" if taxonomy is None else f"{len(taxonomy.stages)} stages of your own"
        self.panel.set_taxonomy(taxonomy, name)

    def preview(self) -> None:
        """Show changed copies of the image looked at."""
        project = self._document.project
        if project is not None:
            image = self._current()
            self._run(classifier_jobs.augment(project, image or 0, _COPIES, project.analysis.settings.seed))

    def _on_augmented(self, result: classifier_jobs.AugmentedExamples) -> None:
        dialog = AugmentDialog(result, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    # Classifiers in files

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Ask for a file and write the classifier there; goes on with `then` if that worked."""
        file_dialogs.ask_classifier_to_write(
            self._parent, "classifier.dwm", lambda path: self.keep(path, then)
        )

    def keep(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Write the classifier, and the report beside it."""
        if self.model is not None:
            self._then = then
            self._run(classifier_jobs.save(self.model, path))

    def not_kept(self) -> None:
        """Whatever was under way did not end well: what waited for it stays undone."""
        self._then = None

    def _on_model_saved(self, result: classifier_jobs.ModelSaved) -> None:
        then, self._then = self._then, None
        self._report, self.saved = result.report, True
        if self.model is not None:
            self.panel.show_model(self.model.model, result.path.name, fresh=result.report is None)
        self._notice.tell(f"The classifier was saved to {result.path}.")
        if then is not None:
            then()

    def load(self, path: Path) -> None:
        """Open a classifier."""
        self._run(classifier_jobs.load(path))

    def _on_loaded(self, result: classifier_jobs.Loaded) -> None:
        self.model = result
        report = result.path.with_name(result.path.name + ".html")
        self._report = report if report.is_file() else None
        self.panel.show_model(result.model, result.path.name, fresh=self._report is None)

    def _open_report(self) -> None:
        if self._report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._report)))

    # New images

    def _choose_folder_to_classify(self) -> None:
        file_dialogs.ask_image_folder(self._parent, "Folder to classify", self._classify)

    def classify(self, folder: Path) -> None:
        """Classify a folder; the result replaces what is open."""
        self._unsaved().leave(lambda: self._classify(folder))

    def _classify(self, folder: Path) -> None:
        if self.model is not None:
            self._run(classifier_jobs.classify(self.model.model, folder, self._places, offline=self._offline))

    def _on_classified(self, result: classifier_jobs.Classified) -> None:
        self._unsaved().replace(lambda: self._show_classified(result))

    def _show_classified(self, result: classifier_jobs.Classified) -> None:
        self._document.show(result.opened)
        self._document.forget_session()
        project = result.opened.project
        assert project.proposal is not None
        unsure = len(project.proposal.unsure(project.partition))
        words = f"{images(len(project.images))} classified: {result.unknown:,} unknown, {unsure:,} unsure."
        self._notice.tell(f"{words} The queue shows them first.")

    def choose_folder_to_add(self) -> None:
        """Ask for a folder of new images and add it."""
        file_dialogs.ask_image_folder(self._parent, "Folder of new images", self.add_folder)

    def add_folder(self, folder: Path) -> None:
        """Add a folder to the open project."""
        self._grown_from = self._document.project
        if self._grown_from is not None:
            work = add_folder_job.add_folder(self._grown_from, folder, self._places, offline=self._offline)
            self._run(work)

    def _on_added(self, result: add_folder_job.Added) -> None:
        if self._document.project is not self._grown_from:
            words = "The folder was not added, because you made changes in the meantime."
            self._notice.tell(f"{words} Adding it again will be quick.")
            return
        self._document.show(replace(result.opened, session=self._document.session))
        self._document.mark_unsaved()
        rest = result.new - result.matched
        words = f"{images(result.new)} added: {result.matched:,} matched confirmed clusters"
        self._notice.tell(f"{words}, {rest:,} were clustered. Earlier steps can no longer be undone.")

    @property
    def suggested_images(self) -> list[int]:
        """The images whose labels would improve the classifier most."""
        project = self._document.project
        return [] if project is None or project.proposal is None else project.proposal.label_next.tolist()

    def choose_suggested(self) -> None:
        """Select the images whose labels would improve the classifier most."""
        if self.suggested_images:
            self.images_chosen.emit(self.suggested_images)
