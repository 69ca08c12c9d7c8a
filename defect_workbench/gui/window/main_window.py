"""The window: puts the panels around one document and the jobs behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
)

from defect_workbench.app.document.gallery_sections import sections_of, summary_of
from defect_workbench.app.jobs import open_job
from defect_workbench.app.jobs.runner import Work
from defect_workbench.app.messages import Messages
from defect_workbench.core.clustering.clustering_result import Method, Settings
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.controllers.classifier_controller import Classifying
from defect_workbench.gui.controllers.preprocess_controller import Preparing
from defect_workbench.gui.controllers.save_and_export import Outputs
from defect_workbench.gui.controllers.session_guard import Keeping
from defect_workbench.gui.controllers.side_table_controller import Tables
from defect_workbench.gui.controllers.unsaved import UnsavedWork
from defect_workbench.gui.dendrogram.decorations import mark_tree
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.refine_dialog import RefineDialog
from defect_workbench.gui.shared.theme import apply_text_size, apply_theme
from defect_workbench.gui.window.actions import key_sheet, make_actions
from defect_workbench.gui.window.menus import Menus
from defect_workbench.gui.window.opener import Opener
from defect_workbench.gui.window.window_layout import Bench
from defect_workbench.logs import bug_report
from defect_workbench.resources import resource
from defect_workbench.user_dirs import Places

_WELCOME, _BENCH = 0, 1
_WHENEVER_OPEN = (
    "actionCompareFolders",
    "actionCompareSession",
    "actionExport",
    "actionPrepare",
    "actionReview",
    "actionSaveDendrogram",
    "actionSaveSession",
    "actionSaveSessionAs",
)


class MainWindow(Bench):
    """The bench.

    Parameters
    ----------
    places : Places
        Where weights, features, log and settings are.
    messages : Messages, optional
        Message boxes; tests pass their own.
    offline : bool
        Whether weights must not be fetched.
    """

    def __init__(self, places: Places, messages: Messages | None = None, *, offline: bool = False) -> None:
        super().__init__(places, messages)
        self._offline = offline
        self._alone = False
        self._refining: RefineDialog | None = None
        notice = self.notice
        self.keeping = Keeping(self.document, places, notice, self._messages, self._run, self)
        self._closing = False
        self.outputs = Outputs(
            self.document,
            self._begin_alone,
            self.keeping.may_write,
            lambda: self.keeping.read_only,
            notice,
            self,
        )
        self.tables = Tables(self.document, self._run, notice, self)
        current = partial(getattr, self.inspector, "image")
        self.preparing = Preparing(self.document, places, offline, self._run, current, notice, self)
        self.classifying = Classifying(
            self.document,
            self.classify_panel,
            places,
            offline,
            self._run_alone,
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
            self.keeping.set_aside,
            lambda: self.classifying.unsaved,
            self.classifying.save,
            lambda: self._alone and self.jobs.busy,
        )
        self.opener = Opener(self, places, offline, self.unsaved, self._begin, self._show_bench)
        self.classifying.images_chosen.connect(self.choose_images)
        self._results: Mapping[type, Callable[[Any], None]] = {
            open_job.Opened: self.opener.on_result,
            open_job.MapReady: self._on_map_ready,
            open_job.Refined: self._on_refined,
            open_job.Regrouped: lambda result: self.document.regroup(result.opened),
            open_job.Located: self.keeping.on_located,
            open_job.Saved: self._on_saved,
            open_job.Written: lambda result: self._say(f"Written to {result.path}"),
            open_job.WeightsReady: lambda _: self.preparing.prepare_as_before(),
            **self.outputs.results(),
            **self.tables.results(),
            **self.classifying.results(),
        }
        self.outputs.images_chosen.connect(self.choose_images)
        self._make_actions()
        self._connect_jobs()
        self._connect_panels()
        geometry, docks = self.settings.layout()
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
            self.restoreState(docks)
        self._show_welcome()
        self._refresh_actions()
        self.keeping.offer_recovery(self.open_path)

    def _make_actions(self) -> None:
        stack = self.document.undo_stack
        undo, redo = stack.createUndoAction(self, "Undo"), stack.createRedoAction(self, "Redo")
        undo.setObjectName("actionUndo")
        undo.setShortcut(QKeySequence("Ctrl+Z"))
        redo.setObjectName("actionRedo")
        redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        self.actions_by_name = {**make_actions(self), "actionUndo": undo, "actionRedo": redo}
        panels = [dock.toggleViewAction() for dock in self.docks]
        self.menus = Menus(self, self.actions_by_name, panels, self._places.log)
        self.menus.set_themes(self.set_theme)
        self.menus.set_text_sizes(self.set_text_size)
        self.menus.offer_discarded(self.keeping.recoverable, self.open_path)
        self.menus.dress()
        self.cluster_count = self.menus.cluster_count
        for name, slot in {
            "actionOpenFolder": lambda: self.opener.ask(
                lambda done: file_dialogs.ask_folder(self, "Folder of images", done)
            ),
            "actionOpenSession": lambda: self.opener.ask(lambda done: file_dialogs.ask_session(self, done)),
            **self.outputs.actions(),
            **self.tables.actions(),
            **self.classifying.actions(),
            "actionPrepare": self.preparing.ask,
            "actionQuit": self.close,
            **self.review.actions(),
            "actionRefineCluster": self.choose_refinement,
            "actionReview": self.show_queue,
            "actionKeys": lambda: self._messages.tell("Keys", key_sheet()),
            "actionBugReport": self.copy_bug_report,
        }.items():
            self.actions_by_name[name].triggered.connect(lambda _=False, do=slot: do())
        cancel = QAction(self)
        cancel.setShortcut(QKeySequence("Esc"))
        cancel.triggered.connect(self.jobs.cancel)
        self.addAction(cancel)

    def _connect_jobs(self) -> None:
        self.jobs.progress.connect(self.progress.show_progress)
        self.jobs.partial.connect(self.classifying.on_partial)
        self.jobs.done.connect(self._on_done)
        self.jobs.failed.connect(self._on_failed)
        self.jobs.cancelled.connect(self._on_cancelled)
        self.jobs.warned.connect(lambda text: self.notice.tell(sentence_case(text)))
        self.jobs.busy_changed.connect(self.progress.set_busy)
        self.jobs.busy_changed.connect(self._refresh_actions)
        self.progress.cancel.clicked.connect(self.jobs.cancel)

    def _connect_panels(self) -> None:
        actions, welcome = self.actions_by_name, self.welcome
        welcome.open_folder.connect(actions["actionOpenFolder"].trigger)
        welcome.open_session.connect(actions["actionOpenSession"].trigger)
        welcome.open_sample.connect(lambda: self.open_path(resource("sample")))
        welcome.open_recent.connect(self.open_path)
        self.weights_banner.fetch.connect(lambda: self._run(open_job.fetch_weights(self._places)))
        self.weights_banner.import_file.connect(
            lambda: file_dialogs.ask_weights(
                self, lambda path: self._run(open_job.fetch_weights(self._places, path))
            )
        )
        self.grouping.changed.connect(self.regroup)
        self.document.opened.connect(self._on_opened)
        self.document.grouping_changed.connect(self._show_tree)
        self.document.side_changed.connect(self._show_columns)
        self.document.side_changed.connect(self._show_partition)
        self.map_colour.currentIndexChanged.connect(
            lambda _: self.map.colour_by(self.map_colour.currentData())
        )
        self.document.partition_changed.connect(self._show_partition)
        self.document.cut_changed.connect(self._on_cut)
        self.document.undo_stack.cleanChanged.connect(self._refresh_title)
        self.dendrogram.cut_dragged.connect(self.document.preview_cut)
        self.dendrogram.cut_released.connect(self.document.move_cut)
        self.dendrogram.branch_chosen.connect(self.choose_images)
        self.thumbnails.ready.connect(lambda _: self.dendrogram.update())
        self.cluster_count.valueChanged.connect(self.document.move_cut)
        self.gallery_bar.changed.connect(self._show_partition)
        self.gallery_bar.fold_all.connect(self.gallery.fold_all)
        self.size_slider.valueChanged.connect(self.gallery.set_side)
        self.gallery.section_clicked.connect(self.cluster_list.choose)
        self.gallery.images_dropped.connect(self.review.move_images)
        self.cluster_list.images_dropped.connect(self.review.move_images)
        self.gallery.selectionModel().currentChanged.connect(self.on_current_image)
        self.gallery.selectionModel().selectionChanged.connect(self._on_selection)
        self.review.said.connect(lambda text: self.statusBar().showMessage(text, 5000))
        self.review.taken_changed.connect(self._refresh_actions)
        self.map.images_chosen.connect(self.choose_images)
        self.map_method.currentIndexChanged.connect(self._lay_out_map)
        self.tabs.currentChanged.connect(lambda _: self._refresh_actions())
        self.outlier_queue.image_chosen.connect(self.choose_image)
        self.inspector.image_chosen.connect(self.choose_image)
        self.cluster_list.selectionModel().selectionChanged.connect(self._refresh_actions)
        self.cluster_list.selectionModel().currentChanged.connect(self.on_current_cluster)
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(lambda _: self.set_theme(self.settings.theme))

    # Opening

    def open_path(self, path: Path) -> None:
        """Open a folder, a session or a feature store; asks first if decisions would be lost."""
        self.opener.open_path(path)

    def _run(self, work: Work) -> None:
        self._begin(work)

    def _begin(self, work: Work) -> bool:
        """Run a job; False where one that lasts is under way."""
        if self._alone and self.jobs.busy:
            self.notice.tell("Wait for the work under way to end, or cancel it first (Esc).")
            self.grouping.show_document()
            return False
        self._alone = False
        self.notice.hide()
        self.jobs.run(work)
        self.opener.on_begun(work)
        return True

    def _begin_alone(self, work: Work) -> bool:
        """Run a job that nothing but a cancel ends early: it lasts, or it writes."""
        if not self._begin(work):
            return False
        self._alone = True
        return True

    def _run_alone(self, work: Work) -> None:
        self._begin_alone(work)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one folder or session."""
        if file_dialogs.dropped_path(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        path = file_dialogs.dropped_path(event)
        if path is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.open_path(path))

    # What jobs bring

    def _on_done(self, result: object) -> None:
        handle = self._results.get(type(result))
        if handle is not None:
            handle(result)

    def _on_map_ready(self, result: open_job.MapReady) -> None:
        project = self.document.project
        if project is not None and project.analysis.vectors is result.vectors:
            self.map.set_points(result.plane)

    def _on_refined(self, result: open_job.Refined) -> None:
        if self._refining is not None:
            self._refining.show_result(result.opened)

    def _on_saved(self, result: open_job.Saved) -> None:
        self.document.saved(result.path, result.step)
        self.settings.remember(result.path)
        self.keeping.on_step()
        self._refresh_title()
        self._say(f"Saved to {result.path}")
        self.outputs.saved()

    def _say(self, text: str) -> None:
        self.statusBar().showMessage(text, 6000)

    def _on_failed(self, message: str) -> None:
        self._not_done()
        if self.opener.busy:
            self.opener.on_failed()
            if self.document.project is None:
                self._show_welcome()
        self.grouping.show_document()
        if self._refining is not None:
            self._refining.show_failure(message)
            return
        self._messages.tell("This did not work", sentence_case(message))

    def _not_done(self) -> None:
        self.outputs.not_saved()
        self.classifying.not_kept()

    def _on_cancelled(self) -> None:
        self._not_done()
        if self.opener.busy:
            self.opener.on_cancelled()
        else:
            self.notice.tell("Stopped. Nothing was written.")

    # What the document shows

    def _on_opened(self) -> None:
        project = self.document.project
        if project is None:
            return
        # Whatever was chosen were other images.
        self.gallery.clearSelection()
        if not self.keeping.on_opened():
            self.settings.remember(self.document.session or project.images.root)
        self._show_columns()
        self._show_tree()
        if project.analysis.backbone is None:
            # The banner says it, and stays; the warning on the way here need not.
            self.notice.hide()
        self.preparing.on_opened()
        self.menus.set_recent(self.settings.recent(), self.open_path)
        self._show_bench()
        self._refresh_title()
        self._refresh_actions()
        self.gallery.verticalScrollBar().setValue(0)

    def _show_tree(self) -> None:
        project, tree = self.document.project, self.document.tree
        if project is None:
            return
        self.weights_banner.set_needed(project.analysis.backbone is None)
        self.map_method.setCurrentIndex(0)
        self.map.set_points(self.document.plane)
        suggestions = project.analysis.suggestions
        self.dendrogram.set_tree(tree, self.document.layout, self.document.node_colours, suggestions)
        self.menus.set_suggestions(suggestions, self.document.move_cut)
        if tree is None:
            affinity = project.analysis.settings.method is Method.AFFINITY
            self.dendrogram.set_message(
                "Affinity propagation has no tree to cut" if affinity else "One image has no dendrogram"
            )
        blocked = self.cluster_count.blockSignals(True)
        self.cluster_count.setRange(1, tree.leaves if tree is not None else 1)
        self.cluster_count.blockSignals(blocked)
        self._refresh_actions()

    def _show_columns(self) -> None:
        """What can be filtered and coloured by."""
        if self.document.project is None:
            return
        columns = self.document.columns
        self.gallery_bar.set_columns(list(columns))
        chosen = self.map_colour.currentText()
        self.map_colour.clear()
        self.map_colour.addItem("cluster", None)
        for name, column in columns.items():
            self.map_colour.addItem(name, column)
        self.map_colour.setCurrentIndex(max(0, self.map_colour.findText(chosen)))
        self._refresh_actions()

    def _on_cut(self, clusters: int) -> None:
        self.dendrogram.set_cut(clusters)
        blocked = self.cluster_count.blockSignals(True)
        self.cluster_count.setValue(clusters)
        self.cluster_count.blockSignals(blocked)

    def _show_partition(self) -> None:
        project, partition = self.document.project, self.document.partition
        if project is None or partition is None:
            return
        selection = self.gallery.selectionModel()
        selected = self.review.chosen_images()
        sections, order = sections_of(self.document, self.gallery_bar.choice())
        self.image_model.set_rows(project.images.root, project.images.paths, order, sections)
        chosen = self.image_model.selection_of(selected)
        selection.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        mark_tree(self.dendrogram, self.document, self.thumbnails)
        self.summary.setText(summary_of(self.document))
        self.docks[2].setWindowTitle(f"Outliers · {self.outlier_queue.left:,}")
        self._refresh_actions()

    def _on_selection(self) -> None:
        self.map.set_chosen(self.review.chosen_images())
        self._refresh_actions()

    def _lay_out_map(self, index: int) -> None:
        project = self.document.project
        if project is None:
            return
        if index == 1:
            self._run(open_job.lay_out_map(project))
        else:
            self.map.set_points(self.document.plane)

    # What a person does

    def regroup(self, settings: Settings) -> None:
        """Group the images with other settings."""
        project = self.document.project
        if project is not None and settings != project.analysis.settings:
            self._run(open_job.regroup(project, settings))

    def choose_refinement(self) -> None:
        """Look for finer groups in the chosen cluster, preview them, and apply what is agreed to."""
        project, chosen = self.document.project, self.cluster_list.chosen()
        if project is None or len(chosen) != 1:
            return
        cluster = chosen[0]
        dialog = RefineDialog(cluster, project.analysis.settings, self.thumbnails, self)
        dialog.wanted.connect(lambda settings: self._run(open_job.refine(project, cluster.members, settings)))
        dialog.applied.connect(lambda groups: self.document.refine(cluster, groups))
        dialog.finished.connect(self._end_refinement)
        self._refining = dialog
        dialog.open()
        self._run(open_job.refine(project, cluster.members, dialog.settings()))

    def _end_refinement(self) -> None:
        if self._refining is not None:
            self._refining.deleteLater()
            self._refining = None
            self.jobs.cancel()

    def show_queue(self) -> None:
        """Go to the outlier queue, from wherever."""
        if self.tabs.currentWidget() is self.classify_panel:
            self.tabs.setCurrentIndex(0)
        self.docks[2].show()
        self.docks[2].raise_()
        self.outlier_queue.setFocus()

    def copy_bug_report(self) -> None:
        """Put versions and the end of the log on the clipboard."""
        QGuiApplication.clipboard().setText(bug_report(self._places.log))
        self.statusBar().showMessage("Copied to the clipboard", 4000)

    def set_theme(self, theme: str) -> None:
        """Dress in "system", "light" or "dark", and remember it."""
        self.settings.theme = theme
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)
        self.menus.dress()

    def set_text_size(self, percent: int) -> None:
        """Show text larger than the system asks for, and remember it."""
        self.settings.text_size = percent
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_text_size(application, percent)
            # Widgets under a style sheet take a new font only when they are dressed again.
            apply_theme(application, self.settings.theme)

    # The rest

    def _refresh_actions(self) -> None:
        actions = self.actions_by_name
        ready = self.document.project is not None and not self.jobs.busy
        cuttable = ready and self.document.tree is not None
        sensible = {**self.review.possible(), **self.tables.possible(), **self.classifying.possible()}
        possible = {name: ready and there for name, there in sensible.items()}
        if self.tabs.currentWidget() is self.classify_panel:
            # Keys of review act only where what they act on is in sight; the dendrogram still is.
            hidden = {*self.review.actions(), "actionRefineCluster"} - {"actionSuggestCut"}
            possible |= dict.fromkeys(hidden, False)
        for name, enabled in {**dict.fromkeys(_WHENEVER_OPEN, ready), **possible}.items():
            actions[name].setEnabled(enabled)
        self.cluster_count.setEnabled(cuttable)
        self.classifying.set_ready(not self.jobs.busy)

    def _refresh_title(self) -> None:
        project = self.document.project
        name = "" if project is None else (self.document.session or project.images.root).name
        mark = " (read-only)" if self.keeping.read_only else ""
        self.setWindowTitle(f"{name}{mark}[*] — Defect Workbench" if name else "Defect Workbench")
        self.setWindowModified(self.document.dirty)

    def _show_welcome(self) -> None:
        recent = self.settings.recent()
        self.welcome.set_recent(recent)
        self.menus.set_recent(recent, self.open_path)
        self.stack.setCurrentIndex(_WELCOME)
        self._set_bench_visible(False)

    def _show_bench(self) -> None:
        if self.stack.currentIndex() == _WELCOME:
            self.stack.setCurrentIndex(_BENCH)
            self._set_bench_visible(True)

    def _set_bench_visible(self, visible: bool) -> None:
        for dock in self.docks:
            dock.setVisible(visible)
        self.size_slider.setVisible(visible)
        self.menus.tools.setVisible(visible)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved work, then stop what is under way and wait for it."""
        if not self._closing and self.unsaved.matters:
            event.ignore()
            # Later: Qt ignores a close within a close.
            self.unsaved.close(lambda: QTimer.singleShot(0, self, self._close_now))
            return
        if self.stack.currentIndex() == _BENCH:
            self.make_room(0)
            self.settings.remember_layout(self.saveGeometry(), self.saveState())
        self.jobs.close()
        self.keeping.close()
        self.outputs.close()
        self.preparing.close()
        self.thumbnails.close()
        self.pictures.close()
        self.originals.close()
        super().closeEvent(event)

    def _close_now(self) -> None:
        self._closing = True
        self.close()
