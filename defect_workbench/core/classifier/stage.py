"""One stage of a taxonomy as data: what it can find, and where each outcome leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CLASSES, SIZE, NOISE = "classes", "size", "noise"


@dataclass(frozen=True)
class Outcome:
    """What a stage can find.

    Attributes
    ----------
    folders : tuple of str
        Training folders that mean it.
    next : str
        The stage that goes on with it; empty for a label.
    """

    name: str
    folders: tuple[str, ...] = ()
    next: str = ""


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    kind : str
        How it decides; a name in the registry of stage kinds.
    outcomes : tuple of Outcome
    rest : bool
        Every folder not named anywhere becomes an outcome of this stage.
    inputs : tuple of str
        Earlier stages whose findings it takes as upstream features.
    settings : mapping of str to float or str
        What its kind lets a person set, such as the limit of a size stage.
    denoise, background : str
        How pictures are changed for this stage; of a noise stage: for its noisy images, from there on.
    """

    name: str
    kind: str = CLASSES
    outcomes: tuple[Outcome, ...] = ()
    rest: bool = False
    inputs: tuple[str, ...] = ()
    settings: Mapping[str, float | str] = field(default_factory=dict)
    denoise: str = "none"
    background: str = "none"
