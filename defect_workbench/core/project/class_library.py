"""The class library: defect classes that stay the same from lot to lot, with names, keys and colours."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property

from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.core.text import and_more

# Letters that have a meaning of their own are left out: C, N, O, U and X in the light table, D in the queue,
# Q everywhere.
KEYS = "123456789ABEFGHIJKLMPRSTVWYZ"
MOST_CLASSES = 500
MOST_TEXT = 2000
MOST_EXAMPLES = 3
# About what a PNG of 128 pixels a side needs at most, in base64.
MOST_EXAMPLE_TEXT = 100_000
_COLOUR = re.compile(r"#[0-9A-F]{6}")


@dataclass(frozen=True)
class KnownClass:
    """A class of defects.

    Attributes
    ----------
    name : str
        As clusters and folders are called.
    key : str
        The key that sorts an image into it, one of `KEYS`; empty if it has none.
    colour : str
        As #RRGGBB; empty until one is chosen.
    definition : str
        What belongs to the class, in a sentence or two.
    code : str
        Of the class in other systems, such as a KLARF file.
    aliases : tuple of str
        Other names of the class, such as misspelt ones and those of other people.
    examples : tuple of str
        Up to three pictures, as PNG in base64.

    Raises
    ------
    ValueError
        If the name is empty or a value cannot be used.
    """

    name: str
    key: str = ""
    colour: str = ""
    definition: str = ""
    code: str = ""
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        texts = (self.name, self.definition, self.code, *self.aliases)
        if not self.name.strip() or self.name != self.name.strip():
            raise ValueError("the name is empty, or begins or ends with a space")
        if any(len(text) > MOST_TEXT for text in texts):
            raise ValueError(f"a text is longer than {MOST_TEXT:,} characters")
        if self.key and (len(self.key) != 1 or self.key not in KEYS):
            raise ValueError(f"the key {self.key!r:.20} is not one of {KEYS}")
        if self.colour and not _COLOUR.fullmatch(self.colour):
            raise ValueError(f"the colour {self.colour!r:.20} is not of the form #RRGGBB in capitals")
        if len(self.examples) > MOST_EXAMPLES or any(len(each) > MOST_EXAMPLE_TEXT for each in self.examples):
            raise ValueError(f"there are more than {MOST_EXAMPLES} examples, or one is too large")

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases, without regard to case."""
        return tuple(text.casefold() for text in (self.name, *self.aliases))

    @property
    def colour_number(self) -> int | None:
        """The number of the colour in the palette; None if it is not one of the palette."""
        return COLOURS.index(self.colour) if self.colour in COLOURS else None


@dataclass(frozen=True)
class ClassLibrary:
    """The classes that a user or a team knows, in the order in which they were added.

    Raises
    ------
    ValueError
        If two classes share a name, an alias or a key, or if there are more than `MOST_CLASSES`.
    """

    classes: tuple[KnownClass, ...] = ()

    def __post_init__(self) -> None:
        if len(self.classes) > MOST_CLASSES:
            raise ValueError(f"there are more than {MOST_CLASSES} classes")
        for taken in (
            [name for known in self.classes for name in dict.fromkeys(known.names)],
            [known.key for known in self.classes if known.key],
        ):
            twice = next((each for each in taken if taken.count(each) > 1), None)
            if twice is not None:
                raise ValueError(f"two classes are called or have the key {twice!r:.40}")

    @cached_property
    def _by_name(self) -> dict[str, KnownClass]:
        return {name: known for known in self.classes for name in known.names}

    def find(self, name: str) -> KnownClass | None:
        """Return the class with a name or an alias, without regard to case."""
        return self._by_name.get(name.casefold())

    def added(self, name: str, colour: str = "", examples: Iterable[str] = ()) -> ClassLibrary:
        """Return the library with a class of this name, which gets a free key and colour.

        A class that is known stays as it is, but gets examples if it has none.

        Parameters
        ----------
        colour : str
            To be used unless another class has it.
        """
        shown = tuple(itertools.islice(examples, MOST_EXAMPLES))
        known = self.find(name)
        if known is not None:
            return self if known.examples or not shown else self.changed(known, examples=shown)
        if len(self.classes) >= MOST_CLASSES:
            return self
        keys, colours = {c.key for c in self.classes}, {c.colour for c in self.classes}
        free = [colour, *COLOURS] if colour in COLOURS else list(COLOURS)
        new = KnownClass(
            name,
            key=next((key for key in KEYS if key not in keys), ""),
            colour=next((each for each in free if each not in colours), free[0]),
            examples=shown,
        )
        return ClassLibrary((*self.classes, new))

    def changed(self, known: KnownClass, **values: object) -> ClassLibrary:
        """Return the library with some values of one class changed.

        Raises
        ------
        ValueError
            If a value cannot be used, or another class has the name or the key.
        """
        new = replace(known, **values)  # type: ignore[arg-type] # values of its fields
        return ClassLibrary(tuple(new if each is known else each for each in self.classes))

    def without(self, name: str) -> ClassLibrary:
        """Return the library without the class of a name, if it has one."""
        return ClassLibrary(tuple(each for each in self.classes if each is not self.find(name)))


