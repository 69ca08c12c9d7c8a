"""Rich text for labels and tooltips. Whatever is put into it is escaped: names may hold "<" and "&".

A tooltip of plain text is made by `plain_tip` of `app.tooltips`.
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def bold(text: str) -> Markup:
    """Return a text in bold type."""
    return Markup("<b>{}</b>").format(text)


def unbroken(text: str) -> Markup:
    """Return a text that is not wrapped at its spaces."""
    return escape(text).replace(" ", Markup("&nbsp;"))


def coloured(text: str, colour: str) -> Markup:
    """Return a text, such as a square in the colour of a class, in a colour."""
    return Markup('<span style="color:{}">{}</span>').format(colour, text)


def key_meaning(key: str, meaning: str) -> Markup:
    """Return a key in bold type and what it does, on one line."""
    return Markup("{}&nbsp;{}").format(bold(key), unbroken(meaning))


def link(target: str, text: str, colour: str = "") -> Markup:
    """Return a link; one with a colour is not underlined."""
    style = Markup(' style="color:{}; text-decoration:none"').format(colour) if colour else ""
    return Markup('<a href="{}"{}>{}</a>').format(target, style, text)


def class_link(key: str, name: str, square: Markup, colour: str) -> Markup:
    """Return the square, key and name of a class as a link to the key, written in a colour."""
    return link(key, Markup("{}&nbsp;{}").format(square, key_meaning(key, name)), colour)


def listed(entries: Iterable[str]) -> Markup:
    """Return the entries of a legend in a row."""
    return Markup("&nbsp;&nbsp; ").join(entries)
