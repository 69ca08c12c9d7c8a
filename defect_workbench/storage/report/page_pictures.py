"""Pages drawn as one picture, for the clipboard and reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from defect_workbench.core.text import counted
from defect_workbench.storage.report.cluster_pages import ClusterPage, PageImage
from defect_workbench.storage.report.text_fitting import shortened

# Of a contact sheet, at most.
IMAGES = 12
# Pixels.
SIDE = 240
_COLUMNS = 6
_GAP, _MARGIN = 14, 24
_TITLE, _TEXT, _CAPTION = 26, 16, 13
_HEAD, _BELOW = 76, 24
_INK, _SOFT, _FRAME, _PAPER = "#15181C", "#5C6570", "#A9B0B8", "#FFFFFF"
_BAR, _PLATE = 4, 30


def contact_sheet(pages: Sequence[ClusterPage]) -> Image.Image:
    """Return pages below each other: title, counts, and the images with names and scale bars."""
    columns = max(2, min(_COLUMNS, max((len(page.pictures) for page in pages), default=1)))
    width = 2 * _MARGIN + columns * (SIDE + _GAP) - _GAP
    rows = [-(-len(page.pictures) // columns) for page in pages]
    heights = [_HEAD + count * (SIDE + _BELOW + _GAP) for count in rows]
    sheet = Image.new("RGB", (width, 2 * _MARGIN + sum(heights) - _GAP), _PAPER)
    top = _MARGIN
    for page, height in zip(pages, heights, strict=True):
        _draw_head(sheet, page, top, width - 2 * _MARGIN)
        for number, image in enumerate(page.pictures):
            x = _MARGIN + (number % columns) * (SIDE + _GAP)
            y = top + _HEAD + (number // columns) * (SIDE + _BELOW + _GAP)
            _draw_image(sheet, image, x, y)
        top += height
    return sheet


def with_scale_bar(image: PageImage) -> Image.Image | None:
    """Return the picture with its scale bar drawn in the lower left corner, if it is large enough for one."""
    if image.picture is None or image.bar is None:
        return image.picture
    share, label = image.bar
    picture = image.picture.convert("RGB")
    bar = round(share * picture.width)
    plate = max(bar, round(_font(_CAPTION).getlength(label))) + 16
    if plate > 0.9 * picture.width or picture.height < 2 * _PLATE:
        return picture
    shade = Image.new("RGB", (plate, _PLATE), "#000000")
    left, top = 6, picture.height - _PLATE - 6
    below = picture.crop((left, top, left + plate, top + _PLATE))
    picture.paste(Image.blend(below, shade, 0.6), (left, top))
    draw = ImageDraw.Draw(picture)
    draw.text((left + plate / 2, top + 3), label, "#FFFFFF", _font(_CAPTION), anchor="ma")
    start = left + (plate - bar) // 2
    draw.rectangle((start, top + _PLATE - 8, start + bar - 1, top + _PLATE - 8 + _BAR - 1), "#FFFFFF")
    return picture


def _draw_head(sheet: Image.Image, page: ClusterPage, top: int, width: int) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.rounded_rectangle((_MARGIN, top + 4, _MARGIN + 21, top + 25), 4, page.colour)
    title = shortened(page.title, width - 32, _TITLE, bold=True)
    draw.text((_MARGIN + 32, top), title, _INK, _font(_TITLE, bold=True))
    words = "  ·  ".join((counted(page.images, page.noun), *page.words))
    if len(page.pictures) < page.images:
        words += f"  ·  {len(page.pictures)} shown"
    draw.text((_MARGIN, top + 40), shortened(words, width, _TEXT), _SOFT, _font(_TEXT))


def _draw_image(sheet: Image.Image, image: PageImage, x: int, y: int) -> None:
    draw = ImageDraw.Draw(sheet)
    picture = with_scale_bar(image)
    if picture is None:
        draw.rectangle((x, y, x + SIDE - 1, y + SIDE - 1), None, _FRAME)
        draw.text((x + SIDE / 2, y + SIDE / 2), "cannot be read", _SOFT, _font(_CAPTION), anchor="mm")
    else:
        sheet.paste(picture, (x, y + SIDE - picture.height))
    name = shortened(image.name, SIDE, _CAPTION, middle=True)
    draw.text((x, y + SIDE + 4), name, _SOFT, _font(_CAPTION))


@cache
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    import matplotlib

    # Part of matplotlib, so it is always installed.
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
