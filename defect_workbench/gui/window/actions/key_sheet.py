"""The list of keyboard shortcuts."""

from __future__ import annotations

from defect_workbench.gui.window.actions.registry import ACTIONS

# Keys that widgets handle themselves.
_IN_WIDGETS = (
    (
        "1 to 9, letters",
        "In the queue and on the light table: move the image into the class shown with the key",
    ),
    ("Shift+1, 2, 3", "In the queue: move the image into one of the nearest clusters"),
    ("Enter, Space", "In the queue: agree with the proposal, show the images at full size"),
    ("N, X, D", "In the queue: new cluster, nuisance, postpone"),
    ("Left, Right", "In the outlier queue: previous image, next image"),
    (
        "C, N, X, U, O, =",
        "On the light table: confirm, new cluster, nuisance, undo, defects, same brightness",
    ),
    ("Up, Down", "On the dendrogram: one cluster fewer, one cluster more"),
    ("Page Up, Page Down", "On the dendrogram: the next suggested cut"),
    ("Home", "On the dendrogram: show the whole tree"),
    ("Esc", "On the dendrogram: cancel the drag of the cut"),
)


def key_sheet() -> str:
    """Return all keyboard shortcuts as an HTML table."""
    rows = [(", ".join(entry.shortcuts), entry.tip) for entry in ACTIONS if entry.shortcuts]
    # Wrapped lines would make the list taller than a small screen.
    cell = "<td style='white-space:nowrap; padding-right:14px'>"
    lines = "".join(
        f"<tr>{cell}<b>{keys}</b></td>{cell}{tip}</td></tr>" for keys, tip in (*rows, *_IN_WIDGETS)
    )
    return f"<table cellspacing=5>{lines}</table>"
