"""A key and a colour for each kind of defect, while boxes are corrected."""

from __future__ import annotations

import itertools
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


def box_kinds(
    labels: Sequence[str], library: ClassLibrary, earlier: Sequence[BoxKind] = ()
) -> tuple[BoxKind, ...]:
    """Return the kinds of defects: those of the class library, and others that boxes have.

    Classes have the keys and colours of the library, as when images are sorted; the others get those that are
    left, and a defect without a kind the key 0.

    Parameters
    ----------
    labels : sequence of str
        Of all boxes.
    earlier : sequence of BoxKind
        Kinds that keep their keys and colours.
    """
    kinds = {each.name: BoxKind(each.name, each.key, each.colour or NEUTRAL) for each in library.classes}
    kinds.setdefault(UNNAMED, BoxKind(UNNAMED, _UNNAMED_KEY, UNNAMED_COLOUR))
    keys = {kind.key for kind in kinds.values() if kind.key}
    colours = {kind.colour.upper() for kind in kinds.values()}
    for kind in earlier:
        if kind.name in labels and kind.name not in kinds and kind.key not in keys:
            kinds[kind.name] = kind
            keys.add(kind.key)
            colours.add(kind.colour.upper())
    free_keys = iter([key for key in KEYS if key not in keys])
    free_colours = itertools.cycle([each for each in COLOURS if each.upper() not in colours] or COLOURS)
    for label in labels:
        if label not in kinds:
            kinds[label] = BoxKind(label, next(free_keys, ""), next(free_colours))
    return tuple(kinds.values())


_UNNAMED_KEY = "0"
# Yellow is seen on any grey image.
UNNAMED_COLOUR = "#E6B422"


def colour_of(kinds: Sequence[BoxKind], label: str) -> str:
    """Return the colour of a label."""
    return next((kind.colour for kind in kinds if kind.name == label), NEUTRAL)
