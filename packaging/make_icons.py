"""Draw the icons of the desktop from resources/app-icon, after a change of an SVG.

`python packaging/make_icons.py` writes packaging/icons: PNGs in the folders of the hicolor theme,
an .ico for Windows and an .icns for macOS.
"""

import os
import shutil
from pathlib import Path

from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).resolve().parent.parent
DRAWINGS = ROOT / "resources" / "app-icon"
ICONS = ROOT / "packaging" / "icons"
SIDES = (16, 24, 32, 48, 64, 128, 256, 512)
THEME = {
    "defect-workbench": ("apps", "defect-workbench"),
    "session": ("mimetypes", "application-x-defect-workbench-session"),
}


def draw(drawing: Path, side: int, target: Path) -> None:
    """Write a drawing as a square PNG."""
    image = QImage(side, side, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(drawing)).render(painter)
    painter.end()
    target.parent.mkdir(parents=True, exist_ok=True)
    if not image.save(str(target)):
        raise OSError(f"{target} cannot be written")


def main() -> None:
    """Draw all icons again."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication([])
    shutil.rmtree(ICONS, ignore_errors=True)
    for name, (folder, icon) in THEME.items():
        for side in SIDES:
            draw(
                DRAWINGS / f"{name}.svg", side, ICONS / "hicolor" / f"{side}x{side}" / folder / f"{icon}.png"
            )
        scalable = ICONS / "hicolor" / "scalable" / folder / f"{icon}.svg"
        scalable.parent.mkdir(parents=True)
        shutil.copyfile(DRAWINGS / f"{name}.svg", scalable)
    for folder, icon in THEME.values():
        stem = "defect-workbench" if folder == "apps" else "defect-workbench-session"
        largest = Image.open(ICONS / "hicolor" / "256x256" / folder / f"{icon}.png")
        largest.save(ICONS / f"{stem}.ico", sizes=[(side, side) for side in SIDES if side <= 256])
        Image.open(ICONS / "hicolor" / "512x512" / folder / f"{icon}.png").save(ICONS / f"{stem}.icns")
    del application


if __name__ == "__main__":
    main()
