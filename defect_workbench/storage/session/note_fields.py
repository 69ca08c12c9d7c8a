"""Tags and notes of images, as sessions store them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from defect_workbench.core.project.image_notes import LONGEST_NOTE, ImageNotes, clean_tag

_TAGS, _TEXTS = "tags", "image_notes"


def note_fields(notes: ImageNotes) -> dict[str, Any]:
    """Return the images of each tag, and the notes by image; nothing if there are none."""
    if not notes:
        return {}
    images: dict[str, list[int]] = {tag: [] for tag in notes.tag_counts}
    for image in sorted(notes.tags):
        for tag in notes.tags[image]:
            images[tag].append(image)
    return {_TAGS: images, _TEXTS: {str(image): notes.texts[image] for image in sorted(notes.texts)}}


def notes_of(state: Mapping[str, Any], count: int) -> ImageNotes:
    """Return the tags and notes in a session file; sessions of earlier versions have none.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        If they are damaged.
    """
    tags: dict[int, list[str]] = {}
    for tag, images in (state.get(_TAGS) or {}).items():
        if not tag or tag != clean_tag(tag):
            raise ValueError("a tag is empty, or has signs that tags do not have")
        for image in dict.fromkeys(images):
            tags.setdefault(_checked(image, count), []).append(tag)
    texts = {
        _checked(int(image), count): str(text)[:LONGEST_NOTE]
        for image, text in (state.get(_TEXTS) or {}).items()
        if text
    }
    ordered = {image: tuple(sorted(found, key=str.casefold)) for image, found in tags.items()}
    return ImageNotes(ordered, texts)


def _checked(image: object, count: int) -> int:
    if not isinstance(image, int) or isinstance(image, bool) or not 0 <= image < count:
        raise ValueError("a tag or note is about an image that does not exist")
    return image
