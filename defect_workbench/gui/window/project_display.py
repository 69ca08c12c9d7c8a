"""Shows the document in the panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, Qt

from defect_workbench.app.document.gallery_sections import (
    empty_message,
    sections_of,
    summary_of,
    to_review,
)
from defect_workbench.app.document.held_order import HeldOrder
from defect_workbench.app.jobs import open_job
from defect_workbench.app.jobs.runner import Work
from defect_workbench.core.text import counted
from defect_workbench.engine.clustering.registry import method_label
from defect_workbench.gui.dendrogram.decorations import mark_tree
from defect_workbench.gui.dialogs.unused_files_dialog import UnusedFilesDialog
from defect_workbench.gui.window.menus import Menus
from defect_workbench.gui.window.review_window import ReviewWindow

_COMPONENTS, _NEIGHBOURS = 0, 1


class ProjectDisplay:
    """Keeps the panels, the status bar and the list of suggested cuts in step with the document.

    Parameters
    ----------
    run : callable
        Runs a job.
    """

    def __init__(self, window: ReviewWindow, menus: Menus, run: Callable[[Work], None]) -> None:
        self._window, self._menus, self._run = window, menus, run
        self._document = document = window.document
        self._order = HeldOrder(document)
        document.grouping_changed.connect(self.show_tree)
        for columns_changed in (document.side_changed, document.columns_changed):
            columns_changed.connect(self.show_columns)
        document.side_changed.connect(self.show_partition)
        document.partition_changed.connect(self.show_partition)
        document.cut_changed.connect(self._show_cut)
        menus.cluster_count.valueChanged.connect(document.move_cut)
        window.dendrogram.cut_dragged.connect(document.preview_cut)
        window.dendrogram.cut_released.connect(document.move_cut)
        window.dendrogram.branch_chosen.connect(window.choose_images)
        window.thumbnails.ready.connect(lambda _: window.dendrogram.update())
        window.gallery_bar.changed.connect(self.show_partition)
        window.gallery.selectionModel().selectionChanged.connect(lambda *_: self._show_summary())
        window.unused_files.clicked.connect(self._show_unused_files)
        window.map_colour.currentIndexChanged.connect(
            lambda _: window.map.colour_by(window.map_colour.currentData())
        )
        window.map_method.currentIndexChanged.connect(self._lay_out_map)

    def show_project(self) -> None:
        """Show a project that was just opened."""
        # The selection refers to images of the previous project.
        self._window.gallery.clearSelection()
        self._window.cluster_list.forget()
        self.show_columns()
        self.show_tree()

    def show_tree(self) -> None:
        """Show a new tree, its suggested cuts, and the map of its vectors."""
        window, project, tree = self._window, self._document.project, self._document.tree
        if project is None:
            return
        window.weights_banner.set_needed(project.analysis.backbone is None)
        window.map_method.setCurrentIndex(_COMPONENTS)
        window.map.set_points(self._document.plane)
        suggestions = project.analysis.suggestions
        window.dendrogram.set_tree(tree, self._document.layout, self._document.node_colours, suggestions)
        self._menus.set_suggestions(suggestions, self._document.move_cut)
        if tree is None:
            label = method_label(project.analysis.settings)
            flat = project.analysis.flat is not None
            window.dendrogram.set_message(
                f"{label} has no tree to cut" if flat else "A single image has no dendrogram"
            )
        with QSignalBlocker(self._menus.cluster_count):
            self._menus.cluster_count.setRange(1, tree.leaves if tree is not None else 1)

    def show_columns(self) -> None:
        """Offer the columns of the project to filter and colour by."""
        window = self._window
        project = self._document.project
        if project is None:
            return
        columns = self._document.columns
        window.gallery_bar.set_columns(list(columns), list(project.image_notes.tag_counts))
        chosen = window.map_colour.currentText()
        window.map_colour.clear()
        window.map_colour.addItem("Cluster", None)
        for name, column in columns.items():
            window.map_colour.addItem(name, column)
        window.map_colour.setCurrentIndex(max(0, window.map_colour.findText(chosen)))

    def _show_cut(self, clusters: int) -> None:
        self._window.dendrogram.set_cut(clusters)
        with QSignalBlocker(self._menus.cluster_count):
            self._menus.cluster_count.setValue(clusters)

    def show_partition(self) -> None:
        """Show the current clusters; the selected images stay selected."""
        window = self._window
        project, partition = self._document.project, self._document.partition
        if project is None or partition is None:
            return
        selected = window.review.chosen_images()
        choice = window.gallery_bar.choice()
        sections, order = sections_of(self._document, choice, self._order)
        window.gallery.set_message(empty_message(self._document, choice))
        columns = self._document.columns
        captions = [columns[name.casefold()] for name in choice.captions if name.casefold() in columns]
        shown = project.images
        window.image_model.set_rows(
            shown.root, shown.paths, order, sections, project.image_notes, captions, shown.locations
        )
        window.gallery.selectionModel().select(
            window.image_model.selection_of(selected), QItemSelectionModel.SelectionFlag.ClearAndSelect
        )
        mark_tree(window.dendrogram, self._document, window.thumbnails)
        self._show_summary()
        waiting = to_review(self._document)
        window.outlier_dock.setWindowTitle(_queue_title(waiting))
        window.dock_sizes.set_compact(window.outlier_dock, not any(waiting.values()))

    def _show_summary(self) -> None:
        """Show the numbers of the project, and how many images are selected."""
        words, selected = summary_of(self._document), len(self._window.review.chosen_images())
        self._window.summary.setText(f"{words}  ·  {selected:,} selected" if words and selected else words)
        rejected = () if self._document.project is None else self._document.project.images.rejected
        self._window.unused_files.setText(f"{counted(len(rejected), 'file')} not used")
        self._window.unused_files.setVisible(bool(rejected))

    def _show_unused_files(self) -> None:
        project = self._document.project
        if project is not None:
            dialog = UnusedFilesDialog(project.images.rejected, self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    def _lay_out_map(self, method: int) -> None:
        project = self._document.project
        if project is None:
            return
        if method == _NEIGHBOURS:
            self._run(open_job.lay_out_map(project))
        else:
            self._window.map.set_points(self._document.plane)

    def on_map_ready(self, result: open_job.MapReady) -> None:
        """Show the map that a job laid out, unless its vectors have been replaced."""
        project = self._document.project
        if project is not None and project.analysis.vectors is result.vectors:
            self._window.map.set_points(result.plane)


def _queue_title(counts: Mapping[str, int]) -> str:
    """Return the title of the outlier queue: each number with what it counts."""
    titles = {"outlier": "Outliers", "unsure proposal": "Unsure proposals"}
    parts = [f"{titles[noun]} · {count:,}" for noun, count in counts.items() if count or noun == "outlier"]
    return "   ".join(parts)
