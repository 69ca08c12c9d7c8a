"""The table of figures, and the JSON file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.quality.figures import ACTIONS, CLUSTERS, interval


@dataclass
class Results:
    """The values of every figure, by set, way and figure, one per seed, and the reasons for gaps."""

    values: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, set_name: str, way: str, figures: Mapping[str, float]) -> None:
        """Add the figures of one seed."""
        by_figure = self.values.setdefault(set_name, {}).setdefault(way, {})
        for figure, value in figures.items():
            by_figure.setdefault(figure, []).append(value)

    def means(self) -> dict[str, dict[str, list[float]]]:
        """Return the mean over the sets that have a figure, one per seed, by way and figure."""
        collected: dict[str, dict[str, list[list[float]]]] = {}
        for by_way in self.values.values():
            for way, by_figure in by_way.items():
                for figure, values in by_figure.items():
                    collected.setdefault(way, {}).setdefault(figure, []).append(values)
        return {
            way: {figure: np.mean(of_sets, axis=0).tolist() for figure, of_sets in by_figure.items()}
            for way, by_figure in collected.items()
        }

    def as_json(self) -> dict[str, Any]:
        """Return JSON values: for each set and way the interval and the values of each figure."""
        return {
            "sets": {
                name: {
                    "images": self.sizes[name][0],
                    "classes": self.sizes[name][1],
                    "ways": {
                        way: {
                            figure: {**interval(values), "values": values}
                            for figure, values in by_figure.items()
                        }
                        for way, by_figure in by_way.items()
                    },
                }
                for name, by_way in self.values.items()
            },
            "skipped": self.skipped,
        }


def cell(figure: str, values: Sequence[float] | None) -> str:
    """Return the mean of a figure and its interval in brackets."""
    if not values:
        return "–"
    digits = 1 if figure in (ACTIONS, CLUSTERS) else 3
    found = interval(values)
    mean, low, high = (f"{found[key]:.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} ({low}–{high})"


def markdown(results: Results) -> str:
    """Return the table in Markdown: one row per set and figure, one column per way of describing."""
    ways = list(dict.fromkeys(way for by_way in results.values.values() for way in by_way))
    rows = [["set", "figure", *ways]]
    titles = {
        name: f"{name}: {count} images, {classes} classes" for name, (count, classes) in results.sizes.items()
    }
    sections = [(titles[name], by_way) for name, by_way in results.values.items()]
    if len(sections) > 1:
        sections.append((f"mean of {len(sections)} sets", results.means()))
    for title, by_way in sections:
        figures = list(dict.fromkeys(figure for by_figure in by_way.values() for figure in by_figure))
        for index, figure in enumerate(figures):
            cells = [cell(figure, by_way.get(way, {}).get(figure)) for way in ways]
            rows.append(["" if index else title, figure, *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )
