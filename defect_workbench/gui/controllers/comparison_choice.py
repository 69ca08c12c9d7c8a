"""Choosing what defect maps compare images with: references, clean images, or the other images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.messages import Messages
from defect_workbench.core.clustering import map_comparison
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.gallery.cluster_list import ClusterList


class ComparisonChoice:
    """Regroups the open project by defects that are found in another way.

    Parameters
    ----------
    regroup : callable
        Groups the images with other settings.
    open_again : callable
        Opens the files of the project again with other settings, as what they are compared with decides
        which defects are found.
    last_reference : callable
        Returns the folder of golden references that the open images were searched with.
    """

    def __init__(
        self,
        document: Document,
        clusters: ClusterList,
        regroup: Callable[[Settings], None],
        open_again: Callable[[Settings], None],
        messages: Messages,
        last_reference: Callable[[], Path | None],
        parent: QWidget,
    ) -> None:
        self._document, self._clusters = document, clusters
        self._regroup, self._open_again, self._parent = regroup, open_again, parent
        self._messages = messages
        self._last_reference = last_reference

    def choose_references(self) -> None:
        """Ask for a folder of golden references."""
        self._ask("Folder of golden references", map_comparison.with_references)

    def choose_clean(self) -> None:
        """Ask for a folder of clean images."""
        self._ask("Folder of clean images", map_comparison.with_clean_folder)

    def use_clusters(self) -> None:
        """Take the images of the selected clusters as clean."""
        chosen, project = self._clusters.chosen(), self._document.project
        if chosen and project is not None:
            clean = np.concatenate([cluster.members for cluster in chosen]).tolist()
            self._apply(lambda settings: map_comparison.with_clean_images(settings, project.images, clean))

    def use_others(self) -> None:
        """Compare the images with each other."""
        self._apply(map_comparison.with_other_images)

    def switch_items(self) -> None:
        """Group the single defects in the files of the project, or the whole images again.

        Asks first if there are decisions, as those about the ones are none about the others.
        """
        project = self._document.project
        if project is None:
            return
        settings = project.analysis.settings
        reference = self._last_reference()
        if not settings.reference and reference is not None:
            # Those that the boxes were found with.
            settings = replace(settings, reference=str(reference))
        other = map_comparison.with_other_items(settings)
        if not project.decisions.groups:
            self._open_again(other)
            return
        now, then = "whole images", "single defects"
        if project.images.are_defects:
            now, then = then, now
        session = self._document.session
        where = "the session, which you are asked to save" if session is None else session.name
        words = (
            f"Your clusters, names and confirmations are about {now} and do not carry over to {then}. "
            f"They stay in {where}."
        )
        title = f"Group {then}"
        self._messages.ask(title, words, title, lambda agreed: self._open_again(other) if agreed else None)

    def _ask(self, title: str, change: Callable[[Settings, Path], Settings]) -> None:
        file_dialogs.ask_image_folder(
            self._parent, title, lambda folder: self._apply(lambda settings: change(settings, folder))
        )

    def _apply(self, change: Callable[[Settings], Settings]) -> None:
        project = self._document.project
        if project is None:
            return
        before = project.analysis.settings
        settings = change(before)
        if project.images.are_defects and settings.reference != before.reference:
            self._open_again(settings)
        else:
            self._regroup(settings)
