"""Draws a tree as pixels, and describes its suggested cuts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from defect_workbench.core.arrays import Flags
from defect_workbench.core.clustering.clustering_result import Suggestion
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.text import counted


def describe_suggestion(suggestion: Suggestion) -> str:
    """Return the description of a suggested cut."""
    return (
        f"{counted(suggestion.clusters, 'cluster')}, {counted(suggestion.singletons, 'singleton')}: "
        f"{suggestion.why}.\n"
        "The farther the next merge is, compared with chance, and the closer the silhouette is to 1,\n"
        "the clearer the clusters are separated. Click the wedge to cut here."
    )


def round_step(rough: float) -> float:
    """Return the next larger 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(max(rough, 1e-12)))
    return float(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough))


def draw_tree(
    tree: Tree,
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    shades: NDArray[np.int64],
    colours: Sequence[int],
    size: tuple[int, int],
    width: int,
) -> QImage:
    """Return the tree as an image.

    All lines are vertical or horizontal, so the pixels they cover are running sums of their starts and
    ends: the cost depends on the number of pixels, not of images.

    Parameters
    ----------
    x, y : (2n-1,) int64
        Of the nodes, in pixels.
    shades : (n-1,) int64
        Of the merges: indices into `colours`, drawn from the last to the first.
    colours : sequence of int
        As QColor.rgb() gives them.
    size : (width, height)
        Of the image; what is outside is not drawn.
    width : int
        Of the lines.
    """
    columns, rows = size
    pixels = np.zeros((rows, columns), np.uint32)
    nodes = np.arange(tree.leaves, 2 * tree.leaves - 1)
    a, b = tree.children[:, 0], tree.children[:, 1]
    for shade in np.unique(shades)[::-1].tolist():
        own = np.flatnonzero(shades == shade)
        top, left_foot, right_foot = y[nodes[own]], y[a[own]], y[b[own]]
        left, right = np.minimum(x[a[own]], x[b[own]]), np.maximum(x[a[own]], x[b[own]])
        # A branch covers few columns, and what is beyond need not be searched.
        across = slice(max(0, int(left.min())), min(columns, int(right.max()) + width))
        down = slice(max(0, int(top.min())), min(rows, int(max(left_foot.max(), right_foot.max())) + width))
        box_columns, box_rows = across.stop - across.start, down.stop - down.start
        if box_columns <= 0 or box_rows <= 0:
            continue
        legs = _covered(
            np.concatenate([x[a[own]], x[b[own]]]) - across.start,
            np.concatenate([top, top]) - down.start,
            np.concatenate([left_foot, right_foot]) - down.start,
            box_columns,
            box_rows,
        )
        bars = _covered(top - down.start, left - across.start, right - across.start, box_rows, box_columns)
        mask = legs.T | bars
        for _ in range(width - 1):
            mask[1:] |= mask[:-1]
            mask[:, 1:] |= mask[:, :-1]
        pixels[down, across][mask] = colours[shade]
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32)
    return image.copy()


def _covered(
    line: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64], lines: int, length: int
) -> Flags:
    """Return (lines, length) the places that segments cover, from start to end, both included."""
    visible = (line >= 0) & (line < lines) & (end >= 0) & (start < length)
    line, start, end = line[visible], start[visible].clip(0, length - 1), end[visible].clip(0, length - 1)
    step = length + 1
    begins = np.bincount(line * step + start, minlength=lines * step)
    ends = np.bincount(line * step + end + 1, minlength=lines * step)
    depth = np.cumsum((begins - ends).reshape(lines, step)[:, :length], axis=1)
    return np.asarray(depth > 0)
