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
from defect_workbench.gui.window.window_layout import Bench
from defect_workbench.user_dirs import Places

_SAID_MILLISECONDS = 8000


class Opener:
    """Opens things on a bench.

    Parameters
    ----------
    begin : callable
        Runs a job; whether it could be begun.
    show_bench : callable
        Puts the panels in the place of the welcome page.
    """

    def __init__(
        self,
        bench: Bench,
        places: Places,
        offline: bool,
        unsaved: UnsavedWork,
        begin: Callable[[Work], bool],
        show_bench: Callable[[], None],
    ) -> None:
        self._bench, self._places, self._offline = bench, places, offline
        self._unsaved, self._begin, self._show_bench = unsaved, begin, show_bench
        # The job under way; and what was opened last, to resume it.
        self._work: Work | None = None
        self._path: Path | None = None
        self._found: open_job.Found | None = None
        bench.jobs.partial.connect(self._on_partial)
        bench.document.opened.connect(self._on_opened)

    @property
    def busy(self) -> bool:
        """Whether something is being opened."""
        return self._work is not None

    def choose_folder(self) -> None:
        """Ask for a folder of images and open it; asks about unsaved work first."""
        self._unsaved.leave(lambda: file_dialogs.ask_folder(self._bench, "Folder of images", self._open))

    def choose_session(self) -> None:
        """Ask for a session and open it; asks about unsaved work first."""
        self._unsaved.leave(lambda: file_dialogs.ask_session(self._bench, self._open))

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
        bench = self._bench
        if bench.document.project is None:
            bench.weights_banner.hide()
            bench.thumbnails.clear()
            bench.pictures.clear()
            bench.image_model.set_rows(Path(), (), np.empty(0, np.intp), ())
            bench.gallery.set_message(f"Looking through {path.name or path}…")
            bench.dendrogram.set_tree(None, None, None, ())
            bench.dendrogram.set_message("The dendrogram appears when all images are compared")
            bench.summary.setText("")
            self._show_bench()
        else:
            words = f"Opening {path.name or path}. What is open stays until it is ready."
            bench.statusBar().showMessage(words, _SAID_MILLISECONDS)

    def on_result(self, opened: open_job.Opened) -> None:
        """Show what was opened, unless something was decided meanwhile that the person wants to keep."""
        self._unsaved.replace(lambda: self._show(opened))

    def _show(self, opened: open_job.Opened) -> None:
        bench = self._bench
        project = bench.document.project
        if project is not None and project.images.root != opened.project.images.root:
            bench.thumbnails.clear()
            bench.pictures.clear()
        bench.document.show(opened)

    def _on_opened(self) -> None:
        self._work = None

    def _on_partial(self, value: object) -> None:
        # The first pictures show at once, where nothing else is in sight.
        if isinstance(value, open_job.Found) and self.busy and self._bench.document.project is None:
            self._found = value
            self._show_found("being compared")

    def _show_found(self, state: str) -> None:
        if self._found is not None:
            count = len(self._found.paths)
            section = Section(self._found.root.name, f"{images(count)}, {state}", None, 0, count, None)
            rows = (self._found.root, self._found.paths, np.arange(count), (section,))
            self._bench.image_model.set_rows(*rows)
            self._bench.summary.setText(images(count))

    def on_begun(self, work: Work) -> None:
        """A job was begun; any but the one that opens something takes its place."""
        if self.busy and work is not self._work:
            self.on_cancelled()

    def on_failed(self) -> None:
        """It could not be opened."""
        self._work = None

    def on_cancelled(self) -> None:
        """It was called off; what is finished is kept."""
        bench, path = self._bench, self._path
        self._work = None
        if path is None:
            return
        words = "Stopped. Finished work is kept; you can resume from here."
        bench.notice.tell(words, "Resume", lambda: self.open_path(path))
        if bench.document.project is None:
            self._show_found("not compared yet")
            bench.gallery.set_message("Stopped")
            bench.dendrogram.set_message("Stopped before all images were compared")
