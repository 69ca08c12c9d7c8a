"""A tree as lines in device pixels, and its cuts in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLine

from defect_workbench.core.analysis import Suggestion
from defect_workbench.core.tree import Tree

_KEY_BASE = 4096


def describe_suggestion(suggestion: Suggestion) -> str:
    """A suggested cut in words."""
    return (
        f"{count(suggestion.clusters, 'cluster')}, {count(suggestion.singletons, 'singleton')}: "
        f"{suggestion.why}"
    )


def count(number: int, noun: str) -> str:
    """A number of things in words."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def round_step(rough: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(max(rough, 1e-12)))
    return float(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough))


def distinct_lines(
    tree: Tree, x: NDArray[np.int64], y: NDArray[np.int64], shades: NDArray[np.int64]
) -> list[tuple[int, list[QLine]]]:
    """Distinct lines in device pixels, by shade; the neutral ones last, over the others."""
    nodes = np.arange(tree.leaves, 2 * tree.leaves - 1)
    a, b = tree.children[:, 0], tree.children[:, 1]
    rows = np.concatenate(
        [
            np.stack([shades, x[a], y[nodes], x[a], y[a]], axis=1),
            np.stack([shades, x[b], y[nodes], x[b], y[b]], axis=1),
            np.stack([shades, np.minimum(x[a], x[b]), y[nodes], np.maximum(x[a], x[b]), y[nodes]], axis=1),
        ]
    )
    # Twelve bits a number make one key of a line (screens are narrower than 4096 points a panel), and
    # distinct keys are found far faster than distinct rows.
    rows = np.clip(rows, 0, _KEY_BASE - 1)
    keys = np.unique(rows @ (_KEY_BASE ** np.arange(4, -1, -1, dtype=np.int64)))
    parts = np.empty((len(keys), 5), np.int64)
    for column in range(4, -1, -1):
        keys, parts[:, column] = np.divmod(keys, _KEY_BASE)
    result = []
    for shade in np.unique(parts[:, 0])[::-1].tolist():
        chosen = parts[parts[:, 0] == shade, 1:].tolist()
        result.append((int(shade), [QLine(*line) for line in chosen]))
    return result
