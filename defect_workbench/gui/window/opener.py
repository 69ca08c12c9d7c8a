"""Opens folders, sessions and stores; the current project stays open until the new one is ready."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from defect_workbench.app.document.gallery_sections import images
from defect_workbench.app.document.item_models import Section
from defect_workbench.app.jobs import open_job
from defect_workbench.app.jobs.runner import Work
from defect_workbench.app.recent_work import RecentWork
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.map_comparison import with_other_items
from defect_workbench.core.images.defect_items import Items
from defect_workbench.gui.controllers.unsaved import UnsavedWork
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.window.review_window import ReviewWindow
from defect_workbench.workflows.klarf.image_listing import ImageSource


class Opener(QObject):
    """Opens projects in a window. Signals: changed when an opening begins or ends.

    Parameters
    ----------
    begin : callable
        Starts a job; returns whether it was started.
    show_workbench : callable
        Shows the panels in place of the welcome page.
    open_path : callable
        Opens a path of any kind; asks if it is not clear what is meant.
    """

    changed = Signal()

    def __init__(
        self,
        window: ReviewWindow,
        offline: bool,
        unsaved: UnsavedWork,
        begin: Callable[[Work], bool],
        show_workbench: Callable[[], None],
        open_path: Callable[[Path], None],
    ) -> None:
        super().__init__(window)
        self._window, self._places, self._offline = window, window.places, offline
        self._ask_and_open = open_path
        self._unsaved, self._begin, self._show_workbench = unsaved, begin, show_workbench
        # The running job, and the path it opens, to resume it.
        self._work: Work | None = None
        # The session whose files were opened again; None once something else is opened.
        self._session_left: Path | None = None
        self._source: ImageSource | None = None
        self._settings: Settings | None = None
        self._files: open_job.FilesFound | None = None
        window.jobs.partial.connect(self._on_partial)
        window.document.opened.connect(self._on_opened)

    @property
    def busy(self) -> bool:
        """Whether something is being opened."""
        return self._work is not None

    @property
    def name(self) -> str:
        """The name of what is being opened; empty if nothing is."""
        return "" if self._work is None or self._source is None else _name(self._source)

    def choose_folder(self) -> None:
        """Ask for a folder of images and open it; ask about unsaved work first."""
        self._unsaved.leave(
            lambda: file_dialogs.ask_image_folder(self._window, "Folder of images", self._open_path)
        )

    def choose_session(self) -> None:
        """Ask for a session and open it; ask about unsaved work first."""
        self._unsaved.leave(lambda: file_dialogs.ask_session(self._window, self._open_path))

    def open_recent(self, work: RecentWork) -> None:
        """Open what was open before, its single defects if these were grouped."""
        if work.single_defects:
            settings = with_other_items(Settings(reference=work.reference))
            self.open_source(ImageSource(work.file), settings)
        else:
            self._ask_and_open(work.file)

    def open_source(self, source: ImageSource, settings: Settings | None = None) -> None:
        """Open images; ask about unsaved work first."""
        self._unsaved.leave(lambda: self._open(source, settings))

    def open_again(self, settings: Settings) -> None:
        """Open the files of the open project again; ask about unsaved work first.

        If whole images are wanted again after single defects, the session that had them is opened.
        """
        project = self._window.document.project
        if project is None:
            return
        session = self._session_left
        if project.images.are_defects and settings.items is Items.PICTURES and session is not None:
            self.open_source(ImageSource(session))
            return

        def go_on() -> None:
            self._session_left = self._window.document.session
            work = open_job.open_again(project, settings, self._places, offline=self._offline)
            if self._start(work, None):
                words = "The current project stays open until the new one is ready."
                self._window.statusBar().showMessage(words)

        self._unsaved.leave(go_on)

    def _start(self, work: Work, source: ImageSource | None) -> bool:
        before, self._work = self._work, work
        if not self._begin(work):
            self._work = before
            return False
        self._source, self._files = source, None
        self.changed.emit()
        return True

    def _open_path(self, path: Path) -> None:
        self._open(ImageSource(path))

    def _open(self, source: ImageSource, settings: Settings | None = None) -> None:
        work = open_job.open_source(source, self._places, settings, offline=self._offline)
        if not self._start(work, source):
            return
        self._settings, self._session_left = settings, None
        window = self._window
        if window.document.project is None:
            window.weights_banner.hide()
            window.thumbnails.clear()
            window.large_thumbnails.clear()
            window.image_model.set_rows(Path(), (), np.empty(0, np.intp), ())
            window.gallery.set_message(f"Scanning {_name(source)}…")
            window.dendrogram.set_tree(None, None, None, ())
            window.dendrogram.set_message("The dendrogram appears once all images have been compared")
            window.summary.setText("")
            self._show_workbench()
        else:
            words = f"Opening {_name(source)}. The current project stays open until it is ready."
            window.statusBar().showMessage(words)

    def on_result(self, opened: open_job.Opened) -> None:
        """Show the opened project; ask first if decisions were made in the meantime."""
        self._end()
        self._unsaved.replace(lambda: self._show(opened))

    def _show(self, opened: open_job.Opened) -> None:
        window = self._window
        project = window.document.project
        if project is not None and project.images.root != opened.project.images.root:
            window.thumbnails.clear()
            window.large_thumbnails.clear()
        window.document.show(opened)

    def _on_opened(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._work is not None:
            self._window.statusBar().clearMessage()
        self._work = None
        self.changed.emit()

    def _on_partial(self, value: object) -> None:
        # Images are shown at once unless a project is open.
        if isinstance(value, open_job.FilesFound) and self.busy and self._window.document.project is None:
            self._files = value
            self._show_files("being compared")

    def _show_files(self, state: str) -> None:
        if self._files is not None:
            count = len(self._files.paths)
            section = Section(self._files.root.name, f"{images(count)}, {state}", None, 0, count, None)
            rows = (self._files.root, self._files.paths, np.arange(count), (section,))
            self._window.image_model.set_rows(*rows)
            self._window.summary.setText(images(count))

    def on_begun(self, work: Work) -> None:
        """Note that a job was started; it may have replaced the one that opens a project."""
        if self.busy and work is not self._work:
            self.on_cancelled()

    def on_failed(self) -> str:
        """Note that opening failed; return the title of the message."""
        title = f"{self.name or 'The project'} was not opened"
        self._end()
        return title

    def on_cancelled(self) -> None:
        """Offer to resume the cancelled job; finished work is kept."""
        window, source, settings = self._window, self._source, self._settings
        self._end()
        if source is None:
            window.notice.notify("Cancelled. Finished work is kept.")
            return
        words = "Cancelled. Finished work is kept; you can resume from here."
        window.notice.notify(words, "Resume", lambda: self.open_source(source, settings))
        if window.document.project is None:
            self._show_files("not compared yet")
            window.gallery.set_message("Cancelled")
            window.dendrogram.set_message("Cancelled before all images were compared")


def _name(source: ImageSource) -> str:
    return source.path.name or str(source.path)
