"""Figures of the report, drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from defect_workbench.core.classifier.training_facts import ReliabilityCurve, RiskCoverageCurve
from defect_workbench.core.clustering.dendrogram_layout import lay_out, segments
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.project.palette import NEUTRAL, colour, node_colours

# More merges than this cannot be distinguished on paper; the lowest are left out.
_DRAWN_MERGES = 1500
_CURVE_INCHES = (4.4, 3.3)
FileType = Literal["svg", "png"]


def dendrogram_file(
    tree: Tree, clusters: int | None, title: str, kind: FileType, branches: Mapping[int, int] | None = None
) -> bytes:
    """Return a drawing of the tree as a file; branches below the cut have the colour of their cluster.

    Parameters
    ----------
    clusters : int or None
        The cut to draw; None for none.
    kind : {"svg", "png"}
    branches : mapping of int to int, optional
        Colour numbers of the branches at the cut, by their top nodes; those of the nodes if left out.
    """
    return figure_file(
        (11, 3.6), lambda axes: draw_dendrogram(axes, tree, clusters, title, branches or {}), kind
    )


def reliability_file(curve: ReliabilityCurve, kind: FileType) -> bytes:
    """Return the reliability curve as a file; the area of a point is proportional to its images."""

    def draw(axes: Axes) -> None:
        most = max(curve.images, default=1)
        areas = [20 + 130 * count / most for count in curve.images]
        axes.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1.0, linestyle=(0, (4, 4)))
        axes.scatter(curve.confidence, curve.accuracy, s=areas, color="#2f6fb0", alpha=0.8, linewidths=0)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.04), xlabel="predicted probability", ylabel="accuracy")

    return figure_file(_CURVE_INCHES, draw, kind)


def risk_coverage_file(curve: RiskCoverageCurve, kind: FileType) -> bytes:
    """Return the risk-coverage curve as a file."""

    def draw(axes: Axes) -> None:
        top = 1.1 * max(max(curve.risk, default=0.0), 0.01)
        axes.plot(curve.coverage, curve.risk, color="#b4472e", linewidth=1.6)
        axes.set(xlim=(0, 1), ylim=(0, top), xlabel="share of images accepted", ylabel="error")

    return figure_file(_CURVE_INCHES, draw, kind)


def figure_file(inches: tuple[float, float], draw: Callable[[Axes], None], kind: FileType) -> bytes:
    """Return what a function draws into axes, as a file.

    Parameters
    ----------
    inches : (float, float)
        Width and height.
    """
    with figure_settings():
        figure = Figure(figsize=inches, layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
        return encoded(figure, kind)


def figure_settings() -> AbstractContextManager[None]:
    """Return a context in which figures are made and encoded, with the same bytes each time."""
    return rc_context(
        {
            "svg.hashsalt": "figure",
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            # A dollar sign in a name must not start a formula.
            "text.parse_math": False,
        }
    )


def encoded(figure: Figure, kind: FileType) -> bytes:
    """Return a figure as a file; inside `figure_settings`."""
    stream = io.BytesIO()
    if kind == "svg":
        figure.savefig(stream, format=kind, metadata={"Date": None})
    else:
        # A PDF compresses it again, and compressing well takes longer than drawing.
        figure.savefig(stream, format=kind, dpi=200, pil_kwargs={"compress_level": 1})
    return stream.getvalue()


def draw_dendrogram(
    axes: Axes, tree: Tree, clusters: int | None, title: str, branches: Mapping[int, int]
) -> None:
    """Draw the tree and its cut into axes; see `dendrogram_file`."""
    layout, nodes = lay_out(tree), node_colours(tree)
    nodes[list(branches)] = list(branches.values())
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
    axes.spines["bottom"].set_visible(False)
