"""What every kind of stage must do, and that one entry is enough to add one."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.core.classifier.stage import CLASSES, Outcome, Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.stages.stage_kind import (
    MEASURES,
    Decision,
    FittedStage,
    StageImages,
    StageKind,
    StageSetting,
    TrainingImages,
    certain,
    measure,
)
from defect_workbench.core.classifier.taxonomy import Taxonomy, new_stage
from defect_workbench.core.classifier.taxonomy_fitting import fit_taxonomy
from defect_workbench.core.classifier.taxonomy_toml import from_mapping, read_taxonomy, taxonomy_text
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.classifier.trained_stage import TrainedStage
from defect_workbench.core.classifier.training_facts import StageFacts
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.data.folder_source import FolderSource
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.predict import predict
from defect_workbench.engine.classifier.training import Options, train
from defect_workbench.engine.classifier.training_job import TrainingChoices, train_and_evaluate
from defect_workbench.gui.classifier.evaluation_page import evaluation_html
from defect_workbench.gui.classifier.stage_form import StageForm
from defect_workbench.gui.classifier.taxonomy_dialog import stage_help
from defect_workbench.storage.model.model_file import load_model, save_model
from defect_workbench.workflows.training_info import report_text
from tests.unit.classifier.test_classify import Measured, made_set

each_kind = pytest.mark.parametrize("kind", list(STAGE_KINDS), ids=STAGE_KINDS.names)


def taxonomy_with(kind: StageKind, data: LabelledSet) -> Taxonomy:
    """A stage of a kind, and one that takes its findings."""
    named = () if kind.fixed_outcomes else (Outcome("clean", ("flake",)), Outcome("defect", next="kind"))
    outcomes = {} if kind.fixed_outcomes else {"outcomes": named}
    first = new_stage("first", kind.name, "kind" if kind.fixed_outcomes else "", **outcomes)
    last = new_stage("kind", CLASSES, rest=True, inputs=("first",))
    return fit_taxonomy(Taxonomy((first, last)), data.folders)[0]


def measured_inputs(data: LabelledSet) -> StageInputs:
    """Stage inputs with sizes that follow the labels, and noise that does not."""
    rng = np.random.default_rng(3)
    diameter = np.where(data.labels == 0, rng.uniform(5, 15, len(data)), rng.uniform(25, 60, len(data)))
    noise = np.where(np.arange(len(data)) % 4 == 0, 20.0, 4.0)
    return StageInputs(data.features, Measured(diameter, noise, data))


@pytest.fixture(scope="module")
def data() -> LabelledSet:
    return made_set()


@pytest.fixture(scope="module", params=list(STAGE_KINDS), ids=STAGE_KINDS.names)
def trained(request: pytest.FixtureRequest, data: LabelledSet) -> tuple[StageKind, Classifier]:
    kind: StageKind = request.param
    taxonomy, everything = taxonomy_with(kind, data), np.arange(len(data))
    return kind, train(data, measured_inputs(data), taxonomy, everything, Options(), SilentReporter())


@each_kind
def test_its_name_and_summary_read_well(kind: StageKind) -> None:
    assert kind.name == kind.name.lower().strip()
    assert kind.summary[0].islower()
    assert not kind.summary.endswith(".")
    assert len(set(kind.fixed_outcomes)) == len(kind.fixed_outcomes)


@each_kind
def test_its_stages_are_the_same_after_writing_and_reading(kind: StageKind, data: LabelledSet) -> None:
    taxonomy = taxonomy_with(kind, data)
    assert read_taxonomy(taxonomy_text(taxonomy), "what was written") == taxonomy
    assert from_mapping(taxonomy.as_json(), "a model") == taxonomy


@each_kind
def test_its_settings_are_read_and_wrong_ones_refused(kind: StageKind) -> None:
    following = "next = 'b'" if kind.fixed_outcomes else ""
    text = f"[[stage]]\nname = 'a'\nkind = '{kind.name}'\n{following}\nSETTING\n[[stage]]\nname = 'b'"
    if not kind.fixed_outcomes:
        text = text.replace("SETTING", "SETTING\n[[stage.outcome]]\nname = 'x'\nnext = 'b'")
    for setting in kind.settings:
        for value in setting.choices or (0.5, 40):
            taxonomy = read_taxonomy(text.replace("SETTING", f"{setting.name} = {value!r}"), "stages")
            assert taxonomy.stage("a").settings[setting.name] == value
        for wrong in ("'no such thing'", "-1", "true", "[1]"):
            with pytest.raises(InputError, match=f"{setting.name} must be"):
                read_taxonomy(text.replace("SETTING", f"{setting.name} = {wrong}"), "stages")
    with pytest.raises(InputError, match="unknown key 'colour'"):
        read_taxonomy(text.replace("SETTING", "colour = 'red'"), "stages")


def test_its_probabilities_are_of_its_outcomes(
    trained: tuple[StageKind, Classifier], data: LabelledSet
) -> None:
    kind, model = trained
    found = predict(model, measured_inputs(data)).stages["first"]
    assert found.shape == (len(data), len(model.taxonomy.stage("first").outcomes))
    assert np.allclose(found.sum(axis=1), 1)
    assert found.min() >= 0
    if not kind.gives_probabilities:
        assert set(np.unique(found)) <= {0.0, 1.0}


def test_it_decides_the_same_after_writing_and_reading(
    trained: tuple[StageKind, Classifier], data: LabelledSet, tmp_path: Path
) -> None:
    _, model = trained
    save_model(tmp_path / "model", model)
    read = load_model(tmp_path / "model")
    assert read.stages["first"].parameters == model.stages["first"].parameters
    before, after = (predict(m, measured_inputs(data)) for m in (model, read))
    assert np.allclose(before.probabilities, after.probabilities, atol=1e-5)
    assert before.paths == after.paths


def test_it_describes_what_it_decides_by(trained: tuple[StageKind, Classifier]) -> None:
    kind, model = trained
    stage = model.stages["first"]
    facts = StageFacts(kind.name, {}, parameters=stage.parameters, learnt=stage.learnt)
    words = kind.describe(facts)
    assert all(name in words for name in stage.parameters)
    assert not words.endswith(".")
    assert isinstance(kind.describe(StageFacts(kind.name, {})), str)


def test_a_kind_that_there_is_not_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(InputError, match=f"kind must be one of {', '.join(STAGE_KINDS.names)}, not guess"):
        read_taxonomy("[[stage]]\nname = 'a'\nkind = 'guess'", "stages")
    with pytest.raises(InputError, match="unknown kind of stage 'guess'"):
        _ = Taxonomy((Stage("a", "guess", (Outcome("x"),)),)).labels


# A kind that no other file knows


class Contrast(StageKind):
    """Strong from a contrast on; for these tests."""

    name = "contrast"
    summary = "measures the contrast of the largest defect"
    settings = (StageSetting("least"),)
    fixed_outcomes = ("faint", "strong")

    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        values = measure(images.measures(), "contrast")
        least = float(stage.settings.get("least", np.median(values)))
        return FittedStage(TrainedStage(stage.name, parameters={"least": least}, learnt="the median"))

    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        values = measure(images.measures(), "contrast")
        strong = values >= trained.parameters["least"]
        return Decision(certain(stage, np.where(strong, "strong", "faint").tolist()), values[:, None])


TEXT = """
[[stage]]
name = "how strong"
kind = "contrast"
least = 7
next = "kind"
[[stage]]
name = "kind"
rest = true
inputs = ["how strong"]
"""


def test_one_entry_adds_a_kind_of_stage_everywhere(data: LabelledSet, tmp_path: Path, qtbot: QtBot) -> None:
    inputs = measured_inputs(data)
    assert isinstance(inputs.source, Measured)
    inputs.source.rows[:, MEASURES.index("contrast")] = np.where(data.labels == 2, 9.0, 1.0)
    with pytest.raises(InputError, match="kind must be one of"):
        read_taxonomy(TEXT, "stages")
    with STAGE_KINDS.including(Contrast()):
        taxonomy = read_taxonomy(TEXT, "stages")
        assert read_taxonomy(taxonomy_text(taxonomy), "what was written") == taxonomy
        request = TrainingChoices(taxonomy, folds=2, ablation=False)
        outcome = train_and_evaluate(data, cast(FolderSource, inputs.source), {}, request, SilentReporter())
        assert outcome.facts.stages["how strong"].outcomes == {"faint": 70, "strong": 24}
        save_model(tmp_path / "model", outcome.model)
        read = load_model(tmp_path / "model")
        found = predict(read, inputs)
        assert {path.split(" > ")[0] for path in np.array(found.paths)[data.labels == 2]} == {"strong"}
        assert read.facts == outcome.facts
        assert "Least 7 (the median)." in report_text(outcome, tmp_path / "model")
        assert "least 7 (the median)" in evaluation_html(outcome.facts)
        assert "“contrast” measures the contrast" in stage_help()
        form = StageForm()
        qtbot.addWidget(form)
        form.show_stages(taxonomy.stages, [])
        assert form.editor.kind.findData("contrast") >= 0
        assert set(form.editor.settings) == {setting.name for setting in Contrast.settings}
    with pytest.raises(WorkbenchError, match="update the program"):
        load_model(tmp_path / "model")
