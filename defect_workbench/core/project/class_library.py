"""The class library: defect classes that stay the same from lot to lot, with names, keys and colours."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property

from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.core.text import and_more

# Letters that have another meaning are left out: C, N, O, U and X in the light table, D in the queue,
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
    product : str
        Whose lots have the class. Classes of different products may have the same key. Empty for the first
        product, until the user names it.

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
    product: str = ""

    def __post_init__(self) -> None:
        texts = (self.name, self.definition, self.code, self.product, *self.aliases)
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
class ClassFields:
    """The fields of a class that the user edits, as entered: see `KnownClass`, which checks them."""

    name: str
    product: str
    key: str
    colour: str
    definition: str
    code: str
    aliases: tuple[str, ...]

    @classmethod
    def of(cls, known: KnownClass) -> ClassFields:
        """Return the fields of a class."""
        return cls(
            known.name,
            known.product,
            known.key,
            known.colour,
            known.definition,
            known.code,
            known.aliases,
        )

    def applied_to(self, known: KnownClass) -> KnownClass:
        """Return a class with these fields and its own examples.

        Raises
        ------
        ValueError
            If a value cannot be used.
        """
        return KnownClass(
            self.name,
            self.key,
            self.colour,
            self.definition,
            self.code,
            self.aliases,
            known.examples,
            self.product,
        )


@dataclass(frozen=True)
class ClassLibrary:
    """The classes that a user or a team knows, in the order in which they were added.

    Attributes
    ----------
    current : str
        The product of the lot in which a class was confirmed last.

    Raises
    ------
    ValueError
        If two classes share a name or an alias, if two classes of a product share a key, or if there are more
        than `MOST_CLASSES`.
    """

    classes: tuple[KnownClass, ...] = ()
    current: str = ""

    def __post_init__(self) -> None:
        if len(self.classes) > MOST_CLASSES:
            raise ValueError(f"there are more than {MOST_CLASSES} classes")
        names = Counter(name for known in self.classes for name in set(known.names))
        keys = Counter((known.product, known.key) for known in self.classes if known.key)
        twice = [name for name, count in names.items() if count > 1]
        twice += [key for (_, key), count in keys.items() if count > 1]
        if twice:
            raise ValueError(f"two classes are called or have the key {twice[0]!r:.40}")

    @cached_property
    def _by_name(self) -> dict[str, KnownClass]:
        return {name: known for known in self.classes for name in known.names}

    def find(self, name: str) -> KnownClass | None:
        """Return the class with a name or an alias, without regard to case."""
        return self._by_name.get(name.casefold())

    def added(
        self, name: str, colour: str = "", examples: Iterable[str] = (), product: str = "", key: str = ""
    ) -> ClassLibrary:
        """Return the library with a class of this name, which gets a free key and colour.

        A class that is known stays as it is, but gets examples if it has none.

        Parameters
        ----------
        colour, key : str
            To be used unless another class has the colour, or another one of the product the key.
        """
        shown = tuple(itertools.islice(examples, MOST_EXAMPLES))
        known = self.find(name)
        if known is not None:
            return (
                self if known.examples or not shown else self.changed(known, replace(known, examples=shown))
            )
        if len(self.classes) >= MOST_CLASSES:
            return self
        keys, colours = self.keys_of(product), {c.colour for c in self.classes}
        free = [colour, *COLOURS] if colour in COLOURS else list(COLOURS)
        new = KnownClass(
            name,
            key=next((each for each in (key, *KEYS) if each and each not in keys), ""),
            colour=next((each for each in free if each not in colours), free[0]),
            examples=shown,
            product=product,
        )
        return replace(self, classes=(*self.classes, new))

    def keys_of(self, product: str) -> set[str]:
        """Return the keys that the classes of a product have."""
        return {known.key for known in self.classes if known.product == product and known.key}

    def product_of(self, names: Iterable[str]) -> str | None:
        """Return the product of a lot from the names of its classes; None if no class is known.

        It is the product of most of them; of two with as many, the one with more classes in the library.
        """
        known = {each.name: each for name in names if (each := self.find(name)) is not None}
        here = Counter(each.product for each in known.values())
        everywhere = Counter(each.product for each in self.classes)
        return max(here, key=lambda product: (here[product], everywhere[product])) if here else None

    def with_lot(self, names: Collection[str]) -> ClassLibrary:
        """Return the library after the classes of these names were confirmed in one lot.

        Its product is the current one. A product of which no class is known but those of this lot was a new
        product only because of the order in which classes were named, so its classes join the product.
        """
        product = self.product_of(names)
        if product is None:
            return self
        here = {id(known) for name in names if (known := self.find(name)) is not None}
        others = {known.product for known in self.classes if id(known) not in here}
        keys, classes = self.keys_of(product), []
        for known in self.classes:
            if known.product == product or known.product in others:
                classes.append(known)
            else:
                key = "" if known.key in keys else known.key
                keys.add(key)
                classes.append(replace(known, product=product, key=key))
        return ClassLibrary(tuple(classes), product)

    def changed(self, known: KnownClass, new: KnownClass) -> ClassLibrary:
        """Return the library with a class replaced by a changed one.

        Raises
        ------
        ValueError
            If another class has the name or the key.
        """
        return replace(self, classes=tuple(new if each is known else each for each in self.classes))

    def without(self, name: str) -> ClassLibrary:
        """Return the library without the class of a name, if it has one."""
        known = self.find(name)
        return replace(self, classes=tuple(each for each in self.classes if each is not known))


@dataclass(frozen=True)
class Merged:
    """A library into which another one was merged.

    Attributes
    ----------
    added, completed : tuple of str
        Names of the classes that are new, and of those that got values that they did not have.
    conflicts : tuple of str
        What was not imported, and why, one sentence each.
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
            library = replace(library, classes=(*library.classes, fitting))
            added.append(other.name)
            continue
        new = _completed(known, fitting, conflicts)
        if new != known:
            library = replace(
                library, classes=tuple(new if each is known else each for each in library.classes)
            )
            completed.append(known.name)
    return Merged(library, tuple(added), tuple(completed), tuple(conflicts))


def _fitting(
    library: ClassLibrary, other: KnownClass, known: KnownClass | None, conflicts: list[str]
) -> KnownClass:
    """Return a class of another library without what a different class of ours has."""
    product = other.product if known is None else known.product
    same = (c for c in library.classes if c.product == product and c is not known)
    owner = next((c for c in same if c.key and c.key == other.key), None)
    if owner is not None:
        conflicts.append(f"{other.name}: the key {other.key} is that of {owner.name}, so it was not imported")
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
        if field.name in ("name", "aliases", "product") or not theirs or ours == theirs:
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
