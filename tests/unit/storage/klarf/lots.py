"""Made-up lots for the tests of KLARF files."""

from pathlib import Path

from defect_workbench.sample.klarf_writer import (
    ImageStyle,
    KlarfLot,
    KlarfStyle,
    LotDefect,
    LotPicture,
    LotWafer,
    klarf_bytes,
)
from defect_workbench.storage.klarf.klarf_file import KlarfFile
from defect_workbench.storage.klarf.reading import parsed

FLAT = ("1.1", "1.2")
TREE = ("1.7", "1.8")
PER_FILE = {ImageStyle.FILE_BEFORE_LIST, ImageStyle.FILE_AFTER_LIST, ImageStyle.FILE_LINES}
FLAT_STYLES = [style for style in ImageStyle if style not in {ImageStyle.NAMED, ImageStyle.NUMBERED}]
TREE_STYLES = [ImageStyle.NAMED, ImageStyle.NUMBERED, ImageStyle.NONE]
CASES = [(d, s) for d in FLAT for s in FLAT_STYLES] + [(d, s) for d in TREE for s in TREE_STYLES]

DIES = ((-1, 0), (0, 0), (1, 0), (0, 1))


def lot(wafers: int = 2, defects: int = 5, style: ImageStyle = ImageStyle.COUNTED) -> KlarfLot:
    """Return a lot whose pictures are numbered across the file; each third defect has none, others have two.

    With one file per picture, a defect has one, named by wafer and defect.
    """
    page = 1
    found = []
    for w in range(wafers):
        entries = []
        for d in range(defects):
            number = 10 * d + 3
            pictures: tuple[LotPicture, ...] = ()
            if style in PER_FILE:
                pictures = (LotPicture(1, "0", f"w{w}_{number}.jpg"),)
            elif d % 3 != 2:
                pictures = (LotPicture(page, "0"), LotPicture(page + 1, "1"))
                page += 2
            place = (100.5 + d, 200.25 + w)
            entries.append(
                LotDefect(
                    number, DIES[d % 4], place, (1.5, 0.25), d % 3, pictures, more={"TOOLCODE": f"0{d}"}
                )
            )
        found.append(LotWafer(f"W{w}", w + 1, DIES, tuple(entries), 5e9))
    return KlarfLot(
        "LOT.1",
        tuple(found),
        {0: "Unclassified", 1: "Scratch", 2: "Pit"},
        step="ETCH",
        more_columns=("TOOLCODE",),
    )


def source(dialect: str, style: KlarfStyle | ImageStyle, wafers: int = 2, defects: int = 5) -> bytes:
    """Return a KLARF file of a lot."""
    chosen = style if isinstance(style, KlarfStyle) else KlarfStyle(images=style)
    return klarf_bytes(lot(wafers, defects, chosen.images), dialect, chosen)


def read(data: bytes) -> KlarfFile:
    """Return the content of a KLARF file."""
    return parsed(Path("lot.001"), data)


def pages(klarf: KlarfFile) -> list[list[tuple[str, int | None, str]]]:
    """Return file, page and kind of the pictures of each defect."""
    return [[(p.file, p.page, p.kind) for p in pictures] for pictures in klarf.pictures]


def expected_pages(chosen: KlarfLot, style: ImageStyle) -> list[list[tuple[str, int | None, str]]]:
    """Return what `pages` must return for a lot."""
    kinds = {ImageStyle.BARE_NUMBERS, ImageStyle.COUNT_ONLY, ImageStyle.FILE_LINES}
    found: list[list[tuple[str, int | None, str]]] = []
    for wafer in chosen.wafers:
        for defect in wafer.defects:
            pictures = () if style is ImageStyle.NONE else defect.pictures
            found.append(
                [
                    (
                        p.file or chosen.image_file,
                        None if p.file else p.page,
                        "" if style in kinds else p.kind,
                    )
                    for p in pictures
                ]
            )
    return found


def column(klarf: KlarfFile, name: str) -> tuple[object, ...]:
    """Return the cells of a column."""
    return next(c.cells for c in klarf.columns if c.name == name)


def reasons(klarf: KlarfFile) -> str:
    """Return all problems as one text."""
    return "\n".join(f"{problem.line}: {problem.reason}" for problem in klarf.problems)
