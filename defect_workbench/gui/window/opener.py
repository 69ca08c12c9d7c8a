"""Opening folders, sessions and stores; what is open stays until the other is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from defect_workbench.app.document.gallery_sections import images
from defect_workbench.app.document.item_models import Section
from defect_workbench.app.jobs import open_job
from defect_workbench.app.jobs.runner import Work
from defect_workbench.gui.controllers.unsaved import UnsavedWork
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.window.window_layout import PanelWindow
from defect_workbench.user_dirs import UserDirs

_SAID_MILLISECONDS = 8000


class Opener:
    """Opens things on a window.

    Parameters
    ----------
    begin : callable
        Runs a job; whether it could be begun.
    show_bench : callable
        Puts the panels in the place of the welcome page.
    """

    def __init__(
        self,
        window: PanelWindow,
        places: UserDirs,
        offline: bool,
        unsaved: UnsavedWork,
        begin: Callable[[Work], bool],
        show_bench: Callable[[], None],
    ) -> None:
        self._window, self._places, self._offline = window, places, offline
        self._unsaved, self._begin, self._show_bench = unsaved, begin, show_bench
        # The job under way; and what was opened last, to resume it.
        self._work: Work | None = None
        self._path: Path | None = None
        self._found: open_job.Found | None = None
        window.jobs.partial.connect(self._on_partial)
        window.document.opened.connect(self._on_opened)

    @property
    def busy(self) -> bool:
        """Whether something is being opened."""
        return self._work is not None

    def choose_folder(self) -> None:
        """Ask for a folder of images and open it; asks about unsaved work first."""
        self._unsaved.leave(
            lambda: file_dialogs.ask_image_folder(self._window, "Folder of images", self._open)
        )

    def choose_session(self) -> None:
        """Ask for a session and open it; asks about unsaved work first."""
        self._unsaved.leave(lambda: file_dialogs.ask_session(self._window, self._open))

    def open_path(self, path: Path) -> None:
        """Open a path; unsaved work is asked about first."""
        self._unsaved.leave(lambda: self._open(path))

    def _open(self, path: Path) -> None:
        work = open_job.open_path(path, self._places, offline=self._offline)
        before, self._work = self._work, work
        if not self._begin(work):
            self._work = before
            return
        self._path, self._found = path, None
        window = self._window
        if window.document.project is None:
            window.weights_banner.hide()
            window.thumbnails.clear()
            window.pictures.clear()
            window.image_model.set_rows(Path(), (), np.empty(0, np.intp), ())
            window.gallery.set_message(f"Looking through {path.name or path}…")
            window.dendrogram.set_tree(None, None, None, ())
            window.dendrogram.set_message("The dendrogram appears when all images are compared")
            window.summary.setText("")
            self._show_bench()
        else:
            words = f"Opening {path.name or path}. What is open stays until it is ready."
            window.statusBar().showMessage(words, _SAID_MILLISECONDS)

    def on_result(self, opened: open_job.Opened) -> None:
        """Show what was opened, unless something was decided meanwhile that the person wants to keep."""
        self._unsaved.replace(lambda: self._show(opened))

    def _show(self, opened: open_job.Opened) -> None:
        window = self._window
        project = window.document.project
        if project is not None and project.images.root != opened.project.images.root:
            window.thumbnails.clear()
            window.pictures.clear()
        window.document.show(opened)

    def _on_opened(self) -> None:
        self._work = None

    def _on_partial(self, value: object) -> None:
        # The first pictures show at once, where nothing else is in sight.
        if isinstance(value, open_job.Found) and self.busy and self._window.document.project is None:
            self._found = value
            self._show_found("being compared")

    def _show_found(self, state: str) -> None:
        if self._found is not None:
            count = len(self._found.paths)
            section = Section(self._found.root.name, f"{images(count)}, {state}", None, 0, count, None)
            rows = (self._found.root, self._found.paths, np.arange(count), (section,))
            self._window.image_model.set_rows(*rows)
            self._window.summary.setText(images(count))

    def on_begun(self, work: Work) -> None:
        """A job was begun; any but the one that opens something takes its place."""
        if self.busy and work is not self._work:
            self.on_cancelled()

    def on_failed(self) -> None:
        """It could not be opened."""
        self._work = None

    def on_cancelled(self) -> None:
        """It was called off; what is finished is kept."""
        window, path = self._window, self._path
        self._work = None
        if path is None:
            return
        words = "Stopped. Finished work is kept; you can resume from here."
        window.notice.tell(words, "Resume", lambda: self.open_path(path))
        if window.document.project is None:
            self._show_found("not compared yet")
            window.gallery.set_message("Stopped")
            window.dendrogram.set_message("Stopped before all images were compared")
