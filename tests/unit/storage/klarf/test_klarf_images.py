"""Which pictures belong to a defect, where files are damaged or say it in unusual ways."""

import pytest

from defect_workbench.sample.klarf_writer import ImageStyle
from tests.unit.storage.klarf.lots import pages, read, reasons, source

HEAD = "FileVersion 1 2;\nDiePitch 1 1;\nSampleCenterLocation 0 0;\nTiffFileName lot.tif;\n"
SPEC = "DefectRecordSpec 7 DEFECTID XREL YREL XINDEX YINDEX IMAGECOUNT IMAGELIST;\n"


def listed(
    rows: str, spec: str = SPEC, head: str = HEAD
) -> tuple[list[list[tuple[str, int | None, str]]], str]:
    klarf = read(f"{head}{spec}DefectList\n{rows};\nEndOfFile;\n".encode())
    return pages(klarf), reasons(klarf)


def test_a_continued_list_belongs_to_the_record_before_it() -> None:
    found, problems = listed(" 1 0 0 0 0 1 1\n1 0\n 2 0 0 0 0 3 3\n 2 0\n 3 1\n 4 0\n 3 0 0 0 0 0 0")
    assert found == [
        [("lot.tif", 1, "0")],
        [("lot.tif", 2, "0"), ("lot.tif", 3, "1"), ("lot.tif", 4, "0")],
        [],
    ]
    assert not problems


def test_records_on_one_line_are_separated() -> None:
    found, problems = listed(" 1 0 0 0 0 1 1 7 0 2 0 0 0 0 0 0 3 0 0 0 0 1 1 8 1")
    assert found == [[("lot.tif", 7, "0")], [], [("lot.tif", 8, "1")]]
    assert not problems


def test_lists_without_the_count_are_recognised_by_arithmetic() -> None:
    found, problems = listed(" 1 0 0 0 0 2 1 0 2 0\n 2 0 0 0 0 3 3 0 4 0 5 0\n 3 0 0 0 0 0 0")
    assert [[page for _, page, _ in pictures] for pictures in found] == [[1, 2], [3, 4, 5], []]
    assert not problems


def test_three_values_per_image_are_recognised() -> None:
    head = HEAD + 'TiffSpec 6.1 3 "IMAGENUMBER" "TYPE" "XY";\n'
    found, _ = listed(" 1 0 0 0 0 2 1 0 9 2 1 9\n 2 0 0 0 0 1 3 0 9", head=head)
    assert found == [[("lot.tif", 1, "0"), ("lot.tif", 2, "1")], [("lot.tif", 3, "0")]]


def test_lists_that_no_layout_explains_are_reported_and_not_read() -> None:
    found, problems = listed(" 1 0 0 0 0 2 1 0 2 0 9\n 2 0 0 0 0 3 3 0 4 0 5 0 9 9\n 3 0 0 0 0 1 8 8 8 8 8 8")
    assert found == [[], [], []]
    assert "cannot be determined" in problems


def test_a_damaged_record_is_left_out_and_the_others_keep_their_pages() -> None:
    found, problems = listed(" 1 0 0 0 0 1 1 1 0\n 2 0 0 0 1 1 2 0\n 3 0 0 0 0 1 1 3 0\n 4 0 0 0 0 1 1 4 0")
    assert found == [[("lot.tif", 1, "0")], [("lot.tif", 3, "0")], [("lot.tif", 4, "0")]]
    assert problems.startswith("8: the record has 8 values")


def test_pages_are_not_counted_behind_a_damaged_record() -> None:
    spec = "DefectRecordSpec 6 DEFECTID XREL YREL XINDEX YINDEX IMAGECOUNT;\n"
    found, problems = listed(" 1 0 0 0 0 2\n 2 0 0 0 1\n 3 0 0 0 0 1", spec)
    assert found == [[("lot.tif", 1, ""), ("lot.tif", 2, "")], []]
    assert "a record before this one is damaged" in problems


def test_image_0_and_what_is_not_a_number_are_reported() -> None:
    found, problems = listed(" 1 0 0 0 0 1 1 0 0\n 2 0 0 0 0 1 1 x 0\n 3 0 0 0 0 1 1 2 0")
    assert found == [[], [], [("lot.tif", 2, "0")]]
    assert "7: image 0 does not exist" in problems
    assert "8: 'x' is not the number of an image" in problems


def test_another_count_than_images_is_reported() -> None:
    found, problems = listed(" 1 0 0 0 0 2 1 1 0\n 2 0 0 0 0 1 1 2 0\n 3 0 0 0 0 1 1 3 0")
    assert found[0] == [("lot.tif", 1, "0")]
    assert problems == "7: IMAGECOUNT is 2, but the record lists 1 image"


def test_images_numbered_from_1_for_each_defect_are_pages_in_order() -> None:
    found, problems = listed(" 1 0 0 0 0 2 2 1 0 2 1\n 2 0 0 0 0 0 0\n 3 0 0 0 0 2 2 1 0 2 1")
    assert [[page for _, page, _ in pictures] for pictures in found] == [[1, 2], [], [3, 4]]
    assert "numbered from 1 for each defect" in problems


