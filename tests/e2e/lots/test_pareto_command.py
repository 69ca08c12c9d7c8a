"""`pareto` on sessions and result folders, through the command line."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.workflows.export import ExportRequest, SlidesRequest, export, export_slides
from tests.builders import made_project
from tests.processes import Command, run
from tests.unit.storage.exports import with_lots

SIZES = (30, 24, 20)


def reviewed(folder: Path, named: int = 3) -> Project:
    """Return a project of three lots: pits are mostly in lot C; some clusters have a name."""
    project = made_project(folder, SIZES)
    decisions = project.decisions
    for number, (cluster, name) in enumerate(
        zip(project.partition.clusters, ("pit", "scratch", "=line"), strict=True)
    ):
        if number < named:
            decisions, _ = decisions.hold(cluster.members, Group(name, confirmed=True, colour=number))
    lots = ["A", "B", *"C" * (SIZES[0] - 2)] + ["ABC"[image % 3] for image in range(sum(SIZES[1:]))]
    return with_lots(replace(project, decisions=decisions), lots)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    save_session(tmp_path / "lots.dwb", reviewed(tmp_path / "images"))
    return tmp_path / "lots.dwb"


def test_a_real_process_counts_by_lot_and_writes_a_chart(session: Path, tmp_path: Path) -> None:
    done = run("pareto", session, "--by", "Lot", "--json", "--out", tmp_path / "lots.png", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["by"], result["groups"], result["ordered_by"]) == ("lot", ["A", "B", "C"], "name")
    assert result["classes"] == ["pit", "scratch", "=line"]
    assert np.sum(result["counts"], axis=0).tolist() == list(SIZES)
    assert (result["scaled"], result["estimates"]) == (False, result["counts"])
    (change,) = (each for each in result["changes"] if each["class"] == "pit")
    assert (change["group"], change["unit"]) == ("C", "share")
    assert change["p_uncorrected"] <= change["p"] < 0.05
    assert re.match(r"pit rose from [\d.]+% to \d+% of the images in lot C \(p ", change["text"])
    assert (tmp_path / "lots.png").read_bytes().startswith(b"\x89PNG")


def test_a_part_that_was_reviewed_stands_for_all(command: Command, tmp_path: Path) -> None:
    save_session(tmp_path / "part.dwb", reviewed(tmp_path / "images", named=2))
    result = json.loads(command("pareto", tmp_path / "part.dwb", "--by", "lot", "--json").stdout)
    assert set(result["classes"]) == {"pit", "scratch"}
    assert result["scaled"]
    factor = result["images"][0] / result["with_class"][0]
    assert factor > 1
    assert result["estimates"][0] == pytest.approx(
        [factor * count for count in result["counts"][0]], rel=1e-4
    )
    assert "54 of 74 images have a class" in result["notes"][0]
    every = json.loads(
        command("pareto", tmp_path / "part.dwb", "--by", "lot", "--classes", "all", "--json").stdout
    )
    assert (every["scaled"], len(every["classes"])) == (False, 3)


def test_several_results_are_a_lot_each_if_nothing_says_which(command: Command, tmp_path: Path) -> None:
    project = replace(reviewed(tmp_path / "images"), side=None)
    export(project, ExportRequest(tmp_path / "lot-9"), SilentReporter())
    export(project, ExportRequest(tmp_path / "lot-10"), SilentReporter())
    # Without a session, the tables of the folder are used.
    (tmp_path / "lot-10" / "session.dwb").unlink()
    done = command("pareto", tmp_path / "lot-10", tmp_path / "lot-9", "--by", "lot", "--json")
    result = json.loads(done.stdout)
    assert result["groups"] == ["lot-9", "lot-10"]
    assert result["counts"] == [list(SIZES)] * 2
    assert "there is no column lot, so each result counts as one lot" in result["notes"]
    done = command("pareto", tmp_path / "lot-9", tmp_path / "lot-9", "--by", "lot")
    assert (done.returncode, "given twice" in done.stderr) == (2, True)


def test_what_cannot_be_done_is_reported_and_nothing_is_written(command: Command, session: Path) -> None:
    done = command("pareto", session, "--by", "tool")
    assert done.returncode == 2
    assert "there is no column tool; the columns are: lot" in done.stderr
    existing = session.with_name("there.csv")
    existing.write_text("mine")
    done = command("pareto", session, "--by", "lot", "--out", existing)
    assert (done.returncode, existing.read_text()) == (2, "mine")
    for arguments in (
        ["--out", session.with_name("a.pdf")],
        ["--out", session.with_name("a.svg"), "--per", "wafer"],
    ):
        assert command("pareto", session, "--by", "lot", *arguments).returncode == 2
    assert sorted(path.name for path in session.parent.iterdir() if path.is_file()) == [
        "lots.dwb",
        "there.csv",
    ]
    assert command("pareto", session.parent, "--by", "lot").returncode == 2


def test_reports_and_slides_have_a_page_by_lot(tmp_path: Path) -> None:
    from pptx import Presentation

    project = reviewed(tmp_path / "images")
    export(project, ExportRequest(tmp_path / "out"), SilentReporter())
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<h2>Pareto by lot</h2>" in report
    assert "Pit rose from" in report
    export_slides(project, SlidesRequest(tmp_path / "lots.pptx"), SilentReporter())
    titles = [slide.shapes.title.text for slide in Presentation(str(tmp_path / "lots.pptx")).slides]
    assert titles[2] == "Pareto by lot"
    export(replace(project, side=None), ExportRequest(tmp_path / "plain"), SilentReporter())
    assert "Pareto" not in (tmp_path / "plain" / "report.html").read_text(encoding="utf-8")
