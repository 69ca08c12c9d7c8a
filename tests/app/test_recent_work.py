"""The recent list: what it says, and that any text in the settings is read."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.app.recent_work import RecentWork, from_text, recent_work, to_text
from defect_workbench.app.settings import WindowSettings
from tests.builders import made_project


def test_it_says_when_and_how_far_and_what_is_gone(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", names=["pit", "spur"])
    work = recent_work(tmp_path / "lot", project.partition, datetime(2026, 3, 4, 5, 6, tzinfo=UTC))
    assert work.words.startswith(str(tmp_path))
    assert "2026-03-04 05:06" in work.words
    assert f"of {len(project.partition.clusters)} clusters confirmed" in work.words
    assert "single defects" not in work.words
    assert "single defects" in replace(work, single_defects=True).words
    gone = RecentWork(str(tmp_path / "gone"))
    assert gone.words.startswith("Not found")


def test_the_last_is_first_and_the_list_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    settings = WindowSettings(tmp_path / "window.ini")
    settings._settings.setValue("recent", "/lots/a\n/lots/b")
    settings.remember(RecentWork("/lots/b", "2026-01-01 10:00", 2, 5))
    assert [work.path for work in settings.recent()] == ["/lots/b", "/lots/a"]
    assert settings.recent()[0].confirmed == 2
    for number in range(20):
        settings.remember(RecentWork(f"/lots/{number}"))
    assert len(settings.recent()) == 8
    settings.forget("/lots/19")
    assert settings.recent()[0].path == "/lots/18"


@given(st.text() | st.text().map(lambda text: f"[{text}") | st.just('[{"path": 1}]'))
def test_any_text_is_a_list(text: str) -> None:
    assert all(isinstance(work, RecentWork) for work in from_text(text))


@given(
    st.lists(
        st.builds(RecentWork, st.text(), st.text(), st.integers(), st.integers(), st.booleans(), st.text())
    )
)
def test_a_list_is_read_as_it_was_written(works: list[RecentWork]) -> None:
    assert from_text(to_text(works)) == works
