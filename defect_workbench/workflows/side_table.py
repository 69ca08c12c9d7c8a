"""Join a table of side data to the images of a project, by file name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from defect_workbench.core.errors import concerning
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import Table, join
from defect_workbench.storage.session.table_reader import read_table


def read_side_table(path: Path) -> Table:
    """Return the table in a CSV or XLSX file, not joined yet.

    Raises
    ------
    InputError
        If the file contains no table.
    """
    with concerning(path):
        return read_table(path)


def join_side_table(
    project: Project, table: Table, name_column: str | None = None, categories: Sequence[str] = ()
) -> Project:
    """Return the project with a table joined to its images.

    Parameters
    ----------
    name_column : str, optional
        The column of file names; None to detect it.
    categories : sequence of str
        Columns of numbers to treat as categories, such as wafer numbers.

    Raises
    ------
    InputError
        If a column is missing, or no column contains the file names.
    """
    images = project.images
    if not images.are_defects:
        return replace(project, side=join(table, images, name_column, categories))
    # The table is about the files: each defect has the row of its image.
    parents = tuple(ImageRecord(each.path, each.sha256, each.width, each.height) for each in images.searched)
    joined = join(table, ImageSet(images.root, parents, ()), name_column, categories)
    index_of = {path: index for index, path in enumerate(path for path, _ in images.wholes)}
    return replace(project, side=joined.take([index_of[image.whole] for image in images.images]))
