"""What a model file says of its training: checked when it is read, the same after writing."""

import json
from pathlib import Path
from typing import Any

import pytest

from defect_workbench.core.classifier.training_facts import TrainingFacts, read_training_facts
from defect_workbench.core.errors import InputError
from defect_workbench.storage.model.model_file import load_model

GOLDEN = Path(__file__).resolve().parents[2] / "data" / "golden" / "staged.model"


@pytest.fixture
def facts() -> TrainingFacts:
    found = load_model(GOLDEN).facts
    assert found is not None
    return found


def in_order(facts: TrainingFacts) -> dict[str, tuple[str, ...]]:
    """The stages and their outcomes, in the order of the taxonomy."""
    return {name: tuple(stage.outcomes) for name, stage in facts.stages.items()}


def changed(facts: TrainingFacts, path: str, value: object) -> dict[str, Any]:
    """The JSON of facts with one value replaced; None takes it away."""
    table: dict[str, Any] = json.loads(json.dumps(facts.as_json()))
    *parents, last = path.split(".")
    place = table
    for key in parents:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return table


def test_a_model_of_an_earlier_version_keeps_its_figures(facts: TrainingFacts) -> None:
    assert (facts.images, facts.folds, facts.classes["pit"]) == (24, 3, 6)
    assert facts.overall.accuracy == pytest.approx(23 / 24)
    assert facts.overall.confusion.labels == tuple(facts.overall.classes)
    assert list(facts.stages) == ["defect or clean", "size", "noise", "kind"]
    assert facts.stages["size"].parameters == {"limit": pytest.approx(21.61, abs=0.01)}
    assert facts.stages["size"].evaluation is None
    assert set(facts.stages["defect or clean"].weights) == {"deep", "haralick", "zernike", "outline"}
    assert facts.ablation["texture"].minus_deep == pytest.approx(-1 / 24)


def test_facts_are_the_same_after_writing_and_reading(facts: TrainingFacts) -> None:
    written = json.loads(json.dumps(facts.as_json(), sort_keys=True))
    assert read_training_facts(written, in_order(facts)) == facts


def test_old_keys_are_still_written_for_programs_that_read_them(facts: TrainingFacts) -> None:
    stages = facts.as_json()["stages"]
    assert stages["size"]["limit"] == stages["size"]["parameters"]["limit"]
    assert stages["size"]["accuracy"] is None
    weights = stages["defect or clean"]["weights"]
    assert weights["shape"] == weights["outline"]
    assert facts.as_json()["overall"]["classes"]["pit"]["purity"] == pytest.approx(6 / 7)


def test_a_model_that_was_not_evaluated_has_no_facts() -> None:
    assert read_training_facts({}, {}) is None


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("images", "many", r"facts\.images must be a whole number, not 'many'"),
        ("seed", True, r"facts\.seed must be a whole number, not True"),
        ("folds", 1, "folds must be at least 2, not 1"),
        ("overall", None, r"facts\.overall is missing"),
        ("overall.accuracy", 97.5, r"facts\.overall: accuracy must be from 0 to 1, not 97\.5"),
        ("overall.interval", [0.9], r"facts\.overall\.interval must hold 2 values, not 1"),
        ("overall.confusion.table", [[1, 2]], "must have 4 rows and columns"),
        ("overall.reliability.images", [], "columns of the reliability curve"),
        ("overall.classes.pit.recall", "all", r"facts\.overall\.classes\.pit\.recall must be a number"),
        ("stages.kind.outcomes", [3], r"facts\.stages\.kind\.outcomes must be an object"),
        ("stages.kind.accuracy", 2, r"facts\.stages\.kind\.evaluation: accuracy must be from 0 to 1"),
        ("notes", "none", r"facts\.notes must be a list, not 'none'"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(
    facts: TrainingFacts, path: str, value: object, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        read_training_facts(changed(facts, path, value), {})
