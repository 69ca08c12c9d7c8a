"""Made-up lots: images with classes, wafers and columns."""

from collections.abc import Sequence

import numpy as np

from defect_workbench.core.pareto.class_counts import CountedClass
from defect_workbench.core.pareto.classed_images import ClassedImages, coded
from defect_workbench.core.project.palette import COLOURS


def lot_images(
    name: str, rows: Sequence[tuple[str, str]], *, by: str = "lot", numbered: Sequence[str] = ()
) -> ClassedImages:
    """Return one image per row of (value of the column, class); an empty class is none."""
    names = list(dict.fromkeys(kind for _, kind in rows if kind))
    classes = tuple(CountedClass(each, COLOURS[number]) for number, each in enumerate(names))
    class_of = np.array([names.index(kind) if kind else -1 for _, kind in rows], np.int32)
    values = [value for value, _ in rows]
    nowhere = np.full(len(rows), -1, np.int32)
    own_names = tuple(each not in numbered for each in names)
    return ClassedImages(name, classes, class_of, {by: lambda: coded(values)}, (), nowhere, own_names)