def test_a_file_after_a_missing_name_is_given_to_no_defect() -> None:
    data = source("1.2", ImageStyle.FILE_AFTER_LIST, wafers=1)
    klarf = read(data.replace(b"TiffFileName w0_13.jpg;\n", b""))
    files = [[p.file for p in pictures] for pictures in klarf.pictures]
    assert files == [["w0_3.jpg"], [], [], ["w0_33.jpg"], ["w0_43.jpg"]]
    assert "w0_23.jpg holds one picture but is named for several defects" in reasons(klarf)


@pytest.mark.parametrize("style", [ImageStyle.FILE_BEFORE_LIST, ImageStyle.FILE_AFTER_LIST])
def test_a_missing_name_at_either_end_never_gives_a_defect_the_file_of_another(style: ImageStyle) -> None:
    data = source("1.2", style, wafers=1)
    for name in (b"w0_3.jpg", b"w0_43.jpg"):
        klarf = read(data.replace(b"TiffFileName %s;\n" % name, b""))
        for number, pictures in zip(klarf.defect_id.tolist(), klarf.pictures, strict=True):
            assert [p.file for p in pictures] in ([], [f"w0_{number}.jpg"])


def test_a_line_with_a_file_name_after_a_damaged_record_belongs_to_that_one() -> None:
    data = source("1.2", ImageStyle.FILE_LINES, wafers=1)
    damaged = data.replace(b"\n 13 ", b"\n 13 13 ")
    files = [[p.file for p in pictures] for pictures in read(damaged).pictures]
    assert files == [["w0_3.jpg"], ["w0_23.jpg"], ["w0_33.jpg"], ["w0_43.jpg"]]


def test_lists_without_a_file_name_mean_the_file_of_the_same_stem() -> None:
    found, problems = listed(" 1 0 0 0 0 1 1 1 0", head=HEAD.replace("TiffFileName lot.tif;\n", ""))
    assert found == [[("", 1, "0")]]
    assert not problems


def test_paths_of_the_tool_are_kept_and_other_endings_have_pages() -> None:
    path = "D:\\tool results\\Lot 7.I01"
    found, _ = listed(" 1 0 0 0 0 1 1 1 0", head=HEAD.replace("lot.tif", f'"{path}"'))
    assert found == [[(path, 1, "0")]]


def test_image_lists_of_hierarchical_files_may_be_numbers_without_a_file_of_their_own() -> None:
    data = source("1.8", ImageStyle.NUMBERED, wafers=1, defects=2).replace(
        b'Images 2 { 3 "0", 4', b'Image 2 {3 "30" 4'
    )
    assert pages(read(data))[1] == [("lot.tif", 3, "30"), ("lot.tif", 4, "1")]


def test_pictures_of_several_files_in_one_hierarchical_list() -> None:
    data = source("1.8", ImageStyle.NAMED, wafers=1, defects=1)
    entries = b'"a b/1;x.jpg" "JPG" 1 "Patch", "c{.tif" "TIF" 4 "Class-Topo", "d" "PNG" 9 ""'
    start, end = data.index(b"Images 2"), data.index(b"};")
    klarf = read(data[:start] + b"Images 3 {" + entries + data[end:])
    assert pages(klarf) == [[("a b/1;x.jpg", None, "Patch"), ("c{.tif", 4, "Class-Topo"), ("d", None, "")]]


def test_a_list_with_a_damaged_specification_is_not_read() -> None:
    for dialect, name in (("1.2", b" XSIZE"), ("1.8", b" int32 XSIZE,")):
        data = source(dialect, ImageStyle.NONE)
        klarf = read(data.replace(name, b"", 1).replace(b"\n 53", b"\n"))
        assert len(klarf) == (0 if dialect == "1.2" else 5)
        assert "damaged" in reasons(klarf)


def test_pictures_are_not_read_if_the_number_of_columns_is_doubtful() -> None:
    found, problems = listed(" 1 0 0 0 0 1 1 1 0", SPEC.replace(" 7 ", " 8 "))
    assert found == [[]]
    assert "the record specification is doubtful" in problems


def test_repeated_numbers_are_kept_and_reported() -> None:
    found, problems = listed(" 1 0 0 0 0 1 1 1 0\n 1 0 0 0 0 1 1 2 0")
    assert [p[0][1] for p in found] == [1, 2]
    assert problems == "8: defect 1 is already at line 7; both are kept"


def test_a_truncated_file_loses_no_more_than_its_last_record() -> None:
    for dialect, style in (
        ("1.2", ImageStyle.COUNTED),
        ("1.8", ImageStyle.NUMBERED),
        ("1.2", ImageStyle.FILE_LINES),
    ):
        data = source(dialect, style)
        whole = pages(read(data))
        last = (
            data.rindex(b"\n", 0, data.index(b"Summary")) if dialect == "1.2" else data.index(b"TestRecord")
        )
        for end in range(data.index(b"DefectList"), last):
            try:
                klarf = read(data[:end])
            except ValueError as error:
                pytest.fail(str(error))
            # With file names behind the records, it may be unclear to which one a name belongs.
            got = pages(klarf)
            assert all(pictures in ([], right) for pictures, right in zip(got, whole, strict=False))
            assert "truncated" in reasons(klarf)
