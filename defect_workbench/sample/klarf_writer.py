"""Write KLARF files of made-up lots, in every dialect and style that is read: for the demo and for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Point = tuple[float, float]

_COLUMNS = (
    "DEFECTID",
    "XREL",
    "YREL",
    "XINDEX",
    "YINDEX",
    "XSIZE",
    "YSIZE",
    "DEFECTAREA",
    "DSIZE",
    "CLASSNUMBER",
    "TEST",
    "CLUSTERNUMBER",
    "ROUGHBINNUMBER",
    "FINEBINNUMBER",
    "REVIEWSAMPLE",
)
_FLOATS = frozenset({"DEFECTAREA"})


class ImageStyle(StrEnum):
    """How records name the pictures of their defects."""

    NONE = "none"
    """No column for images."""
    COUNTED = "counted"
    """Flat: a count, then number and type of each picture."""
    CONTINUED = "continued"
    """Flat: as COUNTED, but the pictures are on a separate line."""
    BARE = "bare"
    """Flat: number and type of each picture, without the count."""
    BARE_NUMBERS = "bare numbers"
    """Flat: only the number of each picture; TiffSpec declares one value per picture."""
    COUNT_ONLY = "count only"
    """Flat: IMAGECOUNT, but no list; pages are in the order of the defects."""
    FILE_BEFORE_LIST = "file before list"
    """Flat: a list for each defect, behind a statement with its picture file."""
    FILE_AFTER_LIST = "file after list"
    """Flat: a list for each defect, before a statement with its picture file."""
    FILE_LINES = "file lines"
    """Flat: a line with a file name behind each record."""
    NAMED = "named"
    """Hierarchical: an image list with files, types, pages and labels."""
    NUMBERED = "numbered"
    """Hierarchical: an image list of numbers and types; the header names the file."""


@dataclass(frozen=True, slots=True)
class LotPicture:
    """A picture of a defect: its page in the lot's file, from 1, or a separate file."""

    page: int = 1
    kind: str = "0"
    file: str = ""


@dataclass(frozen=True, slots=True)
class LotDefect:
    """A defect; lengths in micrometres, the place from the lower left corner of its die."""

    number: int
    die: tuple[int, int]
    at_um: Point
    size_um: Point = (1.0, 1.0)
    class_number: int = 0
    pictures: tuple[LotPicture, ...] = ()
    test: int = 1
    more: Mapping[str, str] = field(default_factory=dict)
    """Cells of further columns."""


@dataclass(frozen=True, slots=True)
class LotWafer:
    """A wafer with its inspected dies."""

    name: str
    slot: int
    dies: tuple[tuple[int, int], ...]
    defects: tuple[LotDefect, ...]
    area_um2: float = 5e10


@dataclass(frozen=True, slots=True)
class KlarfLot:
    """A lot of wafers that were inspected in one step."""

    name: str
    wafers: tuple[LotWafer, ...]
    classes: Mapping[int, str] = field(default_factory=lambda: {0: "Unclassified"})
    image_file: str = "lot.tif"
    device: str = "DEVICE"
    step: str = "STEP"
    recipe: str = "RECIPE"
    tool: tuple[str, str, str] = ("MADE", "UP", "TOOL")
    day: tuple[int, int, int] = (2026, 11, 29)
    clock: str = "10:20:30"
    diameter_mm: int = 300
    die_pitch_um: Point = (10_000.0, 8_000.0)
    centre_um: Point = (5_000.0, 4_000.0)
    notch: str = "DOWN"
    mark: str = "NOTCH"
    more_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KlarfStyle:
    """What differs between tools that write the same dialect.

    Attributes
    ----------
    images : ImageStyle
    line_end : bytes
    has_bom : bool
    is_upper : bool
        Whether keywords are in capitals.
    wrap : int
        Break lines behind this many values; 0 for one line per record.
    iso_times : bool
    has_end : bool
        Whether EndOfFile is written.
    lookup_count : int or None
        The declared length of the class lookup if it is not its real one.
    has_lookup : bool
    image_column : str
        The name of the column of a hierarchical image list.
    images_last : bool
        Whether the image columns are the last ones.
    """

    images: ImageStyle = ImageStyle.COUNTED
    line_end: bytes = b"\n"
    has_bom: bool = False
    is_upper: bool = False
    wrap: int = 0
    iso_times: bool = False
    has_end: bool = True
    lookup_count: int | None = None
    has_lookup: bool = True
    image_column: str = "IMAGEINFO"
    images_last: bool = True


