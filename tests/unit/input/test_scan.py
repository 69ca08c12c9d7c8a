import os
from pathlib import Path

import pytest

from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.input.scan import scan
from tests.builders import picture


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(1).save(path)


def test_images_below_a_folder_are_found_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "a.jpg", "b/1.tiff", "c/d/e/x.webp"):
        put(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not an image")
    listing = scan(tmp_path, SilentReporter())
    assert [file.path for file in listing.files] == ["a.jpg", "b/1.tiff", "b/2.PNG", "c/d/e/x.webp"]
    assert listing.rejected == ()


def test_loops_of_links_end_and_nothing_is_listed_twice(tmp_path: Path) -> None:
    put(tmp_path / "a" / "1.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "a")
    listing = scan(tmp_path, SilentReporter())
    assert len(listing.files) == 1


def test_what_cannot_be_used_is_listed_with_its_reason(tmp_path: Path) -> None:
    put(tmp_path / "good.png")
    put(tmp_path / ".hidden.png")
    put(tmp_path / ".cache" / "thumb.png")
    (tmp_path / "broken.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    listing = scan(tmp_path, SilentReporter())
    assert [file.path for file in listing.files] == ["good.png"]
    assert {r.path: r.reason for r in listing.rejected} == {
        ".hidden.png": "a hidden file",
        ".cache/thumb.png": "it lies in a hidden folder",
        "broken.png": "a broken link",
        "pipe.png": "not a regular file",
    }


def test_names_that_are_no_text_are_listed(tmp_path: Path) -> None:
    put(tmp_path / "good.png")
    os.link(tmp_path / "good.png", os.fsencode(tmp_path) + b"/bad\xff.png")
    listing = scan(tmp_path, SilentReporter())
    assert [r.reason for r in listing.rejected] == ["its name is not valid text (UTF-8)"]
    listing.rejected[0].path.encode("utf-8")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_unreadable_folder_is_listed_and_the_others_are_scanned(tmp_path: Path) -> None:
    put(tmp_path / "good.png")
    put(tmp_path / "closed" / "x.png")
    (tmp_path / "closed").chmod(0)
    try:
        listing = scan(tmp_path, SilentReporter())
    finally:
        (tmp_path / "closed").chmod(0o755)
    assert len(listing.files) == 1
    assert listing.rejected[0].path == "closed/"


def test_results_of_an_earlier_run_are_skipped_and_reported(tmp_path: Path) -> None:
    put(tmp_path / "good.png")
    put(tmp_path / "out" / "cluster-01" / "good.png")
    for name in ("manifest.csv", "session.dwb"):
        (tmp_path / "out" / name).write_text("")
    reporter = SilentReporter()
    assert len(scan(tmp_path, reporter).files) == 1
    assert "skipped" in reporter.warnings[0]


def test_no_folder_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        scan(tmp_path / "nowhere", SilentReporter())
    put(tmp_path / "file.png")
    with pytest.raises(InputError, match="is not a folder"):
        scan(tmp_path / "file.png", SilentReporter())


@pytest.mark.parametrize("reverse", [False, True])
def test_paths_do_not_depend_on_the_order_of_names_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reverse: bool
) -> None:
    put(tmp_path / "real" / "deep" / "a.png")
    for name in ("alink", "zlink"):
        (tmp_path / name).symlink_to(tmp_path / "real")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "link").symlink_to(tmp_path / "real" / "deep")
    scandir = os.scandir

    class Ordered:
        def __init__(self, folder: str) -> None:
            with scandir(folder) as entries:
                self._entries = sorted(entries, key=lambda entry: entry.name, reverse=reverse)

        def __enter__(self) -> "list[os.DirEntry[str]]":
            return self._entries

        def __exit__(self, *_: object) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(os, "scandir", Ordered)
    listing = scan(tmp_path, SilentReporter())
    assert [file.path for file in listing.files] == ["real/deep/a.png"]
