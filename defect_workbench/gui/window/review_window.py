"""The window in which images are reviewed: one selection for all panels, and what is shown in their place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QDockWidget, QWidget

from defect_workbench.app.document.item_models import Role
from defect_workbench.app.messages import Messages
from defect_workbench.gui.window.panels_in_sight import is_in_sight
from defect_workbench.gui.window.window_layout import WORKBENCH, PanelWindow
from defect_workbench.user_dirs import UserDirs

# Of a window that has no room for the dendrogram beside figures, in characters.
_NARROW = 130
# Of a window that has no room for the queue below the map or a chart, in lines of text.
_LOW = 40


class ReviewWindow(PanelWindow):
    """Selects in all panels at once, and goes to the light table, the queue and the figures of a training.

    Parameters
    ----------
    places : UserDirs
        Where weights, features, log and settings are.
    messages : Messages, optional
        Message boxes; tests pass their own.
    """

    def __init__(self, places: UserDirs, messages: Messages | None) -> None:
        super().__init__(places, messages)
        self._hidden_docks: list[QDockWidget] = []
        self._docks_aside: list[QDockWidget] = []
        self._notice_aside = False
        self._focus_before: QWidget | None = None
        evaluation = self.classify_panel.evaluation
        evaluation.images_chosen.connect(self.choose_images)
        evaluation.gallery_wanted.connect(self.show_in_gallery)
        evaluation.light_table_wanted.connect(self.look_at)
        self.light_table.closed.connect(self.close_light_table)
        self.gallery.activated.connect(lambda _: self.open_light_table())
        self.cluster_list.activated.connect(lambda _: self.open_light_table(of_clusters=True))
        self.tabs.currentChanged.connect(self.make_room)
        self._connect_views()

    def _connect_views(self) -> None:
        self.outlier_queue.light_table_wanted.connect(self.look_at)
        self.outlier_queue.done.classify_wanted.connect(self._show_classify)
        for panel in (self.outlier_queue, self.inspector):
            panel.image_chosen.connect(self.choose_image)
        for view in (self.gallery, self.cluster_list):
            view.images_dropped.connect(self.review.move_images)
        self.pareto.images_chosen.connect(self.choose_images)
        self.pareto.gallery_wanted.connect(self.show_in_gallery)
        self.gallery_bar.fold_all.connect(self.gallery.fold_all)
        self.size_slider.valueChanged.connect(self.gallery.set_side)
        self.gallery.section_clicked.connect(self.cluster_list.choose)
        self.gallery.selectionModel().currentChanged.connect(self.on_current_image)
        self.gallery.selectionModel().selectionChanged.connect(
            lambda: self.map.set_chosen(self.review.chosen_images())
        )
        self.cluster_list.selectionModel().currentChanged.connect(self.on_current_cluster)
        self.document.cluster_made.connect(self._choose_new_cluster)

    # One selection, shared by all panels

    def choose_images(self, images: Sequence[int], add: bool = False) -> None:
        """Select images in all panels."""
        chosen = self.image_model.selection_of(images)
        flags = QItemSelectionModel.SelectionFlag
        self.gallery.selectionModel().select(chosen, flags.Select if add else flags.ClearAndSelect)
        if images:
            row = self.image_model.row_of(images[0])
            if row >= 0:
                self.gallery.scrollTo(self.image_model.index(row))
            self.inspector.show_image(images[0])

    def show_in_gallery(self, images: Sequence[int]) -> None:
        """Go to the gallery, with images selected."""
        self.tabs.setCurrentIndex(0)
        self.choose_images(images)
        self.gallery.setFocus()

    def on_current_image(self) -> None:
        """Show the current image of the gallery."""
        image = self.gallery.currentIndex().data(Role.IMAGE)
        if image is None:
            return
        self.inspector.show_image(int(image))
        if self.gallery.hasFocus():
            # Keys about clusters then act on the cluster of this image.
            row = self.cluster_model.row_of_image(int(image))
            if row >= 0:
                self.cluster_list.choose(self.cluster_model.index(row).data(Role.CLUSTER).key)
            else:
                self.cluster_list.clearSelection()

    def choose_image(self, image: int) -> None:
        """Select one image in all panels."""
        row = self.image_model.row_of(image)
        if row >= 0:
            index = self.image_model.index(row)
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.gallery.selectionModel().setCurrentIndex(index, flag)
            self.gallery.scrollTo(index)
        self.inspector.show_image(image)

    def on_current_cluster(self) -> None:
        """Scroll the gallery to the current cluster of the list."""
        cluster = self.cluster_list.currentIndex().data(Role.CLUSTER)
        if cluster is None or self.gallery.hasFocus():
            return
        self.gallery.scroll_to_section(cluster.key)
        if self.cluster_list.hasFocus():
            # Keys about images then act on none that is out of sight.
            self.gallery.clearSelection()

    def _choose_new_cluster(self, image: int) -> None:
        """Let keys about clusters act on a new one, also while the outlier queue shows the next image."""
        row = self.cluster_model.row_of_image(image)
        if row >= 0:
            self.cluster_list.choose(self.cluster_model.index(row).data(Role.CLUSTER).key)

    def make_room(self, tab: int) -> None:
        """Hide the panels that a page leaves no room for, and show those that it does."""
        crowded_out = self._crowded_out_by(self.tabs.widget(tab))
        for dock in self._hidden_docks:
            if dock not in crowded_out:
                dock.show()
        still = [dock for dock in self._hidden_docks if dock in crowded_out]
        self._hidden_docks = still + _hide(crowded_out)
        self.dock_sizes.restore()

    def _crowded_out_by(self, page: QWidget | None) -> list[QDockWidget]:
        """Return the panels that have to leave their room to a page.

        The figures of a classifier need that of all panels about single images and, in a narrow window, that
        of the dendrogram; in a low window, the map and charts need that of the outlier queue.
        """
        if page is self.classify_panel:
            narrow = self.width() < _NARROW * self.fontMetrics().averageCharWidth()
            return self.docks if narrow else self.docks[1:]
        charts = (self.map.parentWidget(), self.wafer_page, self.pareto.page)
        if page in charts and self.height() < _LOW * self.fontMetrics().height():
            return [self.outlier_dock]
        return []

    @property
    def at_light_table(self) -> bool:
        """Whether the light table is shown."""
        return self.stack.currentWidget() is self.light_table

    def open_light_table(self, *, of_clusters: bool = False) -> None:
        """Show images at full size, in place of all panels: several selected ones, else their cluster.

        Parameters
        ----------
        of_clusters : bool
            The images of the selected clusters, whatever is selected in the gallery.
        """
        partition = self.document.partition
        images, chosen = self.review.chosen_images().tolist(), self.cluster_list.chosen()
        if partition is None:
            return
        first = None
        if not of_clusters and len(images) > 1:
            title = f"{len(images):,} selected images"
        elif not of_clusters and images:
            first, number = images[0], int(partition.cluster_of[images[0]])
            members = partition.clusters[number].members if number >= 0 else partition.outliers
            images = members.tolist()
            title = partition.clusters[number].label if number >= 0 else "Outliers"
        elif chosen:
            images = [image for cluster in chosen for image in cluster.members.tolist()]
            title = ", ".join(cluster.label for cluster in chosen)
        else:
            return
        self.look_at(images, title, first)

    def look_at(self, images: Sequence[int], title: str, first: int | None = None) -> None:
        """Show images on the light table in this order, beginning with one of them."""
        if self.at_light_table:
            return
        self._focus_before = self.focusWidget()
        self._docks_aside = _hide(self.docks)
        # It would lie over the keys; it comes back with the panels.
        self._notice_aside = self.notice.isVisible()
        self.notice.hide()
        self.stack.setCurrentWidget(self.light_table)
        self.light_table.show_images(images, title)
        if first is not None:
            self.light_table.go(images.index(first))
        self.light_table.setFocus()

    def show_wafers(self) -> None:
        """Show the Wafer tab."""
        self.close_light_table()
        self.tabs.setCurrentWidget(self.wafer_page)
        self.wafer_page.view.setFocus()

    def close_light_table(self) -> None:
        """Go back to the panels, with the image that was looked at last selected."""
        if not self.at_light_table:
            return
        image = self.light_table.image
        # Image numbers are not valid in another project.
        self.light_table.show_images((), "")
        self.stack.setCurrentIndex(WORKBENCH)
        for dock in self._docks_aside:
            dock.show()
        self._docks_aside = []
        if self._notice_aside:
            self.notice.show()
        if image is not None:
            self.choose_image(image)
        before, on_classify = self._focus_before, self.tabs.currentWidget() is self.classify_panel
        (before if before and (on_classify or before is self.outlier_queue) else self.gallery).setFocus()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Go on to the next widget on Tab; panels behind others are passed over."""
        first: QWidget | None = None
        while super().focusNextPrevChild(forward):
            widget = self.focusWidget()
            if widget is None or widget is first or is_in_sight(self, widget):
                return True
            first = first or widget
        return False

    def _show_classify(self) -> None:
        self.tabs.setCurrentWidget(self.classify_panel)
        self.classify_panel.train_button.setFocus()

    def leave_classify_page(self) -> None:
        """Go to the images from the Classify tab, which shows none of the open lot."""
        if self.tabs.currentWidget() is self.classify_panel:
            self.tabs.setCurrentIndex(0)

    def focus_images(self) -> None:
        """Let single keys act on images, not write into what was used before, such as the filter."""
        if self.tabs.currentIndex() == 0:
            self.gallery.setFocus()

    def show_queue(self) -> None:
        """Go to the outlier queue, whichever tab is shown."""
        self.close_light_table()
        if self.outlier_dock in self._crowded_out_by(self.tabs.currentWidget()):
            self.tabs.setCurrentIndex(0)
        self.outlier_dock.show()
        self.outlier_dock.raise_()
        self.outlier_queue.setFocus()


def _hide(docks: Sequence[QDockWidget]) -> list[QDockWidget]:
    """Hide docks; return those that were shown."""
    shown = [dock for dock in docks if not dock.isHidden()]
    for dock in shown:
        dock.hide()
    return shown
