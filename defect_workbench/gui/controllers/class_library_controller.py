"""The class library in the window: kept in the user's file, and grown by what is confirmed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QObject, Qt
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.class_keys import ClassKeys
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.library_keeper import LibraryKeeper
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.project.class_library import (
    MOST_EXAMPLES,
    ClassFields,
    ClassLibrary,
    KnownClass,
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

    A named cluster becomes a class when it is confirmed, and so do the labels of a classifier. A class and a
    confirmed cluster of its name are renamed together, and back again by undoing.

    Parameters
    ----------
    keys : ClassKeys
        Whose keys new classes get.
    chosen_name : callable
        Returns the name of the selected cluster; empty without one.
    """

    def __init__(
        self,
        document: Document,
        keys: ClassKeys,
        file: LibraryFile,
        thumbnails: ThumbnailLoader,
        notice: NoticeBanner,
        parent: QWidget,
        chosen_name: Callable[[], str] = str,
    ) -> None:
        super().__init__(parent)
        self._chosen_name = chosen_name
        self._document, self._keys = document, keys
        self._keeper = LibraryKeeper(file, self)
        self._keeper.kept.connect(document.use_classes)
        self._keeper.failed.connect(self._on_failed)
        self._thumbnails, self._notice, self._parent = thumbnails, notice, parent
        self._seen: set[str] = set()
        # What this lot added to the library.
        self._learnt: set[str] = set()
        self._confirmed: frozenset[str] = frozenset()
        # The name before, by both names, of what was renamed with its class.
        self._together: dict[frozenset[str], str] = {}
        self._usable = self._load(file)
        document.partition_changed.connect(self._learn_confirmed)
        document.renamed.connect(self._follow)
        document.opened.connect(self._on_opened)

    @property
    def library(self) -> ClassLibrary:
        """The classes."""
        return self._document.classes

    def learn(self, names: Collection[str], source: str) -> None:
        """Keep the labels of a classifier as classes; `source` names a new product."""
        # A cluster without a name is not a class.
        new = [name for name in names if self.library.find(name) is None and not _UNNAMED.fullmatch(name)]
        if new and self._usable:
            keys = {name: self._keys.key_of(name) for name in new}
            self.change(lambda library: _with_names(library, names, keys, source))

    def _learn_confirmed(self) -> None:
        project = self._document.project
        if project is None or not self._usable:
            return
        confirmed = [
            cluster
            for cluster in project.partition.clusters
            if (group := cluster.group) is not None and group.confirmed and group.name and not group.nuisance
        ]
        names = frozenset(cluster.label for cluster in confirmed)
        for cluster in confirmed:
            known = self.library.find(cluster.label)
            if known is None or not (known.examples or cluster.label in self._seen):
                self._seen.add(cluster.label)
                self._keep(cluster, names, project.name)
        if names != self._confirmed:
            self._confirmed = names
            self.change(lambda library: library.with_lot(names))

    def _keep(self, cluster: Cluster, lot: frozenset[str], source: str) -> None:
        name, colour, examples = cluster.label, self._document.colour(cluster), self._examples(cluster)
        if self.library.find(name) is None:
            self._learnt.add(name.casefold())
        key = self._keys.key_of(name)

        def change(library: ClassLibrary) -> ClassLibrary:
            return library.added(name, colour, examples, _product(library, lot, source), key)

        self.change(change)

    def _on_opened(self) -> None:
        self._learnt, self._confirmed = set(), frozenset()

    def _follow(self, old: str, new: str, confirmed: bool) -> None:
        """Rename the class of a renamed cluster, unless another class has the name."""
        known, other = self.library.find(old), self.library.find(new)
        names = frozenset((old.casefold(), new.casefold()))
        if known is None or known.name.casefold() != old.casefold() or not self._usable:
            return
        if other is not None and other is not known:
            partition = self._document.partition
            if old.casefold() in self._learnt and partition is not None and partition.named(old) is None:
                # No other lot has it: the name was a slip.
                self._prepare(lambda library: library.without(old))
        # A name that is not confirmed is only tried out.
        elif confirmed or names in self._together:
            is_first = names not in self._together
            before = self._together.setdefault(names, old)
            # Models and sessions may use it. A slip of this lot, and a name that was undone, are forgotten.
            keeps_old = old == before and old.casefold() not in self._learnt
            self._prepare(lambda library: _renamed(library, old, new, keeps_old))
            if is_first:
                self._offer_both(known, new)

    def _offer_both(self, known: KnownClass, new: str) -> None:
        """Report that a class has another name, and offer to keep it beside the new one."""
        old = known.name

        def keep_both(library: ClassLibrary) -> ClassLibrary:
            current = library.find(new)
            # It may have been undone in the meantime.
            if current is None or current.name == old:
                return library
            return _renamed(library, new, old, False).added(new, product=current.product)

        def act() -> None:
            self._together.pop(frozenset((old.casefold(), new.casefold())), None)
            self.change(keep_both)

        words = f"The class {old} is now called {new} in the class library, too."
        self._notice.notify(words, f"Keep {old} as well", act)

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
        """Show the library, to be changed; at the class of the selected cluster, if it has one."""
        known = self.library.find(self._chosen_name())
        dialog = ClassLibraryDialog(self, self._parent, "" if known is None else known.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def change(self, change: Callable[[ClassLibrary], ClassLibrary]) -> str:
        """Change the library; return why it cannot be done, or an empty text.

        The change is seen at once; a file that cannot be written is reported later.
        """
        before = self.library
        reason = self._prepare(change)
        if self.library != before:
            self._document.use_classes(self.library)
        return reason

    def change_class(self, known: KnownClass, fields: ClassFields) -> str:
        """Change fields of a class; the cluster that has its name is renamed with it, as one undo step."""
        old, new = known.name, fields.name
        partition = self._document.partition
        cluster = None if partition is None or old == new else partition.named(old)
        if partition is not None and cluster is not None and cluster.group is not None:
            if (other := partition.named(new, cluster)) is not None:
                return f"Another cluster is called {other.label}"
        else:
            cluster = None
        # Another window may have changed or removed the class.
        reason = self._prepare(lambda library: _with_fields(library, old, fields))
        if not reason and cluster is not None:
            self._together[frozenset((old.casefold(), new.casefold()))] = old
            self._document.rename(cluster, new)
        self._document.use_classes(self.library)
        return reason

    def _prepare(self, change: Callable[[ClassLibrary], ClassLibrary]) -> str:
        """Change the library before a change of the clusters, with which views learn of it."""
        if not self._usable:
            return "The class library cannot be used"
        try:
            changed = change(self.library)
        except (ValueError, WorkbenchError) as error:
            return sentence_case(str(error))
        if changed != self.library:
            self._document.classes = changed
            self._keeper.add(change)
        return ""

    def import_file(self, path: Path) -> str:
        """Merge the classes of a file into the library; return the outcome."""
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
        """Write the library to a file; the dialog asked before it is replaced. Returns the outcome."""
        try:
            export_classes(path, self.library, replace=True)
        except WorkbenchError as error:
            return sentence_case(str(error))
        return f"{counted(len(self.library.classes), 'class')} written to {path}"


def _renamed(library: ClassLibrary, old: str, new: str, keeps_old: bool) -> ClassLibrary:
    """Return the library with a class renamed; the old name is then another name of it, or is forgotten."""
    known = library.find(old)
    if known is None:
        return library
    aliases = [alias for alias in known.aliases if alias.casefold() not in (old.casefold(), new.casefold())]
    if keeps_old and old.casefold() != new.casefold():
        aliases.append(old)
    return library.changed(known, replace(known, name=new, aliases=tuple(aliases)))


def _with_fields(library: ClassLibrary, name: str, fields: ClassFields) -> ClassLibrary:
    known = library.find(name)
    return library if known is None else library.changed(known, fields.applied_to(known))


def _product(library: ClassLibrary, names: Iterable[str], source: str) -> str:
    """Return the product of a lot with classes of these names: a new one if none of them is known.

    The first product needs no name: most users have one.
    """
    product = library.product_of(names)
    return product if product is not None else source if library.classes else ""


def _with_names(
    library: ClassLibrary, names: Iterable[str], keys: Mapping[str, str], source: str
) -> ClassLibrary:
    product = _product(library, names, source)
    for name, key in keys.items():
        try:
            library = library.added(name, product=product, key=key)
        except ValueError:  # a label that cannot be the name of a class
            continue
    return library
