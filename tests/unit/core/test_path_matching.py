"""Files that belong to images, also to pages of files."""

import pytest

from defect_workbench.core.images.path_matching import PathMatcher, without_extension
from defect_workbench.storage.boxes.box_format import BoxedImage, one_file_each

PAGES = ("lot.tif#2", "lot.tif#12", "other/lot.tif#7", "a.png")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("lot.tif#12", "lot.tif#12"),
        ("lot.tif#12.xml", "lot.tif#12"),
        ("lot#12.xml", "lot.tif#12"),
        ("boxes/lot#12.xml", "lot.tif#12"),
        ("lot#7.xml", "other/lot.tif#7"),
        ("a.txt", "a.png"),
        # Never the only page that is left, or a page with other digits.
        ("lot.xml", None),
        ("lot.tif#1", None),
        ("lot.tif#1.xml", None),
        ("other/lot.tif#2.xml", "lot.tif#2"),
    ],
)
def test_a_page_is_found_by_its_number(path: str, expected: str | None) -> None:
    assert PathMatcher(PAGES).of(path) == expected


def test_another_page_is_not_matched_to_the_only_one() -> None:
    assert PathMatcher(("lot.tif#7",)).of("lot.tif#1") is None
    assert PathMatcher(("lot.tif#7",)).of("lot.xml") is None


@pytest.mark.parametrize("paths", [("lot.tif#7",), ("lot.tif#7", "lot.tif#8"), ("lot.tif#7", "lot.i01#7")])
def test_written_box_files_belong_to_their_page_again(paths: tuple[str, ...]) -> None:
    written = one_file_each([BoxedImage(path, 4, 4, ()) for path in paths], ".xml", lambda image: image.path)
    matcher = PathMatcher(paths)
    assert {matcher.of(name): content for name, content in written.items()} == {p: p for p in paths}


def test_only_the_extension_of_the_file_is_left_out() -> None:
    assert [without_extension(path) for path in ("a/b.c/d.tif#3", "d.e.tif", "x#1.png", ".hidden")] == [
        "a/b.c/d#3",
        "d.e",
        "x#1",
        ".hidden",
    ]
