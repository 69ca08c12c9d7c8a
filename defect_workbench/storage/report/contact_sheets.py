"""Contact sheets: the images of each cluster side by side, for the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from defect_workbench.core.arrays import Integers
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.palette import NEUTRAL, colour, colour_numbers, node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.storage.report.cluster_pages import PageImage, PageMaker
from defect_workbench.storage.report.page_pictures import with_scale_bar
from defect_workbench.storage.report.report_content import (
    CaptionedImage,
    ContactSheet,
    EncodedImage,
    Thumbnail,
)

THUMBNAIL = 96
TYPICAL_SIDE = 200
COLUMNS = 10
_SHEET_IMAGES = 40
_GAP = 4
_BACKGROUND = "#9f9f9f"


def contact_sheets(
    project: Project, thumbnail: Thumbnail, reporter: Reporter, classes: ClassLibrary | None = None
) -> list[ContactSheet]:
    """Return a sheet per cluster, from the medoid outwards, and one of the outliers, highest score first.

    Above the sheet of a cluster are its most typical images, as on its slide.

    Parameters
    ----------
    thumbnail : callable
        Returns grey or RGB pixels of an image file, at most as large as the given side, or None.
    classes : ClassLibrary, optional
        Where the definitions of named clusters are.
    """
    partition, tree = project.partition, project.analysis.tree
    numbers = colour_numbers(partition, node_colours(tree) if tree is not None else None)
    groups: list[tuple[str, str, str, Integers]] = []
    for cluster in partition.clusters:
        state = ", confirmed" if cluster.group is not None and cluster.group.confirmed else ""
        state += ", nuisance" if cluster.group is not None and cluster.group.nuisance else ""
        words = f"{counted(len(cluster.members), project.images.noun)}, spread {cluster.spread:.3f}{state}"
        groups.append((cluster.label, words, colour(numbers[cluster.key]), cluster.members))
    if len(partition.outliers):
        words = f"{counted(len(partition.outliers), project.images.noun)}, highest score first"
        groups.append(("Outliers", words, NEUTRAL, partition.outliers))
    reporter.stage("Writing the report", len(groups))
    sheets = []
    maker = PageMaker(project, thumbnail, TYPICAL_SIDE, classes or ClassLibrary())
    for number, (label, words, ink, members) in enumerate(groups):
        reporter.check()
        shown = members[:_SHEET_IMAGES]
        shown_note = f", the first {len(shown)} shown" if len(shown) < len(members) else ""
        page = maker.of_cluster(number) if number < len(partition.clusters) else None
        picture = None
        if page is None or len(page.pictures) < len(members):
            files = [project.images.absolute(int(i)) for i in shown]
            picture = EncodedImage.of(sheet_of(files, thumbnail), "jpeg")
        sheet = ContactSheet(label, words + shown_note, ink, picture)
        if page is not None:
            typical = tuple(_typical(image) for image in page.pictures)
            sheet = replace(
                sheet,
                typical=typical,
                measurements=page.measurements,
                note=page.note,
                definition=page.definition,
            )
        sheets.append(sheet)
        reporter.advance()
    return sheets


def _typical(image: PageImage) -> CaptionedImage:
    picture = with_scale_bar(image)
    if picture is None:
        return CaptionedImage(None, ("cannot be read", image.name))
    return CaptionedImage(EncodedImage.of(picture, "jpeg"), ("", image.name))


def sheet_of(files: Sequence[Path], thumbnail: Thumbnail, columns: int = COLUMNS) -> Image.Image:
    """Return images side by side, in rows of `columns`; the place of an unreadable one stays empty.

    Parameters
    ----------
    thumbnail : callable
        As for `contact_sheets`.
    columns : int
        Fewer if there are fewer images.
    """
    columns = min(columns, max(1, len(files)))
    rows = math.ceil(len(files) / columns)
    step = THUMBNAIL + _GAP
    sheet = Image.new("RGB", (columns * step - _GAP, max(1, rows * step - _GAP)), _BACKGROUND)
    for index, file in enumerate(files):
        pixels = thumbnail(file, THUMBNAIL)
        if pixels is None:
            continue
        image = Image.fromarray(pixels).convert("RGB")
        x = (index % columns) * step + (THUMBNAIL - image.width) // 2
        y = (index // columns) * step + (THUMBNAIL - image.height) // 2
        sheet.paste(image, (x, y))
    return sheet