def klarf_bytes(lot: KlarfLot, dialect: str, style: KlarfStyle | None = None) -> bytes:
    """Return a KLARF file.

    Parameters
    ----------
    lot : KlarfLot
    dialect : str
        `1.1`, `1.2`, `1.7` or `1.8`.
    style : KlarfStyle, optional
        By default, pictures are listed as the dialect usually does.
    """
    is_tree = dialect in {"1.7", "1.8"}
    if style is None:
        style = KlarfStyle(images=ImageStyle.NAMED if is_tree else ImageStyle.COUNTED)
    lines = _tree(lot, dialect, style) if is_tree else _flat(lot, dialect, style)
    text = "\n".join(lines) + "\n"
    return (b"\xef\xbb\xbf" if style.has_bom else b"") + text.encode("utf-8").replace(b"\n", style.line_end)


def _date(lot: KlarfLot, style: KlarfStyle) -> str:
    year, month, day = lot.day
    return f"{year:04}-{month:02}-{day:02}" if style.iso_times else f"{month:02}-{day:02}-{year:04}"


def _wrapped(tokens: Sequence[str], style: KlarfStyle) -> str:
    step = style.wrap or len(tokens)
    return "\n  ".join(" ".join(tokens[i : i + step]) for i in range(0, len(tokens), step))


def _values(lot: KlarfLot, defect: LotDefect, per_um: float) -> list[str]:
    """Return the cells of all columns but those of images."""

    def length(value: float) -> str:
        return str(round(value * per_um)) if per_um != 1 else f"{value:.6E}"

    (x, y), (width, height) = defect.at_um, defect.size_um
    area = width * height * per_um**2
    cells = [
        str(defect.number),
        *map(length, (x, y)),
        *map(str, defect.die),
        *map(length, (width, height)),
        f"{area:.6E}",
        length(max(width, height)),
        str(defect.class_number),
        str(defect.test),
        "0",
        "0",
        "0",
        "1",
    ]
    return cells + [defect.more.get(name, "0") for name in lot.more_columns]


