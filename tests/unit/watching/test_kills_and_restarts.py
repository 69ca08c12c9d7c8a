"""Whatever happens to the folder and to the process, no row is lost, repeated or changed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError, WorkbenchError
from tests.conftest import KILLED_EVERY
from tests.processes import table
from tests.unit.watching.fakes import WatchedPlace

NAMES = ("a.png", "b.png", "lot/a.png", 'lot/deep/c,\n"d.png', "-e.png", "A.png")
CONTENTS = (b"0", b"1x", b"u", b"u2", b"bad", b"")


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize("torn", [0, 150])
def test_a_kill_at_any_write_loses_and_repeats_nothing(tmp_path: Path, torn: int) -> None:
    at, died = 0, True
    while died:
        at += KILLED_EVERY
        place = WatchedPlace(tmp_path / str(at))
        for name, data in zip(NAMES, (b"0", b"u", b"0", b"1", b"bad", b"u3"), strict=True):
            put(place.folder / name, data)
        died = place.look_and_die(at, torn)
        before = (place.out / "manifest.csv").read_bytes() if died and place.out.is_dir() else b""
        place.look(4)
        place.stop()
        place.check()
        place.check_complete()
        assert len(place.rows) == 5
        complete = before[: before.rfind(b"\n") + 1] if b'"' not in before else b""
        assert (place.out / "manifest.csv").read_bytes().startswith(complete)
    assert at > 40


EVENTS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
    st.tuples(st.just("grow"), st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
    st.tuples(st.just("look"), st.integers(1, 4)),
    st.tuples(st.just("kill"), st.integers(1, 60), st.integers(0, 200)),
    st.tuples(st.just("away")),
    st.tuples(st.just("forget stamps")),
)


@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=14))
def test_any_sequence_of_events_leaves_a_complete_result(events: list[tuple[object, ...]]) -> None:
    base = Path(tempfile.mkdtemp())
    try:
        place, written = WatchedPlace(base), b""
        for ticks, event in enumerate([*events, ("look", 4)], start=1):
            path = place.folder / str(event[1]) if len(event) > 1 else place.folder
            match event:
                case ("put", _, bytes(data)):
                    put(path, data)
                    os.utime(path, ns=(ticks * 10**9, ticks * 10**9))
                case ("grow", _, bytes(data)) if path.exists():
                    put(path, path.read_bytes() + data)
                    os.utime(path, ns=(ticks * 10**9, ticks * 10**9))
                case ("delete", _):
                    path.unlink(missing_ok=True)
                case ("look", int(times)):
                    place.look(times)
                case ("kill", int(at), int(torn)):
                    place.stop()
                    place.look_and_die(at, torn)
                    place.start()
                    place.check()
                case ("away",):
                    place.look()
                    place.folder.rename(base / "away")
                    place.look(3)
                    (base / "away").rename(place.folder)
                case ("forget stamps",):
                    place.stop()
                    shutil.rmtree(place.out / ".watch", ignore_errors=True)
            if (place.out / "manifest.csv").exists():
                now = (place.out / "manifest.csv").read_bytes()
                assert now.startswith(written)
                written = now
        place.stop()
        place.check()
        place.check_complete()
    finally:
        shutil.rmtree(base)


def test_a_file_is_read_once_it_has_not_changed_for_two_intervals(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    put(place.folder / "a.png", b"0")
    place.look(2)
    put(place.folder / "a.png", b"01")
    place.look(2)
    assert not place.rows
    place.look()
    assert [row["path"] for row in place.rows] == ["a.png"]
    place.stop()


def test_a_replaced_file_is_reported_and_gets_another_row(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    put(place.folder / "a.png", b"0")
    place.look(3)
    put(place.folder / "a.png", b"1 other")
    place.look(3)
    assert [(row["label"], row["exported_as"]) for row in place.rows] == [
        ("bridge", "bridge/a.png"),
        ("particle", "particle/a.png"),
    ]
    assert "classified again, as the file was replaced: a.png" in place.words[-1]
    os.utime(place.folder / "a.png", ns=(5, 5))
    place.look(3)
    place.stop()
    assert len(place.rows) == 2


def test_a_repaired_file_is_classified(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    put(place.folder / "a.png", b"bad")
    place.look(5)
    assert [row["reason"] for row in table(place.out / "rejected.csv")] == ["damaged"]
    put(place.folder / "a.png", b"0 repaired")
    place.look(3)
    place.stop()
    assert [row["path"] for row in place.rows] == ["a.png"]
    assert len(table(place.out / "rejected.csv")) == 1


def test_a_locked_file_is_classified_once_it_can_be_read(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    put(place.folder / "a.png", b"0")
    place.locked.add("a.png")
    place.look(4)
    assert not table(place.out / "rejected.csv")
    place.look(20)
    assert [row["reason"] for row in table(place.out / "rejected.csv")] == ["it is locked"]
    place.locked.clear()
    place.look(40)
    place.stop()
    assert [row["path"] for row in place.rows] == ["a.png"]


def test_an_unreachable_share_is_reported_once_and_nothing_is_lost(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    put(place.folder / "a.png", b"0")
    place.look(3)
    place.folder.rename(tmp_path / "away")
    place.look(4)
    assert sum("cannot be read" in words for words in place.words) == 1
    place.folder.mkdir()
    place.look(3)
    assert sum("is empty" in words for words in place.words) == 1
    place.folder.rmdir()
    (tmp_path / "away").rename(place.folder)
    put(place.folder / "b.png", b"1")
    place.look(4)
    place.stop()
    assert [row["path"] for row in place.rows] == ["a.png", "b.png"]
    assert sum(words.endswith("tool is back") for words in place.words) == 1


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = WatchedPlace(tmp_path)
    put(place.folder / "a.png", b"0")
    place.look()
    real, full = os.write, True

    def write(handle: int, data: bytes) -> int:
        if full:
            real(handle, bytes(data)[:7])
            raise OSError(28, "No space left on device")
        return real(handle, data)

    monkeypatch.setattr(os, "write", write)
    place.look(5)
    assert not place.rows
    assert sum("the disk is full" in words for words in place.words) == 1
    full = False
    place.look(2)
    place.stop()
    place.check()
    assert [row["exported_as"] for row in place.rows] == ["bridge/a.png"]
    assert any("can be written again" in words for words in place.words)


def test_an_empty_folder_in_the_place_of_the_result_is_not_filled(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    place.look()
    place.out.rename(tmp_path / "away")
    place.out.mkdir()
    put(place.folder / "a.png", b"0")
    place.look(4)
    assert not list(place.out.iterdir())
    place.out.rmdir()
    (tmp_path / "away").rename(place.out)
    place.look(2)
    place.stop()
    place.check_complete()


def test_a_manifest_that_another_program_changed_is_left_alone(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    put(place.folder / "a.png", b"0")
    place.look(3)
    with (place.out / "manifest.csv").open("a") as stream:
        stream.write("\n")
    put(place.folder / "b.png", b"0 b")
    with pytest.raises(WorkbenchError, match="was changed by another program"):
        place.look(3)
    place.stop()


def test_a_second_watcher_is_refused(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    place.look()
    other = WatchedPlace(tmp_path / "other")
    other.folder, other.out = place.folder, place.out
    with pytest.raises(InputError, match="another watcher"):
        other.start()
    place.stop()
    other.look()
    other.stop()


def test_a_result_inside_the_watched_folder_is_not_watched(tmp_path: Path) -> None:
    place = WatchedPlace(tmp_path)
    place.out = place.folder / "result"
    put(place.folder / "a.png", b"0")
    put(place.folder / "new" / "b.png", b"u")
    put(place.folder / ".hidden.png", b"u")
    place.look(8)
    place.stop()
    assert [row["path"] for row in place.rows] == ["a.png", "new/b.png"]
    assert table(place.out / "rejected.csv") == [{"path": ".hidden.png", "reason": "a hidden file"}]
