"""What the panels show of the document."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker

from defect_workbench.app.document.gallery_sections import sections_of, summary_of
from defect_workbench.app.jobs import open_job
from defect_workbench.app.jobs.runner import Work
from defect_workbench.engine.clustering.registry import method_label
from defect_workbench.gui.dendrogram.decorations import mark_tree
from defect_workbench.gui.window.menus import Menus
from defect_workbench.gui.window.window_layout import Bench

_COMPONENTS, _NEIGHBOURS = 0, 1


class ProjectDisplay:
    """Keeps the panels, the status bar and the list of suggested cuts in step with the document.

    Parameters
    ----------
    run : callable
        Runs a job.
    """

    def __init__(self, bench: Bench, menus: Menus, run: Callable[[Work], None]) -> None:
        self._bench, self._menus, self._run = bench, menus, run
        self._document = document = bench.document
        document.grouping_changed.connect(self.show_tree)
        document.side_changed.connect(self.show_columns)
        document.side_changed.connect(self.show_partition)
        document.partition_changed.connect(self.show_partition)
        document.cut_changed.connect(self._show_cut)
        menus.cluster_count.valueChanged.connect(document.move_cut)
        bench.dendrogram.cut_dragged.connect(document.preview_cut)
        bench.dendrogram.cut_released.connect(document.move_cut)
        bench.dendrogram.branch_chosen.connect(bench.choose_images)
        bench.thumbnails.ready.connect(lambda _: bench.dendrogram.update())
        bench.gallery_bar.changed.connect(self.show_partition)
        bench.map_colour.currentIndexChanged.connect(
            lambda _: bench.map.colour_by(bench.map_colour.currentData())
        )
        bench.map_method.currentIndexChanged.connect(self._lay_out_map)

    def show_project(self) -> None:
        """Show a project that was just opened."""
        # The selection was of images of another project.
        self._bench.gallery.clearSelection()
        self.show_columns()
        self.show_tree()

    def show_tree(self) -> None:
        """Show another tree, its suggested cuts, and the map of its vectors."""
        bench, project, tree = self._bench, self._document.project, self._document.tree
        if project is None:
            return
        bench.weights_banner.set_needed(project.analysis.backbone is None)
        bench.map_method.setCurrentIndex(_COMPONENTS)
        bench.map.set_points(self._document.plane)
        suggestions = project.analysis.suggestions
        bench.dendrogram.set_tree(tree, self._document.layout, self._document.node_colours, suggestions)
        self._menus.set_suggestions(suggestions, self._document.move_cut)
        if tree is None:
            label = method_label(project.analysis.settings)
            flat = project.analysis.flat is not None
            bench.dendrogram.set_message(
                f"{label} has no tree to cut" if flat else "One image has no dendrogram"
            )
        with QSignalBlocker(self._menus.cluster_count):
            self._menus.cluster_count.setRange(1, tree.leaves if tree is not None else 1)

    def show_columns(self) -> None:
        """Offer the columns of the project to filter and colour by."""
        bench = self._bench
        if self._document.project is None:
            return
        columns = self._document.columns
        bench.gallery_bar.set_columns(list(columns))
        chosen = bench.map_colour.currentText()
        bench.map_colour.clear()
        bench.map_colour.addItem("cluster", None)
        for name, column in columns.items():
            bench.map_colour.addItem(name, column)
        bench.map_colour.setCurrentIndex(max(0, bench.map_colour.findText(chosen)))

    def _show_cut(self, clusters: int) -> None:
        self._bench.dendrogram.set_cut(clusters)
        with QSignalBlocker(self._menus.cluster_count):
            self._menus.cluster_count.setValue(clusters)

    def show_partition(self) -> None:
        """Show other clusters; the selected images stay selected."""
        bench = self._bench
        project, partition = self._document.project, self._document.partition
        if project is None or partition is None:
            return
        selected = bench.review.chosen_images()
        sections, order = sections_of(self._document, bench.gallery_bar.choice())
        bench.image_model.set_rows(project.images.root, project.images.paths, order, sections)
        bench.gallery.selectionModel().select(
            bench.image_model.selection_of(selected), QItemSelectionModel.SelectionFlag.ClearAndSelect
        )
        mark_tree(bench.dendrogram, self._document, bench.thumbnails)
        bench.summary.setText(summary_of(self._document))
        bench.outlier_dock.setWindowTitle(f"Outliers · {bench.outlier_queue.left:,}")

    def _lay_out_map(self, method: int) -> None:
        project = self._document.project
        if project is None:
            return
        if method == _NEIGHBOURS:
            self._run(open_job.lay_out_map(project))
        else:
            self._bench.map.set_points(self._document.plane)

    def on_map_ready(self, result: open_job.MapReady) -> None:
        """Show the map that a job laid out, unless its vectors have been replaced."""
        project = self._document.project
        if project is not None and project.analysis.vectors is result.vectors:
            self._bench.map.set_points(result.plane)
