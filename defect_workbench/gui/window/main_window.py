"""The main window: connects the panels to the document, the controllers and the jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QCloseEvent

from defect_workbench.app.jobs import open_job
from defect_workbench.app.messages import Messages
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.boxes.box_controller import BoxController
from defect_workbench.gui.controllers.class_library_controller import ClassLibraryController
from defect_workbench.gui.controllers.classifier_controller import ClassifierController
from defect_workbench.gui.controllers.comparison_choice import ComparisonChoice
from defect_workbench.gui.controllers.decision_history_controller import DecisionHistoryController
from defect_workbench.gui.controllers.notes_on_images import NotesOnImages
from defect_workbench.gui.controllers.preprocess_controller import PreprocessController
from defect_workbench.gui.controllers.refinement import Refinement
from defect_workbench.gui.controllers.remembered_work import RememberedWork
from defect_workbench.gui.controllers.review_lists import ReviewLists
from defect_workbench.gui.controllers.save_and_export import OutputController
from defect_workbench.gui.controllers.session_guard import SessionGuard
from defect_workbench.gui.controllers.side_table_controller import SideTableController
from defect_workbench.gui.controllers.strange_splitting import StrangeSplitting
from defect_workbench.gui.controllers.unsaved import UnsavedWork
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.klarf.klarf_controller import KlarfController
from defect_workbench.gui.watching.watch_controller import WatchController
from defect_workbench.gui.window.action_state import ActionState
from defect_workbench.gui.window.actions.action import Controllers
from defect_workbench.gui.window.actions.action_set import ActionSet
from defect_workbench.gui.window.actions.conditions import with_tree
from defect_workbench.gui.window.actions.key_sheet import key_sheet
from defect_workbench.gui.window.context_menus import add_context_menus
from defect_workbench.gui.window.dropping import Dropping
from defect_workbench.gui.window.help import Help
from defect_workbench.gui.window.job_window import JobWindow
from defect_workbench.gui.window.menus import Menus
from defect_workbench.gui.window.opener import Opener
from defect_workbench.gui.window.pages.wafer_wiring import connect_wafer_page
from defect_workbench.gui.window.project_display import ProjectDisplay
from defect_workbench.gui.window.view_choices import ViewChoices
from defect_workbench.gui.window.window_layout import WELCOME, WORKBENCH
from defect_workbench.resources import resource
from defect_workbench.storage.class_library.class_file import LibraryFile
from defect_workbench.user_dirs import UserDirs


class MainWindow(JobWindow):
    """The main window.

    Parameters
    ----------
    places : UserDirs
        Where weights, features, log and settings are.
    messages : Messages, optional
        Message boxes; tests pass their own.
    offline : bool
        Whether weights must not be fetched.
    """

    def __init__(self, places: UserDirs, messages: Messages | None = None, *, offline: bool = False) -> None:
        super().__init__(places, messages)
        self._offline = offline
        notice = self.notice
        self.session_guard = SessionGuard(self.document, places, notice, self._messages, self.run_job, self)
        self._closing = False
        self.outputs = OutputController(
            self.document,
            self.begin_exclusive,
            self.session_guard.may_write,
            lambda: self.session_guard.read_only,
            notice,
            self,
        )
        library = self.class_keys, LibraryFile(places.classes), self.thumbnails, notice, self
        self.classes = ClassLibraryController(self.document, *library, self.review.chosen_name)
        self.tables = SideTableController(self.document, self.run_job, notice, self)
        current = partial(getattr, self.inspector, "image")
        self.preprocessing = PreprocessController(
            self.document, places, offline, self.run_job, current, notice, self
        )
        self.classifier = ClassifierController(
            self.document,
            self.classify_panel,
            places,
            offline,
            self.run_exclusive,
            lambda: self.unsaved,
            current,
            notice,
            self,
        )
        self.unsaved = UnsavedWork(
            self.document,
            self._messages,
            lambda: self.outputs.all_exported,
            self.outputs.save,
            self.session_guard.keep_discarded,
            lambda: self.classifier.unsaved,
            self.classifier.save,
            partial(getattr, self, "in_exclusive_job"),
        )
        self.remembered = RememberedWork(
            self.document, self.settings, self.classify_panel, self.welcome.set_recent
        )
        self.refinement = Refinement(
            self.document, self.cluster_list, self.thumbnails, self.jobs, self.run_job, self
        )
        self.opener = Opener(self, offline, self.unsaved, self.begin, self._show_workbench, self.open_path)
        self.opener.changed.connect(self._refresh_title)
        self.job_begun.connect(self.opener.on_begun)
        self.boxes = BoxController(
            self.overlays.boxes,
            self.run_exclusive,
            self.review.chosen_images,
            self,
            self.originals,
            notice,
            places,
            offline,
            self,
        )
        self._make_menus()
        self.dropping = Dropping(self, self.open_path, self.controllers.lists.find_file)
        self.display = ProjectDisplay(self, self.menus, self.run_job)
        self._results: Mapping[type, Callable[[Any], None]] = {
            open_job.Opened: self.opener.on_result,
            open_job.MapReady: self.display.on_map_ready,
            open_job.Refined: self.refinement.on_result,
            open_job.Regrouped: lambda result: self.document.regroup(result.opened),
            open_job.Located: self.session_guard.on_located,
            open_job.Saved: self._on_saved,
            open_job.Written: lambda result: self.show_status(f"Saved to {result.path}"),
            open_job.WeightsReady: lambda _: self.preprocessing.extract_again(),
            **self.outputs.results(),
            **self.tables.results(),
            **self.classifier.results(),
            **self.controllers.lists.results(),
            **self.boxes.results(),
            **self.controllers.klarf.results(),
        }
        self._connect_jobs()
        self._connect_panels()
        geometry, docks = self.settings.layout()
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
            self.restoreState(docks)
        self._show_welcome()
        self._refresh_actions()
        self.session_guard.offer_recovery(self.open_path)

    def _make_menus(self) -> None:
        places, offline = self.places, self._offline
        self.controllers = Controllers(
            self,
            self.document,
            self.opener,
            self.outputs,
            self.tables,
            self.preprocessing,
            self.classifier,
            self.review,
            self.clipboard,
            self.classes,
            self.refinement,
            StrangeSplitting(self.document, self.thumbnails, self.overlays, self),
            ReviewLists(
                self.document,
                self.review,
                self.cluster_list,
                self.thumbnails,
                self.overlays,
                self.notice,
                self.choose_images,
                self.look_at,
                self.run_job,
                places,
                offline,
                self,
            ),
            DecisionHistoryController(
                self.document, self.settings, self._messages, self.review, self.choose_images, self
            ),
            NotesOnImages(self.document, self.review, self.light_table, self._messages, self),
            ViewChoices(self, self.document, self._messages),
            ComparisonChoice(
                self.document,
                self.cluster_list,
                self.regroup,
                self.opener.open_again,
                self._messages,
                lambda: self.boxes.reference,
                self,
            ),
            self.overlays,
            self.boxes,
            KlarfController(
                self.document, self.opener.open_source, self.begin_exclusive, self.classes, self.notice, self
            ),
            WatchController(
                self.classifier, self.thumbnails, places, offline, self.open_path, self.notice, self
            ),
            Help(self._messages, self.places.log, self.statusBar(), key_sheet),
        )
        self.action_set = ActionSet(self, self.controllers)
        self.action_state = ActionState(self, self.classifier)
        panels = [dock.toggleViewAction() for dock in self.docks]
        self.menus = menus = Menus(self, self.action_set, panels, self.places.log)
        self.menus.set_themes(self.settings.theme, self.set_theme)
        self.menus.set_text_sizes(self.settings.text_size, self.set_text_size)
        self.menus.offer_discarded(self.session_guard.recoverable, self.open_path)
        self.menus.refresh_icons()
        self.theme_changed.connect(self.menus.refresh_icons)
        self.cluster_count = menus.cluster_count
        self.controllers.views.fill_when_opened(menus.views, menus.deleted_views, menus.columns)
        add_context_menus(self.actions_by_name, self.gallery, self.cluster_list, self.dendrogram)
        connect_wafer_page(self, self.actions_by_name)
        self.controllers.klarf.add_wanted.connect(self.classifier.add_source)
        self.grouping.set_menus(self.menus.sources, self.actions_by_name)

    def _connect_jobs(self) -> None:
        self.jobs.progress.connect(self.progress.show_progress)
        self.jobs.partial.connect(self.classifier.on_partial)
        self.jobs.done.connect(self._on_done)
        self.jobs.failed.connect(self._on_failed)
        self.jobs.cancelled.connect(self._on_cancelled)
        self.jobs.warned.connect(lambda text: self.notice.notify(sentence_case(text), warning=True))
        self.jobs.busy_changed.connect(self.progress.set_busy)
        self.progress.cancel.clicked.connect(self.jobs.cancel)

    def _connect_panels(self) -> None:
        welcome = self.welcome
        welcome.open_folder.connect(self.opener.choose_folder)
        welcome.open_session.connect(self.opener.choose_session)
        welcome.open_sample.connect(lambda: self.open_path(resource("sample")))
        welcome.open_recent.connect(self.opener.open_recent)
        welcome.forget.connect(self.remembered.forget)
        self.weights_banner.fetch.connect(lambda: self.run_job(open_job.fetch_weights(self.places)))
        self.weights_banner.import_file.connect(
            lambda: file_dialogs.ask_weights(
                self, lambda path: self.run_job(open_job.fetch_weights(self.places, path))
            )
        )
        self.grouping.changed.connect(self.regroup)
        self.document.opened.connect(self._on_opened)
        self.document.side_changed.connect(self.focus_images)
        self.document.undo_stack.cleanChanged.connect(self._refresh_title)
        self.classifier.images_wanted.connect(partial(self.look_at, title="Worth labelling, best first"))
        for chooser in (self.outputs, self.map):
            chooser.images_chosen.connect(self.choose_images)
        self.outlier_queue.done.export_wanted.connect(self.actions_by_name["actionExport"].trigger)
        self.outputs.exported.connect(self.remembered.exported)
        self.classifier.labels_seen.connect(self.classes.learn)
        self.classifier.queue_wanted.connect(self.show_queue)
        for changed in self.action_state.signals():
            changed.connect(self._refresh_actions)

    @property
    def actions_by_name(self) -> Mapping[str, QAction]:
        """The actions of the menus, by object name."""
        return self.action_set.by_name

    # Opening

    def open_path(self, path: Path) -> None:
        """Open a folder, session, store or inspection file; ask first if decisions would be lost."""
        self.controllers.klarf.open_path(path)

    # Results of jobs

    def _on_done(self, result: object) -> None:
        handle = self._results.get(type(result))
        if handle is not None:
            handle(result)

    def _on_saved(self, result: open_job.Saved) -> None:
        self.document.saved(result.path, result.step)
        self.remembered.remember()
        self.session_guard.on_step()
        self._refresh_title()
        self.show_status(f"Saved to {result.path}")
        self.outputs.saved()

    def _on_failed(self, message: str) -> None:
        self._not_done()
        title = self.opener.on_failed() if self.opener.busy else "Not finished"
        if self.document.project is None:
            self._show_welcome()
        self.grouping.show_document()
        if self.refinement.on_failed(message):
            return
        self._messages.inform(title, sentence_case(message))

    def _not_done(self) -> str:
        """Drop what was to follow the job; return what is left of it, as a sentence."""
        self.outputs.drop_continuation()
        self.classifier.drop_continuation()
        return self.boxes.drop_continuation()

    def _on_cancelled(self) -> None:
        left = self._not_done()
        if self.opener.busy:
            self.opener.on_cancelled()
        else:
            self.notice.notify(f"Cancelled. {left or 'Nothing was written.'}")

    def _on_opened(self) -> None:
        project = self.document.project
        if project is None:
            return
        self.close_light_table()
        if not self.session_guard.on_opened():
            self.remembered.remember()
        self.display.show_project()
        if project.analysis.backbone is None:
            # The permanent banner replaces the warning of the job.
            self.notice.hide()
        self.preprocessing.on_opened()
        self.menus.set_recent(self.settings.recent(), self.opener.open_recent)
        self._show_workbench()
        self._refresh_title()
        self.leave_classify_page()
        self.gallery.verticalScrollBar().setValue(0)
        self.focus_images()

    def regroup(self, settings: Settings) -> None:
        """Group the images with other settings."""
        project = self.document.project
        if project is not None and settings != project.analysis.settings:
            self.run_job(open_job.regroup(project, settings, self.places))

    # State of the window

    def _refresh_actions(self) -> None:
        state = self.action_state.current()
        self.action_set.refresh(state)
        self.cluster_count.setEnabled(with_tree(state))
        self.classifier.set_ready(not state.busy)

    def _refresh_title(self) -> None:
        project = self.document.project
        name = "" if project is None else (self.document.session or project).name
        mark = " (read-only)" if self.session_guard.read_only else ""
        parts = [f"Opening {self.opener.name}…"] if self.opener.name else []
        parts += [f"{name}{mark}[*]"] if name else []
        self.setWindowTitle(" — ".join([*parts, "Defect Workbench"]))
        self.setWindowModified(self.document.dirty)

    def _show_welcome(self) -> None:
        recent = self.settings.recent()
        self.welcome.set_recent(recent)
        self.menus.set_recent(recent, self.opener.open_recent)
        self.stack.setCurrentIndex(WELCOME)
        self._set_workbench_visible(False)

    def _show_workbench(self) -> None:
        if self.stack.currentIndex() == WELCOME:
            self.stack.setCurrentIndex(WORKBENCH)
            self._set_workbench_visible(True)
            self.focus_images()

    def _set_workbench_visible(self, visible: bool) -> None:
        for dock in self.docks:
            dock.setVisible(visible)
        self.dock_sizes.restore()
        self.size_slider.setVisible(visible)
        self.menus.tools.setVisible(visible)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved work, then stop running jobs and wait for them."""
        if not self._closing and self.unsaved.would_be_lost:
            event.ignore()
            # Deferred: Qt ignores a close within a close.
            self.unsaved.close(lambda: QTimer.singleShot(0, self, self.close_without_asking))
            return
        self.close_light_table()
        if self.stack.currentIndex() == WORKBENCH:
            if not self.document.dirty:
                self.remembered.remember()
            self.make_room(0)
            self.dock_sizes.remember()
            self.settings.remember_layout(self.saveGeometry(), self.saveState())
        with_threads = (self.controllers.watching, self.outputs, self.controllers.klarf, self.clipboard)
        for each in (self.session_guard, *with_threads, self.classes, self.preprocessing):
            each.close()
        self.close_loaders()
        super().closeEvent(event)

    def close_without_asking(self) -> bool:
        """Close, even with unsaved work or a running job."""
        self._closing = True
        return self.close()
