"""Tooltips that show names as they are."""

from __future__ import annotations

from markupsafe import Markup
from PySide6.QtGui import Qt


def plain_tip(text: str) -> str:
    """Return a tooltip that shows a text as it is, even if Qt would read tags in it."""
    if not Qt.mightBeRichText(text):
        return text
    return Markup('<span style="white-space:pre-wrap">{}</span>').format(text)
