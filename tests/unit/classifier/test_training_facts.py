"""What a model file says of its training: checked when it is read, the same after writing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from defect_workbench.core.classifier.stage import CLASSES, Outcome
from defect_workbench.core.classifier.taxonomy import Taxonomy, new_stage
from defect_workbench.core.classifier.taxonomy_fitting import fit_taxonomy
from defect_workbench.core.classifier.training_facts import TrainingFacts, read_training_facts
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.classifier.cross_validation import cross_validate
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.stage_runner import route
from defect_workbench.engine.classifier.training import Options
from defect_workbench.storage.model.model_file import load_model, save_model
from tests.unit.classifier.test_classify import made_set

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


def test_stages_outcomes_and_ablation_keep_their_order_though_files_sort_keys(facts: TrainingFacts) -> None:
    written = json.loads(json.dumps(facts.as_json(), sort_keys=True))
    read = read_training_facts(written, {"kind": (), "size": ("unknown", "small", "large")})
    assert read is not None
    assert list(read.stages)[:2] == ["kind", "size"]
    assert list(read.stages["size"].outcomes) == ["unknown", "small", "large"]
    assert list(read.ablation) == ["deep", "texture", "fused"]


def test_stages_count_the_images_that_reach_them() -> None:
    data = made_set()
    taxonomy, _ = fit_taxonomy(
        Taxonomy(
            (
                new_stage(
                    "first", CLASSES, outcomes=(Outcome("flake", ("flake",)), Outcome("x > y", next="kind"))
                ),
                new_stage("kind", CLASSES, rest=True),
            )
        ),
        data.folders,
    )
    assert route(taxonomy, "x > y > pit") == {"first": 1, "kind": 0}
    assert route(taxonomy, "flake") == {"first": 0}
    inputs = StageInputs(data.features)
    judged = cross_validate(data, inputs, taxonomy, 2, Options(), SilentReporter(), ablation=False)
    counts = [sum(judged.stages[name].outcomes.values()) for name in ("first", "kind")]
    clean = judged.overall.classes["flake"].predicted
    assert counts == [len(data), len(data) - clean]
    assert judged.stages["kind"].outcomes["pit"] == judged.overall.classes["pit"].predicted


def test_old_keys_are_still_written_for_programs_that_read_them(facts: TrainingFacts) -> None:
    stages = facts.as_json()["stages"]
    assert stages["size"]["limit"] == stages["size"]["parameters"]["limit"]
    assert stages["size"]["accuracy"] is None
    weights = stages["defect or clean"]["weights"]
    assert weights["shape"] == weights["outline"]
    assert facts.as_json()["overall"]["classes"]["pit"]["purity"] == pytest.approx(6 / 7)


def test_a_model_of_an_earlier_version_keeps_how_its_stages_were_trained() -> None:
    stages = load_model(GOLDEN).stages
    head = stages["defect or clean"].head
    assert head is not None
    assert head.training.weights == {"deep": 1.0, "haralick": 0.0, "outline": 0.3, "zernike": 0.0}
    assert head.training.epochs == (25, 50, 12)
    assert stages["size"].learnt == "the sizes fall best into two groups there"


def test_how_stages_were_trained_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    model = load_model(GOLDEN)
    save_model(tmp_path / "model", model)
    read = load_model(tmp_path / "model")
    for name, stage in model.stages.items():
        again = read.stages[name]
        assert again.learnt == stage.learnt
        assert (again.head and again.head.training) == (stage.head and stage.head.training)


def test_a_model_with_notes_of_the_wrong_type_is_damaged(tmp_path: Path) -> None:
    model = load_model(GOLDEN)
    malformed = replace(model.stages["size"], learnt=cast(str, 3))
    save_model(tmp_path / "model", replace(model, stages={**model.stages, "size": malformed}))
    with pytest.raises(WorkbenchError, match=r"damaged \(stages\.size\.notes\.why must be text, not 3\)"):
        load_model(tmp_path / "model")


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
