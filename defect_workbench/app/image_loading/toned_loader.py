"""Large thumbnails, all at the same brightness and contrast."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from PySide6.QtCore import QObject

from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.arrays import Pixels
from defect_workbench.engine.input.full_image import Original, Tone

# Two pages of the light table: while a slider moves, no file is read again.
_KEPT = 24


class TonedLoader(ThumbnailLoader):
    """A loader whose images can be shown at another tone at any time."""

    def __init__(self, side: int, parent: QObject | None = None) -> None:
        self._tone = Tone()
        self._read_before: OrderedDict[str, Pixels] = OrderedDict()
        self._lock = Lock()
        super().__init__(side, parent)

    @property
    def tone(self) -> Tone:
        """The tone of all images."""
        return self._tone

    def set_tone(self, tone: Tone) -> None:
        """Show all images at another tone."""
        if tone != self._tone:
            self._tone = tone
            super().clear()

    def clear(self) -> None:
        """Drop everything, for another folder."""
        with self._lock:
            self._read_before.clear()
        super().clear()

    def _pixels(self, path: str) -> Pixels | None:
        tone = self._tone
        with self._lock:
            pixels = self._read_before.get(path)
        if pixels is None:
            pixels = super()._pixels(path)
            if pixels is None:
                return None
            with self._lock:
                self._read_before[path] = pixels
                while len(self._read_before) > _KEPT:
                    self._read_before.popitem(last=False)
        return Original(pixels, 0.0, 255.0).shown(tone)
