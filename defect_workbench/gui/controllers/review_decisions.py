"""What a person decides about clusters and images: the actions between the views and the document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from defect_workbench.app.document.gallery_sections import images
from defect_workbench.app.document.item_models import ImageModel, note_of
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.messages import Messages
from defect_workbench.core.arrays import Integers
from defect_workbench.gui.gallery.cluster_list import ClusterList
from defect_workbench.gui.gallery.gallery_view import Gallery


class Review(QObject):
    """Acts on what is chosen in the cluster list and in the gallery.

    Signals: said(text) for the status bar; taken_changed when images were taken up or put down.
    """

    said = Signal(str)
    taken_changed = Signal()

    def __init__(
        self, document: Document, clusters: ClusterList, gallery: Gallery, messages: Messages, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._document, self._clusters, self._gallery = document, clusters, gallery
        self._messages = messages
        self._taken: Integers = np.empty(0, np.intp)
        # What was taken up were images of another project.
        document.opened.connect(self._put_down)
        document.guard = self._ask

    def _ask(self, question: str, verb: str, go: Callable[[], None]) -> None:
        self._messages.ask("Confirmed clusters", question, verb, lambda agreed: go() if agreed else None)

    def actions(self) -> dict[str, Callable[[], None]]:
        """What to do, by the name of the action."""
        return {
            "actionSuggestCut": self.suggest_cut,
            "actionMerge": lambda: self._document.merge(self._clusters.chosen()),
            "actionRename": self.rename,
            "actionNote": self.annotate,
            "actionConfirm": self.confirm,
            "actionSplitOut": lambda: self._document.split_out(self.chosen_images()),
            "actionNuisance": lambda: self._document.nuisance(self.chosen_images()),
            "actionCut": self.take,
            "actionPaste": self.put,
        }

    def possible(self) -> dict[str, bool]:
        """Which of them make sense now."""
        chosen, picked = len(self._clusters.chosen()), self._gallery.selectionModel().hasSelection()
        return {
            "actionSuggestCut": self._document.tree is not None,
            "actionMerge": chosen > 1,
            "actionRename": chosen == 1,
            "actionNote": chosen == 1,
            "actionConfirm": chosen > 0,
            "actionRefineCluster": chosen == 1,
            "actionSplitOut": picked,
            "actionNuisance": picked,
            "actionCut": picked,
            "actionPaste": chosen == 1 and len(self._taken) > 0,
        }

    def chosen_images(self) -> Integers:
        """The images selected in the gallery, in their order."""
        model = self._gallery.model()
        assert isinstance(model, ImageModel)
        return model.images_of(self._gallery.selectionModel().selection())

    def suggest_cut(self) -> None:
        """Move the cut to the best suggestion."""
        project = self._document.project
        if project is not None and project.analysis.suggestions:
            self._document.move_cut(project.analysis.suggestions[0].clusters)

    def confirm(self) -> None:
        """Lock the chosen clusters; unlock them if all are locked."""
        chosen = self._clusters.chosen()
        locked = all(c.group is not None and c.group.confirmed for c in chosen)
        self._document.confirm(chosen, not locked)

    def rename(self) -> None:
        """Ask for a name of the chosen cluster."""
        chosen = self._clusters.chosen()
        if len(chosen) != 1:
            return
        cluster = chosen[0]

        def done(text: str) -> None:
            name = text.strip()
            if not name or name == cluster.label:
                return
            if self._document.name_taken(name, cluster):
                words = f"Another cluster is called {name}. Merge the two, or use another name."
                self._messages.tell("Rename", words)
            else:
                self._document.rename(cluster, name)

        words = "Name of the cluster, also of its exported folder:"
        self._messages.ask_text("Rename", words, cluster.label, done)

    def annotate(self) -> None:
        """Ask what to note about the chosen cluster."""
        chosen = self._clusters.chosen()
        if len(chosen) != 1:
            return
        cluster, before = chosen[0], note_of(chosen[0])

        def done(text: str) -> None:
            if text.strip() != before:
                self._document.annotate(cluster, text.strip())

        self._messages.ask_text("Note", f"What to remember about {cluster.label}:", before, done)

    def move_images(self, moving: Sequence[int], key: int) -> None:
        """Put images into the cluster of a key."""
        partition = self._document.partition
        for cluster in partition.clusters if partition is not None else ():
            if cluster.key == key:
                self._document.move(np.array(moving, np.intp), cluster)
                return

    def take(self) -> None:
        """Take the selected images up."""
        self._taken = self.chosen_images()
        self.said.emit(f"{images(len(self._taken))} taken up: choose a cluster and paste")
        self.taken_changed.emit()

    def put(self) -> None:
        """Put the images taken up into the chosen cluster."""
        chosen = self._clusters.chosen()
        if len(chosen) == 1 and len(self._taken):
            self._document.move(self._taken, chosen[0])
            self._put_down()

    def _put_down(self) -> None:
        self._taken = np.empty(0, np.intp)
        self.taken_changed.emit()
