"""How the records of flat files list their images. The specification does not say it, so arithmetic decides.

The column IMAGELIST stands for a varying number of tokens. Tools write a count and then two tokens per image
(its number and its type), or leave the count out, as IMAGECOUNT states it already, or write another number of
tokens per image. Only the right layout explains the length of every record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from defect_workbench.storage.klarf.klarf_document import RawImage, RecordSpec
from defect_workbench.storage.klarf.klarf_tokens import integer_of

MOST_IMAGES = 4096
"""Of one defect. A larger count is damage."""
_NONE = frozenset({b"0", b"N", b"n", b'""'})


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to list images.

    Attributes
    ----------
    counted : bool
        Whether the number of images is repeated before them.
    width : int
        Tokens per image; 0 if the lists cannot be read.
    """

    counted: bool
    width: int


COUNTED_PAIRS = Layout(counted=True, width=2)
UNREADABLE = Layout(counted=False, width=0)


class Fit(NamedTuple):
    """Whether some tokens are a record.

    Attributes
    ----------
    length : int or None
        The length of the record that begins with them; None if no record does.
    images : int
    """

    length: int | None
    images: int


_NO_FIT = Fit(None, 0)


def fit(spec: RecordSpec, layout: Layout, tokens: Sequence[bytes]) -> Fit:
    """Return how long the record is that begins with these tokens. It may be longer than they are."""
    width, at = len(spec.names), spec.images
    if at is None:
        return Fit(width, 0)
    if layout.width == 0:
        # Whatever stands behind the other columns is the list, if it is the last of them.
        return Fit(max(len(tokens), width - 1), 0) if at == width - 1 else _NO_FIT
    if layout.counted:
        if len(tokens) <= at:
            return Fit(width, 0)
        images = _count(tokens[at])
        return _NO_FIT if images is None else Fit(width + layout.width * images, images)
    counter = spec.image_count
    if counter is None or counter >= at:
        return _NO_FIT
    if len(tokens) <= counter:
        return Fit(width - 1, 0)
    images = _count(tokens[counter])
    if images is None:
        return _NO_FIT
    if images == 0:
        stands_for_none = len(tokens) > at and tokens[at] in _NONE
        return Fit(width if stands_for_none else width - 1, 0)
    return Fit(width - 1 + layout.width * images, images)


def _count(token: bytes) -> int | None:
    if token in _NONE:
        return 0
    value = integer_of(token)
    return value if value is not None and 0 <= value <= MOST_IMAGES else None


def cells_of(
    spec: RecordSpec, layout: Layout, tokens: list[bytes], images: int
) -> tuple[list[bytes], list[RawImage], int]:
    """Divide a record into cells and images; also return how many more tokens than columns it has."""
    at = spec.images
    if at is None:
        return tokens, [], 0
    if layout.width == 0:
        return [*tokens[:at], b""], [], 0
    first = at + 1 if layout.counted else at
    step = layout.width
    last = first + step * images
    listed = [RawImage(tokens[i], tokens[i + 1] if step > 1 else b"") for i in range(first, last, step)]
    if layout.counted:
        return tokens[:first] + tokens[last:], listed, last - first
    if images == 0 and len(tokens) == len(spec.names):
        return tokens, [], 0
    return [*tokens[:at], b"", *tokens[last:]], listed, last - first - 1


def declared_count(spec: RecordSpec, cells: Sequence[bytes]) -> int | None:
    """Return what IMAGECOUNT says."""
    if spec.image_count is None or spec.image_count >= len(cells):
        return None
    return integer_of(cells[spec.image_count])


class Trial(NamedTuple):
    """How well a layout explains a file; the smallest is the best, but for the number of records.

    Attributes
    ----------
    damaged : int
        Records that it does not explain, or in which numbers of images are something else.
    disagreeing : int
        Records with another number of images than IMAGECOUNT states.
    repeated : int
        Images with a number that another one has, too.
    records : int
    """

    damaged: int
    disagreeing: int
    repeated: int
    records: int


def choose_layout(widths: Iterable[int], trial: Callable[[Layout], Trial]) -> Layout:
    """Return the layout that explains most records.

    Parameters
    ----------
    widths : iterable of int
        Tokens per image that the file declares.
    trial : callable
        Reads the file with a layout.
    """
    declared = [width for width in dict.fromkeys(widths) if 0 < width <= 8]
    expected = [Layout(counted, width) for width in declared for counted in (True, False)]
    usual = [Layout(counted, width) for width in (2, 1, 3, 4) for counted in (True, False)]
    # A few damaged records must not make the others look like something unusual.
    shares = {COUNTED_PAIRS: 0.5, **dict.fromkeys(expected, 0.5)}
    for layouts in (expected, [layout for layout in usual if layout not in expected]):
        results: dict[Layout, Trial] = {}
        for layout in layouts:
            result = results[layout] = trial(layout)
            if result[:2] == (0, 0) and (layout == COUNTED_PAIRS or result.repeated == 0):
                return layout
        # Records that seem to be joined are fewer: of equal layouts, the one with most records is right.
        ranks = [
            (result[:3], -result.records, index)
            for index, (layout, result) in enumerate(results.items())
            if _is_likely(layout, result, shares.get(layout, 0.1))
        ]
        if ranks:
            return layouts[min(ranks)[2]]
    return UNREADABLE


def _is_likely(layout: Layout, result: Trial, most: float) -> bool:
    wrong = result.damaged + (0 if layout == COUNTED_PAIRS else result.disagreeing)
    return wrong <= most * result.records
