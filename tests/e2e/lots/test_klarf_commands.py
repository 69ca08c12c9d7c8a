"""Inspection files by the real command line."""

from __future__ import annotations

import json
from pathlib import Path

from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.storage.class_library.class_file import classes_text
from defect_workbench.storage.klarf.reading import read_klarf
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.klarf_lots import made_klarf, made_klarf_of_files
from tests.processes import Command, run, table
from tests.unit.workflows.klarf.test_klarf_projects import confirmed


def test_a_lot_is_grouped_confirmed_and_written_back(tmp_path: Path) -> None:
    home = {"DEFECT_WORKBENCH_HOME": str(tmp_path / "home")}
    path, out = made_klarf(tmp_path / "lot", 14), tmp_path / "out"
    done = run("cluster", path, "--out", out, "--offline", "--json", **home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"] == 14
    assert {row["klarf"] for row in table(out / "items.csv")} == {"lot.001"}

    session = out / "session.dwb"
    untouched = run("export", session, "--klarf", tmp_path / "same.001", **home)
    assert untouched.returncode == 0, untouched.stderr
    assert (tmp_path / "same.001").read_bytes() == path.read_bytes()

    save_session(tmp_path / "work.dwb", confirmed(load_session(session), {"pit": [0, 3, 4]}))
    refused = run("export", tmp_path / "work.dwb", "--klarf", tmp_path / "new.001", **home)
    assert refused.returncode == 2
    assert "pit has no code" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    (tmp_path / "classes.json").write_text(classes_text(ClassLibrary((KnownClass("pit", code="31"),))))
    assert run("classes", "import", tmp_path / "classes.json", **home).returncode == 0
    dry = run("export", tmp_path / "work.dwb", "--klarf", tmp_path / "new.001", "--dry-run", "--json", **home)
    assert dry.returncode == 0, dry.stderr
    result = json.loads(dry.stdout)
    assert (result["defects"], result["undecided"]) == (3, 11)
    assert sum("31" in change["after"].split() for change in result["files"][0]["changes"]) == 4
    assert not (tmp_path / "new.001").exists()
    written = run("export", tmp_path / "work.dwb", "--klarf", tmp_path / "new.001", **home)
    assert written.returncode == 0, written.stderr
    assert read_klarf(tmp_path / "new.001").classes[31] == "pit"


def test_what_cannot_be_opened_or_written_is_one_sentence(tmp_path: Path, command: Command) -> None:
    path = made_klarf_of_files(tmp_path / "lot")
    (tmp_path / "other.txt").write_text("x")
    for arguments, words in (
        (
            ["cluster", tmp_path / "other.txt", "--out", tmp_path / "a"],
            "is not a folder, nor an inspection file",
        ),
        (
            ["cluster", tmp_path, "--klarf", "--klarf-pictures", "BSE", "--out", tmp_path / "a"],
            "of the kind BSE",
        ),
        (["extract", tmp_path / "no.001", "--store", tmp_path / "s"], "there is no folder"),
        (["export", path, "--klarf", tmp_path / "b"], "is damaged"),
        (["export", path, "--klarf", tmp_path / "b", "--confirmed"], "cannot be combined with --confirmed"),
        (["export", path, "--overlay", "--out", tmp_path / "b"], "need --klarf FILE"),
    ):
        done = command(*arguments)
        assert done.returncode in (1, 2), arguments
        assert words in done.stderr, arguments
        assert sum("defect-workbench: " in line for line in done.stderr.splitlines()) == 1


def test_defects_of_a_lot_are_found_with_its_own_references(tmp_path: Path, command: Command) -> None:
    path = made_klarf(tmp_path / "lot", 4, reference_kind="Reference", dialect="1.8")
    done = command("detect", path, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["images"], result["with_reference"]) == (4, 4)
    assert [row["path"] for row in table(tmp_path / "out" / "counts.csv")] == [
        f"lot.tif#{n}" for n in (1, 3, 5, 7)
    ]
    assert all(int(row["count"]) > 0 for row in table(tmp_path / "out" / "counts.csv"))
