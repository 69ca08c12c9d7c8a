"""The list of clusters: colour, name, size, state."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFontMetrics,
    QPainter,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from defect_workbench.app.document.item_models import ClusterModel, Role, dragged_images
from defect_workbench.core.project.decisions import Cluster

Index = QModelIndex | QPersistentModelIndex

# Characters.
_SHORTEST_NAME = 8


class _Delegate(QStyledItemDelegate):
    # The longest number of images, so that the marks before the numbers stand below each other.
    longest = ""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, QFontMetrics(option.font).height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cluster = index.data(Role.CLUSTER)
        if not isinstance(cluster, Cluster):
            return
        rect: QRect = option.rect
        palette: QPalette = option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(rect, palette.color(QPalette.ColorRole.Highlight))
        ink = palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        secondary = ink if chosen else palette.color(QPalette.ColorRole.PlaceholderText)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Some colours are close to that of the selection.
        painter.setPen(QPen(ink, 1) if chosen else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(QColor(str(index.data(Role.COLOUR))))
        painter.drawRoundedRect(QRect(rect.left() + 10, rect.center().y() - 5, 12, 12), 3, 3)
        count = f"{len(cluster.members):,}"
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(count)
        middle = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        painter.setPen(secondary)
        painter.drawText(rect.adjusted(rect.width() - width - 12, 0, -12, 0), middle, count)
        right = max(width, metrics.horizontalAdvance(self.longest)) + 24
        state = str(index.data(Role.STATE))
        if state:
            mark = "✓" if state == "confirmed" else state
            room = metrics.horizontalAdvance(mark)
            left = rect.width() - 32 - right - room - 8
            # In a narrow list, the name says more than a word about its state.
            if mark == "✓" or left >= _SHORTEST_NAME * metrics.averageCharWidth():
                painter.drawText(rect.adjusted(rect.width() - right - room, 0, 0, 0), middle, mark)
                right += room + 8
        painter.setPen(ink)
        text_width = rect.width() - 32 - right
        name = metrics.elidedText(cluster.label, Qt.TextElideMode.ElideMiddle, text_width)
        painter.drawText(rect.adjusted(32, 0, -right, 0), middle, name)
        painter.restore()


class ClusterList(QListView):
    """Clusters by descending size; several can be selected, and images can be dropped on them.

    Signals: images_dropped(images, key).
    """

    images_dropped = Signal(list, int)

    def __init__(self, model: ClusterModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clusterList")
        self.setAccessibleName("Clusters")
        self.setModel(model)
        self._delegate = _Delegate(self)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setAcceptDrops(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._kept: tuple[list[int], int | None] = ([], None)
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._restore)
        model.modelReset.connect(self._align)

    def forget(self) -> None:
        """Select nothing: the clusters are those of another project."""
        self._kept = [], None
        self.clearSelection()
        self.setCurrentIndex(QModelIndex())

    def _remember(self) -> None:
        """Remember the selected clusters by their medoids: a decision about a cluster changes its key."""
        current = self.currentIndex().data(Role.CLUSTER)
        medoid = int(current.members[0]) if isinstance(current, Cluster) else None
        self._kept = [int(cluster.members[0]) for cluster in self.chosen()], medoid

    def _restore(self) -> None:
        """Select the clusters that now hold the remembered medoids."""
        model, (medoids, current) = self.model(), self._kept
        assert isinstance(model, ClusterModel)
        flags = self.selectionModel().SelectionFlag
        for medoid in medoids:
            self.selectionModel().select(model.index(model.row_of_image(medoid)), flags.Select)
        if current is not None:
            here = model.index(model.row_of_image(current))
            self.selectionModel().setCurrentIndex(here, flags.NoUpdate)

    def _align(self) -> None:
        model = self.model()
        clusters = (model.index(row, 0).data(Role.CLUSTER) for row in range(model.rowCount()))
        self._delegate.longest = f"{max((len(cluster.members) for cluster in clusters), default=0):,}"

    def _dropped_on(self, event: QDropEvent) -> Cluster | None:
        cluster = self.indexAt(event.position().toPoint()).data(Role.CLUSTER)
        return cluster if isinstance(cluster, Cluster) and dragged_images(event.mimeData()) else None

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept images."""
        if dragged_images(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Accept images only on a cluster."""
        event.setAccepted(self._dropped_on(event) is not None)

    def dropEvent(self, event: QDropEvent) -> None:
        """Move the images into the cluster."""
        cluster = self._dropped_on(event)
        if cluster is not None:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.images_dropped.emit(dragged_images(event.mimeData()), cluster.key)

    def chosen(self) -> list[Cluster]:
        """Return the selected clusters, largest first."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        clusters = [self.model().index(row, 0).data(Role.CLUSTER) for row in rows]
        return [cluster for cluster in clusters if isinstance(cluster, Cluster)]

    def choose(self, key: int, toggle: bool = False) -> None:
        """Select a cluster by its key."""
        model = self.model()
        assert isinstance(model, ClusterModel)
        row = model.row_of_key(key)
        if row < 0:
            return
        flags = self.selectionModel().SelectionFlag
        self.selectionModel().setCurrentIndex(
            model.index(row), flags.Toggle if toggle else flags.ClearAndSelect
        )
        self.scrollTo(model.index(row))
