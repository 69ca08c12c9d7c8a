"""The figures of a detector in words."""

from __future__ import annotations

from collections.abc import Mapping

_WORDS = {
    "recall": "of the defects are found{kind} (recall)",
    "precision": "of what is found is {what} (precision)",
    "count_exact": "of the images have exactly the right count",
    "count_mae": "defects per image: mean error of the count",
    "ap50": "average precision at an IoU of .50 (1 is perfect)",
}
_PERCENT = ("recall", "precision", "count_exact")


def figure_lines(figures: Mapping[str, float | None], *, by_label: bool) -> list[tuple[str, str, str]]:
    """Return the name of each figure of a detector, its value, and what it says.

    Parameters
    ----------
    by_label : bool
        Whether a defect counts as found only with the right kind.
    """
    kind, what = (", with the right kind", "a defect of that kind") if by_label else ("", "a defect")
    return [
        (name, figure_text(name, value), words.format(kind=kind, what=what))
        for name, words in _WORDS.items()
        if (value := figures.get(name)) is not None
    ]


def figure_text(name: str, value: float) -> str:
    """Return the value of a figure: shares in percent."""
    return f"{value:.0%}" if name in _PERCENT else f"{value:.2f}"


def headline(figures: Mapping[str, float | None]) -> str:
    """Return in one sentence how good a detector is; empty if it was not measured."""
    recall, precision = figures.get("recall"), figures.get("precision")
    if recall is None:
        return ""
    words = f"The detector finds {recall:.0%} of the defects"
    return (
        f"{words}; {1 - precision:.0%} of what it finds is wrong." if precision is not None else f"{words}."
    )
