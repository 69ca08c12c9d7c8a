"""Saving, exporting, drawing and comparing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import export_job, open_job
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.core.text import counted
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.compare_dialog import CompareDialog
from defect_workbench.gui.dialogs.export_dialog import ExportDialog
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.workflows.export import ExportRequest, SlidesRequest


class OutputController(QObject):
    """Asks for files and folders, and runs the jobs that write them.

    Signals: images_chosen(images) from a comparison; exported(folder).

    Parameters
    ----------
    run : callable
        Starts a job that no other job replaces; returns whether it was started.
    may_write : callable
        Whether a session file may be written; shows a message if not.
    read_only : callable
        Whether the open session is locked by another window.
    """

    images_chosen = Signal(list)
    exported = Signal(Path)

    def __init__(
        self,
        document: Document,
        run: Callable[[Work], bool],
        may_write: Callable[[Path], bool],
        read_only: Callable[[], bool],
        notice: NoticeBanner,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._may_write, self._read_only = may_write, read_only
        self._document, self._run, self._notice, self._parent = document, run, notice, parent
        self.planner = JobRunner(self)
        self._then: Callable[[], None] | None = None
        self._exported: export_job.Exported | None = None

    def close(self) -> None:
        """Stop planning and wait for its thread."""
        self.planner.close()

    def results(self) -> Mapping[type, Callable[[Any], None]]:
        """Return the handler of each type of result."""
        return {
            open_job.Compared: self.show_comparison,
            export_job.Exported: self._on_exported,
            export_job.ExportUndone: self._on_export_undone,
            export_job.SlidesExported: self._on_slides_exported,
        }

    @property
    def all_exported(self) -> bool:
        """Whether the session file of an export holds the current state, and still exists."""
        done = self._exported
        return done is not None and done.project is self._document.project and done.session.is_file()

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save to the session's file, or ask for one the first time; call `then` once it is saved."""
        # The other window may have saved newer decisions there before it was closed.
        if self._document.session is None or self._read_only():
            self.save_as(then)
        else:
            self.save_to(self._document.session, then)

    def save_as(self, then: Callable[[], None] | None = None) -> None:
        """Ask for a file and save there."""
        project = self._document.project
        if project is not None:
            near = str(project.beside(".dwb"))
            file_dialogs.ask_session_to_write(self._parent, near, lambda path: self.save_to(path, then))

    def save_to(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Save to a file, unless another window has it open."""
        self._then = None
        if not path.absolute().parent.exists():
            # A folder that was mistyped is not created, maybe among the images.
            self._notice.notify(
                f"The folder {path.parent} does not exist, so nothing was saved.", warning=True
            )
        elif self._document.project is not None and self._may_write(path):
            step = self._document.undo_stack.index()
            if self._run(open_job.save(self._document.project, path, step)):
                self._then = then

    def saved(self) -> None:
        """Continue with what was to follow the save."""
        then, self._then = self._then, None
        if then is not None and not self._document.dirty:
            then()

    def drop_continuation(self) -> None:
        """Drop what was to follow a save that failed or was cancelled."""
        self._then = None

    def choose_export(self) -> None:
        """Let the user choose what to export where, and export it."""
        project = self._document.project
        if project is None:
            return
        suggestion = project.beside("-sorted")
        dialog = ExportDialog(project, suggestion, self.planner, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.export_to)
        dialog.open()

    def export_to(self, request: ExportRequest) -> None:
        """Write labelled folders."""
        if self._document.project is not None:
            request = replace(request, classes=self._document.classes)
            self._run(export_job.export(self._document.project, request))

    def _on_exported(self, result: export_job.Exported) -> None:
        self._exported = result
        self.exported.emit(result.out)
        noun = "image" if self._document.project is None else self._document.project.images.noun
        verb = "added to" if result.added else "exported to"
        words = f"{counted(result.images, noun)} {verb} {result.out}"
        report = result.out / "report.html"
        second = ("Open report", lambda: self._open(report)) if report.is_file() else None
        if result.added:
            self._notice.notify(words, second=second)
        else:
            self._notice.notify(words, "Undo", lambda: self.undo_export(result.out), second=second)

    def choose_export_to_undo(self) -> None:
        """Ask for the folder of an export, and undo the export."""
        file_dialogs.ask_folder(self._parent, "Folder of the export to undo", self.undo_export)

    def undo_export(self, out: Path) -> None:
        """Remove the files that exports wrote to a folder."""
        self._run(export_job.undo_export(out))

    def _on_export_undone(self, result: export_job.ExportUndone) -> None:
        undone = result.undone
        words = f"{counted(len(undone.removed), 'file')} removed from {result.out}."
        left = len(undone.changed) + len(undone.foreign)
        if left:
            words += f" Kept because changed or added later: {counted(left, 'file')}."
        self._notice.notify(words)

    def choose_slides(self) -> None:
        """Ask for a file and write slides there."""
        project, session = self._document.project, self._document.session
        if project is not None:
            near = session if session is not None else project.images.root
            suggestion = near.with_name(f"{session.stem if session is not None else near.name}.pptx")
            file_dialogs.ask_slides_to_write(self._parent, suggestion, self.slides_to)

    def slides_to(self, path: Path) -> None:
        """Write slides to a file; the user agreed to replace it if it exists."""
        if self._document.project is not None:
            request = SlidesRequest(path, replace=True, classes=self._document.classes)
            self._run(export_job.export_slides(self._document.project, request))

    def _on_slides_exported(self, result: export_job.SlidesExported) -> None:
        words = f"Slides written to {result.file}"
        if result.missing:
            words += f". They show frames in place of images that were not found: {result.missing:,}"
        self._notice.notify(words, "Open slides", lambda: self._open(result.file))

    def _open(self, file: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(file))):
            self._notice.notify(f"No program was found to open {file}", warning=True)

    def choose_drawing(self) -> None:
        """Ask for a file and write the dendrogram there."""
        project = self._document.project
        if project is not None:
            near = str(project.beside("-dendrogram.svg"))
            file_dialogs.ask_drawing_to_write(self._parent, near, self.draw_to)

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
        """Compare with a session, or with labelled folders."""
        if self._document.project is not None:
            self._run(open_job.compare(self._document.project, other))

    def show_comparison(self, result: open_job.Compared) -> None:
        """Show how far the project agrees with another grouping."""
        dialog = CompareDialog(result.comparison, result.name, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.images_chosen.connect(self.images_chosen)
        dialog.show()
