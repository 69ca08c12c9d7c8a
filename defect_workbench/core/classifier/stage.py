"""One stage of a taxonomy as data: its kind, its outcomes, and the stage that follows each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CLASSES, SIZE, NOISE = "classes", "size", "noise"


@dataclass(frozen=True)
class Outcome:
    """One possible result of a stage: a label, or the next stage.

    Attributes
    ----------
    folders : tuple of str
        Class folders that belong to this outcome.
    next : str
        The stage that follows; empty for a label.
    """

    name: str
    folders: tuple[str, ...] = ()
    next: str = ""


@dataclass(frozen=True)
class Stage:
    """One stage of a taxonomy.

    Attributes
    ----------
    kind : str
        Name in the registry of stage kinds.
    outcomes : tuple of Outcome
    rest : bool
        Whether every folder that is not listed elsewhere becomes an outcome of this stage.
    inputs : tuple of str
        Earlier stages whose results are features of this stage (upstream features).
    settings : mapping of str to float or str
        Settings of its kind, such as the limit of a size stage.
    denoise, background : str
        Preprocessing of images for this stage. For a noise stage: of noisy images, from this stage on.
    """

    name: str
    kind: str = CLASSES
    outcomes: tuple[Outcome, ...] = ()
    rest: bool = False
    inputs: tuple[str, ...] = ()
    settings: Mapping[str, float | str] = field(default_factory=dict)
    denoise: str = "none"
    background: str = "none"
