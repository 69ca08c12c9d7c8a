"""Folders and files that somebody else prepared: nothing leaves the result folder or acts on the terminal."""

import csv
import hashlib
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.commands.shared.console import print_text
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.folder_changes import differences
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.result_files import RECEIPT
from defect_workbench.core.text import printable
from defect_workbench.engine.input.scan import scan
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.files.csv_cells import table_text
from defect_workbench.storage.files.safe_names import Names, is_safe_name, safe_name
from defect_workbench.storage.files.staging import STAGE, recover
from defect_workbench.storage.report.project_report import ReportInputs
from defect_workbench.storage.result.manifest import COLUMNS, MoreColumns, Row
from defect_workbench.storage.result.receipt import read_receipt, undo_export
from defect_workbench.storage.result.result_folder import Mode, export, plan_export
from defect_workbench.storage.session.session_lock import SessionLock
from tests.builders import made_project, picture

pytestmark = pytest.mark.usefixtures("small_reports")

SIZES, MORE = (8, 6, 5), (8, 6, 5, 9)


def do_export(folder: Path, out: Path, sizes: tuple[int, ...] = SIZES, *, add: bool = False) -> None:
    export(
        made_project(folder, sizes), out, Mode.COPY, ReportInputs({}, thumbnail), SilentReporter(), add=add
    )


