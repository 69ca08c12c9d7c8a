"""Shapes of slides: text that fits its box, pictures with a scale bar, frames for missing pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_LINE
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from defect_workbench.storage.report.cluster_pages import PageImage
from defect_workbench.storage.report.pdf_fonts import text_width
from defect_workbench.storage.report.text_fitting import LINE_HEIGHT, clean, shortened

INK, SOFT, RULE, WARN = "#15181C", "#5C6570", "#D7DBE0", "#5B4300"
# Left, top, width and height, in inches.
Box = tuple[float, float, float, float]

_CAPTION = 9.0
# Height of the line below a picture, with the space above it, in inches.
CAPTION = 0.05 + _CAPTION * LINE_HEIGHT / 72
_PLATE = 0.3
_PLATE_OPACITY = "60000"


def colour(value: str) -> RGBColor:
    """Return a colour of the form #RRGGBB."""
    return RGBColor(*bytes.fromhex(value.removeprefix("#")))


def add_text(
    shapes: Any,
    box: Box,
    lines: str | Sequence[str],
    size: float,
    *,
    ink: str = INK,
    bold: bool = False,
    align: PP_ALIGN = PP_ALIGN.LEFT,
    anchor: MSO_ANCHOR = MSO_ANCHOR.TOP,
) -> Any:
    """Add a box with text, one paragraph per line; the text must already fit."""
    shape = shapes.add_textbox(*(Inches(value) for value in box))
    write_text_into(shape.text_frame, lines, size, ink=ink, bold=bold, align=align, anchor=anchor)
    return shape


def write_text_into(
    frame: Any,
    lines: str | Sequence[str],
    size: float,
    *,
    ink: str = INK,
    bold: bool = False,
    align: PP_ALIGN = PP_ALIGN.LEFT,
    anchor: MSO_ANCHOR = MSO_ANCHOR.TOP,
) -> None:
    """Replace the text of a shape; it has no margins and keeps its size."""
    frame.word_wrap, frame.auto_size, frame.vertical_anchor = True, MSO_AUTO_SIZE.NONE, anchor
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for number, line in enumerate([lines] if isinstance(lines, str) else lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = align
        run = paragraph.add_run()
        run.text = line
        run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, colour(ink)


def add_rectangle(shapes: Any, box: Box, fill: str | None, *, outline: str | None = None) -> Any:
    """Add a rectangle; `fill` and `outline` are colours."""
    shape = shapes.add_shape(MSO_SHAPE.RECTANGLE, *(Emu(max(1, Inches(value))) for value in box))
    # The style of the theme, which has a shadow.
    shape._element.remove(shape._element.find(qn("p:style")))
    if fill is None:
        shape.fill.background()
    else:
        shape.fill.solid()
        shape.fill.fore_color.rgb = colour(fill)
    if outline is None:
        shape.line.fill.background()
    else:
        shape.line.color.rgb, shape.line.width, shape.line.dash_style = colour(outline), Pt(1), MSO_LINE.DASH
    return shape


def add_picture(shapes: Any, picture: Image.Image, box: Box, description: str) -> Any:
    """Add a picture with a description for readers that do not see it."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    stream.seek(0)
    shape = shapes.add_picture(stream, *(Emu(max(1, Inches(value))) for value in box))
    describe(shape, description)
    return shape


def describe(shape: Any, description: str) -> None:
    """Set the alternative text of a shape."""
    shape._element._nvXxPr.cNvPr.set("descr", clean(description)[:500])


def fitted(picture: Image.Image, box: Box) -> Box:
    """Return where to show a picture: as large as the box allows, in its upper left corner."""
    left, top, width, height = box
    scale = min(width / picture.width, height / picture.height)
    return left, top, picture.width * scale, picture.height * scale


def add_page_image(shapes: Any, image: PageImage, box: Box) -> None:
    """Add an image with its scale bar, as one group, and its name below."""
    left, top, width, height = box
    room = (left, top, width, height - CAPTION)
    below = top + room[3]
    if image.picture is None:
        room = (left, top, width, min(room[3], 0.75 * width))
        below = top + room[3]
        frame = add_rectangle(shapes, room, None, outline=SOFT)
        words = "The image cannot be read"
        align, anchor = PP_ALIGN.CENTER, MSO_ANCHOR.MIDDLE
        write_text_into(frame.text_frame, words, 11, ink=SOFT, align=align, anchor=anchor)
    else:
        place = fitted(image.picture, room)
        group = shapes.add_group_shape()
        add_picture(group.shapes, image.picture, place, image.name)
        if image.bar is not None:
            _add_scale_bar(group.shapes, place, *image.bar)
        below = place[1] + place[3]
    detail = f"  {image.detail}" if image.detail else ""
    used = text_width(detail, _CAPTION) / 72
    name = shortened(image.name, 72 * (width - used), _CAPTION, middle=True)
    add_text(shapes, (left, below + 0.05, width, CAPTION - 0.05), name + detail, _CAPTION, ink=SOFT)


def _add_scale_bar(shapes: Any, place: Box, share: float, label: str) -> None:
    """Add a scale bar in the lower left corner of a picture, unless the picture is too small for it."""
    left, top, width, height = place
    bar = share * width
    plate = max(bar, text_width(label, _CAPTION) / 72) + 0.14
    if plate > 0.9 * width or height < 2 * _PLATE:
        return
    margin = min(0.08, height / 10)
    x, y = left + margin, top + height - margin - _PLATE
    back = add_rectangle(shapes, (x, y, plate, _PLATE), "#000000")
    back.fill._xPr.find(qn("a:solidFill"))[0].append(_alpha())
    align = PP_ALIGN.CENTER
    write_text_into(back.text_frame, label, _CAPTION, ink="#FFFFFF", align=align)
    back.text_frame.margin_top = Inches(0.03)
    add_rectangle(shapes, (x + (plate - bar) / 2, y + _PLATE - 0.08, bar, 0.035), "#FFFFFF")


def _alpha() -> Any:
    from pptx.oxml import parse_xml

    namespace = "http://schemas.openxmlformats.org/drawingml/2006/main"
    return parse_xml(f'<a:alpha xmlns:a="{namespace}" val="{_PLATE_OPACITY}"/>')
