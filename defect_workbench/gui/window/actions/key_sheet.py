"""The list of keyboard shortcuts: those of each menu, and those of the panels."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from defect_workbench.gui.window.actions.action import Menu
from defect_workbench.gui.window.actions.registry import ACTIONS

Row = tuple[str, str]

_SHEET = Markup("<table><tr>{}</tr></table>")
_COLUMN = Markup("<td style='padding-right:10px'><table>{}</table></td>")
_HEADING = Markup("<tr><td colspan=2 style='padding:10px 0 3px 0'><b>{}</b></td></tr>")
_ROW = Markup("<tr>{}{}</tr>")
_CELL = Markup("<td style='white-space:nowrap; padding:2px 12px 2px 0'>{}</td>")
_CLASS_KEYS = ("1 to 9, letters", "Move into the class of the key")
# Keys that widgets handle themselves.
_IN_PANELS: dict[str, Sequence[Row]] = {
    "Outlier queue": (
        _CLASS_KEYS,
        ("Shift+1, 2, 3", "Move into a nearest cluster"),
        ("Enter", "Accept the proposal"),
        ("N, X, D", "New cluster, nuisance, later"),
        ("Left, Right", "Previous image, next image"),
        ("Space", "Show at full size"),
    ),
    "Light table": (
        _CLASS_KEYS,
        ("C, N, X, U", "Confirm, new, nuisance, undo"),
        ("O, =", "Defects, same brightness"),
        ("Arrows, Esc", "Go to another image, close"),
    ),
    "Dendrogram": (
        ("Up, Down", "One branch fewer, one more"),
        ("Page Up, Page Down", "Next suggested cut"),
        ("Home", "Show the whole tree"),
        ("Esc", "Cancel the drag of the cut"),
    ),
}


def key_groups() -> dict[str, list[Row]]:
    """Return keys and what they do, by menu and by panel."""
    groups: dict[str, list[Row]] = {menu.value.replace("&", ""): [] for menu in Menu}
    for entry in ACTIONS:
        if entry.shortcuts:
            words = entry.text.replace("&", "").rstrip("…")
            groups[entry.group.menu.value.replace("&", "")].append((", ".join(entry.shortcuts), words))
    filled = {name: rows for name, rows in groups.items() if rows}
    return filled | {name: list(rows) for name, rows in _IN_PANELS.items()}


def key_sheet() -> str:
    """Return all keyboard shortcuts as HTML, in two columns of about the same height."""
    groups = key_groups()
    lines = sum(_height(rows) for rows in groups.values())
    columns, above = [Markup(""), Markup("")], 0
    for name, rows in groups.items():
        columns[above + _height(rows) / 2 > lines / 2] += _group(name, rows)
        above += _height(rows)
    return _SHEET.format(Markup("").join(map(_COLUMN.format, columns)))


def _height(rows: Sequence[Row]) -> int:
    """Return the lines that a group needs, with its heading and the space above it."""
    return len(rows) + 2


def _group(name: str, rows: Sequence[Row]) -> Markup:
    return _HEADING.format(name) + Markup("").join(_ROW.format(*map(_CELL.format, row)) for row in rows)
