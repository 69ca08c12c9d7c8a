"""Which images an inspection file names."""

import re
from pathlib import Path

import pytest
from PIL import Image

from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.wafer.picture_choice import PictureChoice, parse_references, references_of
from defect_workbench.engine.input.location_reading import read_location
from defect_workbench.sample.klarf_writer import ImageStyle, KlarfStyle
from defect_workbench.storage.klarf.write_classes import overlay
from defect_workbench.workflows.klarf.image_listing import (
    ImageSource,
    ListedImages,
    list_images,
    list_references,
)
from tests.klarf_lots import made_klarf, made_klarf_of_files, number_of, numbered


class Warnings(SilentReporter):
    """Keeps what is warned about."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        self.words.append(message)


def listed(path: Path, **options: object) -> ListedImages:
    return list_images(ImageSource(path, **options), SilentReporter())  # type: ignore[arg-type]


def shown(found: ListedImages) -> dict[str, int]:
    """Return the number that each listed image shows."""
    root = found.listing.root
    return {
        each.path: number_of(
            read_location(root / (f"{each.file}#page={each.page}" if each.page else each.file)).pixels
        )
        for each in found.listing.files
    }


def numbers(found: ListedImages) -> dict[str, int]:
    """Return the defect that each listed image is of, as the inspection file says."""
    assert found.klarf is not None
    klarfs = found.klarf.klarfs
    return {path: int(klarfs[file].defect_id[row]) for path, (file, row) in found.klarf.record_of.items()}


@pytest.mark.parametrize(
    ("dialect", "style"),
    [
        ("1.1", KlarfStyle()),
        ("1.2", KlarfStyle(images=ImageStyle.CONTINUED, line_end=b"\r\n")),
        ("1.2", KlarfStyle(images=ImageStyle.BARE)),
        ("1.7", KlarfStyle(images=ImageStyle.NUMBERED)),
        ("1.8", KlarfStyle(images=ImageStyle.NAMED, images_last=False)),
    ],
)
def test_each_defect_has_its_own_page(tmp_path: Path, dialect: str, style: KlarfStyle) -> None:
    found = listed(made_klarf(tmp_path, dialect=dialect, style=style))
    assert len(found.listing.files) == 12
    assert found.listing.files[0].path == "lot.tif#1"
    assert shown(found) == numbers(found)
    assert not found.listing.rejected


def test_files_are_found_by_their_last_name_in_any_case(tmp_path: Path) -> None:
    found = listed(made_klarf_of_files(tmp_path))
    assert [each.path for each in found.listing.files] == [f"images/D{n}.png" for n in range(1, 7)]
    assert shown(found) == numbers(found)


def test_pages_in_a_file_of_another_ending(tmp_path: Path) -> None:
    path = made_klarf(tmp_path, suffix="I01")
    path.write_bytes(path.read_bytes().replace(b"lot.I01", b"D:\\TOOL\\OTHER.TIF"))
    found = listed(path)
    assert found.listing.files[0].file == "lot.I01"
    assert shown(found) == numbers(found)


def test_references_are_known_by_their_kind(tmp_path: Path) -> None:
    path = made_klarf(tmp_path, reference_kind="Reference", dialect="1.8")
    found = listed(path)
    assert shown(found) == numbers(found)
    assert parse_references(found.reference) == (str(path), PictureChoice())
    references = list_references(found.reference, SilentReporter())
    assert references is not None
    of_image = {path: int(name.rpartition("#")[2]) for path, name in references.reference_of.items()}
    assert of_image == {path: int(path.rpartition("#")[2]) + 1 for path in shown(found)}
    assert not listed(path, choice=PictureChoice(reference="none")).reference
    assert len(listed(path, choice=PictureChoice("all", "none")).listing.files) == 24
    only = listed(path, choice=PictureChoice("Reference", "none"))
    assert set(shown(only).values()) == set(range(2001, 2013))


def test_the_second_picture_is_the_reference_where_kinds_do_not_say_so(tmp_path: Path) -> None:
    path = made_klarf(tmp_path, 5, reference_kind="Test", dialect="1.8")
    assert not listed(path).reference
    found = listed(path, choice=PictureChoice(reference="second"))
    assert shown(found) == numbers(found)
    references = list_references(found.reference, SilentReporter())
    assert references is not None
    assert references.reference_of["lot.tif#3"] == "lot.tif#4"


def test_a_kind_that_does_not_exist_is_an_error_that_lists_the_others(tmp_path: Path) -> None:
    path = made_klarf(tmp_path, reference_kind="Reference", dialect="1.8")
    with pytest.raises(
        InputError, match=r"no pictures of the kind BSE; there are Test \(12\), Reference \(12\)"
    ):
        listed(path, choice=PictureChoice("BSE"))


def test_what_is_missing_is_listed_by_line_and_the_rest_is_used(tmp_path: Path) -> None:
    path = made_klarf_of_files(tmp_path)
    (tmp_path / "images" / "D3.png").unlink()
    found = listed(path)
    assert len(found.listing.files) == 5
    (missing,) = found.listing.rejected
    assert missing.path == "review.klarf"
    line = (
        path.read_bytes()
        .split(b"\n")
        .index(next(x for x in path.read_bytes().split(b"\n") if b"d3.PNG" in x))
        + 1
    )
    assert missing.reason == f"line {line}: its picture C:\\review\\LOT7\\d3.PNG does not exist"


def test_two_defects_with_one_picture(tmp_path: Path) -> None:
    path = made_klarf_of_files(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"d4.PNG", b"d2.PNG"))
    found = listed(path)
    assert len(found.listing.files) == 5
    assert "another defect has the same picture, images/D2.png" in found.listing.rejected[0].reason


def test_a_folder_of_lots(tmp_path: Path) -> None:
    made_klarf(tmp_path / "a", 4)
    made_klarf(tmp_path / "b", 5, dialect="1.8", name="other")
    (tmp_path / "b" / "broken.001").write_text("FileVersion 9 9;\nEndOfFile;\n")
    found = listed(tmp_path, klarf=True)
    assert [each.path for each in found.listing.files][:1] == ["a/lot.tif#1"]
    assert len(found.listing.files) == 9
    assert found.klarf is not None
    assert [each.path for each in found.klarf.files] == ["a/lot.001", "b/other.001"]
    assert [each.path for each in found.listing.rejected] == ["b/broken.001"]
    assert shown(found) == numbers(found)


@pytest.mark.parametrize("second_kind", ["Reference", "1"])
def test_a_copy_of_a_file_adds_neither_images_nor_wafers(tmp_path: Path, second_kind: str) -> None:
    path = made_klarf(tmp_path, 4, reference_kind=second_kind)
    (tmp_path / "lot_classified.001").write_bytes(path.read_bytes())
    (tmp_path / "lot_overlay.001").write_bytes(overlay(path.read_bytes(), "CLASSNUMBER", {0: 3}))
    found = listed(tmp_path, klarf=True)
    alone = listed(path)
    assert found.klarf is not None
    assert found.listing.files == alone.listing.files
    assert [each.path for each in found.klarf.files] == ["lot.001", "lot_overlay.001"]
    (rejection,) = [each for each in found.listing.rejected if "overlay" not in each.path]
    assert rejection.path == "lot_classified.001"
    assert "its pictures are those of lot.001" in rejection.reason
    images = [ImageRecord(each.path, "0" * 64, 40, 32, page=each.page) for each in found.listing.files]
    inspection = found.inspection(ImageSet(tmp_path, images, ()))
    assert inspection is not None
    assert [wafer.name for wafer in inspection.places.wafers] == ["W1", "W2"]
    assert set(inspection.places.wafer_of.tolist()) == {0, 1}


def test_a_copy_repeats_no_remarks_on_missing_pictures(tmp_path: Path) -> None:
    path = made_klarf_of_files(tmp_path)
    (tmp_path / "images" / "D3.png").unlink()
    (tmp_path / "review_classified.klarf").write_bytes(path.read_bytes())
    missing, copy = listed(tmp_path, klarf=True).listing.rejected
    assert (missing.path, "d3.PNG does not exist" in missing.reason) == ("review.klarf", True)
    assert copy.path == "review_classified.klarf"
    assert "its pictures are those of review.klarf" in copy.reason


def test_a_file_that_shares_a_picture_and_lacks_its_own_is_not_a_copy(tmp_path: Path) -> None:
    path = made_klarf_of_files(tmp_path)
    other = re.sub(rb"d([2-6]).PNG", rb"other\1.PNG", path.read_bytes())
    (tmp_path / "review_b.klarf").write_bytes(other)
    found = listed(tmp_path, klarf=True)
    assert found.klarf is not None
    assert [each.path for each in found.klarf.files] == ["review.klarf", "review_b.klarf"]
    reasons = [each.reason for each in found.listing.rejected if each.path == "review_b.klarf"]
    assert sum("does not exist" in each for each in reasons) == 5
    (shared,) = [each for each in reasons if "does not exist" not in each]
    assert "another defect has the same picture, images/D1.png" in shared


def test_new_pictures_of_defects_that_another_file_lists_are_images(tmp_path: Path) -> None:
    path = made_klarf(tmp_path, 4, reference_kind="1", dialect="1.8")
    content = path.read_bytes()
    for page in (2, 4, 6, 8):
        name = b'"sem%d.png" "PNG" 1 "1"' % page
        content = content.replace(b'"lot.tif" "TIF" %d "1"' % page, name)
        Image.fromarray(numbered(page)).save(tmp_path / f"sem{page}.png")
    (tmp_path / "review.001").write_bytes(content)
    found = listed(tmp_path, klarf=True)
    assert sorted(shown(found)) == [f"lot.tif#{n}" for n in (1, 3, 5, 7)] + [
        f"sem{n}.png" for n in (2, 4, 6, 8)
    ]
    assert not [each for each in found.listing.rejected if "nothing of it is used" in each.reason]


def test_a_folder_is_listed_as_before_and_mentions_the_inspection_file(tmp_path: Path) -> None:
    made_klarf_of_files(tmp_path)
    reporter = Warnings()
    found = list_images(ImageSource(tmp_path), reporter)
    assert found.klarf is None
    assert [each.path for each in found.listing.files] == [f"images/D{n}.png" for n in range(1, 7)]
    (words,) = reporter.words
    assert "an inspection file (KLARF), review.klarf; it is not used" in words


def test_other_files_and_folders_without_lots_are_errors(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="is not a folder, nor an inspection file"):
        listed(tmp_path / "notes.txt")
    with pytest.raises(InputError, match="contains no inspection file"):
        listed(tmp_path, klarf=True)


def test_references_of_a_folder_stay_a_path() -> None:
    assert parse_references("/data/golden") is None
    text = references_of("/data/ä b.001", PictureChoice("all", "2"))
    assert parse_references(text) == ("/data/ä b.001", PictureChoice("all", "2"))
