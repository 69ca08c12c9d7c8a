"""Refining one cluster: its images are clustered separately, and the result is previewed and applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.gallery_sections import sections_of
from defect_workbench.app.document.item_models import ImageModel
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.jobs.open_job import Opened
from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import AGGLOMERATIVE, Settings
from defect_workbench.core.errors import InputError
from defect_workbench.core.parameters import Value
from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.engine.clustering.registry import METHODS, method_label
from defect_workbench.gui.dendrogram.dendrogram_view import Dendrogram
from defect_workbench.gui.gallery.gallery_view import Gallery
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.parameter_fields import MethodForm


class RefineDialog(QDialog):
    """Shows a cluster as a separate project.

    Signals: settings_requested(Settings) asks the window for another grouping; applied(list of index
    arrays within the cluster) when the user agrees.

    Parameters
    ----------
    labels : callable
        Returns the names that groups get when they are applied.
    """

    settings_requested = Signal(object)
    applied = Signal(list)

    def __init__(
        self,
        cluster: Cluster,
        settings: Settings,
        labels: Callable[[Sequence[Integers]], list[str]],
        loader: ThumbnailLoader,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("refineDialog")
        self.setWindowTitle(f"Refine {cluster.label}")
        self.resize(960, 600)
        self._settings, self._labels = settings, labels
        self.document = Document(self)
        self.model = ImageModel(loader, self)
        self.gallery = Gallery()
        self.gallery.setModel(self.model)
        self.gallery.setAccessibleName("Images of the smaller clusters")
        self.gallery.set_message("Looking for smaller groups…")
        self.dendrogram = Dendrogram()
        self.dendrogram.setObjectName("refineDendrogram")
        self.form = MethodForm()
        self.form.show_settings(AGGLOMERATIVE, _first_values(settings))
        self.cluster_again = QPushButton("Cluster again")
        self.cluster_again.setAutoDefault(False)
        self.summary_text = secondary_label()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.addButton("Apply", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok_button.setEnabled(False)
        self.ok_button.setDefault(True)
        self._make_layout()
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self.form.method_changed.connect(self._ask)
        self.cluster_again.clicked.connect(self._ask)
        self.dendrogram.cut_dragged.connect(self.document.preview_cut)
        self.dendrogram.cut_released.connect(self.document.move_cut)
        self.document.partition_changed.connect(self._show_partition)
        self.document.cut_changed.connect(self.dendrogram.set_cut)

    def _make_layout(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        column.addWidget(self.cluster_again)
        column.addWidget(self.dendrogram, 1)
        both = QSplitter(Qt.Orientation.Horizontal)
        both.addWidget(left)
        both.addWidget(self.gallery)
        both.setStretchFactor(0, 2)
        both.setStretchFactor(1, 3)
        foot = QHBoxLayout()
        foot.addWidget(self.summary_text, 1)
        foot.addWidget(self.buttons)
        layout = QVBoxLayout(self)
        layout.addWidget(both, 1)
        layout.addLayout(foot)

    def settings(self) -> Settings:
        """Return the settings that the controls show."""
        return replace(self._settings, method=self.form.method_name(), parameters=self.form.values())

    def show_result(self, opened: Opened) -> None:
        """Preview a grouping of the cluster."""
        self.document.show(opened)
        project = opened.project
        self.dendrogram.set_tree(
            self.document.tree, opened.layout, opened.colours, project.analysis.suggestions
        )
        self.dendrogram.set_message(f"{method_label(project.analysis.settings)} has no tree to cut")
        self.dendrogram.set_cut(project.clusters)

    def show_failure(self, message: str) -> None:
        """Show why there is nothing to apply."""
        self.document.close()
        self.model.set_rows(Path(), (), np.empty(0, np.intp), ())
        self.gallery.set_message(sentence_case(message))
        self.dendrogram.set_tree(None, None, None, ())
        self.summary_text.setText("Nothing to apply.")
        self.ok_button.setEnabled(False)

    def _ask(self) -> None:
        self.ok_button.setEnabled(False)
        self.gallery.set_message("Looking for smaller groups…")
        self.settings_requested.emit(self.settings())

    def _show_partition(self) -> None:
        project, partition = self.document.project, self.document.partition
        if project is None or partition is None:
            return
        sections, order = sections_of(self.document)
        keys = [*(cluster.key for cluster in partition.clusters), None]
        names = dict(zip(keys, self._labels(_groups(partition)), strict=False))
        sections = tuple(replace(each, title=names[each.key]) for each in sections)
        shown = project.images
        self.model.set_rows(shown.root, shown.paths, order, sections, locations=shown.locations)
        count = len(partition.clusters)
        alone = len(partition.outliers)
        words = counted(count, "smaller cluster")
        if alone:
            words += f"; {counted(alone, 'outlier')} in a separate one"
        self.summary_text.setText(words)
        self.ok_button.setEnabled(count + bool(alone) > 1)

    def _accept(self) -> None:
        partition = self.document.partition
        if partition is None:
            return
        self.accept()
        self.applied.emit(_groups(partition))


def _groups(partition: Partition) -> list[Integers]:
    """Return the smaller clusters; the outliers are the last one."""
    groups = [cluster.members for cluster in partition.clusters]
    return [*groups, partition.outliers] if len(partition.outliers) else groups


def _first_values(settings: Settings) -> dict[str, Value]:
    """Return the values from which refinement starts, for all methods."""
    values: dict[str, Value] = {}
    for method in METHODS:
        try:
            own = method.completed(settings.parameters)
        except InputError:  # settings of a session written by another version
            own = method.completed({})
        values |= own if method.for_one_cluster is None else method.for_one_cluster(own)
    return values
