"""What people add to a session: decisions with names, tags, notes and views."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.project.decision_history import DecisionRecord
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.image_notes import ImageNotes
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.saved_views import SavedView
from defect_workbench.storage.report.html_report import html_text
from defect_workbench.storage.report.project_report import project_report
from defect_workbench.storage.report.report_content import ReportTable
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.builders import made_project
from tests.conftest import GOLDEN

RECORDS = (
    DecisionRecord(
        "rename", "renamed from cluster-01 to pit", "pit", np.arange(8), "Ada", "2026-11-29T12:00:00Z"
    ),
    DecisionRecord("move", "moved to <pit>", "<pit>", np.array([9, 11]), "Bob & Co", "2026-11-30T08:15:00Z"),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = made_project(tmp_path / "lot")
    decisions, _ = made.decisions.hold(np.arange(12), Group("pit", confirmed=True))
    return replace(made, decisions=decisions, history=RECORDS)


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A session with another state, its arrays as they are."""
    other = path.with_name("other.dwb")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(other, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "state.json":
                state = json.loads(content)
                change(state)
                content = json.dumps(state).encode()
            after.writestr(name, content)
    return other


def test_history_is_the_same_after_saving_and_opening(project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", project)
    again = load_session(tmp_path / "a.dwb")
    for before, after in zip(RECORDS, again.history, strict=True):
        assert (after.person, after.time, after.kind, after.text, after.label) == (
            before.person, before.time, before.kind, before.text, before.label,
        )  # fmt: skip
        assert after.images.tolist() == before.images.tolist()
    save_session(tmp_path / "b.dwb", again)
    assert (tmp_path / "a.dwb").read_bytes() == (tmp_path / "b.dwb").read_bytes()


def test_session_without_decisions_has_no_record(tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", made_project(tmp_path / "lot"))
    assert load_session(tmp_path / "a.dwb").history == ()
    with zipfile.ZipFile(tmp_path / "a.dwb") as archive:
        assert "history_images.npy" not in archive.namelist()


def test_sessions_of_earlier_versions_have_no_history(project: Project, tmp_path: Path) -> None:
    assert load_session(GOLDEN / "result" / "session.dwb").history == ()
    save_session(tmp_path / "a.dwb", project)
    assert load_session(rewritten(tmp_path / "a.dwb", lambda state: state.pop("history"))).history == ()


def test_decisions_of_later_versions_are_kept(project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", project)

    def change(state: dict[str, Any]) -> None:
        state["history"][0][2] = "foreseen by nobody"

    assert load_session(rewritten(tmp_path / "a.dwb", change)).history[0].kind == "foreseen by nobody"


@pytest.mark.parametrize(
    ("row", "value"), [(1, "yesterday"), (1, "2026-11-29T12:00:00"), (5, 7), (5, -8), (5, "many")]
)
def test_damaged_history_is_refused(project: Project, tmp_path: Path, row: int, value: object) -> None:
    save_session(tmp_path / "a.dwb", project)
    with pytest.raises(WorkbenchError, match="is damaged"):
        load_session(rewritten(tmp_path / "a.dwb", lambda state: state["history"][0].__setitem__(row, value)))


@pytest.mark.parametrize("images", [np.array([3, 2]), np.array([4, 4]), np.array([99]), np.array([-1, 0])])
def test_history_about_impossible_images_is_refused(
    project: Project, tmp_path: Path, images: np.ndarray
) -> None:
    save_session(tmp_path / "a.dwb", replace(project, history=(replace(RECORDS[0], images=images),)))
    with pytest.raises(WorkbenchError, match="is damaged"):
        load_session(tmp_path / "a.dwb")


def test_report_says_who_decided_in_which_class(project: Project) -> None:
    report = project_report(project, {}, (), ())
    short, whole = [s for s in report.sections if isinstance(s, ReportTable) and "ecisions" in s.title]
    label = project.partition.clusters[0].label
    assert short.rows == (
        (label, "8", "Ada", "29 Nov 2026 12:00", "29 Nov 2026 12:00"),
        (label, "2", "Bob & Co", "30 Nov 2026 08:15", "30 Nov 2026 08:15"),
    )
    assert short.after.startswith("2 images in kept clusters without a recorded decision")
    assert [row[2] for row in whole.rows] == ["Moved to <pit>", "Renamed from cluster-01 to pit"]
    page = html_text(report)
    assert "<summary>All decisions, latest first (2)</summary>" in page
    assert "Moved to &lt;pit&gt;" in page
    assert "Bob &amp; Co" in page


def test_report_on_a_project_without_decisions_does_not_mention_them(tmp_path: Path) -> None:
    report = project_report(made_project(tmp_path / "lot"), {}, (), ())
    assert not [s for s in report.sections if "ecisions" in s.title]


NOTES = ImageNotes({0: ("again", "rework"), 9: ("rework",)}, {0: "see <lot> 8", 18: "odd"})


def test_tags_and_notes_are_the_same_after_saving_and_opening(project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", replace(project, image_notes=NOTES))
    again = load_session(tmp_path / "a.dwb")
    assert again.image_notes.tags == NOTES.tags
    assert again.image_notes.texts == NOTES.texts
    save_session(tmp_path / "b.dwb", again)
    assert (tmp_path / "a.dwb").read_bytes() == (tmp_path / "b.dwb").read_bytes()


def test_sessions_of_earlier_versions_have_no_tags(tmp_path: Path) -> None:
    assert not load_session(GOLDEN / "result" / "session.dwb").image_notes
    save_session(tmp_path / "a.dwb", made_project(tmp_path / "lot"))
    assert not load_session(tmp_path / "a.dwb").image_notes


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tags", {"rework": [19]}),
        ("tags", {"rework": [-1]}),
        ("tags", {"rework": [True]}),
        ("tags", {"rework": ["0"]}),
        ("tags", {"two, words": [0]}),
        ("tags", {"": [0]}),
        ("tags", ["rework"]),
        ("image_notes", {"19": "odd"}),
        ("image_notes", {"first": "odd"}),
    ],
)
def test_damaged_tags_are_refused(project: Project, tmp_path: Path, field: str, value: object) -> None:
    save_session(tmp_path / "a.dwb", replace(project, image_notes=NOTES))
    with pytest.raises(WorkbenchError, match="is damaged"):
        load_session(rewritten(tmp_path / "a.dwb", lambda state: state.__setitem__(field, value)))


def test_report_lists_tags_and_notes(project: Project) -> None:
    report = project_report(replace(project, image_notes=NOTES), {}, (), ())
    tables = {s.title: s for s in report.sections if isinstance(s, ReportTable)}
    label, other = (project.partition.clusters[i].label for i in (0, 1))
    assert tables["Tags"].rows == (("again", "1", f"{label} (1)"), ("rework", "2", f"{label} (2)"))
    assert tables["Images with tags or notes (3)"].rows == (
        ("image-000.png", label, "again, rework", "see <lot> 8"),
        ("image-009.png", label, "rework", ""),
        ("image-018.png", other, "", "odd"),
    )
    assert "see &lt;lot&gt; 8" in html_text(report)


VIEWS = (
    SavedView("edges", "tag:edge", "open", "Name", "score", ("width", "score")),
    SavedView("rest"),
)


def test_views_are_the_same_after_saving_and_opening(project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", replace(project, views=VIEWS))
    assert load_session(tmp_path / "a.dwb").views == VIEWS
    save_session(tmp_path / "b.dwb", project)
    assert load_session(tmp_path / "b.dwb").views == ()
    assert load_session(GOLDEN / "result" / "session.dwb").views == ()


def test_fields_of_later_views_are_ignored(project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", replace(project, views=VIEWS))
    other = rewritten(tmp_path / "a.dwb", lambda state: state["views"][0].__setitem__("zoom", 3))
    assert load_session(other).views == VIEWS


@pytest.mark.parametrize(
    "views",
    [[{"filter": "a"}], [{"name": " "}], [{"name": 7}], [{"name": "a", "columns": "width"}],
     [{"name": "a"}, {"name": "A"}], ["a"], [{"name": "a", "filter": "x" * 3000}]],
)  # fmt: skip
def test_damaged_views_are_refused(project: Project, tmp_path: Path, views: object) -> None:
    save_session(tmp_path / "a.dwb", project)
    with pytest.raises(WorkbenchError, match="is damaged"):
        load_session(rewritten(tmp_path / "a.dwb", lambda state: state.__setitem__("views", views)))