@dataclass(frozen=True)
class Merged:
    """A library into which another one was merged.

    Attributes
    ----------
    added, completed : tuple of str
        Names of the classes that are new, and of those that got values that they did not have.
    conflicts : tuple of str
        What was not taken over, and why, one sentence each.
    """

    library: ClassLibrary
    added: tuple[str, ...]
    completed: tuple[str, ...]
    conflicts: tuple[str, ...]


def merge(ours: ClassLibrary, theirs: ClassLibrary) -> Merged:
    """Merge another library into ours by name. Nothing of ours is overwritten.

    A class that is in both gets the values that ours lacks, and the aliases of both. Where values differ,
    ours stay, and the difference is a conflict.
    """
    library, added, completed = ours, [], []
    conflicts: list[str] = []
    for other in theirs.classes:
        known = library.find(other.name)
        if known is None and len(library.classes) >= MOST_CLASSES:
            conflicts.append(f"{other.name}: the library is full, so it was not added")
            continue
        fitting = _fitting(library, other, known, conflicts)
        if known is None:
            library = ClassLibrary((*library.classes, fitting))
            added.append(other.name)
            continue
        new = _completed(known, fitting, conflicts)
        if new != known:
            library = ClassLibrary(tuple(new if each is known else each for each in library.classes))
            completed.append(known.name)
    return Merged(library, tuple(added), tuple(completed), tuple(conflicts))


def _fitting(
    library: ClassLibrary, other: KnownClass, known: KnownClass | None, conflicts: list[str]
) -> KnownClass:
    """Return a class of another library without what a different class of ours has."""
    owner = next((c for c in library.classes if c.key and c.key == other.key and c is not known), None)
    if owner is not None:
        conflicts.append(
            f"{other.name}: the key {other.key} is that of {owner.name}, so it was not taken over"
        )
    taken = {name: c for c in library.classes if c is not known for name in c.names}
    lost = [alias for alias in other.aliases if alias.casefold() in taken]
    if lost:
        conflicts.append(f"{other.name}: another class is called {and_more(lost, 5)}")
    aliases = tuple(alias for alias in other.aliases if alias not in lost)
    return replace(other, key="" if owner is not None else other.key, aliases=aliases)


def _completed(known: KnownClass, other: KnownClass, conflicts: list[str]) -> KnownClass:
    """Return our class with what it lacks from the other one."""
    values: dict[str, object] = {}
    for field in fields(KnownClass):
        ours, theirs = getattr(known, field.name), getattr(other, field.name)
        if field.name in ("name", "aliases") or not theirs or ours == theirs:
            continue
        if not ours:
            values[field.name] = theirs
        elif field.name != "examples":
            conflicts.append(
                f"{known.name}: the {field.name} is {ours!r} here and {theirs!r} there; ours stays"
            )
    names = set(known.names)
    more = [alias for alias in (other.name, *other.aliases) if alias.casefold() not in names]
    values["aliases"] = (*known.aliases, *more)
    return replace(known, **values)  # type: ignore[arg-type] # values of its fields


def renames(before: Decisions, after: Decisions) -> list[tuple[str, str, bool]]:
    """Return the old and the new name of each group with another name, and whether it is confirmed."""
    return [
        (old.name, new.name, new.confirmed)
        for number, new in after.groups.items()
        if (old := before.groups.get(number)) is not None
        if old.name and new.name and old.name != new.name and not new.nuisance
    ]


def with_class_colours(decisions: Decisions, library: ClassLibrary) -> Decisions:
    """Return the decisions with known classes in their colours, and no other cluster in one of these."""
    groups = dict(decisions.groups)
    known = {number: library.find(group.name) for number, group in groups.items() if group.name}
    given: dict[int, int] = {}
    for number, each in known.items():
        if each is not None and each.colour_number is not None:
            given[number] = each.colour_number
    taken = set(given.values())
    others = {n: g.colour % len(COLOURS) for n, g in groups.items() if n not in given and not g.nuisance}
    free = (n for n in range(len(COLOURS)) if n not in taken and n not in others.values())
    for number, colour in others.items():
        if colour in taken:
            given[number] = next(free, colour)
    groups |= {number: replace(groups[number], colour=colour) for number, colour in given.items()}
    return replace(decisions, groups=groups)