def _flat(lot: KlarfLot, dialect: str, style: KlarfStyle) -> Iterator[str]:
    def statement(keyword: str, *values: object) -> str:
        word, line_end, rows = keyword.partition("\n")
        word = word.upper() if style.is_upper else word
        return " ".join((word + line_end + rows, *map(str, values))) + ";"

    time = (_date(lot, style), lot.clock)
    per_defect = style.images in {ImageStyle.FILE_BEFORE_LIST, ImageStyle.FILE_AFTER_LIST}
    yield statement("FileVersion", *dialect.split("."))
    yield statement("FileTimestamp", *time)
    yield statement("InspectionStationID", *(f'"{part}"' for part in lot.tool))
    yield statement("SampleType", "WAFER")
    yield statement("ResultTimestamp", *time)
    yield statement("LotID", f'"{lot.name}"')
    yield statement("SampleSize", 1, lot.diameter_mm)
    yield statement("DeviceID", f'"{lot.device}"')
    yield statement("SetupID", f'"{lot.recipe}"', *time)
    yield statement("StepID", f'"{lot.step}"')
    yield statement("SampleOrientationMarkType", lot.mark)
    yield statement("OrientationMarkLocation", lot.notch)
    if style.images not in {ImageStyle.NONE, ImageStyle.FILE_LINES} and not per_defect:
        yield statement("TiffFileName", lot.image_file)
    if style.images is ImageStyle.BARE_NUMBERS:
        yield statement("TiffSpec", "6.1", 1, '"IMAGENUMBER"')
    yield statement("DiePitch", *(f"{value:.6E}" for value in lot.die_pitch_um))
    yield statement("DieOrigin", "0.000000E+00", "0.000000E+00")
    if style.has_lookup:
        rows = "\n".join(f' {number} "{name}"' for number, name in lot.classes.items())
        yield statement("ClassLookup", f"{_lookup_count(lot, style)}\n{rows}")
    names, at = _flat_columns(lot, style)
    for wafer in lot.wafers:
        yield statement("WaferID", f'"{wafer.name}"')
        yield statement("Slot", wafer.slot)
        yield statement("SampleCenterLocation", *(f"{value:.6E}" for value in lot.centre_um))
        yield statement("InspectionTest", 1)
        dies = "\n".join(f" {x} {y}" for x, y in wafer.dies)
        yield statement("SampleTestPlan", f"{len(wafer.dies)}\n{dies}")
        yield statement("AreaPerTest", f"{wafer.area_um2:.6E}")
        if wafer is lot.wafers[0]:
            yield statement("DefectRecordSpec", len(names), *names)
        rows_of = [_flat_row(lot, defect, style, at) for defect in wafer.defects]
        if not per_defect:
            yield statement("DefectList\n" + "\n".join(rows_of))
        for defect, row in zip(wafer.defects, rows_of, strict=True) if per_defect else ():
            name = [statement("TiffFileName", picture.file) for picture in defect.pictures[:1]]
            if style.images is ImageStyle.FILE_BEFORE_LIST:
                yield from name
            yield statement(f"DefectList\n{row}")
            if style.images is ImageStyle.FILE_AFTER_LIST:
                yield from name
        yield statement("SummarySpec", 5, "TESTNO NDEFECT DEFDENSITY NDIE NDEFDIE")
        yield statement(f"SummaryList\n 1 {len(wafer.defects)} 0 {len(wafer.dies)} 0")
    if style.has_end:
        yield statement("EndOfFile")


def _lookup_count(lot: KlarfLot, style: KlarfStyle) -> int:
    return len(lot.classes) if style.lookup_count is None else style.lookup_count


def _flat_columns(lot: KlarfLot, style: KlarfStyle) -> tuple[list[str], int]:
    """Return the names of all columns, and where those of images are."""
    names = [*_COLUMNS, *lot.more_columns]
    images = {
        ImageStyle.NONE: [],
        ImageStyle.FILE_LINES: ["IMAGECOUNT"],
        ImageStyle.COUNT_ONLY: ["IMAGECOUNT"],
    }
    chosen = images.get(style.images, ["IMAGECOUNT", "IMAGELIST"])
    at = len(names) if style.images_last else names.index("CLASSNUMBER")
    return names[:at] + chosen + names[at:], at


def _flat_row(lot: KlarfLot, defect: LotDefect, style: KlarfStyle, at: int) -> str:
    cells = _values(lot, defect, 1)
    count = str(len(defect.pictures))
    pairs = [text for picture in defect.pictures for text in (str(picture.page), picture.kind)]
    numbers = [str(picture.page) for picture in defect.pictures]
    before, behind = cells[:at], cells[at:]
    match style.images:
        case ImageStyle.NONE:
            return " " + _wrapped(cells, style)
        case ImageStyle.COUNT_ONLY:
            return " " + _wrapped([*before, count, *behind], style)
        case ImageStyle.BARE:
            return " " + _wrapped([*before, count, *(pairs or ["0"]), *behind], style)
        case ImageStyle.BARE_NUMBERS:
            return " " + _wrapped([*before, count, *(numbers or ["0"]), *behind], style)
        case ImageStyle.CONTINUED if pairs and not behind:
            return f" {' '.join([*before, count, count])}\n {' '.join(pairs)}"
        case ImageStyle.FILE_LINES:
            row = " " + _wrapped([*before, count, *behind], style)
            return "\n".join([row, *(f"FILENAME {picture.file}" for picture in defect.pictures)])
    return " " + _wrapped([*before, count, count, *pairs, *behind], style)


