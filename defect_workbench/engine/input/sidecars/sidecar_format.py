"""A format of sidecar files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from defect_workbench.core.images.instrument import InstrumentMetadata


@dataclass(frozen=True)
class SidecarFormat:
    """A format of text files that belong to images.

    Attributes
    ----------
    name, label : str
    extension : str
        In lower case, with the dot.
    read : callable
        Returns the metadata in a text; None if it is not of this format or says nothing. It never raises.
    names_extension : bool
        Whether a file may also be named after the image with its extension: `a-png.hdr` for `a.png`.
    """

    name: str
    label: str
    extension: str
    read: Callable[[str], InstrumentMetadata | None]
    names_extension: bool = False

    def names_for(self, stem: str, extension: str) -> tuple[str, ...]:
        """Return the names of a sidecar file, without those that differ in the case of the extension.

        Parameters
        ----------
        stem, extension : str
            Of the image; the extension without a dot.
        """
        own = f"{stem}{self.extension}"
        return (f"{stem}-{extension}{self.extension}", own) if self.names_extension else (own,)
