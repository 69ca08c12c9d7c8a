"""Undoing an export, and the receipt it relies on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.result_files import RECEIPT
from defect_workbench.storage.result.export_options import Split
from defect_workbench.storage.result.receipt import read_receipt, undo_export
from defect_workbench.storage.result.result_folder import ExportOptions, Mode
from tests.builders import made_project
from tests.unit.storage.exports import do_export, tree

pytestmark = pytest.mark.usefixtures("small_reports")


@pytest.mark.parametrize("mode", list(Mode))
def test_undo_removes_all_of_an_export_and_nothing_else(tmp_path: Path, mode: Mode) -> None:
    project = made_project(tmp_path / "lot")
    images = tree(tmp_path / "lot")
    do_export(project, tmp_path / "out", ExportOptions(Split(), ("coco",)), mode=mode)
    do_export(made_project(tmp_path / "more", (8, 6, 5, 9)), tmp_path / "out", add=True)
    dry = undo_export(tmp_path / "out", SilentReporter(), dry_run=True)
    assert (tmp_path / "out").is_dir()
    done = undo_export(tmp_path / "out", SilentReporter())
    assert done == dry
    assert not (tmp_path / "out").exists()
    assert tree(tmp_path / "lot") == images
    (tmp_path / "there").mkdir()
    do_export(project, tmp_path / "there")
    undo_export(tmp_path / "there", SilentReporter())
    assert list((tmp_path / "there").iterdir()) == []


def test_undo_leaves_changed_and_foreign_files_and_names_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(made_project(tmp_path / "lot"), out)
    changed, gone = sorted((out / "cluster-01").iterdir())[:2]
    changed.write_bytes(b"my own")
    gone.unlink()
    (out / "cluster-02" / "mine.txt").write_text("mine")
    (out / "link").symlink_to(tmp_path / "lot")
    done = undo_export(out, SilentReporter())
    assert done.changed == (f"cluster-01/{changed.name}",)
    assert done.missing == (f"cluster-01/{gone.name}",)
    assert done.foreign == ("cluster-02/mine.txt", "link")
    left = {p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir() or p.is_symlink()}
    assert left == {f"cluster-01/{changed.name}", "cluster-02/mine.txt", "link", RECEIPT}
    assert len(tree(tmp_path / "lot")) == 19


@pytest.mark.parametrize(
    "path", ["../lot/image-000.png", "/etc/passwd", "a/../../lot/x", "", ".", "a//b", RECEIPT]
)
def test_receipts_cannot_point_out_of_their_folder(tmp_path: Path, path: str) -> None:
    do_export(made_project(tmp_path / "lot"), tmp_path / "out")
    state = json.loads((tmp_path / "out" / RECEIPT).read_text())
    state["files"][path] = {"size": 1, "sha256": "0" * 64}
    (tmp_path / "out" / RECEIPT).write_text(json.dumps(state))
    before = tree(tmp_path)
    with pytest.raises(InputError, match="outside its folder"):
        undo_export(tmp_path / "out", SilentReporter())
    assert tree(tmp_path) == before


def test_undo_does_not_follow_a_folder_that_became_a_link(tmp_path: Path) -> None:
    """The originals have the same names and contents: only the way there tells them apart."""
    names = [f"cluster-01/image-{i:03d}.png" for i in range(12)]
    project = replace(made_project(tmp_path / "lot", (12,), names), clusters=1)
    out = tmp_path / "out"
    do_export(project, out)
    for file in (out / "cluster-01").iterdir():
        file.unlink()
    (out / "cluster-01").rmdir()
    (out / "cluster-01").symlink_to(tmp_path / "lot" / "cluster-01")
    done = undo_export(out, SilentReporter())
    assert len(done.changed) >= 11
    assert len(list((tmp_path / "lot" / "cluster-01").iterdir())) == 12


@settings(max_examples=60)
@given(
    st.dictionaries(st.text(max_size=6), st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=8)
)
def test_any_json_for_a_receipt_is_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, state: dict[str, object]
) -> None:
    out = tmp_path_factory.mktemp("out")
    (out / RECEIPT).write_text(json.dumps({"format": 1, "files": {}, **state}))
    with pytest.raises(InputError):
        read_receipt(out)
