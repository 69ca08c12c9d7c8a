"""Every decision is signed with name and time, in one place; undoing takes it back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.project.decision_history import (
    DecisionKind,
    DecisionRecord,
    History,
    by_class,
    carried_history,
    images_in,
    latest,
    local_time,
    utc_now,
)
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from tests.builders import made_project

NOON = "2026-11-29T12:00:00Z"
Act = Callable[[Document], None]


@pytest.fixture
def document(tmp_path: Path, qtbot: QtBot) -> Document:
    found = Document()
    found.person, found.clock = "Ada", lambda: NOON
    found.show(prepare(made_project(tmp_path / "lot", (20, 14, 9))))
    return found


def clusters(document: Document) -> tuple[Cluster, ...]:
    assert document.partition is not None
    return document.partition.clusters


def project_of(document: Document) -> Project:
    assert document.project is not None
    return document.project


def history(document: Document) -> History:
    return project_of(document).history


FIRST = np.arange(3)
DECISIONS: dict[DecisionKind, tuple[Act, str]] = {
    DecisionKind.CONFIRM: (lambda d: d.confirm(clusters(d)[:1]), "confirmed as cluster-01"),
    DecisionKind.UNLOCK: (lambda d: d.confirm(clusters(d)[:1], False), "unlocked in cluster-01"),
    DecisionKind.RENAME: (lambda d: d.rename(clusters(d)[0], "pit"), "renamed from cluster-01 to pit"),
    DecisionKind.NOTE: (lambda d: d.annotate(clusters(d)[0], "odd"), "note on cluster-01 written"),
    DecisionKind.MERGE: (lambda d: d.merge(clusters(d)[:2]), "merged into cluster-01"),
    DecisionKind.MOVE: (lambda d: d.move(FIRST, clusters(d)[1]), "moved from cluster-01 to cluster-02"),
    DecisionKind.SPLIT_OUT: (lambda d: d.split_out(FIRST), "moved from cluster-01 to a new cluster"),
    DecisionKind.NUISANCE: (lambda d: d.nuisance(FIRST), "marked as nuisance"),
    DecisionKind.REFINE: (
        lambda d: d.refine(clusters(d)[0], [np.arange(4), np.arange(4, 20)]),
        "refined from cluster-01 into 2 clusters",
    ),
}


@pytest.mark.parametrize("kind", DECISIONS, ids=str)
def test_a_decision_is_recorded_and_undo_takes_the_record_back(
    document: Document, kind: DecisionKind
) -> None:
    act, words = DECISIONS[kind]
    act(document)
    (record,) = history(document)
    assert (record.kind, record.text, record.person, record.time) == (kind, words, "Ada", NOON)
    assert len(record.images) in (3, 20, 34)
    assert record.images.tolist() == sorted(set(record.images.tolist()))
    document.undo_stack.undo()
    assert history(document) == ()
    # Whoever redoes it brings back the same decision.
    document.person = "Bob"
    document.undo_stack.redo()
    assert history(document) == (record,)


def test_the_cut_and_the_grouping_are_not_decisions_and_keep_the_history(document: Document) -> None:
    document.rename(clusters(document)[0], "pit")
    before = history(document)
    document.move_cut(7)
    assert history(document) is before
    project = project_of(document)
    document.regroup(prepare(replace(project, history=(), clusters=2)))
    assert history(document) is before


def test_a_step_about_several_classes_has_a_record_for_each(document: Document) -> None:
    document.confirm(clusters(document))
    assert [record.label for record in history(document)] == ["cluster-01", "cluster-02", "cluster-03"]
    assert sum(len(record.images) for record in history(document)) == 43
    document.undo_stack.undo()
    assert history(document) == ()


def test_accepting_proposals_is_recorded_by_class(document: Document) -> None:
    project = project_of(document)
    proposal = Proposal.none(43)
    unreviewed = np.ones(43, bool)
    unreviewed[0] = False
    document.show(prepare(replace(project, proposal=replace(proposal, unreviewed=unreviewed))))
    chosen = np.concatenate([c.members[:2] for c in clusters(document)] + [np.array([0])])
    document.accept_proposals(chosen)
    assert {record.kind for record in history(document)} == {"agree"}
    recorded = np.concatenate([record.images for record in history(document)])
    assert set(recorded.tolist()) == set(chosen.tolist()) - {0}
    after = project_of(document).proposal
    assert after is not None
    assert not after.unreviewed[chosen].any()
    document.undo_stack.undo()
    assert history(document) == ()
    again = project_of(document).proposal
    assert again is not None
    assert again.unreviewed[recorded].all()


def test_a_decision_that_waits_for_an_answer_is_recorded_when_it_is_given(document: Document) -> None:
    document.confirm(clusters(document)[:1])
    waiting: list[Callable[[], None]] = []
    document.guard = lambda question, verb, proceed: waiting.append(proceed)
    document.move(FIRST, clusters(document)[1])
    assert len(history(document)) == 1
    document.clock = lambda: "2026-11-29T13:30:00Z"
    waiting[0]()
    assert history(document)[-1].time == "2026-11-29T13:30:00Z"


def test_each_class_lists_who_decided_last_about_its_images(document: Document) -> None:
    document.rename(clusters(document)[0], "pit")
    document.confirm(clusters(document)[:1])
    document.person, document.clock = "Bob", lambda: "2026-11-30T08:00:00Z"
    document.move(clusters(document)[1].members[:4], clusters(document)[0])
    document.annotate(clusters(document)[0], "A note does not say where an image belongs")
    rows = by_class(history(document), clusters_of := project_of(document).partition)
    assert clusters_of.clusters[0].label == "pit"
    assert [(row.label, row.person, row.images) for row in rows] == [("pit", "Ada", 20), ("pit", "Bob", 4)]
    assert (rows[0].first, rows[1].last) == (NOON, "2026-11-30T08:00:00Z")


def test_the_latest_decision_about_an_image_comes_first() -> None:
    records = [
        DecisionRecord("move", f"step {i}", "pit", np.array(images), "Ada", NOON)
        for i, images in enumerate(([0, 5, 9], [4], [5, 6], [1, 9], [5]))
    ]
    assert [record.text for record in latest(records, 5)] == ["step 4", "step 2", "step 0"]
    assert [record.text for record in latest(records, 9)] == ["step 3", "step 0"]
    assert latest(records, 7) == []


def test_history_follows_images_whose_numbers_change() -> None:
    record = DecisionRecord("confirm", "confirmed as pit", "pit", np.array([0, 2]), "Ada", NOON)
    # The second image is gone, two new ones are in between.
    (carried,) = carried_history((record,), np.array([-1, 2, -1, 0]))
    assert carried.images.tolist() == [1, 3]
    assert (carried.person, carried.text) == ("Ada", "confirmed as pit")
    (lost,) = carried_history((record,), np.array([1, -1]))
    assert lost.images.tolist() == []


def test_times_are_in_english_and_in_utc_where_the_system_has_no_clock() -> None:
    assert local_time("0001-01-01T00:00:00Z").startswith(("1 Jan 1 ", "31 Dec"))
    assert len(local_time(utc_now()).split()) == 4


def test_images_of_several_decisions_are_counted_once() -> None:
    records = [
        DecisionRecord("move", "moved", "pit", np.array(images, np.intp)) for images in ([0, 5], [5, 9], [])
    ]
    assert images_in(records) == 3
    assert images_in([]) == 0
    assert not records[2].concerns(0)
