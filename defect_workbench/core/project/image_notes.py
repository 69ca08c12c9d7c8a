"""What a user wrote about single images: tags and notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.decisions import UNDECIDED
from defect_workbench.core.text import printable

LONGEST_TAG, LONGEST_NOTE = 40, 2000
# Tags may contain spaces, but neither of these.
_BETWEEN = re.compile(r"[,;\n]+")
BETWEEN_TAGS = ", "


@dataclass(frozen=True, eq=False)
class ImageNotes:
    """Tags and notes of images. They say nothing about the cluster that an image belongs to.

    Attributes
    ----------
    tags : mapping of int to tuple of str
        By image; each in order of the alphabet, without images that have none.
    texts : mapping of int to str
        By image; without images that have none.
    """

    tags: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.tags or self.texts)

    @property
    def tag_counts(self) -> Mapping[str, int]:
        """The number of images with each tag, in order of the alphabet."""
        counts = Counter(tag for tags in self.tags.values() for tag in tags)
        return {tag: counts[tag] for tag in sorted(counts, key=str.casefold)}

    def tagged(self, images: Iterable[int], add: Sequence[str], remove: Sequence[str]) -> ImageNotes:
        """Return the notes with tags added to some images and removed from them."""
        tags = dict(self.tags)
        for image in images:
            kept = (set(tags.get(image, ())) | set(add)) - set(remove)
            if kept:
                tags[image] = tuple(sorted(kept, key=str.casefold))
            else:
                tags.pop(image, None)
        return ImageNotes(tags, self.texts)

    def written(self, images: Iterable[int], text: str) -> ImageNotes:
        """Return the notes with another text about some images; an empty one removes theirs."""
        texts = dict(self.texts)
        for image in images:
            if text:
                texts[image] = text
            else:
                texts.pop(image, None)
        return ImageNotes(self.tags, texts)

    def words(self, image: int) -> str:
        """Return tags and note of an image in one line, such as "#rework  ·  see lot 8"."""
        parts = [" ".join(f"#{tag}" for tag in self.tags.get(image, ())), self.texts.get(image, "")]
        return "  ·  ".join(part for part in parts if part)


def typed_tags(text: str, known: Iterable[str]) -> list[str]:
    """Return the tags in a text, separated by commas; known ones as they were first written."""
    written = {tag.casefold(): tag for tag in known}
    result: dict[str, str] = {}
    for part in _BETWEEN.split(text):
        tag = clean_tag(part)
        if tag:
            result.setdefault(tag.casefold(), written.get(tag.casefold(), tag))
    return list(result.values())


def clean_tag(text: str) -> str:
    """Return a text as a tag: without a leading #, commas, and quotes, which the filter uses."""
    words = _BETWEEN.sub(" ", text.replace('"', "")).strip().lstrip("#").split()
    return printable(" ".join(words))[:LONGEST_TAG].strip()


def carried_notes(notes: ImageNotes, before: Integers) -> ImageNotes:
    """Return the notes for images whose indices have changed.

    Parameters
    ----------
    before : (n,) intp
        The previous index of each image; `UNDECIDED` for new images.
    """
    pairs = [(old, new) for new, old in enumerate(before.tolist()) if old != UNDECIDED]
    return ImageNotes(
        {new: notes.tags[old] for old, new in pairs if old in notes.tags},
        {new: notes.texts[old] for old, new in pairs if old in notes.texts},
    )
