"""What leaves the window: sessions, labelled folders, pictures, comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.gallery_sections import images
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import export_job, open_job
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.compare_dialog import CompareDialog
from defect_workbench.gui.dialogs.export_dialog import ExportDialog
from defect_workbench.gui.shared.banners import NoticeStrip
from defect_workbench.workflows.export import ExportRequest


class OutputController(QObject):
    """Asks where to, and has it written by the worker.

    Signals: images_chosen(images) from a comparison.

    Parameters
    ----------
    run : callable
        Runs a job that nothing else may push aside; whether it could be begun.
    may_write : callable
        Whether a session file may be written; tells the person why not.
    read_only : callable
        Whether the session that is open was another window's.
    """

    images_chosen = Signal(list)

    def __init__(
        self,
        document: Document,
        run: Callable[[Work], bool],
        may_write: Callable[[Path], bool],
        read_only: Callable[[], bool],
        notice: NoticeStrip,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._may_write, self._read_only = may_write, read_only
        self._document, self._run, self._notice, self._parent = document, run, notice, parent
        self.planner = JobRunner(self)
        self._then: Callable[[], None] | None = None
        self._exported: export_job.Exported | None = None

    def close(self) -> None:
        """Stop what is under way."""
        self.planner.close()

    def results(self) -> Mapping[type, Callable[[Any], None]]:
        """What to do with results of jobs."""
        return {
            open_job.Compared: self.show_comparison,
            export_job.Exported: self._on_exported,
            export_job.TakenBack: self._on_taken_back,
        }

    @property
    def all_exported(self) -> bool:
        """Whether an export wrote a session with all there is, and that session is still there."""
        done = self._exported
        return done is not None and done.project is self._document.project and done.session.is_file()

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save to the session's file; asks for one the first time. Goes on with `then` if that worked."""
        # The window that had the file may have saved more there, and be closed by now.
        if self._document.session is None or self._read_only():
            self.save_as(then)
        else:
            self.save_to(self._document.session, then)

    def save_as(self, then: Callable[[], None] | None = None) -> None:
        """Ask for a file and save there."""
        project = self._document.project
        if project is not None:
            name = f"{project.images.root.name}.dwb"
            file_dialogs.ask_session_to_write(self._parent, name, lambda path: self.save_to(path, then))

    def save_to(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Save to a file, unless another window has it."""
        self._then = None
        if self._document.project is not None and self._may_write(path):
            step = self._document.undo_stack.index()
            if self._run(open_job.save(self._document.project, path, step)):
                self._then = then

    def saved(self) -> None:
        """A session was written: go on with what waited for it."""
        then, self._then = self._then, None
        if then is not None and not self._document.dirty:
            then()

    def not_saved(self) -> None:
        """Whatever was under way did not end well: what waited for it stays undone."""
        self._then = None

    def choose_export(self) -> None:
        """Ask where to, show what would be written, and write it."""
        project = self._document.project
        if project is None:
            return
        suggestion = project.images.root.with_name(project.images.root.name + "-sorted")
        dialog = ExportDialog(project, suggestion, self.planner, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.export_to)
        dialog.open()

    def export_to(self, request: ExportRequest) -> None:
        """Write labelled folders."""
        if self._document.project is not None:
            self._run(export_job.export(self._document.project, request))

    def _on_exported(self, result: export_job.Exported) -> None:
        self._exported = result
        verb = "added to" if result.added else "exported to"
        words = f"{images(result.images)} {verb} {result.out}"
        if result.added:
            self._notice.tell(words)
        else:
            self._notice.tell(words, "Undo", lambda: self.take_back(result.out))

    def choose_export_to_undo(self) -> None:
        """Ask for a folder that was exported to, and remove what was written there."""
        file_dialogs.ask_folder(self._parent, "Folder of the export to undo", self.take_back)

    def take_back(self, out: Path) -> None:
        """Remove what exports wrote into a folder."""
        self._run(export_job.take_back(out))

    def _on_taken_back(self, result: export_job.TakenBack) -> None:
        undone = result.undone
        words = f"{len(undone.removed):,} files removed from {result.out}."
        left = len(undone.changed) + len(undone.foreign)
        if left:
            words += f" {left:,} files that were changed or added later were kept."
        self._notice.tell(words)

    def choose_drawing(self) -> None:
        """Ask for a file and write the dendrogram there."""
        project = self._document.project
        if project is not None:
            name = f"{project.images.root.name}-dendrogram.svg"
            file_dialogs.ask_picture_to_write(self._parent, name, self.draw_to)

    def draw_to(self, path: Path) -> None:
        """Write the dendrogram to a file."""
        if self._document.project is not None:
            self._run(open_job.draw_dendrogram(self._document.project, path))

    def choose_session_to_compare(self) -> None:
        """Ask for another session and compare with it."""
        file_dialogs.ask_session(self._parent, self.compare_with)

    def choose_folders_to_compare(self) -> None:
        """Ask for labelled folders and compare with them."""
        file_dialogs.ask_folder(self._parent, "Folder with one subfolder per label", self.compare_with)

    def compare_with(self, other: Path) -> None:
        """Compare with a session, or with folders sorted by hand."""
        if self._document.project is not None:
            self._run(open_job.compare(self._document.project, other))

    def show_comparison(self, result: open_job.Compared) -> None:
        """Show how far the project agrees with another sorting."""
        dialog = CompareDialog(result.comparison, result.name, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.images_chosen.connect(self.images_chosen)
        dialog.show()
