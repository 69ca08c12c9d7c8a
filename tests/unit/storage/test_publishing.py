"""A model, its report and its ONNX file: all of them, or none."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.storage.files.publishing import clear_unfinished, publish


def files(folder: Path) -> dict[Path, bytes]:
    return {folder / "m": b"model", folder / "m.html": b"report", folder / "sub" / "m.onnx": b"heads"}


def listed(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_all_are_there_and_nothing_else(tmp_path: Path) -> None:
    publish(tmp_path / "m", files(tmp_path))
    assert listed(tmp_path) == ["m", "m.html", "sub/m.onnx"]
    assert (tmp_path / "m.html").read_bytes() == b"report"


@pytest.mark.parametrize("at", range(3))
def test_one_that_cannot_be_written_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    real, calls = os.replace, []

    def replace(source: Path, target: Path) -> None:
        if str(target) in map(str, files(tmp_path)):
            calls.append(target)
            if len(calls) > at:
                raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(WorkbenchError, match="cannot be written: the disk is full; nothing was written"):
        publish(tmp_path / "m", files(tmp_path))
    assert listed(tmp_path) == []


def test_a_file_that_came_to_be_there_meanwhile_is_kept(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"of somebody else")
    with pytest.raises(WorkbenchError, match="created there in the meantime"):
        publish(tmp_path / "m", files(tmp_path))
    assert listed(tmp_path) == ["m"]
    assert (tmp_path / "m").read_bytes() == b"of somebody else"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("at", range(4))
def test_a_kill_between_two_names_does_not_block_the_next_try(tmp_path: Path, at: int) -> None:
    wanted = files(tmp_path)
    child = os.fork()
    if child == 0:
        real, calls = os.replace, []

        def replace(source: Path, target: Path) -> None:
            real(source, target)
            calls.append(target)
            if len(calls) > at:
                os.kill(os.getpid(), signal.SIGKILL)

        os.replace = replace  # type: ignore[assignment]
        publish(tmp_path / "m", wanted)
        os._exit(0)
    os.waitpid(child, 0)
    whole = (tmp_path / "m").exists()
    others = [path for path in wanted if path.name != "m"]
    clear_unfinished(tmp_path / "m", others)
    left = [name for name in listed(tmp_path) if not name.endswith(".dwb.part")]
    assert left == (["m", "m.html", "sub/m.onnx"] if whole else [])
    if not whole:
        publish(tmp_path / "m", wanted)
        assert (tmp_path / "m").read_bytes() == b"model"


def test_what_somebody_else_put_under_the_name_is_kept(tmp_path: Path) -> None:
    wanted = files(tmp_path)
    publish(tmp_path / "m", wanted)
    (tmp_path / "m").unlink()
    (tmp_path / ".m.dwb-publishing").write_text(f'{{"{tmp_path / "m.html"}": "{"0" * 64}"}}')
    clear_unfinished(tmp_path / "m", [tmp_path / "m.html"])
    assert listed(tmp_path) == ["m.html", "sub/m.onnx"]


@pytest.mark.parametrize("note", [b"[1]", b"{", b"[" * 100_000, b'{"x": 5}', b"\xff"])
def test_a_damaged_note_harms_nothing(tmp_path: Path, note: bytes) -> None:
    (tmp_path / ".m.dwb-publishing").write_bytes(note)
    (tmp_path / "m.html").write_bytes(b"mine")
    clear_unfinished(tmp_path / "m", [tmp_path / "m.html"])
    assert (tmp_path / "m.html").read_bytes() == b"mine"


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("at", range(3))
def test_files_that_were_to_be_replaced_are_as_before_where_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, links: bool
) -> None:
    earlier = {path: b"earlier " + content for path, content in files(tmp_path).items() if path.name != "m"}
    (tmp_path / "sub").mkdir()
    for path, content in earlier.items():
        path.write_bytes(content)
    real, calls = os.replace, []

    def replace(source: Path, target: Path) -> None:
        if str(target) in map(str, files(tmp_path)):
            calls.append(target)
            if len(calls) == at + 1:
                raise OSError(28, "No space left on device")
        real(source, target)

    def no_link(*arguments: object, **options: object) -> None:
        raise OSError(95, "Operation not supported")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        if not links:
            patch.setattr(os, "link", no_link)
        with pytest.raises(WorkbenchError, match="nothing was written"):
            publish(tmp_path / "m", files(tmp_path), replace=True)
    assert listed(tmp_path) == ["m.html", "sub/m.onnx"]
    assert {path: path.read_bytes() for path in earlier} == earlier
    publish(tmp_path / "m", files(tmp_path), replace=True)
    assert listed(tmp_path) == ["m", "m.html", "sub/m.onnx"]
    assert (tmp_path / "m.html").read_bytes() == b"report"
