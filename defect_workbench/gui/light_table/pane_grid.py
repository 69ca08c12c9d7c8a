"""The images of a page of the light table: read ahead, zoomed together, at the same tone if wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QGridLayout, QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.image_loading.toned_loader import TonedLoader
from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.engine.input.full_image import Tone
from defect_workbench.gui.light_table.pane import Pane
from defect_workbench.gui.shared.map_overlays import MapOverlays

# Columns and rows by number of images at a time.
SHAPES = {1: (1, 1), 2: (2, 1), 4: (2, 2), 6: (3, 2), 12: (4, 3)}

_REST_MILLISECONDS = 300


class PaneGrid(QWidget):
    """One to twelve panes. Signals: clicked(image)."""

    clicked = Signal(int)

    def __init__(
        self,
        document: Document,
        large_thumbnails: ThumbnailLoader,
        originals: OriginalLoader,
        overlays: MapOverlays,
    ) -> None:
        super().__init__()
        self._document = document
        self._large, self._originals, self._overlays = large_thumbnails, originals, overlays
        self.toned = TonedLoader(large_thumbnails.side, self)
        self._tone = Tone()
        self._current: int | None = None
        self._following: tuple[int, ...] = ()
        # The file of the current image at full size, its tone and its pixels.
        self._full: tuple[str, Tone, QPixmap | None] = "", Tone(), None
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_REST_MILLISECONDS)
        self._resting.timeout.connect(self._request_original)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self.panes: list[Pane] = []
        self._lines = 1
        for loader in (large_thumbnails, self.toned):
            loader.ready.connect(self._on_ready)
        originals.ready.connect(self._on_original)
        overlays.changed.connect(self.show_pixels)
        document.opened.connect(self.toned.clear)
        self.set_count(1)

    def close_loader(self) -> None:
        """End the threads that read images."""
        self.toned.close()

    def set_count(self, count: int) -> None:
        """Make as many panes as there are images at a time."""
        columns, rows = SHAPES[count]
        for pane in self.panes:
            self._grid.removeWidget(pane)
            pane.hide()
            pane.deleteLater()
        self.panes = []
        self._lines = 1
        for number in range(columns * rows):
            pane = Pane()
            pane.clicked.connect(lambda n=number: self._on_clicked(n))
            pane.width_changed.connect(self._on_width)
            pane.view.view_changed.connect(self._link)
            self._grid.addWidget(pane, number // columns, number % columns)
            self.panes.append(pane)

    def set_tone(self, tone: Tone) -> None:
        """Show all images, these and those that follow, at another tone."""
        if tone == self._tone:
            return
        self._tone = tone
        self.toned.set_tone(tone)
        self.show_pixels()
        if self._current is not None:
            self._resting.start()

    def show_page(self, page: Sequence[int], current: int | None, following: Sequence[int]) -> None:
        """Show images; those that follow are decoded ahead."""
        self._current, self._following = current, tuple(following)
        shown = [page[number] if number < len(page) else None for number in range(len(self.panes))]
        # On the same page, zoom and place stay.
        if shown != [pane.image for pane in self.panes]:
            for pane, each in zip(self.panes, shown, strict=True):
                pane.image = each
                pane.view.fit()
        self.show_pixels()
        if current is None:
            self._full = "", Tone(), None
            return
        # A user who pages quickly does not wait for the full resolution of each image.
        self._resting.start()
        # What is asked for last is read first.
        for other in (*reversed(self._following), *page):
            self._loader().get(self._path(other))

    def caption(self, words: Callable[[int], tuple[str, str]]) -> None:
        """Write the captions: `words` returns the colour and the text of each image."""
        for pane in self.panes:
            if pane.image is None:
                pane.show_caption(NEUTRAL, "", current=False)
            else:
                pane.show_caption(*words(pane.image), current=pane.image == self._current)
        self._fit_captions()

    def _on_width(self) -> None:
        self._lines = 1
        self._fit_captions()

    def _fit_captions(self) -> None:
        """Give all captions two lines once one needs them, so that images do not change size on each page."""
        self._lines = max([self._lines, *(pane.lines_needed for pane in self.panes if pane.words)])
        for pane in self.panes:
            pane.set_lines(self._lines)

    def _loader(self) -> ThumbnailLoader:
        return self._large if self._tone == Tone() else self.toned

    def _path(self, image: int) -> str:
        project = self._document.project
        assert project is not None
        return str(project.images.absolute(image))

    def _request_original(self) -> None:
        if self._current is not None:
            self._originals.request(self._path(self._current), self._tone)

    def show_pixels(self) -> None:
        """Show what has been read."""
        project = self._document.project
        for pane in self.panes:
            image = pane.image
            if image is None or project is None or image >= len(project.images):
                pane.view.show_pixmap(None, "")
                self._overlays.lay_over(pane.view, None)
                continue
            record, path = project.images.images[image], self._path(image)
            pixmap = self._pixmap(path)
            words = "This image cannot be read" if self._loader().failed(path) else "Loading…"
            pane.view.show_pixmap(pixmap, "" if pixmap is not None else words, keep_view=True)
            scale = 1.0 if pixmap is None else record.width / pixmap.width()
            nanometres = None if record.tool is None else record.tool.pixel_size_nm
            pane.view.set_pixel_size(None if nanometres is None else nanometres * scale, scale)
            pane.view.set_left_out(record.info_bar_share)
            self._overlays.lay_over(pane.view, image)

    def _pixmap(self, path: str) -> QPixmap | None:
        if self._full[:2] == (path, self._tone) and self._full[2] is not None:
            return self._full[2]
        found = self._loader().get(path)
        # Until it is there at the tone, it is shown as it is stored: better than an empty pane.
        return found if found is not None or self._loader() is self._large else self._large.get(path)

    def _on_ready(self, path: str) -> None:
        if self._document.project is None:
            return
        if any(pane.image is not None and self._path(pane.image) == path for pane in self.panes):
            self.show_pixels()

    def _on_original(self, path: str, picture: QImage, tone: Tone) -> None:
        current = self._current
        if self.isVisible() and current is not None and (path, tone) == (self._path(current), self._tone):
            self._full = path, tone, None if picture.isNull() else QPixmap.fromImage(picture)
            self.show_pixels()

    def _on_clicked(self, number: int) -> None:
        image = self.panes[number].image
        if image is not None:
            self.clicked.emit(image)

    def _link(self, zoom: float, shift: QPointF) -> None:
        for pane in self.panes:
            pane.view.set_view(zoom, shift)
