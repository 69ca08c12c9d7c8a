"""Refinement of one cluster: a job proposes smaller groups, a dialog previews and applies them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.edits import Editor
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.jobs import open_job
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.core.arrays import Integers
from defect_workbench.gui.dialogs.refine_dialog import RefineDialog
from defect_workbench.gui.gallery.cluster_list import ClusterList


class Refinement:
    """Connects the refinement dialog and the jobs.

    Parameters
    ----------
    clusters : ClusterList
        Its selected cluster is the one to refine.
    run : callable
        Runs a job.
    """

    def __init__(
        self,
        document: Document,
        clusters: ClusterList,
        thumbnails: ThumbnailLoader,
        jobs: JobRunner,
        run: Callable[[Work], None],
        parent: QWidget,
    ) -> None:
        self._document, self._clusters, self._thumbnails = document, clusters, thumbnails
        self._jobs, self._run, self._parent = jobs, run, parent
        self.dialog: RefineDialog | None = None

    def choose(self) -> None:
        """Preview smaller groups of the selected cluster, and apply them once the user agrees."""
        project, chosen = self._document.project, self._clusters.chosen()
        if project is None or len(chosen) != 1:
            return
        cluster = chosen[0]
        editor = Editor(project, self._document.node_colours, self._document.classes)

        def labels(groups: Sequence[Integers]) -> list[str]:
            edit = editor.refine(cluster, groups)
            if edit is None:
                return [cluster.label] * len(groups)
            after = edit.applied(project).partition
            return [after.clusters[after.cluster_of[cluster.members[group[0]]]].label for group in groups]

        settings = project.analysis.settings
        dialog = RefineDialog(cluster, settings, labels, self._thumbnails, self._parent)
        dialog.settings_requested.connect(
            lambda settings: self._run(open_job.refine(project, cluster.members, settings))
        )
        dialog.applied.connect(lambda groups: self._document.refine(cluster, groups))
        dialog.finished.connect(self._on_finished)
        self.dialog = dialog
        dialog.open()
        self._run(open_job.refine(project, cluster.members, dialog.settings()))

    def on_result(self, result: open_job.Refined) -> None:
        """Show the groups that the job found."""
        if self.dialog is not None:
            self.dialog.show_result(result.opened)

    def on_failed(self, message: str) -> bool:
        """Show in the dialog why the job failed; False without a dialog."""
        if self.dialog is None:
            return False
        self.dialog.show_failure(message)
        return True

    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
            self._jobs.cancel()
