"""Decisions about the selected clusters and images: connects the views and the document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QItemSelectionModel, QObject, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from defect_workbench.app.document.item_models import ClusterModel, ImageModel, Role, note_of
from defect_workbench.app.document.move_targets import MoveTarget, move_targets
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.messages import Messages, NameRequest
from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.gui.gallery.cluster_list import ClusterList
from defect_workbench.gui.gallery.gallery_view import Gallery

# Images that the dialog of a name shows.
_TYPICAL = 5


class ReviewController(QObject):
    """Acts on what is selected in the cluster list and in the gallery.

    Signals: status(text) for the status bar; cut_changed when images were cut or pasted.
    """

    status = Signal(str)
    cut_changed = Signal()

    def __init__(
        self,
        document: Document,
        clusters: ClusterList,
        gallery: Gallery,
        thumbnails: ThumbnailLoader,
        messages: Messages,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._document, self._clusters, self._gallery = document, clusters, gallery
        self._thumbnails, self._messages = thumbnails, messages
        self._naming_all = False
        self._cut: Integers = np.empty(0, np.intp)
        # Image numbers are not valid in another project.
        document.opened.connect(self._clear_cut)
        document.guard = self._ask

    def _ask(self, question: str, verb: str, proceed: Callable[[], None]) -> None:
        self._messages.ask("Confirmed clusters", question, verb, lambda agreed: proceed() if agreed else None)

    @property
    def has_cut_images(self) -> bool:
        """Whether images wait to be pasted into a cluster."""
        return len(self._cut) > 0

    def _counted(self, images: Integers) -> str:
        project = self._document.project
        return counted(len(images), "image" if project is None else project.images.noun)

    def chosen_images(self) -> Integers:
        """Return the images selected in the gallery, in ascending order."""
        model = self._gallery.model()
        assert isinstance(model, ImageModel)
        return model.images_of(self._gallery.selectionModel().selection())

    def images_or_current(self) -> Integers:
        """Return the selected images; without any, the current image of the gallery."""
        chosen, current = self.chosen_images(), self._gallery.currentIndex().data(Role.IMAGE)
        return chosen if len(chosen) or current is None else np.array([current], np.intp)

    def move_targets(self) -> list[MoveTarget]:
        """Return the classes that the selected images can be moved into."""
        return move_targets(self._document, self.chosen_images())

    def suggest_cut(self) -> None:
        """Move the cut to the best suggestion."""
        project = self._document.project
        if project is not None and project.analysis.suggestions:
            self._document.move_cut(project.analysis.suggested_cut)

    def confirm(self) -> None:
        """Confirm the selected clusters; unlock them if all are confirmed."""
        chosen = self._clusters.chosen()
        confirmed = all(c.group is not None and c.group.confirmed for c in chosen)
        self._document.confirm(chosen, not confirmed)

    def chosen_name(self) -> str:
        """Return the name of the selected cluster; empty unless there is one."""
        chosen = self._clusters.chosen()
        return chosen[0].label if len(chosen) == 1 else ""

    def rename(self) -> None:
        """Ask for a name for the selected cluster."""
        chosen = self._clusters.chosen()
        if len(chosen) == 1:
            self._ask_name(chosen[0])

    def _ask_name(self, cluster: Cluster, name: str = "") -> None:
        project = self._document.project
        assert project is not None
        files = [str(project.images.absolute(image)) for image in cluster.members[:_TYPICAL].tolist()]
        pictures = [partial(self._thumbnails.get, file) for file in files]
        known = [each.name for each in self._document.classes.classes]
        request = NameRequest(name or cluster.label, known, pictures, self._naming_all)
        self._messages.ask_name(request, lambda text, go_on: self._name(project, cluster, text, go_on))

    def _name(self, project: Project, cluster: Cluster, text: str, go_on: bool) -> None:
        """Name a cluster; on request, confirm it and continue with the next one."""
        name, self._naming_all = text.strip(), go_on
        known = self._document.classes.find(name)
        if known is not None and known.name.casefold() != cluster.label.casefold():
            # As the class library writes it, also if one of its other names was typed.
            name = known.name
        if self._document.project is None or self._document.project.images is not project.images or not name:
            return
        partition = self._document.partition
        other = None if partition is None else partition.named(name, cluster)
        if other is not None:
            self._offer_merge(project, cluster, other, name, go_on)
            return
        members = cluster.members
        if name != cluster.label:
            self._document.rename(cluster, name)
        if go_on:
            self._confirm_and_go_on(members)

    def _offer_merge(
        self, project: Project, cluster: Cluster, other: Cluster, name: str, go_on: bool
    ) -> None:
        """Offer to move the images into the cluster that has the name already."""
        if other.group is None or other.group.nuisance:
            self._messages.inform("Rename", f"Another cluster is called {other.label}. Use another name.")
            return
        members, count = cluster.members, self._counted(cluster.members)

        def ask_again() -> None:
            if self._document.project is project:
                self._ask_name(cluster, name)

        def answered(agreed: bool) -> None:
            if agreed:
                self._document.move(members, other)
            if agreed and go_on:
                self._confirm_and_go_on(members)
            if not agreed:
                # Once the question has gone. Another name can be typed, and the next clusters be named.
                QTimer.singleShot(0, self, ask_again)

        words = f"Another cluster is called {other.label}. Move {count} of {cluster.label} into it?"
        self._messages.ask("Rename", words, "Move", answered)

    def _confirm_and_go_on(self, members: Integers) -> None:
        partition, model = self._document.partition, self._clusters.model()
        assert partition is not None
        number = int(partition.cluster_of[members[0]])
        if number >= 0:
            self._document.confirm([partition.clusters[number]])
        assert isinstance(model, ClusterModel)
        shown = [model.index(row, 0).data(Role.CLUSTER) for row in range(model.rowCount())]
        row = next((row for row, cluster in enumerate(shown) if members[0] in cluster.members), -1)
        following = [*shown[row + 1 :], *shown[: max(row, 0)]]
        waiting = [each for each in following if not _is_settled(each)]
        if waiting:
            self._clusters.choose(waiting[0].key)
            # Once the dialog of this cluster has gone.
            QTimer.singleShot(0, self, lambda: self._ask_name(waiting[0]))
        else:
            self.status.emit("All clusters are confirmed")

    def annotate(self) -> None:
        """Ask for a note on the selected cluster."""
        chosen = self._clusters.chosen()
        if len(chosen) != 1:
            return
        cluster, before = chosen[0], note_of(chosen[0])

        def done(text: str) -> None:
            if text.strip() != before:
                self._document.annotate(cluster, text.strip())

        self._messages.ask_text("Note", f"Note on {cluster.label}:", before, done)

    def move_images(self, moving: Sequence[int], key: int) -> None:
        """Move images into the cluster with a key."""
        partition = self._document.partition
        for cluster in partition.clusters if partition is not None else ():
            if cluster.key == key:
                self._document.move(np.array(moving, np.intp), cluster)
                return

    def merge(self) -> None:
        """Merge the selected clusters."""
        self._document.merge(self._clusters.chosen())

    def split_out(self) -> None:
        """Move the selected images into a new cluster."""
        self._document.split_out(self.chosen_images())

    def mark_as_nuisance(self) -> None:
        """Mark the selected images as of no interest."""
        self._document.nuisance(self.chosen_images())

    def show_file(self) -> None:
        """Open the folder of the first selected image in the file manager, and tell its path."""
        project, chosen = self._document.project, self.chosen_images().tolist()
        if project is not None and chosen:
            path = project.images.file(chosen[0])
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
            self.status.emit(str(path))

    def cut_images(self) -> None:
        """Remember the selected images until they are pasted."""
        self._cut = self.chosen_images()
        self.status.emit(f"{self._counted(self._cut)} cut. Select a cluster and paste.")
        self.cut_changed.emit()

    def paste_images(self) -> None:
        """Move the cut images into the selected cluster."""
        chosen = self._clusters.chosen()
        if len(chosen) == 1 and len(self._cut):
            pasted, steps = self._cut, self._document.undo_stack.index()
            self._document.move(pasted, chosen[0])
            if self._document.undo_stack.index() == steps:
                # They are there already, or the user is asked first.
                return
            self._clear_cut()
            model = self._gallery.model()
            assert isinstance(model, ImageModel)
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self._gallery.selectionModel().select(model.selection_of(pasted), flag)
            self.status.emit(f"{self._counted(pasted)} pasted into {chosen[0].label}")

    def _clear_cut(self) -> None:
        self._cut = np.empty(0, np.intp)
        self.cut_changed.emit()


def _is_settled(cluster: Cluster) -> bool:
    """Whether a cluster is confirmed, or a nuisance."""
    return cluster.group is not None and (cluster.group.confirmed or cluster.group.nuisance)
