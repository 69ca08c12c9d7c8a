"""Lists of images to review: similar ones, some to fetch, and proposals to agree with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.bulk_agreement import proposed_labels
from defect_workbench.app.document.fetching import sources
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.jobs import similar_job
from defect_workbench.app.jobs.runner import Work
from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.core.project.project_state import Project
from defect_workbench.gui.controllers.review_decisions import ReviewController
from defect_workbench.gui.dialogs.bulk_agreement_dialog import BulkAgreementDialog
from defect_workbench.gui.dialogs.fetch_dialog import FetchDialog
from defect_workbench.gui.dialogs.similar_images_dialog import SimilarImagesDialog
from defect_workbench.gui.gallery.cluster_list import ClusterList
from defect_workbench.gui.shared.banners import NoticeBanner
from defect_workbench.gui.shared.map_overlays import MapOverlays
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.compare import LikeFile


class ReviewLists:
    """Connects the dialogs, the document and the light table.

    Parameters
    ----------
    choose_images : callable
        Selects images in the window.
    look_at : callable
        Shows images on the light table, under a title.
    run : callable
        Runs a job.
    """

    def __init__(
        self,
        document: Document,
        review: ReviewController,
        clusters: ClusterList,
        thumbnails: ThumbnailLoader,
        overlays: MapOverlays,
        notice: NoticeBanner,
        choose_images: Callable[[list[int]], None],
        look_at: Callable[[list[int], str], None],
        run: Callable[[Work], None],
        places: UserDirs,
        offline: bool,
        parent: QWidget,
    ) -> None:
        self._document, self._review, self._clusters = document, review, clusters
        self._thumbnails, self._overlays, self._notice = thumbnails, overlays, notice
        self._choose_images, self._look_at, self._parent = choose_images, look_at, parent
        self._run, self._places, self._offline = run, places, offline
        self._fetches = 0

    def find_similar(self) -> None:
        """Show which images are most like the selected ones, or like the current one."""
        chosen = self._review.images_or_current()
        if len(chosen):
            self._similar_to(chosen)

    def find_file(self, path: Path) -> None:
        """Show which images are most like a file, which need not be one of them."""
        project = self._document.project
        if project is None:
            self._notice.notify("Open a folder of images first.", warning=True)
        else:
            self._run(similar_job.compare_file(project, path, self._places, offline=self._offline))

    def results(self) -> Mapping[type, Callable[[Any], None]]:
        """Return the handler of each type of result."""
        return {similar_job.Compared: self._on_compared}

    def _on_compared(self, result: similar_job.Compared) -> None:
        project, like = self._document.project, result.like
        if project is None or project.images is not result.project.images:
            return
        if like.image is not None:
            self._similar_to(np.array([like.image], np.intp))
        else:
            self._show_similar(project, np.empty(0, np.intp), like)

    def _similar_to(self, images: Integers) -> None:
        project = self._document.project
        if project is not None:
            self._show_similar(project, images, None)

    def _show_similar(self, project: Project, images: Integers, outside: LikeFile | None) -> None:
        dialog = SimilarImagesDialog(
            project, images, self._thumbnails, self._overlays, self._class_of, self._parent, outside
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = f"Like {dialog.title}"
        dialog.chosen.connect(self._choose_images)
        dialog.to_review.connect(lambda found: self._look_at(found, title))
        dialog.open()

    def _class_of(self, image: int) -> tuple[str, str]:
        """Return the name and the colour of an image's cluster."""
        partition = self._document.partition
        number = -1 if partition is None else int(partition.cluster_of[image])
        if partition is None or number < 0:
            return "outlier", NEUTRAL
        cluster = partition.clusters[number]
        return cluster.label, self._document.colour(cluster)

    def fetch(self) -> None:
        """Let the user fetch some images onto the light table."""
        project, partition = self._document.project, self._document.partition
        if project is None or partition is None:
            return
        seed = project.analysis.settings.seed + self._fetches
        found = sources(project, partition, self._clusters.chosen(), seed)
        if not found:
            self._notice.notify("Every image is confirmed.")
            return
        # The next sample at random is another one.
        self._fetches += 1
        dialog = FetchDialog(found, self._parent, project.images.noun)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fetched.connect(self._look_at)
        dialog.open()

    def agree_in_bulk(self) -> None:
        """Let the user agree with all probable proposals of a label."""
        project = self._document.project
        if project is None or project.proposal is None:
            return
        dialog = BulkAgreementDialog(
            project, project.proposal, self._thumbnails, self._overlays, self._parent
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.agreed.connect(lambda images: self._agree(dialog, images))
        dialog.open()

    def _agree(self, dialog: BulkAgreementDialog, images: Integers) -> None:
        """Agree with proposals; the dialog continues with the next label, if any is left."""
        self._document.accept_proposals(images)
        project = self._document.project
        assert project is not None
        assert project.proposal is not None
        if proposed_labels(project.proposal, project.partition):
            dialog.show_proposal(project.proposal)
        else:
            dialog.accept()
