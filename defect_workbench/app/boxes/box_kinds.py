"""A key and a colour for each kind of defect, while boxes are corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from defect_workbench.core.images.detections import UNNAMED
from defect_workbench.core.project.class_library import KEYS, ClassLibrary
from defect_workbench.core.project.palette import COLOURS, NEUTRAL


@dataclass(frozen=True)
class BoxKind:
    """A kind of defect.

    Attributes
    ----------
    key : str
        Empty if there are more kinds than keys.
    colour : str
        #RRGGBB.
    """

    name: str
    key: str
    colour: str


def box_kinds(labels: Sequence[str], library: ClassLibrary) -> tuple[BoxKind, ...]:
    """Return the kinds of defects: those of the class library, and others that boxes have.

    Classes have the keys and colours of the library, as when images are sorted; the others get those that are
    left.

    Parameters
    ----------
    labels : sequence of str
        Of all boxes.
    """
    names = {each.name: each for each in library.classes}
    others = [label for label in labels if label not in names]
    taken = {each.key for each in library.classes if each.key}
    free = iter([key for key in KEYS if key not in taken])
    used = {each.colour.upper() for each in library.classes if each.colour}
    colours = [colour for colour in COLOURS if colour.upper() not in used] or list(COLOURS)
    kinds = [BoxKind(each.name, each.key, each.colour or NEUTRAL) for each in library.classes]
    named = [label for label in others if label != UNNAMED]
    kinds += [
        BoxKind(label, next(free, ""), colours[number % len(colours)]) for number, label in enumerate(named)
    ]
    if UNNAMED not in names:
        # Yellow is seen on any grey image; a defect that has no kind needs no key of its own.
        kinds.append(BoxKind(UNNAMED, next(free, ""), UNNAMED_COLOUR))
    return tuple(kinds)


UNNAMED_COLOUR = "#E6B422"


def colour_of(kinds: Sequence[BoxKind], label: str) -> str:
    """Return the colour of a label."""
    return next((kind.colour for kind in kinds if kind.name == label), NEUTRAL)
