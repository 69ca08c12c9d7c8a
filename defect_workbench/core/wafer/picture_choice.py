"""Which of a defect's pictures are used, where an inspection file names several."""

from __future__ import annotations

import json
from dataclasses import dataclass

FIRST, ALL = "first", "all"
AUTO, NONE = "auto", "none"
_SCHEME = "klarf:"
# Words in the name of a kind of picture that stand for the defect-free picture of the same place.
_REFERENCE_WORDS = ("ref", "golden", "template", "compare")


@dataclass(frozen=True, slots=True)
class PictureChoice:
    """Which pictures of a defect are images of the set, and which is the golden reference.

    Attributes
    ----------
    described : str
        `first` for the first picture of each defect that is not its reference, `all`, or a kind of pictures
        as the file names it.
    reference : str
        `auto` for the kind whose name says so, `none`, or a kind of pictures.
    """

    described: str = FIRST
    reference: str = AUTO

    def is_reference(self, kind: str) -> bool:
        """Whether pictures of a kind are golden references."""
        if self.reference == AUTO:
            return any(word in kind.casefold() for word in _REFERENCE_WORDS)
        return self.reference != NONE and kind == self.reference

    def is_described(self, kind: str, *, first: bool) -> bool:
        """Whether a picture is an image of the set.

        Parameters
        ----------
        first : bool
            Whether it is the first of its defect that is not a reference.
        """
        if self.described in (FIRST, ALL):
            return not self.is_reference(kind) and (first or self.described == ALL)
        return kind == self.described


USUAL = PictureChoice()


def references_of(path: str, choice: PictureChoice) -> str:
    """Return a text for `Settings.reference` that stands for the references that inspection files name.

    Parameters
    ----------
    path : str
        Of the inspection file, or of the folder of such files.
    """
    return _SCHEME + json.dumps([path, choice.described, choice.reference], ensure_ascii=False)


def parse_references(text: str) -> tuple[str, PictureChoice] | None:
    """Return path and choice that `references_of` was given; None for the path of a folder."""
    if not text.startswith(_SCHEME):
        return None
    try:
        path, described, reference = json.loads(text.removeprefix(_SCHEME))
    except ValueError:
        return None
    return str(path), PictureChoice(str(described), str(reference))


def reference_words(text: str) -> str:
    """Return `Settings.reference` as people read it: a folder, or the inspection file."""
    found = parse_references(text)
    return text if found is None else f"the inspection file {found[0]}"
