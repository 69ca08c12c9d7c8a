"""Jobs around classifiers: train, save, open, classify a folder, show augmented images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.app.jobs.open_job import Opened, prepare
from defect_workbench.app.jobs.runner import JobReporter, ResultOnDisk, Work
from defect_workbench.core.arrays import Pixels
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.model.model_file import save_model
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows import classify as classifying
from defect_workbench.workflows import train as training
from defect_workbench.workflows.classify import ClassifyRequest, open_model
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.save_model import ModelFiles, save_trained
from defect_workbench.workflows.train import TrainRequest

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.heads.head import Epoch
    from defect_workbench.engine.classifier.training_job import TrainingResult


@dataclass(frozen=True, eq=False)
class EpochDone:
    """A finished epoch of the running training."""

    epoch: Epoch


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained classifier and its evaluation; `origin` states in words which images it learned from."""

    model: Classifier
    training: TrainingResult
    origin: str = ""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A classifier read from a file."""

    model: Classifier
    path: Path


@dataclass(frozen=True)
class ModelSaved(ResultOnDisk):
    """A classifier was written, with a report if it was trained in this window."""

    path: Path
    report: Path | None


@dataclass(frozen=True, eq=False)
class Classified:
    """A classified folder: labels are proposals, nothing is confirmed."""

    opened: Opened
    unknown: int


@dataclass(frozen=True, eq=False)
class AugmentedExamples:
    """An image, followed by augmented images of it as used in training."""

    name: str
    images: tuple[Pixels, ...]


def train(project: Project | None, request: TrainRequest, places: UserDirs, *, offline: bool) -> Work:
    """Return the job that trains and evaluates a classifier; each epoch is reported as an `EpochDone`."""

    def work(reporter: JobReporter) -> Trained:
        options = FeatureOptions.at(places, offline=offline)
        trained = training.train(
            request, project, options, reporter, watch=lambda epoch: reporter.partial(EpochDone(epoch))
        )
        return Trained(trained.model, trained.outcome, trained.origin.words)

    return work


def save(trained: Trained | Loaded, path: Path) -> Work:
    """Return the job that writes a classifier and a report on its training."""

    def work(reporter: JobReporter) -> ModelSaved:
        reporter.stage("Writing the classifier", None)
        if isinstance(trained, Loaded):
            save_model(path, trained.model)
            return ModelSaved(path, None)
        files = ModelFiles(path, replace=True)
        save_trained(trained.training, files)
        return ModelSaved(path, files.report)

    return work


def load(path: Path) -> Work:
    """Return the job that reads a classifier."""

    def work(reporter: JobReporter) -> Loaded:
        reporter.stage("Reading the classifier", None)
        return Loaded(open_model(path), path)

    return work


def classify(
    model: Classifier,
    root: Path,
    places: UserDirs,
    *,
    offline: bool,
    false_alarms: float | None = None,
) -> Work:
    """Return the job that classifies a folder; the labels are proposals for the user to review."""

    def work(reporter: JobReporter) -> Classified:
        options = FeatureOptions.at(places, offline=offline)
        result = classifying.classify(
            ClassifyRequest(model, ImageSource(root), false_alarms=false_alarms), options, reporter
        )
        return Classified(prepare(result.project), result.unknown)

    return work


def augment(project: Project, image: int, count: int, seed: int) -> Work:
    """Return the job that augments an image as training does."""

    def work(reporter: JobReporter) -> AugmentedExamples:
        return AugmentedExamples(
            project.images.images[image].path, training.augmented(project, image, count, seed)
        )

    return work
