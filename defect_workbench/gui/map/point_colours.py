"""The colours of images by their clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.project.palette import NEUTRAL


def colours_by_cluster(document: Document) -> NDArray[np.uint32]:
    """Return the colour of each image by its cluster, 0xFFRRGGBB, (n,); that of outliers is neutral."""
    partition = document.partition
    assert partition is not None
    shades = [QColor(document.colour(cluster)).rgb() for cluster in partition.clusters]
    table = np.array([*shades, QColor(NEUTRAL).rgb()], np.uint32)
    return np.asarray(table[partition.cluster_of])
