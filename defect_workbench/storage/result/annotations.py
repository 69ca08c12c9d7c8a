"""The annotation files of a result folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.storage.result.annotation_formats.annotation import Annotation
from defect_workbench.storage.result.annotation_formats.registry import ANNOTATION_FORMATS
from defect_workbench.storage.result.export_options import set_of
from defect_workbench.storage.result.manifest import Row


def annotations_of(rows: Iterable[Row], images: Mapping[str, ImageRecord]) -> list[Annotation]:
    """Return the annotations of the exported images of a manifest.

    Parameters
    ----------
    images : mapping of str to ImageRecord
        Images by path.
    """
    return [
        Annotation(
            row.exported_as,
            row.label,
            set_of(row.exported_as),
            images[row.path].width,
            images[row.path].height,
            row.sha256,
            row.path,
        )
        for row in rows
        if row.exported_as and not row.outlier
    ]


def annotation_files(
    annotations: Sequence[Annotation], formats: Iterable[str], earlier: Path | None = None
) -> dict[str, str]:
    """Return the content of the files of some formats, by file name.

    Parameters
    ----------
    earlier : Path, optional
        A result folder to whose annotation files the annotations are added.

    Raises
    ------
    ValueError, KeyError, TypeError, OSError
        If the earlier files cannot be read.
    """
    files: dict[str, str] = {}
    for name in formats:
        files |= ANNOTATION_FORMATS[name].write(annotations, earlier)
    return files
