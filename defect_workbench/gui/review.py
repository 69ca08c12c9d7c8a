"""What a person decides about clusters and images: the actions between the views and the document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from defect_workbench.app.document import Document
from defect_workbench.app.messages import Messages
from defect_workbench.app.models import ImageModel, note_of
from defect_workbench.app.sections import images
from defect_workbench.core.assignment import Cluster
from defect_workbench.core.tree import Integers
from defect_workbench.gui.cluster_list import ClusterList
from defect_workbench.gui.gallery import Gallery

_NAMED = 4


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

    def actions(self) -> dict[str, Callable[[], None]]:
        """What to do, by the name of the action."""
        return {
            "actionSuggestCut": self.suggest_cut,
            "actionMerge": self.merge,
            "actionRename": self.rename,
            "actionNote": self.annotate,
            "actionConfirm": self.confirm,
            "actionSplitOut": self.split_out,
            "actionNuisance": self.nuisance,
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

    # A confirmed cluster is what a person signed off: nothing but their own word takes it back

    def _unless_confirmed(self, verb: str, chosen: Integers, go: Callable[[], None]) -> None:
        """Do something with images at once, or ask first where confirmed clusters would lose them."""
        losing = self._document.confirmed_among(chosen)
        if not losing:
            go()
            return
        names = list(losing)
        few = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
        clusters = (
            f"The confirmed cluster {few}" if len(names) == 1 else f"{len(names)} confirmed clusters ({few})"
        )
        words = f"{verb} {images(len(chosen))}? {clusters} would lose {images(sum(losing.values()))}."
        self._messages.ask("Confirmed clusters", words, verb, lambda agreed: go() if agreed else None)

    def merge(self) -> None:
        """Make one cluster of the chosen ones."""
        chosen = self._clusters.chosen()
        if len(chosen) < 2:
            return
        locked = [c.label for c in chosen if c.group is not None and c.group.confirmed]
        if not locked:
            self._document.merge(chosen)
            return
        self._messages.ask(
            "Confirmed clusters",
            f"Merge {len(chosen)} clusters into one? Confirmed: {_few(locked)}.",
            "Merge",
            lambda agreed: self._document.merge(chosen) if agreed else None,
        )

    def split_out(self) -> None:
        """Make a cluster of its own of the chosen images."""
        chosen = self.chosen_images()
        self._unless_confirmed("Split out", chosen, lambda: self._document.split_out(chosen))

    def nuisance(self) -> None:
        """Set the chosen images apart."""
        chosen = self.chosen_images()
        self._unless_confirmed("Mark as nuisance", chosen, lambda: self._document.nuisance(chosen))

    def refine(self, cluster: Cluster, groups: Sequence[Integers]) -> None:
        """Replace a cluster by finer ones."""
        self._unless_confirmed("Refine", cluster.members, lambda: self._document.refine(cluster, groups))

    def _move(self, moving: Integers, cluster: Cluster) -> None:
        leaving = np.setdiff1d(moving, cluster.members)
        self._unless_confirmed("Move", leaving, lambda: self._document.move(moving, cluster))

    def confirm(self) -> None:
        """Lock the chosen clusters; ask whether to unlock them if all are locked."""
        chosen = self._clusters.chosen()
        locked = [c.label for c in chosen if c.group is not None and c.group.confirmed]
        if not chosen or len(locked) < len(chosen):
            self._document.confirm(chosen)
            return
        self._messages.ask(
            "Confirmed clusters",
            f"Unlock {_few(locked)}? Later cuts and keys can then change what is in it.",
            "Unlock",
            lambda agreed: self._document.confirm(chosen, False) if agreed else None,
        )

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
                self._move(np.array(moving, np.intp), cluster)
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
            self._move(self._taken, chosen[0])
            self._taken = np.empty(0, np.intp)
            self.taken_changed.emit()


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
