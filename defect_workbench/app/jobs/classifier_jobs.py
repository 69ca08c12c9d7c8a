"""Jobs around classifiers: train, save, open, classify a folder, show augmented images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.app.jobs.open_job import Opened, prepare
from defect_workbench.app.jobs.runner import JobReporter, Lasting, Work
from defect_workbench.core.arrays import Pixels
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.model.model_file import save_model
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows import classify as classifying
from defect_workbench.workflows import train as training
from defect_workbench.workflows.classify import ClassifyRequest, open_model
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.save_model import ModelFiles, save_trained
from defect_workbench.workflows.train import TrainRequest

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.heads.head import Epoch
    from defect_workbench.engine.classifier.training_job import TrainingResult


@dataclass(frozen=True, eq=False)
class EpochDone:
    """An epoch of a training under way."""

    epoch: Epoch


@dataclass(frozen=True, eq=False)
class Trained:
    """A classifier, and how good it is."""

    model: Classifier
    outcome: TrainingResult


@dataclass(frozen=True, eq=False)
class Loaded:
    """A classifier out of a file."""

    model: Classifier
    path: Path


@dataclass(frozen=True)
class ModelSaved(Lasting):
    """A classifier was written, and a report on it where it was trained here."""

    path: Path
    report: Path | None


@dataclass(frozen=True, eq=False)
class Classified:
    """A folder sorted by a classifier: proposals, nothing confirmed."""

    opened: Opened
    unknown: int


@dataclass(frozen=True, eq=False)
class AugmentedExamples:
    """An image, and changed copies of it as training sees them."""

    name: str
    pictures: tuple[Pixels, ...]


def train(project: Project | None, request: TrainRequest, places: UserDirs, *, offline: bool) -> Work:
    """The job that trains and judges a classifier; epochs come as `EpochDone` meanwhile."""

    def work(reporter: JobReporter) -> Trained:
        options = FeatureOptions.at(places, offline=offline)
        trained = training.train(
            request, project, options, reporter, watch=lambda epoch: reporter.partial(EpochDone(epoch))
        )
        return Trained(trained.model, trained.outcome)

    return work


def save(trained: Trained | Loaded, path: Path) -> Work:
    """The job that writes a classifier, and beside it the report on its training."""

    def work(reporter: JobReporter) -> ModelSaved:
        reporter.stage("Writing the classifier", None)
        if isinstance(trained, Loaded):
            save_model(path, trained.model)
            return ModelSaved(path, None)
        files = ModelFiles(path, replace=True)
        save_trained(trained.outcome, files)
        return ModelSaved(path, files.report)

    return work


def load(path: Path) -> Work:
    """The job that reads a classifier."""

    def work(reporter: JobReporter) -> Loaded:
        reporter.stage("Reading the classifier", None)
        return Loaded(open_model(path), path)

    return work


def classify(model: Classifier, root: Path, places: UserDirs, *, offline: bool) -> Work:
    """The job that sorts a folder by a classifier, for a person to go through."""

    def work(reporter: JobReporter) -> Classified:
        options = FeatureOptions.at(places, offline=offline)
        found = classifying.classify(ClassifyRequest(model, root), options, reporter)
        return Classified(prepare(found.project), found.unknown)

    return work


def augment(project: Project, image: int, count: int, seed: int) -> Work:
    """The job that changes an image as augmentation does."""

    def work(reporter: JobReporter) -> AugmentedExamples:
        return AugmentedExamples(
            project.images.images[image].path, training.augmented(project, image, count, seed)
        )

    return work
