"""Copies images, contact sheets and the dendrogram to the clipboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QObject, QUrl, Signal
from PySide6.QtGui import QGuiApplication, QImage

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import copy_job
from defect_workbench.app.jobs.runner import JobRunner, Work
from defect_workbench.core.arrays import Integers
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.gui.dendrogram.dendrogram_view import Dendrogram
from defect_workbench.gui.gallery.cluster_list import ClusterList
from defect_workbench.gui.shared.copying import copy_widget

# A sheet of more clusters would be too large to paste.
_MOST_CLUSTERS = 12


class Clipboard(QObject):
    """Copies what is selected. Images are read in the background, beside the jobs of the window.

    Signals: status(text) for the status bar.

    Parameters
    ----------
    chosen_images : callable
        Returns the images selected in the gallery, in ascending order.
    """

    status = Signal(str)

    def __init__(
        self,
        document: Document,
        clusters: ClusterList,
        chosen_images: Callable[[], Integers],
        dendrogram: Dendrogram,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._document, self._clusters, self._dendrogram = document, clusters, dendrogram
        self._chosen_images = chosen_images
        self.reader = JobRunner(self)
        self._then: Callable[[QImage], None] | None = None
        self.reader.done.connect(self._on_read)
        self.reader.failed.connect(lambda message: self.status.emit(sentence_case(message)))

    def close(self) -> None:
        """Stop reading and wait for its thread."""
        self.reader.close()

    def copy_images(self) -> None:
        """Put the files of the selected images on the clipboard; of a single image, the picture as well."""
        project, chosen = self._document.project, self._chosen_images().tolist()
        if project is None or not chosen:
            return
        # Several defects may be in one file.
        paths = list(dict.fromkeys(str(project.images.file(image)) for image in chosen))

        def put(picture: QImage) -> None:
            data = QMimeData()
            data.setText("\n".join(paths))
            data.setUrls([QUrl.fromLocalFile(path) for path in paths])
            if not picture.isNull():
                data.setImageData(picture)
            QGuiApplication.clipboard().setMimeData(data)
            self.status.emit(f"{counted(len(chosen), project.images.noun)} copied")

        if len(chosen) == 1:
            self._read(copy_job.read_picture(str(project.images.absolute(chosen[0]))), put)
        else:
            put(QImage())

    def copy_sheet(self) -> None:
        """Copy the contact sheet of the selected clusters, or of several selected images.

        A single image stands for its cluster, as on the light table. Of clusters and images, those in the
        list that has the focus are copied.
        """
        project, partition = self._document.project, self._document.partition
        if project is None or partition is None:
            return
        chosen, clusters = self._chosen_images(), self._clusters.chosen()
        if clusters and (self._clusters.hasFocus() or not len(chosen)):
            keys = {cluster.key for cluster in clusters[:_MOST_CLUSTERS]}
            numbers = [n for n, cluster in enumerate(partition.clusters) if cluster.key in keys]
            words = clusters[0].label if len(clusters) == 1 else counted(len(numbers), "cluster")
            if len(clusters) > _MOST_CLUSTERS:
                words += f" of {len(clusters):,}"
            work = copy_job.sheet_of_clusters(project, numbers)
        elif len(chosen) > 1:
            words = counted(len(chosen), project.images.noun)
            work = copy_job.sheet_of_images(project, chosen)
        elif len(chosen):
            number = int(partition.cluster_of[chosen[0]])
            words = "the outliers" if number < 0 else partition.clusters[number].label
            work = copy_job.sheet_of_clusters(project, [number] if number >= 0 else [], number < 0)
        else:
            return

        def put(picture: QImage) -> None:
            QGuiApplication.clipboard().setImage(picture)
            self.status.emit(f"Contact sheet of {words} copied")

        self._read(work, put)

    def copy_dendrogram(self) -> None:
        """Copy the dendrogram as it is shown, at twice the resolution."""
        copy_widget(self._dendrogram)
        self.status.emit("Dendrogram copied")

    def _read(self, work: Work, then: Callable[[QImage], None]) -> None:
        self._then = then
        self.reader.run(work)

    def _on_read(self, picture: QImage) -> None:
        then, self._then = self._then, None
        if then is not None:
            then(picture)
