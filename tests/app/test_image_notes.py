"""Tags and notes of images: decisions that leave the clusters as they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.columns import Column as ImageColumn
from defect_workbench.app.document.filtering import parse_filter
from defect_workbench.app.document.gallery_sections import Choice, Order, sections_of
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.project.image_notes import ImageNotes, carried_notes, typed_tags
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.table_columns import Column, ColumnKind
from tests.builders import made_project


@pytest.fixture
def document(tmp_path: Path, qtbot: QtBot) -> Document:
    found = Document()
    found.show(prepare(made_project(tmp_path / "lot")))
    return found


def project_of(document: Document) -> Project:
    assert document.project is not None
    return document.project


def notes(document: Document) -> ImageNotes:
    return project_of(document).image_notes


def test_typed_tags_are_separated_by_commas_and_as_they_were_first_written() -> None:
    assert typed_tags(' #Rework, "again";  rework, second\t layer ', ["rework"]) == [
        "rework", "again", "second layer",
    ]  # fmt: skip
    assert typed_tags(" , ;# ", []) == []
    assert len(typed_tags("x" * 500, [])[0]) == 40


def test_tags_are_set_removed_and_undone(document: Document) -> None:
    document.tag(np.array([3, 1]), ["rework", "Again"])
    document.tag(np.array([1]), ["edge"], ["rework"])
    assert notes(document).tags == {1: ("Again", "edge"), 3: ("Again", "rework")}
    assert notes(document).tag_counts == {"Again": 2, "edge": 1, "rework": 1}
    texts = [(record.text, record.images.tolist()) for record in project_of(document).history]
    assert texts == [("tagged rework, Again", [1, 3]), ("tagged edge, tag rework removed", [1])]
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert not notes(document)
    assert project_of(document).history == ()
    document.undo_stack.redo()
    document.tag(np.array([1, 3]), [], ["rework", "Again"])
    assert notes(document).tags == {}


def test_what_changes_nothing_is_no_step(document: Document) -> None:
    document.tag(np.array([1]), ["rework"])
    document.tag(np.array([1]), ["rework"], ["edge"])
    document.annotate_images(np.array([1]), "")
    assert document.undo_stack.count() == 1


def test_notes_are_written_replaced_and_undone(document: Document) -> None:
    document.annotate_images(np.array([2, 5]), "see lot 8")
    document.annotate_images(np.array([2]), "")
    assert notes(document).texts == {5: "see lot 8"}
    assert document.undo_stack.undoText() == "Note on 1 image"
    document.undo_stack.undo()
    assert notes(document).texts == {2: "see lot 8", 5: "see lot 8"}


def test_clusters_and_reviews_stay_and_are_not_computed_again(document: Document) -> None:
    document.confirm(document.partition.clusters if document.partition is not None else ())
    before = project_of(document)
    document.guard = lambda *_: pytest.fail("a tag changes no cluster")
    document.tag(np.arange(19), ["rework"])
    assert project_of(document).partition is before.partition
    assert project_of(document).decisions is before.decisions


def test_tags_are_a_column_to_filter_and_colour_by(document: Document) -> None:
    assert "tag" not in document.columns
    document.tag(np.array([1, 2]), ["rework"])
    document.tag(np.array([2, 3]), ["rework-2"])
    document.annotate_images(np.array([4]), "Edge of the wafer")

    def shown(text: str) -> list[int]:
        return np.flatnonzero(parse_filter(text, document.columns).allowed(19)).tolist()

    assert shown("tag:rework") == [1, 2, 3]
    assert shown("tag=rework") == [1, 2]
    assert shown("tag=REWORK-2 tag=rework") == [2]
    assert shown("note:wafer") == [4]
    _, order = sections_of(document, Choice(text="tag:rework-2"))
    assert sorted(order.tolist()) == [2, 3]


def test_tagged_images_come_first_in_the_order_of_tags(document: Document) -> None:
    assert document.partition is not None
    last = document.partition.clusters[-1].members
    document.tag(last[-1:], ["b"])
    document.tag(last[-2:-1], ["a"])
    _, order = sections_of(document, Choice(Order.TAG))
    assert order[:2].tolist() == [last[-2], last[-1]]


def test_a_joined_column_of_the_same_name_takes_precedence(document: Document) -> None:
    document.tag(np.array([1]), ["rework"])
    column = Column("Tag", ColumnKind.TEXT, tuple(f"t{i}" for i in range(19)))
    document.join(SideData("table.csv", "0" * 64, "file", (column,), (True,) * 19, (), ()))
    assert document.columns["tag"].values.tolist() == [f"t{i}" for i in range(19)]


def test_notes_of_the_program_stay_in_the_column(document: Document) -> None:
    project = project_of(document)
    records = tuple(
        replace(r, note="first of 3 pages") if i < 2 else r for i, r in enumerate(project.images.images)
    )
    document.show(prepare(replace(project, images=replace(project.images, images=records))))
    document.annotate_images(np.array([1, 2]), "odd")
    values = document.columns["note"].values[:3].tolist()
    assert values == ["first of 3 pages", "first of 3 pages  ·  odd", "odd"]


def test_values_of_columns_are_short() -> None:
    numbers = np.array([40.0, 1234.5, 0.018971, 12.345, np.nan, -3.0])
    column = ImageColumn("length", numbers)
    assert [column.text_of(i) for i in range(6)] == ["40", "1234", "0.019", "12.3", "", "-3"]
    assert ImageColumn("lot", np.array(["a", ""], np.object_)).text_of(0) == "a"


def test_grouping_again_keeps_tags(document: Document) -> None:
    document.tag(np.array([1]), ["rework"])
    kept = notes(document)
    document.regroup(prepare(replace(project_of(document), image_notes=ImageNotes(), clusters=2)))
    assert notes(document) is kept


def test_tags_follow_images_whose_numbers_change() -> None:
    before = ImageNotes({0: ("a",), 2: ("b",)}, {2: "odd", 3: "lost"})
    after = carried_notes(before, np.array([-1, 2, 0]))
    assert after.tags == {1: ("b",), 2: ("a",)}
    assert after.texts == {1: "odd"}


def test_a_tag_with_a_space_is_one_tag_that_the_filter_finds(document: Document) -> None:
    document.tag(np.array([1, 3]), typed_tags("rework, lot 7", []))
    document.tag(np.array([4]), typed_tags("lot", []))
    assert notes(document).tags[1] == ("lot 7", "rework")
    for text, images in (
        ('tag:"lot 7"', [1, 3]),
        ('tag="lot 7"', [1, 3]),
        ("tag=rework", [1, 3]),
        ("tag=lot", [4]),
        ("tag:lot", [1, 3, 4]),
        ('tag:"lot 7" image-003', [1, 3]),
    ):
        parsed = parse_filter(text, document.columns)
        assert np.flatnonzero(parsed.allowed(19)).tolist() == images, text
    assert parse_filter('tag:"lot 7" image-003', document.columns).words == ("image-003",)
    assert parse_filter('"two words" more', document.columns).words == ("two words", "more")
