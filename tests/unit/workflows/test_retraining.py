"""A classifier that replaces another one keeps what that one learned, and its origin is stated."""

from dataclasses import replace
from pathlib import Path

import pytest

from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.classifier.training_origin import (
    TrainingOrigin,
    class_folders_of,
    sources,
    training_images,
)
from defect_workbench.core.progress import SilentReporter
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.save_model import ModelFiles, save_trained
from defect_workbench.workflows.train import TrainedModel, TrainRequest, train
from tests.builders import picture


@pytest.fixture
def options(tmp_path: Path) -> FeatureOptions:
    return FeatureOptions(tmp_path / "store", tmp_path / "no-weights", offline=True)


def lot(folder: Path, first: int, *names: str) -> Path:
    """Class folders of four images each, whose sizes differ from class to class."""
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for index in range(4):
            side = 24 + 24 * number
            picture(first + 10 * number + index, (side, side)).save(folder / name / f"{index}.png")
    return folder


@pytest.fixture
def before(options: FeatureOptions, tmp_path: Path) -> TrainingFacts:
    """The facts of a classifier of lot A, as its file has them."""
    request = TrainRequest(folder=lot(tmp_path / "lot-a", 100, "pit", "scratch"), folds=2)
    trained = train(request, None, options, SilentReporter())
    save_trained(trained.outcome, ModelFiles(tmp_path / "a.dwm"))
    facts = load_model(tmp_path / "a.dwm").facts
    assert facts is not None
    return facts


def retrained(options: FeatureOptions, folder: Path, before: TrainingFacts, **fields: object) -> TrainedModel:
    request = replace(TrainRequest(folder=folder, folds=2, before=before), **fields)  # type: ignore[arg-type]
    return train(request, None, options, SilentReporter())


def learnt(result: TrainedModel) -> dict[str, str]:
    """The class folder of each training image, by its file."""
    held_out = result.outcome.facts.held_out
    assert held_out is not None
    folders = class_folders_of(result.outcome.facts)
    return {str(held_out.file(row)): folder for row, folder in enumerate(folders)}


def test_the_images_of_the_classifier_before_are_learned_from_again(
    options: FeatureOptions, before: TrainingFacts, tmp_path: Path
) -> None:
    second = lot(tmp_path / "lot-b", 200, "pit", "residue")
    result = retrained(options, second, before, renamed={"scratch": "groove"})
    assert result.origin.words == "Trained on 8 images of lot-b and 8 of lot-a"
    assert training_images(result.outcome.facts) == "8 images of lot-b and 8 of lot-a"
    # A class that was renamed since has its new name.
    assert result.outcome.facts.classes == {"groove": 4, "pit": 8, "residue": 4}
    assert learnt(result)[str(tmp_path / "lot-a" / "scratch" / "0.png")] == "groove"
    # The next one in the chain knows all of them.
    third = lot(tmp_path / "lot-c", 300, "pit", "residue")
    again = retrained(options, third, result.outcome.facts)
    assert again.origin.words == "Trained on 8 images of lot-c, 8 of lot-b and 8 of lot-a"
    # Those of the new source are not learned from twice.
    same = retrained(options, tmp_path / "lot-a", result.outcome.facts)
    assert same.origin.sources == {"lot-a": 8, "lot-b": 8}


def test_what_is_not_learned_from_again_is_stated(
    options: FeatureOptions, before: TrainingFacts, tmp_path: Path
) -> None:
    second = lot(tmp_path / "lot-b", 200, "pit", "residue")
    result = retrained(options, second, before, with_before=False)
    words = (
        "Trained on 8 images of lot-b. The classifier that it replaces learned from 8 more images of lot-a"
    )
    assert result.origin.words == words
    assert result.origin.losses[0] in result.outcome.facts.notes
    for index in range(4):
        (tmp_path / "lot-a" / "pit" / f"{index}.png").unlink()
    picture(999, (48, 48)).save(tmp_path / "lot-a" / "scratch" / "0.png")
    partly = retrained(options, second, before)
    assert partly.origin.sources == {"lot-b": 8, "lot-a": 3}
    assert partly.origin.words.endswith(
        "learned from 5 more images of lot-a, which were moved, deleted or changed"
    )
    (tmp_path / "lot-a").rename(tmp_path / "elsewhere")
    nothing = retrained(options, second, before)
    assert nothing.origin.sources == {"lot-b": 8}
    assert nothing.origin.not_found == {"lot-a": 8}
    unlisted = retrained(options, second, replace(before, held_out=None))
    assert unlisted.origin.words.endswith("learned from 8 images, which its file does not list")


def test_models_of_earlier_versions_have_folders_and_sources_as_far_as_they_follow(
    before: TrainingFacts,
) -> None:
    assert before.held_out is not None
    held_out = replace(before.held_out, folders=(), sources=(), source_names=())
    earlier = replace(before, held_out=held_out)
    assert class_folders_of(earlier) == class_folders_of(before)
    assert set(sources(held_out)) == {"lot-a"}
    outside = replace(held_out, paths=("/data/lot-z/pit/1.png", *held_out.paths[1:]))
    assert sources(outside)[:2] == ["pit", "lot-a"]


def test_one_training_needs_no_words_about_another(options: FeatureOptions, tmp_path: Path) -> None:
    request = TrainRequest(folder=lot(tmp_path / "lot-a", 100, "pit", "scratch"), folds=2)
    result = train(request, None, options, SilentReporter())
    assert result.origin == TrainingOrigin({"lot-a": 8}, {}, {})
    assert not result.origin.losses
    assert training_images(result.outcome.facts) == "8 images of lot-a"
    old = replace(result.outcome.facts, held_out=None)
    assert training_images(old) == "8 images"
