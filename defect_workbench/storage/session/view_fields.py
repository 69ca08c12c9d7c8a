"""Saved views, as sessions store them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from defect_workbench.core.project.saved_views import LONGEST_VIEW_NAME, SavedView

_VIEWS = "views"
_TEXTS = ("filter", "state", "order", "colour")
_LONGEST = 2000


def view_fields(views: Sequence[SavedView]) -> dict[str, Any]:
    """Return the views as JSON; nothing without any."""
    return {_VIEWS: [asdict(view) for view in views]} if views else {}


def views_of(state: Mapping[str, Any]) -> tuple[SavedView, ...]:
    """Return the views in a session file; sessions of earlier versions have none.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        If they are damaged.
    """
    views = tuple(_view(fields) for fields in state.get(_VIEWS) or ())
    if len({view.name.casefold() for view in views}) != len(views):
        raise ValueError("two views have the same name")
    return views


def _view(fields: Mapping[str, Any]) -> SavedView:
    name = fields["name"]
    columns = fields.get("columns", [])
    texts = {key: fields.get(key, "") for key in _TEXTS}
    if not isinstance(columns, list) or any(not isinstance(text, str) for text in (name, *texts.values())):
        raise ValueError("a view does not consist of texts")
    if not name.strip() or len(name) > LONGEST_VIEW_NAME or any(len(t) > _LONGEST for t in texts.values()):
        raise ValueError("a view has no valid name or too long a filter")
    return SavedView(name, columns=tuple(str(column) for column in columns), **texts)
