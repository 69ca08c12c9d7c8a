"""Figures of the report, drawn by matplotlib."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from defect_workbench.core.clustering.dendrogram_layout import lay_out, segments
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.project.palette import NEUTRAL, colour, node_colours

# More merges than this cannot be told apart on paper; the lowest are left out.
_DRAWN_MERGES = 1500


def dendrogram_file(tree: Tree, clusters: int | None, title: str, kind: Literal["svg", "png"]) -> bytes:
    """The tree as a file, branches below the cut in their cluster's colour.

    Parameters
    ----------
    clusters : int or None
        The cut; None draws none.
    kind : {"svg", "png"}
    """
    with rc_context({"svg.hashsalt": "dendrogram", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        draw_dendrogram(figure.subplots(), tree, clusters, title)
        stream = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(stream, format=kind, metadata=metadata, dpi=200)
    return stream.getvalue()


def draw_dendrogram(axes: Axes, tree: Tree, clusters: int | None, title: str) -> None:
    """Draw the tree and its cut into axes; see `dendrogram_file`."""
    layout, nodes = lay_out(tree), node_colours(tree)
    merges = len(tree.merges)
    lowest = tree.heights[merges - _DRAWN_MERGES] if merges > _DRAWN_MERGES else 0.0
    first = int(np.searchsorted(tree.heights, lowest, side="left"))
    lines = segments(tree, layout, lowest)
    tops = tree.tops(clusters) if clusters else np.empty(0, np.intp)
    drawn = range(tree.leaves + first, 2 * tree.leaves - 1)
    colours = [colour(int(nodes[tops[node]])) if node < len(tops) else NEUTRAL for node in drawn] * 3
    axes.add_collection(LineCollection(list(lines), colors=colours, linewidths=0.8))
    axes.set_xlim(0, tree.leaves)
    axes.set_ylim(0, 1.05 * float(tree.heights[-1]) if merges and tree.heights[-1] > 0 else 1.0)
    if clusters:
        axes.axhline(tree.height_of(clusters), color="#222222", linewidth=1.0, linestyle=(0, (5, 3)))
    axes.set_xticks([])
    axes.set_xlabel(title)
    axes.set_ylabel("merge height")
    axes.spines[["top", "right", "bottom"]].set_visible(False)
