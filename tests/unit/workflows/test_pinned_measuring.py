"""Whatever is done with a session, a model or a store measures as it did; no two ways are mixed."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.measurements import FIRST_MEASURE_VERSION, measure_version_of
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.extraction.passing_store import PassingStore
from defect_workbench.engine.extraction.stored_vectors import VectorBlock
from defect_workbench.engine.items.item_store import open_item_blocks
from defect_workbench.engine.measurement import defects
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.workflows.add_folder import add_folder
from defect_workbench.workflows.classify import ClassifyRequest, classify
from defect_workbench.workflows.export import ExportRequest, analysis_of_result, export
from defect_workbench.workflows.extract import FeatureOptions, extract_folder
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.open_project import OpenRequest, open_folder, open_project
from defect_workbench.workflows.regroup import preprocess_again
from defect_workbench.workflows.replay import ReplayRequest, replay
from defect_workbench.workflows.train import TrainRequest, train
from tests.builders import picture
from tests.quality.wafers import LOOKS, wafer

pytestmark = pytest.mark.usefixtures("small_reports")


@pytest.fixture
def options(tmp_path: Path) -> FeatureOptions:
    return FeatureOptions(tmp_path / "store", tmp_path / "no-weights", offline=True)


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    """Images of which one is measured differently since."""
    folder = tmp_path / "lots" / "a"
    folder.mkdir(parents=True)
    Image.fromarray(wafer("pit", "holes", LOOKS["fine-quiet"], 4).image).save(folder / "pit.png")
    for index in range(4):
        picture(index).save(folder / f"{index}.png")
    return folder


def as_first(options: FeatureOptions) -> FeatureOptions:
    """The options of a version of the program that measured as the first one did."""
    return replace(options, measure_version=FIRST_MEASURE_VERSION)


@pytest.fixture
def earlier(options: FeatureOptions, lot: Path, tmp_path: Path) -> Project:
    """A session of an earlier version, and a store that it filled."""
    project = open_folder(OpenRequest(lot, as_first(options)), SilentReporter()).project
    save_session(tmp_path / "earlier.dwb", project)
    return load_session(tmp_path / "earlier.dwb")


def count(images: ImageSet) -> int:
    """The number of defects in the image that is measured differently since."""
    (pit,) = [image.measured for image in images.images if image.path.endswith("pit.png")]
    assert pit is not None
    return pit.defects


def measured_now(project: Project) -> bool:
    """Whether a project was measured by the newest version; its measurements must agree."""
    version = measure_version_of(project.analysis.identity)
    assert (count(project.images) == 1) == (version == defects.IDENTITY)
    return version == defects.IDENTITY


def test_a_new_folder_is_measured_by_the_newest_version(options: FeatureOptions, lot: Path) -> None:
    project = open_folder(OpenRequest(lot, options), SilentReporter()).project
    assert measured_now(project)
    later = replace(options, measure_version="of-a-later-version")
    again = open_folder(OpenRequest(lot, later), SilentReporter())
    assert measured_now(again.project)
    assert again.extraction is not None
    assert again.extraction.computed == 0


def test_a_store_of_an_earlier_version_keeps_its_measurements(
    options: FeatureOptions, earlier: Project, lot: Path
) -> None:
    picture(9).save(lot / "new.png")
    opened = open_folder(OpenRequest(lot, options), SilentReporter())
    assert not measured_now(opened.project)
    assert opened.extraction is not None
    assert opened.extraction.computed == 1
    # Nothing is known of copies but their content.
    copied = Path(shutil.copytree(lot, lot.with_name("copied"), copy_function=shutil.copyfile))
    opened = open_folder(OpenRequest(copied, options), SilentReporter())
    assert not measured_now(opened.project)
    shutil.rmtree(copied)
    opened = open_project(OpenRequest(options.store, options), SilentReporter())
    assert len(opened.project.images) == 6
    assert not measured_now(opened.project)


def test_a_store_with_two_versions_of_all_measurements_gives_the_newest(
    options: FeatureOptions, lot: Path
) -> None:
    extract_folder(ImageSource(lot), options, SilentReporter())
    extract_folder(ImageSource(lot), as_first(options), SilentReporter())
    assert measured_now(open_folder(OpenRequest(lot, options), SilentReporter()).project)


def test_a_session_keeps_its_measurements_with_another_store(
    options: FeatureOptions, earlier: Project, lot: Path, tmp_path: Path
) -> None:
    other = options.with_store(tmp_path / "other-store")
    request = ReplayRequest(tmp_path / "earlier.dwb", tmp_path / "out")
    assert not measured_now(replay(request, other, SilentReporter()).project)
    denoised = replace(other, processing=Preprocessing(denoise="median"))
    assert not measured_now(preprocess_again(earlier, denoised, SilentReporter()))
    picture(9).save(lot / "new.png")
    reporter = SilentReporter()
    assert not measured_now(add_folder(earlier, ImageSource(lot), other, reporter).project)
    assert not any("recomputed" in warning for warning in reporter.warnings)


def test_what_is_added_to_a_result_is_measured_as_the_result(
    options: FeatureOptions, earlier: Project, tmp_path: Path
) -> None:
    export(earlier, ExportRequest(tmp_path / "out"), SilentReporter())
    analysis = analysis_of_result(tmp_path / "out")
    assert analysis is not None
    assert options.as_described_by(analysis).measure_version == FIRST_MEASURE_VERSION
    (tmp_path / "out" / "session.dwb").unlink()
    assert analysis_of_result(tmp_path / "out") is None


def test_single_defects_do_not_depend_on_the_version(options: FeatureOptions) -> None:
    """The finder measures them, so that stores of them stay complete."""
    versions = []

    class Recording(PassingStore):
        def block(self, kind: str, identity: Mapping[str, Any]) -> VectorBlock:
            versions.append(identity.get("measure", FIRST_MEASURE_VERSION))
            return super().block(kind, identity)

    open_item_blocks(Recording(), options.processing, None)
    assert set(versions) == {FIRST_MEASURE_VERSION}


@pytest.mark.parametrize("version", defects.VERSIONS)
def test_a_model_measures_as_in_its_training(
    options: FeatureOptions, lot: Path, tmp_path: Path, version: str
) -> None:
    for name, first in (("one", 10), ("two", 30)):
        (tmp_path / "classes" / name).mkdir(parents=True)
        for index in range(first, first + 8):
            picture(index).save(tmp_path / "classes" / name / f"{index}.png")
    pinned = replace(options, measure_version=version)
    request = TrainRequest(folder=tmp_path / "classes", folds=2, augment=False)
    model = train(request, None, pinned, SilentReporter()).model
    assert measure_version_of(model.identity) == version
    extract_folder(ImageSource(lot), options, SilentReporter())
    classified = classify(ClassifyRequest(model, ImageSource(lot)), options, SilentReporter())
    assert measured_now(classified.project) == (version == defects.IDENTITY)