def _tree(lot: KlarfLot, dialect: str, style: KlarfStyle) -> Iterator[str]:
    def fields(name: str, *values: object) -> str:
        return f"Field {name} {len(values)} {{{', '.join(map(str, values))}}}"

    def length(value: float) -> int:
        return round(value * 1000)

    time = (f'"{_date(lot, style)}"', f'"{lot.clock}"')
    yield f'Record FileRecord "{dialect}"'
    yield "{"
    yield f'Record LotRecord "{lot.name}"'
    yield "{"
    for wafer in lot.wafers:
        yield f'Record WaferRecord "{wafer.name}"'
        yield "{"
        yield fields("SampleCenterLocation", *map(length, lot.centre_um))
        yield fields("SlotNumber", wafer.slot)
        yield from _tree_defects(lot, wafer, style)
        yield 'Record TestRecord "1"'
        yield "{"
        yield fields("AreaPerTest", f"{wafer.area_um2 * 1e6:.6e}")
        yield "List SampleTestPlanList"
        yield "{"
        yield "Columns 2 { int32 XINDEX, int32 YINDEX }"
        yield f"Data {len(wafer.dies)}"
        yield "{"
        yield from (f"{x} {y};" for x, y in wafer.dies)
        yield from ("}", "}", "}", "Record SummaryRecord", "{", "}", "}")
    yield fields("DeviceID", f'"{lot.device}"')
    yield fields("DiePitch", *map(length, lot.die_pitch_um))
    yield fields("InspectionStationID", *(f'"{part}"' for part in lot.tool))
    yield fields("OrientationMarkLocation", f'"{lot.notch}"')
    yield fields("RecipeID", f'"{lot.recipe}"', *time)
    yield fields("ResultTimestamp", *time)
    yield fields("SampleOrientationMarkType", f'"{lot.mark}"')
    yield fields("SampleSize", lot.diameter_mm * 1_000_000, 0)
    yield fields("StepID", f'"{lot.step}"')
    if style.images is ImageStyle.NUMBERED:
        yield fields("ImageFileName", f'"{lot.image_file}"', '"TIF"')
    if style.has_lookup:
        yield "List ClassLookupList"
        yield "{"
        yield "Columns 3 { int32 CLASSNUMBER, string CLASSNAME, string CLASSCODE }"
        yield f"Data {_lookup_count(lot, style)}"
        yield "{"
        yield from (f'{number} "{name}" "";' for number, name in lot.classes.items())
        yield from ("}", "}")
    yield "}"
    yield fields("FileTimestamp", *time)
    yield "}"
    if style.has_end:
        yield "EndOfFile;"


def _tree_defects(lot: KlarfLot, wafer: LotWafer, style: KlarfStyle) -> Iterator[str]:
    names = [*_COLUMNS, *lot.more_columns]
    columns = [f"{'float' if name in _FLOATS else 'int32'} {name}" for name in names]
    at = len(columns) if style.images_last else names.index("CLASSNUMBER")
    if style.images is not ImageStyle.NONE:
        columns.insert(at, f"ImageList {style.image_column}")
    yield "List DefectList"
    yield "{"
    yield f"Columns {len(columns)} {{ {', '.join(columns)} }}"
    yield f"Data {len(wafer.defects)}"
    yield "{"
    for defect in wafer.defects:
        cells = _values(lot, defect, 1000)
        if style.images is not ImageStyle.NONE:
            cells.insert(at, _image_list(lot, defect, style))
        yield _wrapped(cells, style) + ";"
    yield from ("}", "}")


def _image_list(lot: KlarfLot, defect: LotDefect, style: KlarfStyle) -> str:
    if not defect.pictures:
        return "N"
    if style.images is ImageStyle.NUMBERED:
        entries = [f'{picture.page} "{picture.kind}"' for picture in defect.pictures]
    else:
        entries = []
        for picture in defect.pictures:
            file = picture.file or lot.image_file
            kind = file.rpartition(".")[2].upper()
            entries.append(f'"{file}" "{kind}" {picture.page} "{picture.kind}"')
    return f"Images {len(entries)} {{ {', '.join(entries)} }}"
