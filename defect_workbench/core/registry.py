"""Named entries in a fixed order, from which options, forms, reports and file formats are derived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Generic, Protocol, TypeVar

from defect_workbench.core.errors import InputError


class Named(Protocol):
    """An object with a name, as every entry needs one."""

    @property
    def name(self) -> str:
        """Unique in its registry; used in files and on the command line, so it never changes."""
        ...


Entry = TypeVar("Entry", bound=Named)


class Registry(Generic[Entry]):
    """Entries of one kind, in the order in which they are shown.

    Parameters
    ----------
    kind : str
        What an entry is, in the singular, for error messages ("feature block").
    entries : iterable of Entry
        Names must be unique.

    Raises
    ------
    ValueError
        If two entries share a name.
    """

    def __init__(self, kind: str, entries: Iterable[Entry]) -> None:
        self.kind = kind
        self._entries = tuple(entries)
        if len(set(self.names)) < len(self._entries):
            raise ValueError(f"two entries share a name: {', '.join(self.names)}")

    @classmethod
    def of_modules(cls, kind: str, package: str, *modules: str) -> Registry[Entry]:
        """Return a registry of the objects called `ENTRY` in modules of a package."""
        return cls(kind, [import_module(f"{package}.{module}").ENTRY for module in modules])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all entries, in order."""
        return tuple(entry.name for entry in self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Entry:
        """Return the entry with this name.

        Raises
        ------
        InputError
            If it does not exist; the message lists the names.
        """
        for entry in self._entries:
            if entry.name == name:
                return entry
        raise InputError(f"unknown {self.kind} {name!r}; choose one of {', '.join(self.names)}")

    @contextmanager
    def including(self, entry: Entry) -> Iterator[None]:
        """Add an entry during the block. Tests use it to show that an addition needs nothing else."""
        if entry.name in self.names:
            raise ValueError(f"the {self.kind} {entry.name!r} already exists")
        with self._replaced_by((*self._entries, entry)):
            yield

    @contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """Remove entries during the block. Tests use it to open files with the entries of their time."""
        with self._replaced_by(tuple(entry for entry in self._entries if entry.name not in names)):
            yield

    @contextmanager
    def _replaced_by(self, entries: tuple[Entry, ...]) -> Iterator[None]:
        before, self._entries = self._entries, entries
        try:
            yield
        finally:
            self._entries = before
