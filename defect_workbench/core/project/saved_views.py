"""Named views of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

LONGEST_VIEW_NAME = 80


@dataclass(frozen=True)
class SavedView:
    """What the window shows of a project, and how.

    Attributes
    ----------
    filter : str
        As typed above the gallery.
    state : str
        "open", "held", "confirmed" or "nuisance"; empty shows all clusters.
    order : str
        Of the clusters, as the window calls it.
    colour : str
        The column that colours the map; empty for the clusters.
    columns : tuple of str
        Columns shown below the thumbnails.
    """

    name: str
    filter: str = ""
    state: str = ""
    order: str = ""
    colour: str = ""
    columns: tuple[str, ...] = ()

    def same_as(self, other: SavedView) -> bool:
        """Whether both show the same, whatever they are called."""
        return replace(self, name="") == replace(other, name="")


def find_view(views: Sequence[SavedView], name: str) -> SavedView | None:
    """Return the view of a name, ignoring case."""
    return next((view for view in views if view.name.casefold() == name.casefold()), None)


def with_view(views: Sequence[SavedView], view: SavedView) -> tuple[SavedView, ...]:
    """Return the views with one more, in order of the alphabet; it replaces one of the same name."""
    others = [each for each in views if each.name.casefold() != view.name.casefold()]
    return tuple(sorted([*others, view], key=lambda each: each.name.casefold()))


def without_view(views: Sequence[SavedView], name: str) -> tuple[SavedView, ...]:
    """Return the views without the one of a name."""
    return tuple(view for view in views if view.name != name)
