"""The class library in the window: kept in the user's file, and grown by what is confirmed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QObject, Qt
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.library_keeper import LibraryKeeper
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.project.class_library import (
    MOST_EXAMPLES,
    ClassLibrary,
    merge,
)
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.gui.dialogs.class_library_dialog import ClassLibraryDialog
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.storage.class_library.class_file import LibraryFile, export_classes, read_classes

_EXAMPLE_PIXELS = 96
_UNNAMED = re.compile(r"cluster-\d+(-auto)?")


class ClassLibraryController(QObject):
    """Loads the library for the document, and keeps what changes, in the background.

    A named cluster becomes a class when it is confirmed, and so do the labels of a classifier.

    Parameters
    ----------
    chosen_name : callable
        Returns the name of the selected cluster; empty without one.
    """

    def __init__(
        self,
        document: Document,
        file: LibraryFile,
        thumbnails: ThumbnailLoader,
        notice: NoticeBanner,
        parent: QWidget,
        chosen_name: Callable[[], str] = str,
    ) -> None:
        super().__init__(parent)
        self._chosen_name = chosen_name
        self._document = document
        self._keeper = LibraryKeeper(file, self)
        self._keeper.kept.connect(document.use_classes)
        self._keeper.failed.connect(self._on_failed)
        self._thumbnails, self._notice, self._parent = thumbnails, notice, parent
        self._seen: set[str] = set()
        self._usable = self._load(file)
        document.partition_changed.connect(self._learn_confirmed)

    @property
    def library(self) -> ClassLibrary:
        """The classes."""
        return self._document.classes

    def learn(self, names: Iterable[str]) -> None:
        """Keep the labels of a classifier as classes."""
        # A cluster that nobody has named is no class.
        new = [name for name in names if self.library.find(name) is None and not _UNNAMED.fullmatch(name)]
        if new and self._usable:
            self.change(lambda library: _with_names(library, new))

    def _learn_confirmed(self) -> None:
        partition = self._document.partition
        if partition is None or not self._usable:
            return
        for cluster in partition.clusters:
            group = cluster.group
            if group is None or not group.confirmed or not group.name or group.nuisance:
                continue
            known = self.library.find(group.name)
            if known is not None and (known.examples or group.name in self._seen):
                continue
            self._seen.add(group.name)
            self._keep(cluster)

    def _keep(self, cluster: Cluster) -> None:
        colour, examples = self._document.colour(cluster), self._examples(cluster)
        self.change(lambda library: library.added(cluster.label, colour, examples))

    def _examples(self, cluster: Cluster) -> list[str]:
        """Return the most typical images of a cluster that have been read already, as PNG in base64."""
        project = self._document.project
        found: list[str] = []
        for image in cluster.members[: 3 * MOST_EXAMPLES].tolist() if project is not None else ():
            assert project is not None
            pixmap = self._thumbnails.get(str(project.images.absolute(image)))
            if pixmap is None or len(found) == MOST_EXAMPLES:
                continue
            side, keep, smooth = _EXAMPLE_PIXELS, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode
            small = pixmap.scaled(side, side, keep, smooth.SmoothTransformation)
            buffer = QBuffer()
            buffer.open(QIODevice.OpenModeFlag.WriteOnly)
            small.save(buffer, "PNG")
            found.append(bytes(buffer.data().toBase64().data()).decode("ascii"))
        return found

    def _load(self, file: LibraryFile) -> bool:
        """Read the library; return whether it can be used."""
        try:
            self._document.use_classes(file.load())
        except WorkbenchError as error:
            self._on_failed(sentence_case(str(error)))
            return False
        return True

    def _on_failed(self, reason: str) -> None:
        words = f"{reason.removesuffix('.')}. New classes are not kept."
        self._notice.notify(words, warning=True)

    def close(self) -> None:
        """Keep what is not written yet."""
        self._keeper.close()

    # The dialog

    def show(self) -> None:
        """Show the library to look at and to change; at the class of the selected cluster, if it has one."""
        known = self.library.find(self._chosen_name())
        dialog = ClassLibraryDialog(self, self._parent, "" if known is None else known.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def change(self, change: Callable[[ClassLibrary], ClassLibrary]) -> str:
        """Change the library; return why it cannot be done, or an empty text.

        The change is seen at once; a file that cannot be written is told later.
        """
        if not self._usable:
            return "The class library cannot be used"
        try:
            changed = change(self.library)
        except (ValueError, WorkbenchError) as error:
            return sentence_case(str(error))
        if changed != self.library:
            self._document.use_classes(changed)
            self._keeper.add(change)
        return ""

    def import_file(self, path: Path) -> str:
        """Merge the classes of a file into the library; return what came of it."""
        try:
            theirs = read_classes(path)
        except WorkbenchError as error:
            return sentence_case(str(error))
        result = merge(self.library, theirs)
        if reason := self.change(lambda ours: merge(ours, theirs).library):
            return reason
        words = f"{counted(len(result.added), 'class')} added, {len(result.completed):,} completed."
        return "\n".join([words, *(f"{sentence_case(conflict)}." for conflict in result.conflicts)])

    def export_file(self, path: Path) -> str:
        """Write the library to a file; the dialog asked before it is replaced. Returns what came of it."""
        try:
            export_classes(path, self.library, replace=True)
        except WorkbenchError as error:
            return sentence_case(str(error))
        return f"{counted(len(self.library.classes), 'class')} written to {path}"


def _with_names(library: ClassLibrary, names: Iterable[str]) -> ClassLibrary:
    for name in names:
        try:
            library = library.added(name)
        except ValueError:  # a label that cannot be the name of a class
            continue
    return library
