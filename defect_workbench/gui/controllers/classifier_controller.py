"""Classifiers in the window: connects the Classify tab, the jobs and the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.gallery_sections import images
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import add_folder_job, classifier_jobs
from defect_workbench.app.jobs.runner import Work
from defect_workbench.core.classifier.held_out import HeldOutImages
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.classifier.training_gain import gain_over
from defect_workbench.core.classifier.training_origin import counted_sources, images_by_source, rows_besides
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.gui.classifier.augmentation_dialog import AugmentDialog
from defect_workbench.gui.classifier.classify_panel import ClassifyPanel
from defect_workbench.gui.classifier.evaluation_tabs import SUMMARY
from defect_workbench.gui.classifier.taxonomy_dialog import TaxonomyDialog
from defect_workbench.gui.controllers.unsaved import UnsavedWork
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.training_sources import class_folders, confirmed_labels

_AUGMENTED_IMAGES = 11


class ClassifierController(QObject):
    """Trains, saves, opens and applies classifiers; adds new folders.

    Signals: images_wanted(images) to label next; queue_wanted to review in the outlier queue;
    labels_seen(names, source) of a classifier that was trained or opened: its images, or its file.

    Parameters
    ----------
    run : callable
        Runs a job that no other job replaces.
    unsaved : callable
        Returns the guard of unsaved work.
    current : callable
        Returns the image shown in the inspector, or None.
    """

    images_wanted = Signal(list)
    queue_wanted = Signal()
    labels_seen = Signal(list, str)

    def __init__(
        self,
        document: Document,
        panel: ClassifyPanel,
        places: UserDirs,
        offline: bool,
        run: Callable[[Work], None],
        unsaved: Callable[[], UnsavedWork],
        current: Callable[[], int | None],
        notice: NoticeBanner,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._document, self.panel, self._places, self._offline = document, panel, places, offline
        self._run, self._unsaved, self._current = run, unsaved, current
        self._then: Callable[[], None] | None = None
        self._project_before_adding: Project | None = None
        self._notice, self._parent = notice, parent
        self.model: classifier_jobs.Trained | classifier_jobs.Loaded | None = None
        # Its file; None if it is in none.
        self.model_path: Path | None = None
        self._report: Path | None = None
        # What the last training gained over the classifier before.
        self._gain = ""
        self.saved = True
        self._besides: tuple[HeldOutImages | None, ImageSet | None, str] = None, None, ""
        panel.train.connect(self.train)
        panel.save.connect(lambda: self.save())
        panel.load.connect(
            lambda: self._unsaved().leave_classifier(lambda: file_dialogs.ask_classifier(parent, self.load))
        )
        panel.apply.connect(lambda: self._unsaved().leave(self._choose_folder_to_classify))
        panel.preview.connect(self.preview)
        panel.edit.connect(self.edit_stages)
        panel.report.connect(self._open_report)
        panel.show_model(None, "None yet", fresh=False)
        self.show_labels()
        document.partition_changed.connect(self.show_labels)
        document.opened.connect(self.show_labels)

    @property
    def unsaved(self) -> bool:
        """Whether a classifier was trained in this window and not saved."""
        return isinstance(self.model, classifier_jobs.Trained) and not self.saved

    def results(self) -> Mapping[type, Callable[[Any], None]]:
        """Return the handler of each type of result."""
        return {
            classifier_jobs.Trained: self._on_trained,
            classifier_jobs.ModelSaved: self._on_model_saved,
            classifier_jobs.Loaded: self._on_loaded,
            classifier_jobs.Classified: self._on_classified,
            classifier_jobs.AugmentedExamples: self._on_augmented,
            add_folder_job.Added: self._on_added,
        }

    def on_partial(self, value: object) -> None:
        """Draw a finished epoch of the running training."""
        if isinstance(value, classifier_jobs.EpochDone):
            self.panel.curves.add(value.epoch)

    def show_labels(self) -> None:
        """Show the labels that are available for training."""
        project = self._document.project
        # Of the project, not of the preview while the cut is dragged.
        labels = confirmed_labels(project) if project is not None else {}
        self.panel.show_labels(labels)
        facts = None if self.model is None else self.model.model.facts
        if facts is None:
            self.panel.show_earlier("")
        elif facts.held_out is None:
            words = f"{counted(facts.images, 'image')}, which its file does not list"
            self.panel.show_earlier(words, are_listed=False)
        else:
            besides = self._earlier_images(facts.held_out, project)
            names = {self._renamed(facts).get(name, name) for name in facts.classes}
            self.panel.show_earlier(besides, are_alike=not labels or not names.isdisjoint(labels))

    def _earlier_images(self, held_out: HeldOutImages, project: Project | None) -> str:
        """Return which images of a classifier are not in the project; kept while neither changes."""
        images = None if project is None else project.images
        if self._besides[0] is not held_out or self._besides[1] is not images:
            contents = {image.sha256 for image in images.images} if images is not None else set()
            rows = rows_besides(held_out, contents)
            words = images_by_source(counted_sources(held_out, rows)) if rows else ""
            self._besides = held_out, images, words
        return self._besides[2]

    def _renamed(self, facts: TrainingFacts) -> Mapping[str, str]:
        """Return what the classes of a classifier are called now, where that differs."""
        known = {name: self._document.classes.find(name) for name in facts.classes}
        return {name: each.name for name, each in known.items() if each is not None and each.name != name}

    def set_ready(self, ready: bool) -> None:
        """Enable the buttons, or disable them while a job is running."""
        self.panel.set_ready(ready)

    # Training

    def train(self) -> None:
        """Train on confirmed clusters, on labelled folders, or on both."""
        self.panel.evaluation.begin_training()
        request, facts = self.panel.request(), None if self.model is None else self.model.model.facts
        if facts is not None:
            request = replace(request, before=facts, renamed=self._renamed(facts))
        self._run(classifier_jobs.train(self._document.project, request, self._places, offline=self._offline))

    def _on_trained(self, result: classifier_jobs.Trained) -> None:
        before = None if self.model is None else self.model.model.facts
        gain = gain_over(before, result.training.facts)
        self._gain = "" if gain is None else gain.words
        self.model, self.model_path, self._report, self.saved = result, None, None, False
        self.panel.show_model(result.model, "Trained here, not saved yet", fresh=True, gain=self._gain)
        self.show_labels()
        project, folder = self._document.project, self.panel.request().folder
        name = project.name if project is not None else "" if folder is None else folder.name
        self.labels_seen.emit(list(result.model.labels), name)
        self.panel.evaluation.setCurrentIndex(SUMMARY)
        overall, held_out = result.training.facts.overall, result.training.facts.held_out
        low, high = (100 * bound for bound in overall.interval)
        subject = "is correct" if held_out is None else f"agrees with {held_out.reference}"
        text = f"The classifier {subject} on {100 * overall.accuracy:.1f}% of held-out images"
        text += f" (95% interval {low:.0f}% to {high:.0f}%). {self._gain}"
        if result.origin:
            text = f"{result.origin}. {text}"
        self._notice.notify(text.rstrip(), "Save…", self.save)

    def edit_stages(self) -> None:
        """Let the user edit the stages."""
        project, folder = self._document.project, self.panel.request().folder
        labels = dict(confirmed_labels(project)) if project is not None else {}
        # Their images are only counted in training.
        labels |= dict.fromkeys(set(class_folders(folder)) - set(labels), 0) if folder is not None else {}
        dialog = TaxonomyDialog(self.panel.taxonomy, dict(sorted(labels.items())), self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.use_stages)
        dialog.open()

    def use_stages(self, taxonomy: Taxonomy | None) -> None:
        """Use other stages for training; None means the default ones."""
        name = "Default stages" if taxonomy is None else f"Custom ({counted(len(taxonomy.stages), 'stage')})"
        self.panel.set_taxonomy(taxonomy, name)

    def preview(self) -> None:
        """Show augmented images of the image in the inspector."""
        project = self._document.project
        if project is not None:
            image = self._current()
            self._run(
                classifier_jobs.augment(
                    project, image or 0, _AUGMENTED_IMAGES, project.analysis.settings.seed
                )
            )

    def _on_augmented(self, result: classifier_jobs.AugmentedExamples) -> None:
        dialog = AugmentDialog(result, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    # Classifiers in files

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Ask for a file and save the classifier there; call `then` once it is saved."""
        project = self._document.project
        folder = Path() if project is None else project.images.root.parent
        file_dialogs.ask_classifier_to_write(
            self._parent, folder / "classifier.dwm", lambda path: self.save_to(path, then)
        )

    def save_to(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Save the classifier and its report to a file."""
        if self.model is not None:
            self._then = then
            self._run(classifier_jobs.save(self.model, path))

    def drop_continuation(self) -> None:
        """Drop what was to follow a save that failed or was cancelled."""
        self._then = None

    def _on_model_saved(self, result: classifier_jobs.ModelSaved) -> None:
        then, self._then = self._then, None
        self.model_path, self._report, self.saved = result.path, result.report, True
        if self.model is not None:
            fresh = result.report is None
            self.panel.show_model(self.model.model, result.path.name, fresh=fresh, gain=self._gain)
        self._notice.notify(f"The classifier was saved to {result.path}.")
        if then is not None:
            then()

    def load(self, path: Path) -> None:
        """Open a classifier."""
        self._run(classifier_jobs.load(path))

    def _on_loaded(self, result: classifier_jobs.Loaded) -> None:
        self.model, self.model_path, self._gain = result, result.path, ""
        self.labels_seen.emit(list(result.model.labels), result.path.stem)
        self.panel.curves.clear()
        report = result.path.with_name(result.path.name + ".html")
        self._report = report if report.is_file() else None
        self.panel.show_model(result.model, result.path.name, fresh=self._report is None)
        self.show_labels()

    def _open_report(self) -> None:
        report = self._report
        if report is None:
            return
        # Without a browser nothing would happen.
        if not report.is_file():
            self._notice.notify(f"The report {report} was moved or deleted.", warning=True)
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(report))):
            words = f"No program on this machine opens web pages. The report is {report}"
            self._notice.notify(words, "Copy path", lambda: QGuiApplication.clipboard().setText(str(report)))

    # New images

    def _choose_folder_to_classify(self) -> None:
        file_dialogs.ask_image_folder(self._parent, "Folder to classify", self._classify)

    def classify(self, folder: Path) -> None:
        """Classify a folder; the result replaces what is open."""
        self._unsaved().leave(lambda: self._classify(folder))

    def _classify(self, folder: Path) -> None:
        if self.model is not None:
            self._run(
                classifier_jobs.classify(
                    self.model.model,
                    folder,
                    self._places,
                    offline=self._offline,
                    false_alarms=self.panel.applied_false_alarms(),
                )
            )

    def _on_classified(self, result: classifier_jobs.Classified) -> None:
        self._unsaved().replace(lambda: self._show_classified(result))

    def _show_classified(self, result: classifier_jobs.Classified) -> None:
        self._document.show(result.opened)
        self._document.forget_session()
        project = result.opened.project
        assert project.proposal is not None
        unsure = len(project.proposal.unsure(project.partition))
        words = (
            f"{counted(len(project.images), project.images.noun)} classified: {result.unknown:,} unknown, "
        )
        words += f"{counted(unsure, 'unsure proposal')}."
        if result.unknown or unsure:
            self._notice.notify(words, "Review them", self.queue_wanted.emit)
        else:
            self._notice.notify(words)

    def choose_folder_to_add(self) -> None:
        """Ask for a folder of new images and add it; ask about unsaved work first."""

        def add(folder: Path) -> None:
            self._add(ImageSource(folder))

        self._unsaved().add_images(
            lambda: file_dialogs.ask_image_folder(self._parent, "Folder of new images", add)
        )

    def add_folder(self, folder: Path) -> None:
        """Add the images of a folder to the open project; ask about unsaved work first."""
        self.add_source(ImageSource(folder))

    def add_source(self, source: ImageSource) -> None:
        """Add images to the open project; ask about unsaved work first."""
        self._unsaved().add_images(lambda: self._add(source))

    def _add(self, source: ImageSource) -> None:
        self._project_before_adding = self._document.project
        if self._project_before_adding is not None:
            work = add_folder_job.add_folder(
                self._project_before_adding, source, self._places, offline=self._offline
            )
            self._run(work)

    def _on_added(self, result: add_folder_job.Added) -> None:
        if self._document.project is not self._project_before_adding:
            words = "The images were not added, because you made changes in the meantime."
            self._notice.notify(f"{words} Add them again; this will be quick.")
            return
        self._document.add(result.opened, result.new)
        rest = result.new - result.matched
        words = f"{images(result.new)} added: {result.matched:,} matched confirmed clusters"
        words += f", {rest:,} were clustered."
        proposal = result.opened.project.proposal
        if proposal is not None and len(proposal.unsure(result.opened.project.partition)):
            self._notice.notify(words, "Review them", self.queue_wanted.emit)
        else:
            self._notice.notify(words)

    @property
    def suggested_images(self) -> list[int]:
        """The images whose labels would improve the classifier most."""
        project = self._document.project
        return [] if project is None or project.proposal is None else project.proposal.label_next.tolist()

    def choose_suggested(self) -> None:
        """Show the images whose labels would improve the classifier most, the most useful first."""
        if self.suggested_images:
            self.images_wanted.emit(self.suggested_images)