def forge(out: Path, name: str, text: str) -> None:
    """Change a file of an export, and the receipt so that it agrees."""
    (out / name).write_text(text, encoding="utf-8")
    state = json.loads((out / RECEIPT).read_text(encoding="utf-8"))
    data = (out / name).read_bytes()
    state["files"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (out / RECEIPT).write_text(json.dumps(state), encoding="utf-8")


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# Result folders


@pytest.mark.parametrize(
    "label", ["../../../victim", "..", "a/b", "/tmp/victim", "C:\\victim", "", "x\x1b[2J"]
)
def test_a_label_of_an_earlier_export_cannot_lead_out_of_it(label: str, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "er" / "out"
    do_export(tmp_path / "lot", out)
    lines = list(csv.reader(io.StringIO((out / "manifest.csv").read_text())))
    column = lines[0].index("label")
    for line in lines[1:]:
        line[column] = label
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    forge(out, "manifest.csv", text.getvalue())
    before = everything(tmp_path)
    more = made_project(tmp_path / "more", MORE)
    with pytest.raises(InputError, match="outside its folder"):
        export(more, out, Mode.COPY, ReportInputs({}, thumbnail), SilentReporter(), add=True)
    assert everything(tmp_path) - {p for p in everything(tmp_path) if p.startswith("more")} == before


def test_a_set_of_an_earlier_export_cannot_lead_out_of_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(tmp_path / "lot", out)
    state = json.loads((out / RECEIPT).read_text())
    state["groups"] = {"lot-1": "../../victim"}
    (out / RECEIPT).write_text(json.dumps(state))
    with pytest.raises(InputError, match="damaged"):
        read_receipt(out)


def test_what_leads_out_is_refused_at_the_last_step_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from defect_workbench.storage.result import result_folder as exporting
    from defect_workbench.storage.result.manifest import rows

    def leading_out(project: Project) -> list[Row]:
        return [replace(row, exported_as=f"../{row.exported_as}") for row in rows(project)]

    monkeypatch.setattr(exporting, "rows", leading_out)
    with pytest.raises(WorkbenchError, match="is outside the result folder"):
        do_export(tmp_path / "lot", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "cluster-01").exists()


@pytest.mark.parametrize("where", ["label", "set"])
def test_a_planted_link_is_not_written_through(where: str, tmp_path: Path) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    do_export(tmp_path / "lot", out)
    victim.mkdir()
    stage = out / STAGE
    (stage / "files" / "train" / "pits").mkdir(parents=True)
    (stage / "files" / "train" / "pits" / "a.png").write_bytes(b"a")
    if where == "label":
        (out / "train").mkdir()
        (out / "train" / "pits").symlink_to(victim)
    else:
        (out / "train").symlink_to(victim)
    (stage / "commit.json").write_text(json.dumps({"order": ["train/pits/a.png"], "replaced": []}))
    with pytest.raises(WorkbenchError, match="is outside"):
        recover(out)
    assert not list(victim.iterdir())


def test_a_forged_plan_moves_nothing_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(tmp_path / "lot", out)
    before = (out / "manifest.csv").read_bytes()
    files = out / STAGE / "files"
    files.mkdir(parents=True)
    (files / "manifest.csv").write_text("forged")
    (out / STAGE / "commit.json").write_text(
        json.dumps({"order": ["manifest.csv", "../x"], "replaced": ["manifest.csv"]})
    )
    with pytest.raises(WorkbenchError, match="was not changed"):
        recover(out)
    assert (out / "manifest.csv").read_bytes() == before
    assert (files / "manifest.csv").read_text() == "forged"


def test_folders_of_other_people_beside_a_result_stay(tmp_path: Path) -> None:
    (tmp_path / ".out-notes.part").mkdir()
    (tmp_path / ".out-abcdefgh.part").mkdir()
    (tmp_path / ".out-lf.part" / "files").mkdir(parents=True)
    (tmp_path / ".out-lf.part" / "lock").touch()
    ours = tmp_path / ".out-abcd_123.dwb.part"
    (ours / "files").mkdir(parents=True)
    (ours / "lock").touch()
    do_export(tmp_path / "lot", tmp_path / "out")
    assert {p.name for p in tmp_path.iterdir()} == {
        "lot", "out", ".out-notes.part", ".out-abcdefgh.part", ".out-lf.part"
    }  # fmt: skip


def test_an_export_that_comes_second_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out"

    class Second(SilentReporter):
        def stage(self, title: str, total: int | None) -> None:
            if title == "Writing the report" and not out.exists():
                out.mkdir()
                (out / "theirs").touch()

    with pytest.raises(WorkbenchError, match="was created in the meantime"):
        export(made_project(tmp_path / "lot"), out, Mode.COPY, ReportInputs({}, thumbnail), Second())
    assert everything(out) == {"theirs"}


def test_undoing_is_done_where_only_the_empty_folder_cannot_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    do_export(tmp_path / "lot", out)
    rmdir = Path.rmdir

    def refused(self: Path) -> None:
        if self == out:
            raise PermissionError(13, "Permission denied", str(self))
        rmdir(self)

    monkeypatch.setattr(Path, "rmdir", refused)
    undone = undo_export(out, SilentReporter())
    assert len(undone.removed) > 19
    assert not list(out.iterdir())


# Manifests with other columns


def test_a_sorted_folder_can_be_added_to(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    out = tmp_path / "out"
    cells = {image.path: ("defect > pit", "0.9", "true") for image in project.images.images}
    columns = MoreColumns(("stage_path", "probability", "known"), cells)
    export(project, out, Mode.COPY, ReportInputs({}, thumbnail), SilentReporter(), columns=columns)
    before = (out / "manifest.csv").read_text().splitlines()
    do_export(tmp_path / "more", out, MORE, add=True)
    after = (out / "manifest.csv").read_text().splitlines()
    assert after[: len(before)] == before
    assert len(after) == len(before) + 9
    assert all(line.endswith(",,,") for line in after[len(before) :])


def test_columns_are_read_by_name_and_keep_the_order_of_the_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(tmp_path / "lot", out)
    lines = [line[::-1] for line in csv.reader(io.StringIO((out / "manifest.csv").read_text()))]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    forge(out, "manifest.csv", text.getvalue())
    do_export(tmp_path / "more", out, MORE, add=True)
    with (out / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS.names[::-1]
    assert len(rows) == 28
    assert all((out / row["exported_as"]).is_file() for row in rows)


def test_a_manifest_without_a_column_of_the_first_version_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(tmp_path / "lot", out)
    forge(out, "manifest.csv", (out / "manifest.csv").read_text().replace("sha256", "hash", 1))
    with pytest.raises(InputError, match="the column sha256 is missing"):
        plan_export(made_project(tmp_path / "more", MORE), out, add=True)


# Locks


def test_a_planted_note_is_replaced_and_not_followed(tmp_path: Path) -> None:
    session, victim = tmp_path / "lot.dwb", tmp_path / "bashrc"
    victim.write_text("precious")
    note = tmp_path / ".lot.dwb.lock-holder"
    note.symlink_to(victim)
    lock = SessionLock(session, tmp_path / "locks")
    assert lock.acquire() is None
    assert victim.read_text() == "precious"
    second = SessionLock(session, tmp_path / "locks")
    holder = second.acquire()
    assert holder is not None
    assert holder.process == os.getpid()
    lock.release()
    assert victim.read_text() == "precious"


def test_a_pipe_in_place_of_the_note_does_not_block(tmp_path: Path) -> None:
    session = tmp_path / "lot.dwb"
    first = SessionLock(session, tmp_path / "locks")
    assert first.acquire() is None
    note = tmp_path / ".lot.dwb.lock-holder"
    note.unlink()
    os.mkfifo(note)
    holder = SessionLock(session, tmp_path / "locks").acquire()
    assert holder is not None
    assert holder.words() == "another window"
    first.release()


# Names


@given(st.lists(st.text(max_size=300), max_size=12))
def test_names_are_safe_different_and_fit_into_255_bytes(wanted: list[str]) -> None:
    names = Names()
    given_out = [names.take(name) for name in wanted + wanted]
    assert len({name.casefold() for name in given_out}) == len(given_out)
    assert all(is_safe_name(name) for name in given_out)


@pytest.mark.parametrize("name", ["漢" * 83 + ".png", "\u0958" * 80 + ".png", "é" * 126 + ".tif", "😀" * 80])
def test_long_names_of_other_scripts_keep_their_extension(name: str, tmp_path: Path) -> None:
    names = Names()
    given_out = [names.take(name) for _ in range(12)]
    assert all(len(item.encode()) <= 255 for item in given_out)
    assert all(Path(item).suffix == Path(name).suffix for item in given_out)
    for item in given_out:
        (tmp_path / item).touch()


@given(st.text(st.characters(max_codepoint=0x2FF, exclude_categories=("Cc", "Cs")), min_size=1, max_size=60))
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    if is_safe_name(name):
        assert safe_name(name) == safe_name(safe_name(name))


def test_thousands_of_equal_names_are_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    names, asked = Names(), 0
    key = Names._key

    def counting(name: str) -> str:
        nonlocal asked
        asked += 1
        return key(name)

    monkeypatch.setattr(Names, "_key", staticmethod(counting))
    given_out = [names.take("image.tif") for _ in range(3000)]
    assert given_out[:2] == ["image.tif", "image~2.tif"]
    assert given_out[-1] == "image~3000.tif"
    assert asked < 6 * 3000


def test_a_long_label_becomes_a_folder(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    decisions, _ = project.decisions.hold(np.arange(8), Group("欠" * 100))
    export(
        replace(project, decisions=decisions),
        tmp_path / "out",
        Mode.COPY,
        ReportInputs({}, thumbnail),
        SilentReporter(),
    )
    assert any(p.is_dir() and p.name.startswith("欠欠") for p in (tmp_path / "out").iterdir())


# The terminal


@given(st.text())
def test_nothing_that_is_printed_acts_on_the_terminal(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable() or not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    assert not set("\x1b\n\r\x9b\u202e\u2066") & set(shown)
    if text.isascii() and text.isprintable():
        assert shown == text


def test_lines_of_our_own_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_text("one\ntwo \x1b[2J\x9b31m")
    assert capsys.readouterr().out == "one\ntwo \\x1b[2J\\x9b31m\n"


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=6))
def test_a_table_is_read_as_it_was_written(lines: list[list[str]]) -> None:
    text = table_text(("a", "b"), lines)
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == lines


# What is passed over


def test_images_in_hidden_folders_and_results_are_listed(tmp_path: Path) -> None:
    lot = tmp_path / "lot"
    do_export(lot, lot / "result")
    (lot / ".part" / "deep").mkdir(parents=True)
    picture(1).save(lot / ".part" / "deep" / "y.png")
    before = scan(lot, SilentReporter())
    reasons = {r.path: r.reason for r in before.rejected}
    assert reasons.pop(".part/deep/y.png") == "it lies in a hidden folder"
    assert len(reasons) == 19
    assert set(reasons.values()) == {"it lies in a folder of results of this program"}
    assert len(before.files) == 19


def test_results_that_came_into_a_folder_do_not_change_it(tmp_path: Path) -> None:
    lot = tmp_path / "lot"
    project = made_project(lot)
    do_export(lot, lot / "result")
    after = replace(project.images, rejected=scan(lot, SilentReporter()).rejected)
    assert after.rejected
    assert differences(project.images, after) == []
