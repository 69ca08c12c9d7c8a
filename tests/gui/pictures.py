"""Pictures of the window, compared with stored ones so that a machine's fonts do not matter much.

Stored is the mean colour of each 8 x 8 block. A block matches where the other picture has nearly its
colour at the same place or one block beside it. Where the stored picture was made with the same font and
Qt, a handful of blocks may differ; elsewhere letters have other shapes and widths, so more may.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import qVersion
from PySide6.QtGui import QFontInfo, QFontMetricsF, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

STORED = Path(__file__).resolve().parents[1] / "data" / "pictures"
DOCUMENTS = Path(__file__).resolve().parents[2] / "docs" / "pictures"
BLOCK = 8
_STEP = 8  # stored colours are multiples of this, so that the files are small


@dataclass(frozen=True)
class Tolerance:
    """How far a block's colour may be off, and the share of blocks that may be farther off."""

    levels: int
    share: float


SAME_FONT = Tolerance(24, 0.001)
OTHER_FONT = Tolerance(64, 0.04)


def block_means(shot: QImage) -> NDArray[np.uint8]:
    """The mean colour of each block: (rows, columns, 3)."""
    image = shot.convertToFormat(QImage.Format.Format_RGB888)
    height, width = image.height() // BLOCK, image.width() // BLOCK
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = lines[: height * BLOCK, : width * BLOCK * 3].reshape(height, BLOCK, width, BLOCK, 3)
    means = pixels.mean(axis=(1, 3))
    rounded: NDArray[np.uint8] = (np.rint(means / _STEP) * _STEP).clip(0, 255).astype(np.uint8)
    return rounded


def font_in_use() -> str:
    """What decides how letters look: the font's name, the width of a text, and the version of Qt."""
    font = QGuiApplication.font()
    width = QFontMetricsF(font).horizontalAdvance("Defect Workbench 0123456789")
    return f"{QFontInfo(font).family()}, {width / font.pointSizeF():.1f}, Qt {qVersion().rsplit('.', 1)[0]}"


def store(shot: QImage, path: Path) -> None:
    """Keep a picture for later comparisons."""
    means = block_means(shot)
    rows, columns, _ = means.shape
    image = QImage(means.tobytes(), columns, rows, columns * 3, QImage.Format.Format_RGB888)
    image.setText("font", font_in_use())
    path.parent.mkdir(parents=True, exist_ok=True)
    assert image.save(str(path))


def load(path: Path) -> tuple[NDArray[np.uint8], str]:
    """A stored picture's blocks and the font it was made with."""
    image = QImage(str(path))
    assert not image.isNull(), f"{path} is missing; --update-pictures writes it"
    font = image.text("font")
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy(), font


def differing(found: NDArray[np.uint8], stored: NDArray[np.uint8], levels: int) -> NDArray[np.bool_]:
    """The blocks of each picture that the other does not have at the same place or next to it."""

    def missing(these: NDArray[np.uint8], those: NDArray[np.uint8]) -> NDArray[np.bool_]:
        rows, columns, _ = these.shape
        padded = np.pad(those.astype(np.int16), ((1, 1), (1, 1), (0, 0)), mode="edge")
        nearest = np.full((rows, columns), 255, np.int16)
        for down in range(3):
            for right in range(3):
                other = padded[down : down + rows, right : right + columns]
                nearest = np.minimum(nearest, np.abs(other - these).max(axis=2))
        return np.asarray(nearest > levels)

    return missing(found, stored) | missing(stored, found)


def difference(shot: QImage, path: Path) -> str:
    """Why a picture does not match the stored one, or an empty string."""
    stored, font = load(path)
    found = block_means(shot)
    if font == font_in_use():
        tolerance = SAME_FONT
    else:
        tolerance = OTHER_FONT
        # Windows and dialogs are as large as their texts need.
        rows, columns = (min(a, b) for a, b in zip(found.shape[:2], stored.shape[:2], strict=True))
        if rows < 0.8 * stored.shape[0] or columns < 0.8 * stored.shape[1]:
            return f"{path.name}: {found.shape[:2]} blocks instead of {stored.shape[:2]}"
        found, stored = found[:rows, :columns], stored[:rows, :columns]
    if found.shape != stored.shape:
        return f"{path.name}: {found.shape[:2]} blocks instead of {stored.shape[:2]}"
    wrong = differing(found, stored, tolerance.levels)
    if wrong.mean() <= tolerance.share:
        return ""
    rows, columns = np.nonzero(wrong)
    left, top, right, bottom = (
        int(edge) * BLOCK for edge in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    )
    return (
        f"{path.name}: {wrong.mean():.1%} of the blocks differ, {tolerance.share:.1%} may; "
        f"they lie between ({left}, {top}) and ({right}, {bottom})"
    )


def cut_off(window: QWidget) -> list[str]:
    """Texts of labels and buttons that do not fit where they are shown."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisibleTo(window) or widget.visibleRegion().isEmpty():
            continue
        if type(widget) is QLabel and not widget.wordWrap() and "<" not in widget.text():
            # The mark of a mnemonic is not drawn.
            text = widget.text().replace("&", "") if widget.buddy() else widget.text()
            widths = [widget.fontMetrics().horizontalAdvance(line) for line in text.split("\n")]
            if max(widths) > widget.contentsRect().width() + 1:
                found.append(widget.text())
        elif isinstance(widget, QPushButton):
            needed = widget.fontMetrics().horizontalAdvance(widget.text().replace("&", ""))
            if needed > widget.width() + 1:
                found.append(widget.text())
    return found
