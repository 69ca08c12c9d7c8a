"""Opens inspection files, and writes classes back into new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.gallery_sections import images
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import klarf_job
from defect_workbench.app.jobs.klarf_job import KindsRead
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.gui.controllers.class_library_controller import ClassLibraryController
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.klarf.klarf_export_dialog import KlarfExportDialog
from defect_workbench.gui.klarf.picture_choice_dialog import PictureChoiceDialog
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.workflows.klarf.class_export import KlarfRequest
from defect_workbench.workflows.klarf.image_listing import ImageSource, klarf_files


class KlarfController(QObject):
    """Asks for inspection files, and opens them or adds them to the project; writes confirmed classes.

    Signals: add_wanted(ImageSource), whose images are to be added.

    Parameters
    ----------
    open_source : callable
        Opens images; asks about unsaved work first.
    run : callable
        Starts a job that no other job replaces; returns whether it was started.
    """

    add_wanted = Signal(object)

    def __init__(
        self,
        document: Document,
        open_source: Callable[[ImageSource], None],
        run: Callable[[Work], bool],
        classes: ClassLibraryController,
        notice: NoticeBanner,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._document, self._open_source, self._run = document, open_source, run
        self._classes = classes
        self._adding = False
        self._notice, self._parent = notice, parent
        self.reader, self.planner = JobRunner(self), JobRunner(self)
        self.reader.done.connect(self._on_kinds)
        self.reader.failed.connect(lambda text: notice.notify(sentence_case(text), warning=True))

    def close(self) -> None:
        """Stop reading and planning, and wait for their threads."""
        self.reader.close()
        self.planner.close()

    def results(self) -> Mapping[type, Callable[[Any], None]]:
        """Return the handler of each type of result."""
        return {klarf_job.KlarfWritten: self._on_written}

    def choose_file(self) -> None:
        """Ask for an inspection file and open it."""
        file_dialogs.ask_klarf(self._parent, self.open)

    def choose_file_to_add(self) -> None:
        """Ask for an inspection file and add its images to the project."""
        file_dialogs.ask_klarf(self._parent, self.add)

    def choose_folder(self) -> None:
        """Ask for a folder of inspection files and open all of them."""
        file_dialogs.ask_folder(
            self._parent,
            "Folder of inspection files (KLARF)",
            lambda folder: self._open_source(ImageSource(folder, klarf=True)),
        )

    def open_path(self, path: Path) -> None:
        """Open a folder, a session, a feature store, or an inspection file as `open` does."""
        if path.is_file() and klarf_files(path):
            self.open(path)
        else:
            self._open_source(ImageSource(path))

    def open(self, path: Path) -> None:
        """Open an inspection file; ask which pictures are meant if defects have several."""
        self._read(path, adding=False)

    def add(self, path: Path) -> None:
        """Add the images of an inspection file to the project; ask which ones if defects have several."""
        self._read(path, adding=True)

    def _read(self, path: Path, *, adding: bool) -> None:
        self._adding = adding
        if klarf_files(path):
            self._notice.notify(f"Reading {path.name}…")
            self.reader.run(klarf_job.read_kinds(path))
        else:
            self._notice.notify(f"{path} is not an inspection file (KLARF).", warning=True)

    def _on_kinds(self, read: KindsRead) -> None:
        self._notice.hide()
        receive = self.add_wanted.emit if self._adding else self._open_source
        if not read.several:
            receive(ImageSource(read.path))
            return
        dialog = PictureChoiceDialog(read, self._parent, adding=self._adding)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(receive)
        dialog.open()

    def choose_export(self) -> None:
        """Ask where to write the confirmed classes, and write them."""
        project = self._document.project
        if project is None or project.inspection is None:
            return
        files = project.inspection.files
        source = project.images.root / files[0].path
        suggestion = source.with_name(f"{source.stem}_classified{source.suffix}")
        if len(files) > 1:
            suggestion = project.images.beside("-classified")
        suggestion = suggestion.with_name(file_dialogs.free_name(suggestion.parent, suggestion.name))
        dialog = KlarfExportDialog(
            lambda: self._document.project or project,
            lambda: self._document.classes,
            suggestion,
            self.planner,
            self._parent,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.write)
        dialog.library_wanted.connect(self._classes.show)
        self._document.classes_changed.connect(dialog.plan_again)
        self._document.partition_changed.connect(dialog.plan_again)
        dialog.open()

    def write(self, request: KlarfRequest) -> None:
        """Write the confirmed classes."""
        if self._document.project is not None:
            self._run(klarf_job.write(self._document.project, request))

    def _on_written(self, written: klarf_job.KlarfWritten) -> None:
        words = f"Classes of {counted(written.defects, 'defect')} written to {written.path}."
        if written.undecided:
            words += f" Without a confirmed class: {images(written.undecided)}."
        self._notice.notify(words)
