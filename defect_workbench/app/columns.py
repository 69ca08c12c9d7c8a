"""What is known about each image besides its pixels, as columns to filter and colour by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.project import Project


@dataclass(frozen=True, eq=False)
class Column:
    """One value an image.

    Attributes
    ----------
    values : (n,) float64 or object
        Numbers (NaN where there is none), or texts (empty where there is none).
    """

    name: str
    values: NDArray[np.float64] | NDArray[np.object_]

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.values.dtype != np.object_


def columns_of(project: Project) -> dict[str, Column]:
    """The columns of a project that say anything, by lower-case name."""
    images = project.images.images
    texts = {
        "folder": [image.path.rpartition("/")[0] for image in images],
        "note": [image.note for image in images],
    }
    numbers = {
        "width": [image.width for image in images],
        "height": [image.height for image in images],
        "score": project.analysis.outlier_scores,
    }
    found = [Column(name, np.array(values, np.object_)) for name, values in texts.items()]
    found += [Column(name, np.asarray(values, np.float64)) for name, values in numbers.items()]
    return {column.name: column for column in found if _says_anything(column)}


def _says_anything(column: Column) -> bool:
    if column.numeric:
        return bool(np.isfinite(np.asarray(column.values, np.float64)).any())
    return any(column.values)
