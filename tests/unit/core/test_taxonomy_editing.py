"""Stages that are edited: links between them follow, and what is wrong is said with its field."""

from dataclasses import replace

import pytest

from defect_workbench.core.classifier import taxonomy_editing as editing
from defect_workbench.core.classifier.stage import Outcome
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import default_taxonomy
from defect_workbench.core.classifier.taxonomy_problems import (
    INPUTS,
    NAME,
    OUTCOMES,
    REST,
    problems,
    unclear_outcomes,
)
from tests.builders import flat_taxonomy

STAGES = default_taxonomy().stages
NOISE, DEFECT, SIZE, KIND = range(4)


def links(stages: editing.Stages) -> list[tuple[str, set[str]]]:
    return [(stage.name, {o.next for o in stage.outcomes if o.next}) for stage in stages]


def test_what_leads_to_a_renamed_stage_follows() -> None:
    stages = editing.renamed(STAGES, SIZE, "diameter", "size")
    assert links(stages)[DEFECT] == ("defect or clean", {"diameter"})
    assert stages[KIND].inputs == ("defect or clean", "diameter")
    assert not list(problems(stages))


def test_a_name_that_is_a_duplicate_for_a_moment_breaks_no_link() -> None:
    stages = editing.renamed(STAGES, SIZE, "kind", "size")
    assert [problem.field for problem in problems(stages)].count(NAME) == 2
    stages = editing.renamed(stages, SIZE, "kind of size", "size")
    assert not list(problems(stages))
    assert stages[DEFECT].outcomes[1].next == "kind of size"


def test_what_led_to_a_removed_stage_leads_on() -> None:
    stages = editing.removed(STAGES, SIZE)
    assert links(stages) == [("noise", {"defect or clean"}), ("defect or clean", {"kind"}), ("kind", set())]
    assert stages[2].inputs == ("defect or clean",)
    assert not list(problems(stages))


def test_stages_change_places_with_the_way_through_them() -> None:
    stages = editing.swapped(STAGES, DEFECT)
    assert links(stages) == [
        ("noise", {"size"}),
        ("size", {"defect or clean"}),
        ("defect or clean", {"kind"}),
        ("kind", set()),
    ]
    assert not list(problems(stages))
    assert editing.swapped(stages, DEFECT) == STAGES


def test_a_stage_that_leads_nowhere_cannot_come_earlier_without_a_word() -> None:
    stages = editing.swapped(STAGES, SIZE)
    assert [stage.name for stage in stages][2:] == ["kind", "size"]
    assert next(problem.why for problem in problems(stages)).endswith("images cannot go back")


@pytest.mark.parametrize("kind", STAGE_KINDS.names)
def test_a_new_stage_is_on_the_way(kind: str) -> None:
    stages = editing.added(STAGES, KIND, kind)
    assert len(stages) == 5
    assert editing.next_of(stages[3]) == "kind"
    assert editing.next_of(stages[SIZE]) == stages[3].name
    assert not list(problems(stages))
    assert editing.added(STAGES, KIND, "classes")[3].name == "classes"


@pytest.mark.parametrize("kind", STAGE_KINDS.names)
def test_a_stage_of_another_kind_leads_to_the_same_stage(kind: str) -> None:
    stages = editing.with_kind(STAGES, DEFECT, kind)
    assert stages[DEFECT].kind == kind
    assert editing.next_of(stages[DEFECT]) == "size"
    assert not list(problems(stages))
    assert editing.with_kind(stages, DEFECT, kind) is stages


def test_a_class_goes_to_one_outcome() -> None:
    stages = editing.with_class(STAGES, "flake", (DEFECT, 0))
    assert editing.place_of(stages, "Flake") == (DEFECT, 0)
    assert editing.place_of(editing.with_class(stages, "flake", None), "flake") is None
    assert editing.with_class(stages, "flake", None) == STAGES


def test_an_error_is_reported_with_its_field() -> None:
    outcomes = (Outcome("clean", ("a",), "size"), Outcome("defect", next="noise"))
    wrong = [
        replace(STAGES[NOISE], settings={"threshold": 0.0}),
        replace(STAGES[DEFECT], outcomes=outcomes, rest=True, inputs=("kind",)),
        STAGES[SIZE],
        STAGES[KIND],
    ]
    found = {(problem.stage, problem.field) for problem in problems(wrong)}
    assert found == {(NOISE, "threshold"), (DEFECT, OUTCOMES), (DEFECT, INPUTS), (KIND, REST)}
    named_alike = (replace(flat_taxonomy().stages[0], outcomes=(Outcome("pit"), Outcome("Pit"))),)
    assert not list(problems(named_alike))
    assert [problem.field for problem in unclear_outcomes(named_alike)] == [OUTCOMES]
