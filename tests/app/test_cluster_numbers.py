"""Unnamed clusters keep their numbers while images move; regrouping alone gives new ones."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.storage.result.manifest import rows
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.builders import made_project


@pytest.fixture
def document(tmp_path: Path, qtbot: QtBot) -> Document:
    found = Document()
    found.show(prepare(made_project(tmp_path / "lot", (20, 14, 9, 6))))
    found.move_cut(5)
    return found


def labels(document: Document) -> dict[int, str]:
    """Return the label of each cluster by its key."""
    assert document.partition is not None
    return {cluster.key: cluster.label for cluster in document.partition.clusters}


def clusters(document: Document) -> tuple[Cluster, ...]:
    assert document.partition is not None
    return document.partition.clusters


def test_a_cluster_that_becomes_the_largest_keeps_its_number(document: Document) -> None:
    first, second = clusters(document)[:2]
    document.move(first.members[5:], second)
    after = {cluster.label: len(cluster.members) for cluster in clusters(document)}
    assert after[second.label] == len(second.members) + len(first.members) - 5
    assert after[first.label] == 5
    assert clusters(document)[0].label == "cluster-02"
    document.undo_stack.undo()
    assert [cluster.label for cluster in clusters(document)[:2]] == ["cluster-01", "cluster-02"]


def test_confirmed_and_new_clusters_keep_their_numbers_at_other_cuts(document: Document) -> None:
    first, second = clusters(document)[:2]
    document.split_out(first.members[-3:])
    new = next(c.label for c in clusters(document) if set(c.members) == set(first.members[-3:]))
    assert new not in {cluster.label for cluster in (first, second)}
    document.confirm([second])
    for cut in (2, 9, 20, 5):
        document.move_cut(cut)
        found = {cluster.label: set(cluster.members.tolist()) for cluster in clusters(document)}
        assert len(found) == len(clusters(document))
        assert found[second.label] == set(second.members.tolist())
        assert found[new] == set(first.members[-3:].tolist())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["move", "split out", "nuisance", "confirm", "merge", "rename", "move outlier"]),
            st.integers(0, 30),
            st.integers(0, 30),
        ),
        max_size=8,
    ),
    st.integers(2, 12),
)
def test_no_decision_changes_the_number_of_another_cluster(
    document: Document, steps: list[tuple[str, int, int]], cut: int
) -> None:
    document.undo_stack.setIndex(0)
    document.move_cut(cut)
    document.confirm(clusters(document)[1:2])
    document.move_cut(cut + 3)
    for step, (what, a, b) in enumerate(steps):
        shown, before = clusters(document), labels(document)
        assert document.partition is not None
        count = document.undo_stack.count()
        source, target = shown[a % len(shown)], shown[b % len(shown)]
        if what == "move":
            document.move(source.members[: 1 + b % len(source.members)], target)
        elif what == "split out":
            document.split_out(source.members[: 1 + b])
        elif what == "nuisance":
            document.nuisance(source.members[:2])
        elif what == "confirm":
            document.confirm([source])
            # It is held from now on, so it has another key, but the same label.
            assert set(before.values()) == set(labels(document).values())
        elif what == "merge":
            document.merge(list({c.key: c for c in (source, target)}.values()))
        elif what == "rename":
            document.rename(source, f"name {step}")
        else:
            document.move(document.partition.outliers[: 1 + a % 3], target)
        after = labels(document)
        renamed = source.key if what == "rename" else None
        assert all(after[key] == before[key] for key in after.keys() & before.keys() if key != renamed)
        assert len(set(after.values())) == len(after)
        if document.undo_stack.count() > count:
            document.undo_stack.undo()
            assert labels(document) == before
            document.undo_stack.redo()
            assert labels(document) == after
    document.undo_stack.setIndex(0)


def test_session_and_manifest_have_the_numbers_of_the_window(document: Document, tmp_path: Path) -> None:
    first, second, third = clusters(document)[:3]
    document.confirm([third])
    document.merge([first, second])
    document.split_out(third.members[:2])
    document.move_cut(9)
    project = document.project
    assert project is not None
    save_session(tmp_path / "s.dwb", project)
    read = load_session(tmp_path / "s.dwb")
    assert [c.label for c in read.partition.clusters] == [c.label for c in project.partition.clusters]
    assert read.partition.next_ordinal == project.partition.next_ordinal
    written = [row for row in rows(read) if not row.outlier]
    assert {f"cluster-{row.cluster:02d}" for row in written} == {row.label for row in written}
    numbers = [row.cluster for row in rows(read) if row.outlier]
    assert len(numbers) == len(set(numbers)) > 0
    assert not set(numbers) & {row.cluster for row in written}
    # A version that does not know the numbers opens the session: its groups have the fields of then.
    with zipfile.ZipFile(tmp_path / "s.dwb") as archive:
        assert b'"ordinal":' not in archive.read("state.json")


def test_the_labels_of_large_numbers_of_clusters_keep_their_width(document: Document) -> None:
    document.move_cut(1)
    whole = clusters(document)[0]
    document.split_out(np.sort(whole.members)[:4])
    assert {cluster.label for cluster in clusters(document)} == {"cluster-01", "cluster-02"}
