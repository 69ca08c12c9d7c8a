"""The layout of the window: which panels there are, and where."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QPushButton,
    QSlider,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.class_keys import ClassKeys
from defect_workbench.app.document.item_models import ClusterModel, ImageModel
from defect_workbench.app.document.label_doubts import LabelDoubts
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.jobs.runner import JobRunner
from defect_workbench.app.messages import Messages
from defect_workbench.app.settings import WindowSettings
from defect_workbench.gui.classifier.classify_panel import ClassifyPanel
from defect_workbench.gui.controllers.clipboard import Clipboard
from defect_workbench.gui.controllers.review_decisions import ReviewController
from defect_workbench.gui.dendrogram.dendrogram_view import Dendrogram
from defect_workbench.gui.dendrogram.grouping_panel import GroupingPanel
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.message_boxes import MessageBoxes
from defect_workbench.gui.gallery.cluster_list import ClusterList
from defect_workbench.gui.gallery.gallery_bar import GalleryBar
from defect_workbench.gui.gallery.gallery_view import Gallery
from defect_workbench.gui.gallery.outlier_queue import OutlierQueue
from defect_workbench.gui.inspector.inspector_panel import Inspector
from defect_workbench.gui.light_table.light_table import LightTable
from defect_workbench.gui.map.map_page import MapPage
from defect_workbench.gui.map.map_view import MapView
from defect_workbench.gui.pareto.pareto_controller import ParetoController
from defect_workbench.gui.pareto.pareto_page import ParetoPage
from defect_workbench.gui.shared.banners import NoticeBanner, ProgressWidgets, WeightsBanner
from defect_workbench.gui.shared.focus_ring import FocusRings
from defect_workbench.gui.shared.hover_preview import HoverPreview
from defect_workbench.gui.shared.labels import ElidedLabel
from defect_workbench.gui.shared.map_overlays import MapOverlays
from defect_workbench.gui.shared.page_sizes import only_current_counts
from defect_workbench.gui.shared.theme import apply_text_size, apply_theme
from defect_workbench.gui.wafer.wafer_page import WaferPage
from defect_workbench.gui.window.dock_sizes import DockSizes
from defect_workbench.gui.window.welcome import Welcome
from defect_workbench.user_dirs import UserDirs

_THUMBNAIL_PIXELS = 192
_LARGE_PIXELS = 1024
# Widths and, of the queue, height of the docks.
_DOCK_SIZES = 400, 300, 230, 300
# Pages of the window.
WELCOME, WORKBENCH = 0, 1


class PanelWindow(QMainWindow):
    """All panels around one document. Signals: theme_changed when colours are other ones.

    Parameters
    ----------
    places : UserDirs
        Where weights, features, log and settings are.
    messages : Messages, optional
        Message boxes; tests pass their own.
    """

    theme_changed = Signal()

    def __init__(self, places: UserDirs, messages: Messages | None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle("Defect Workbench")
        self.resize(1360, 860)
        self.places = places
        self._messages: Messages = messages or MessageBoxes(self)
        self.settings = WindowSettings(places.settings)
        file_dialogs.remember_places(self.settings)
        self.document = Document(self)
        self.jobs = JobRunner(self)
        # In device pixels, so that thumbnails are sharp at the largest size.
        side = round(_THUMBNAIL_PIXELS * self.devicePixelRatioF())
        self.thumbnails = ThumbnailLoader(side, self)
        self.large_thumbnails = ThumbnailLoader(_LARGE_PIXELS, self)
        self.originals = OriginalLoader(self)
        self.overlays = MapOverlays(self.document, self)
        self._make_panels()
        self._make_status()
        self._make_previews()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            self.focus_rings = FocusRings(application, self)
        # A method, not a lambda: a lambda would keep the closed window and its project.
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_colours)

    def _make_panels(self) -> None:
        self.welcome = Welcome()
        self.weights_banner = WeightsBanner()
        self.image_model = ImageModel(self.thumbnails, self)
        self.gallery = Gallery(self.overlays)
        self.gallery.setObjectName("gallery")
        self.gallery.setAccessibleName("Images by cluster")
        self.gallery.setModel(self.image_model)
        self.dendrogram = Dendrogram()
        self.cluster_model = ClusterModel(self.document, self)
        self.cluster_list = ClusterList(self.cluster_model)
        self.inspector = Inspector(self.document, self.originals, self.thumbnails, self.overlays)
        self.review = ReviewController(
            self.document, self.cluster_list, self.gallery, self.thumbnails, self._messages, self
        )
        self.clipboard = Clipboard(
            self.document, self.cluster_list, self.review.chosen_images, self.dendrogram, self
        )
        self.grouping = GroupingPanel(self.document)
        self.class_keys = ClassKeys(self.document, self)
        self.outlier_queue = OutlierQueue(
            self.document, self.class_keys, self.thumbnails, self.large_thumbnails, self.overlays
        )

        self.map = MapView(self.document, self.thumbnails)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Pages")
        # Otherwise the keys of a page that is left go to the dendrogram, where arrows move the cut.
        self.tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.gallery_bar = GalleryBar()
        clusters = QWidget()
        rows = QVBoxLayout(clusters)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.gallery_bar)
        rows.addWidget(self.gallery, 1)
        self.tabs.addTab(clusters, "Clusters")
        plane = MapPage(self.map)
        self.map_method, self.map_colour = plane.method, plane.colour
        self.tabs.addTab(plane, "Map")
        self.wafer_page = WaferPage(self.document)
        self.tabs.addTab(self.wafer_page, "Wafer")
        self.doubts = LabelDoubts(self.document, self)
        self.classify_panel = ClassifyPanel(self.document, self.doubts, self.thumbnails, self.originals)
        self.tabs.addTab(self.classify_panel, "Classify")
        self.pareto = ParetoController(self.document, ParetoPage(), self._messages, self)
        self.tabs.addTab(self.pareto.page, "Pareto")
        only_current_counts(self.tabs)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.weights_banner)
        column.addWidget(self.tabs, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(page)
        self.light_table = LightTable(
            self.document,
            self.class_keys,
            self.thumbnails,
            self.large_thumbnails,
            self.originals,
            self.overlays,
            self.doubts,
        )
        self.stack.addWidget(self.light_table)
        only_current_counts(self.stack)
        middle = QWidget()
        over = QVBoxLayout(middle)
        over.setContentsMargins(0, 0, 0, 0)
        over.setSpacing(0)
        over.addWidget(self.stack, 1)
        self.notice = NoticeBanner(middle)
        # Its last row can be scrolled out from under a notice.
        self.notice.covers.connect(self._leave_free)
        self.setCentralWidget(middle)

        left = QSplitter(Qt.Orientation.Vertical)
        left.addWidget(self.dendrogram)
        left.addWidget(self.cluster_list)
        left.setStretchFactor(0, 3)
        left.setStretchFactor(1, 2)
        left.setChildrenCollapsible(False)
        area = Qt.DockWidgetArea
        self.docks = [
            self._dock("dendrogramDock", "Dendrogram", left, area.LeftDockWidgetArea),
            self._dock("inspectorDock", "Inspector", self.inspector, area.RightDockWidgetArea),
            self._dock("outlierDock", "Outliers", self.outlier_queue, area.BottomDockWidgetArea),
            self._dock("groupingDock", "Grouping", self.grouping, area.RightDockWidgetArea),
        ]
        self.outlier_dock = self.docks[2]
        self.tabifyDockWidget(self.docks[1], self.docks[3])
        self.docks[1].raise_()
        self.setCorner(Qt.Corner.BottomLeftCorner, area.LeftDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, area.RightDockWidgetArea)
        sizes = dict(zip(self.docks, _DOCK_SIZES, strict=True))
        self.dock_sizes = DockSizes(self, sizes, self.settings)

    def _leave_free(self, below: int) -> None:
        self.gallery.setViewportMargins(0, 0, 0, below)

    def close_loaders(self) -> None:
        """Stop all threads that run jobs or read images, and wait for them."""
        self.jobs.close()
        self.wafer_page.close_jobs()
        self.pareto.close()
        self.thumbnails.close()
        self.large_thumbnails.close()
        self.originals.close()
        self.light_table.grid.close_loader()
        self.overlays.close()

    def set_theme(self, theme: str) -> None:
        """Apply the theme "system", "light" or "dark", and remember it."""
        self.settings.theme = theme
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)
        self.theme_changed.emit()

    def _on_system_colours(self) -> None:
        self.set_theme(self.settings.theme)

    def set_text_size(self, percent: int) -> None:
        """Show text in percent of the size of the system, and remember it."""
        self.settings.text_size = percent
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_text_size(application, percent)
            # Widgets under a style sheet use a new font only once the style sheet is applied again.
            apply_theme(application, self.settings.theme)
            self.dock_sizes.restore()

    def _make_previews(self) -> None:
        self.preview = HoverPreview(self.document, self.large_thumbnails, self)
        self.preview.watch(self.gallery.viewport(), self.gallery.image_at)
        for plane in (self.map, self.wafer_page.view):
            self.preview.watch(plane, plane.image_at)

    def _dock(self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _make_status(self) -> None:
        self.summary = ElidedLabel(Qt.TextElideMode.ElideRight, QPalette.ColorRole.WindowText)
        self.summary.setObjectName("statusSummary")
        self.unused_files = QPushButton()
        self.unused_files.setObjectName("unusedFiles")
        self.unused_files.setFlat(True)
        self.unused_files.setToolTip("Show which files could not be used, and why")
        self.unused_files.hide()
        self.progress = ProgressWidgets()
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(56, 192)
        self.size_slider.setValue(96)
        self.size_slider.setFixedWidth(110)
        self.size_slider.setToolTip("Size of the thumbnails")
        self.size_slider.setAccessibleName("Size of the thumbnails")
        bar = self.statusBar()
        for source in (self.review, self.clipboard, self.pareto):
            source.status.connect(lambda text: bar.showMessage(text, 5000))
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(10, 0, 12, 0)
        bar.addWidget(self.summary, 1)
        for widget in (self.unused_files, *self.progress.widgets(), self.size_slider):
            bar.addPermanentWidget(widget)
