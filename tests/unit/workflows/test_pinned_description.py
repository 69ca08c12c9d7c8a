"""Whatever is done with a session or a model uses the description that it names; no two are mixed."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import AVERAGE, BackboneInfo
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.registry import NETWORKS
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.workflows.add_folder import add_folder
from defect_workbench.workflows.classify import ClassifyRequest, classify
from defect_workbench.workflows.export import ExportRequest, analysis_of_result, export
from defect_workbench.workflows.extract import FeatureOptions, extract_folder
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.open_project import OpenRequest, open_folder, open_project
from defect_workbench.workflows.regroup import preprocess_again, regroup
from defect_workbench.workflows.replay import ReplayRequest, replay
from defect_workbench.workflows.run_info import report_facts
from defect_workbench.workflows.train import TrainedModel, TrainRequest, train
from defect_workbench.workflows.training_info import report_text
from defect_workbench.workflows.training_sources import joined_sets
from tests.builders import made_lot, picture
from tests.unit.classifier.test_classify import made_set
from tests.unit.conformance.test_networks import TINY, tiny_shapes

pytestmark = pytest.mark.usefixtures("small_reports")

# As if a version had put another description before the one of all earlier versions.
NEWER = replace(
    TINY,
    descriptions=(
        replace(TINY.description("largest"), label="maximum of the first", half=True),
        replace(TINY.description(AVERAGE), label="mean of the second"),
    ),
)


@pytest.fixture
def options(tmp_path: Path) -> Iterator[FeatureOptions]:
    """What the window and the command line ask for: no description by name."""
    torch.manual_seed(0)
    tensors = {name: torch.rand(shape) for name, shape in tiny_shapes().items()}
    save_file(tensors, tmp_path / "tiny.safetensors")
    with NETWORKS.including(NEWER):
        WeightsLibrary(tmp_path / "weights").import_file(tmp_path / "tiny.safetensors")
        yield FeatureOptions(tmp_path / "store", tmp_path / "weights", offline=True)


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    return made_lot(tmp_path / "lots" / "a")


@pytest.fixture
def earlier(options: FeatureOptions, lot: Path, tmp_path: Path) -> Project:
    """A session of an earlier version, and a store that has its vectors alone."""
    request = OpenRequest(lot, replace(options, description=AVERAGE))
    save_session(tmp_path / "earlier.dwb", open_folder(request, SilentReporter()).project)
    return load_session(tmp_path / "earlier.dwb")


def description(found: BackboneInfo | None) -> str:
    assert found is not None
    return found.description


def stored(store: Path, columns: int) -> int:
    """The number of deep vectors of this length in a store."""
    parts = [pq.read_table(part).column("values") for part in store.glob("deep-*/part-*")]
    return sum(len(part) for part in parts if part.type.list_size == columns)


def classes(folder: Path) -> Path:
    """Two class folders."""
    made_lot(folder / "fine", 10)
    made_lot(folder / "coarse", 10, (80, 64))
    return folder


def trained(folder: Path, options: FeatureOptions, *, fine_tune: bool) -> TrainedModel:
    """A classifier that also learns from augmented images, or from a fine-tuned network."""
    request = TrainRequest(folder=folder, folds=2, augment=not fine_tune, fine_tune=fine_tune)
    return train(request, None, options, SilentReporter())


# Sessions


def test_a_folder_opened_now_has_the_first_description(options: FeatureOptions, lot: Path) -> None:
    opened = open_folder(OpenRequest(lot, options), SilentReporter())
    backbone = opened.project.analysis.backbone
    assert description(backbone) == "largest"
    assert report_facts(opened.project)["Description"] == "maximum of the first"
    # A run that finds everything in the store has the same numbers.
    again = open_folder(OpenRequest(lot, options), SilentReporter())
    assert again.extraction is not None
    assert opened.extraction is not None
    assert again.extraction.computed == 0
    vectors = opened.extraction.features.blocks["deep"]
    np.testing.assert_array_equal(again.extraction.features.blocks["deep"], vectors)
    np.testing.assert_array_equal(vectors, vectors.astype(np.float16))
    np.testing.assert_array_equal(again.project.analysis.vectors, opened.project.analysis.vectors)


def test_a_folder_is_added_with_the_description_of_the_session(
    options: FeatureOptions, earlier: Project, lot: Path
) -> None:
    for index in range(3):
        picture(100 + index).save(lot / f"new-{index}.png")
    reporter = SilentReporter()
    added = add_folder(earlier, ImageSource(lot), options, reporter)
    assert added.new == 3
    assert reporter.warnings == []
    assert description(added.project.analysis.backbone) == AVERAGE
    assert (stored(options.store, 6), stored(options.store, 4)) == (15, 0)


def test_regrouping_and_other_preprocessing_keep_the_description(
    options: FeatureOptions, earlier: Project
) -> None:
    settings = Settings(parameters={"linkage": "average"})
    again = regroup(earlier, settings, options, SilentReporter())
    assert again.analysis.backbone == earlier.analysis.backbone
    denoised = replace(options, processing=Preprocessing(denoise="median"))
    again = preprocess_again(earlier, denoised, SilentReporter())
    assert description(again.analysis.backbone) == AVERAGE
    assert report_facts(again)["Description"] == "mean of the second"
    assert stored(options.store, 4) == 0


def test_a_session_replays_with_its_description(
    options: FeatureOptions, earlier: Project, tmp_path: Path
) -> None:
    request = ReplayRequest(tmp_path / "earlier.dwb", tmp_path / "out")
    replayed = replay(request, options, SilentReporter())
    assert description(replayed.project.analysis.backbone) == AVERAGE
    np.testing.assert_array_equal(replayed.project.analysis.vectors, earlier.analysis.vectors)
    now = open_folder(OpenRequest(earlier.images.root, options), SilentReporter()).project
    save_session(tmp_path / "now.dwb", now)
    replayed = replay(ReplayRequest(tmp_path / "now.dwb", tmp_path / "out-2"), options, SilentReporter())
    np.testing.assert_array_equal(replayed.project.analysis.vectors, now.analysis.vectors)


def test_a_result_folder_names_the_description_of_its_session(earlier: Project, tmp_path: Path) -> None:
    export(earlier, ExportRequest(tmp_path / "out"), SilentReporter())
    analysis = analysis_of_result(tmp_path / "out")
    assert analysis is not None
    assert description(analysis.backbone) == AVERAGE
    (tmp_path / "out" / "session.dwb").unlink()
    assert analysis_of_result(tmp_path / "out") is None


# Stores


def test_what_a_store_lacks_is_computed_with_one_message(
    options: FeatureOptions, earlier: Project, lot: Path
) -> None:
    reporter = SilentReporter()
    found = extract_folder(ImageSource(lot), options, reporter).extraction
    (warning,) = reporter.warnings
    assert warning == (
        "the feature store has no vectors of the description in use (maximum of the first) for 12 images; "
        "they are computed now"
    )
    assert found.computed == 12
    assert (stored(options.store, 6), stored(options.store, 4)) == (12, 12)
    assert extract_folder(ImageSource(lot), options, reporter).extraction.computed == 0
    assert len(reporter.warnings) == 1
    # In a folder that was moved, the files are read before their content is known.
    moved = lot.rename(lot.with_name("moved"))
    for part in options.store.glob("deep-*/part-*"):
        if pq.read_schema(part).field("values").type.list_size == 4:
            part.unlink()
    extract_folder(ImageSource(moved), options, reporter)
    assert reporter.warnings[1].endswith("for 12 images; they were computed")


def test_a_store_whose_folder_was_deleted_opens_with_the_vectors_that_it_has(
    options: FeatureOptions, earlier: Project, lot: Path
) -> None:
    shutil.rmtree(lot)
    opened = open_project(OpenRequest(options.store, options), SilentReporter())
    assert len(opened.project.images) == 12
    assert description(opened.project.analysis.backbone) == AVERAGE


# Models


@pytest.mark.e2e
@pytest.mark.parametrize("made_with", [AVERAGE, None])
@pytest.mark.parametrize("fine_tune", [False, True], ids=["augmented", "fine-tuned"])
def test_a_model_classifies_by_the_description_it_was_trained_on(
    options: FeatureOptions, tmp_path: Path, made_with: str | None, fine_tune: bool
) -> None:
    folder = classes(tmp_path / "classes")
    done = trained(folder, replace(options, description=made_with), fine_tune=fine_tune)
    columns, label = (6, "mean of the second") if made_with else (4, "maximum of the first")
    assert done.model.identity["columns"]["deep"] == columns
    assert label in report_text(done.outcome, tmp_path / "m.dwm")
    result = classify(ClassifyRequest(done.model, ImageSource(folder)), options, SilentReporter())
    assert description(result.project.analysis.backbone) == (made_with or "largest")
    assert result.extraction.features.blocks["deep"].shape[1] == columns
    assert stored(options.store, 10 - columns) == 0


def test_fine_tuning_trains_its_classifier_on_the_average_whatever_is_in_use() -> None:
    assert NEWER.descriptions[0].name != AVERAGE
    assert NEWER.tuning_description().name == AVERAGE
    only = replace(NEWER, descriptions=NEWER.descriptions[:1])
    assert only.tuning_description().name == "largest"


def test_training_on_a_session_uses_its_description_for_every_source(
    options: FeatureOptions, earlier: Project, tmp_path: Path
) -> None:
    decisions = earlier.decisions
    for name, members in (("coarse", np.arange(6)), ("fine", np.arange(6, 12))):
        decisions, _ = decisions.hold(members, Group(name, confirmed=True))
    project = replace(earlier, decisions=decisions)
    request = TrainRequest(confirmed=True, folder=classes(tmp_path / "classes"), folds=2)
    done = train(request, project, options, SilentReporter())
    assert [description(each.features.backbone) for each in done.extractions] == [AVERAGE, AVERAGE]
    assert stored(options.store, 4) == 0


def test_sources_of_two_descriptions_are_refused() -> None:
    first = made_set()
    backbone = first.features.backbone
    assert backbone is not None
    features = replace(first.features, backbone=replace(backbone, description="moments"))
    with pytest.raises(WorkbenchError, match="different networks or descriptions"):
        joined_sets([first, replace(first, features=features)])
