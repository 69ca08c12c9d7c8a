"""The jobs around classifiers: train from what is confirmed, keep, apply to another folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from defect_workbench.app.jobs.open_job import Opened, prepare
from defect_workbench.app.jobs.runner import JobReporter, Lasting, Work
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Processing
from defect_workbench.core.project.project_state import Project
from defect_workbench.user_dirs import Places

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.data.dataset import LabelledSet
    from defect_workbench.engine.classifier.heads.head import Epoch
    from defect_workbench.engine.classifier.training_job import Outcome
    from defect_workbench.engine.extraction.extractor import Extraction
    from defect_workbench.engine.input.scan import Listing


@dataclass(frozen=True)
class Wish:
    """What a person wants learnt.

    Attributes
    ----------
    here : bool
        From the confirmed clusters of the open project.
    folder : Path or None
        Also from folders of labels.
    taxonomy : Taxonomy or None
        None: the default.
    """

    here: bool = True
    folder: Path | None = None
    taxonomy: Taxonomy | None = None
    folds: int = 5
    augment: bool = False
    fine_tune: bool = False
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Step:
    """An epoch of a training under way."""

    epoch: Epoch


@dataclass(frozen=True, eq=False)
class Trained:
    """A classifier, and how good it is."""

    model: Classifier
    outcome: Outcome


@dataclass(frozen=True, eq=False)
class Loaded:
    """A classifier out of a file."""

    model: Classifier
    path: Path


@dataclass(frozen=True)
class Kept(Lasting):
    """A classifier was written, and a report on it where it was trained here."""

    path: Path
    report: Path | None


@dataclass(frozen=True, eq=False)
class Classified:
    """A folder sorted by a classifier: proposals, nothing confirmed."""

    opened: Opened
    unknown: int


@dataclass(frozen=True, eq=False)
class Varied:
    """A picture, and changed copies of it as training sees them; uint8 pixels."""

    name: str
    pictures: tuple[Any, ...] = field(default_factory=tuple)


def confirmed_labels(project: Project) -> Mapping[str, int]:
    """Labels that can be learnt from, with the number of their images."""
    clusters = [c for c in project.partition.clusters if c.group is not None and c.group.confirmed]
    return {c.label: len(c.members) for c in clusters}


def train(project: Project | None, wish: Wish, places: Places, *, offline: bool) -> Work:
    """The job that trains and judges a classifier; epochs come as `Step` meanwhile."""

    def work(reporter: JobReporter) -> Trained:
        from defect_workbench.engine.backbone.pretrained import WeightsLibrary
        from defect_workbench.engine.backbone.torch_import import load_torch
        from defect_workbench.engine.classifier.data.folder_source import FolderSource
        from defect_workbench.engine.classifier.training_job import Request, train_and_judge
        from defect_workbench.engine.features.identity import feature_identity
        from defect_workbench.storage.vectors.feature_store import FeatureStore

        reporter.stage("Loading the network's library", None)
        load_torch()
        here = project if wish.here else None
        processing = here.analysis.settings.processing if here is not None else Processing()
        parts = []
        if here is not None:
            parts.append(_confirmed(here, places, reporter, offline))
        if wish.folder is not None:
            made = parts[0].features.backbone if parts else None
            precision = made.precision if made is not None else None
            parts.append(_sorted(wish.folder, processing, places, reporter, offline, precision))
        data = _joined(parts)
        store, library = FeatureStore(places.store), WeightsLibrary(places.weights)
        source = FolderSource(data.images, data.features, processing, store, library, reporter)
        outcome = train_and_judge(
            data,
            source,
            feature_identity(data.features.blocks, data.features.backbone, processing),
            Request(wish.taxonomy, wish.folds, wish.seed, wish.augment, wish.fine_tune),
            reporter,
            watch=lambda epoch: reporter.partial(Step(epoch)),
        )
        return Trained(outcome.model, outcome)

    return work


def _extract(
    listing: Listing,
    processing: Processing,
    places: Places,
    reporter: JobReporter,
    offline: bool,
    precision: str | None = None,
) -> Extraction:
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.backbone.torch_import import load_torch
    from defect_workbench.engine.extraction.extractor import extract
    from defect_workbench.storage.vectors.feature_store import FeatureStore

    wanted = None
    if precision is not None:
        load_torch()
        from defect_workbench.engine.backbone.network import Precision

        wanted = Precision(precision)
    store, library = FeatureStore(places.store), WeightsLibrary(places.weights)
    return extract(
        listing, store, library, reporter, offline=offline, precision=wanted, processing=processing
    )


def _confirmed(project: Project, places: Places, reporter: JobReporter, offline: bool) -> LabelledSet:
    """The images of the confirmed clusters; a session keeps their labels, the store their features."""
    from defect_workbench.engine.classifier.data.dataset import LabelledSet
    from defect_workbench.engine.input.scan import listing_of

    confirmed = [c for c in project.partition.clusters if c.group is not None and c.group.confirmed]
    clusters = [cluster for cluster in confirmed if len(cluster.members) > 1]
    if len(clusters) < len(confirmed):
        alone = ", ".join(cluster.label for cluster in confirmed if len(cluster.members) == 1)
        reporter.warn(f"one image is too little to learn from; left out: {alone}")
    folders = tuple(sorted(cluster.label for cluster in clusters))
    if len(folders) < 2:
        raise InputError("a classifier learns from at least two confirmed clusters", Remedy.CONFIRM_CLUSTERS)
    listing = listing_of(project.images)
    found = _extract(listing, project.analysis.settings.processing, places, reporter, offline)
    doubtful = np.zeros(len(project.images), bool) if project.proposal is None else project.proposal.doubtful
    row_of = {(image.path, image.sha256): row for row, image in enumerate(found.images.images)}
    rows, labels = [], []
    for cluster in clusters:
        # What was put there by the program and not looked at yet teaches nothing.
        for member in cluster.members[~doubtful[cluster.members]].tolist():
            image = project.images.images[member]
            if (image.path, image.sha256) in row_of:
                rows.append(row_of[image.path, image.sha256])
                labels.append(folders.index(cluster.label))
    lost = sum(int((~doubtful[cluster.members]).sum()) for cluster in clusters) - len(rows)
    if lost:
        reporter.warn(
            f"{lost:,} confirmed images are no longer there or were changed; they are not learnt from"
        )
    order = np.argsort(rows)
    chosen = np.array(rows, np.intp)[order]
    whole = LabelledSet(found.images, found.features, folders, np.zeros(len(found.images), np.intp),
                        np.arange(len(found.images)))  # fmt: skip
    part = whole.subset(chosen)
    return replace(part, labels=np.array(labels, np.intp)[order], groups=np.arange(len(chosen)))


def _sorted(
    folder: Path,
    processing: Processing,
    places: Places,
    reporter: JobReporter,
    offline: bool,
    precision: str | None,
) -> LabelledSet:
    from defect_workbench.engine.classifier.data.dataset import labelled_set, scan_labels

    listing = scan_labels(folder.absolute(), reporter)
    found = _extract(listing, processing, places, reporter, offline, precision)
    return labelled_set(found.images, found.features)


def _joined(parts: list[LabelledSet]) -> LabelledSet:
    """One set of several; files of the later ones are named by their absolute paths."""
    from defect_workbench.engine.classifier.data.dataset import LabelledSet

    if not parts:
        raise InputError("choose what to learn from: confirmed clusters, or a folder of labels")
    first, *others = parts
    for other in others:
        # Vectors of another precision or device are others, too.
        if (other.features.blocks.keys(), other.features.backbone) != (
            first.features.blocks.keys(),
            first.features.backbone,
        ):
            raise WorkbenchError("the features of the two sources were made with different networks")
        folders = tuple(sorted({*first.folders, *other.folders}))
        moved = tuple(
            replace(image, path=str(other.images.absolute(row)))
            for row, image in enumerate(other.images.images)
        )
        images = ImageSet(first.images.root, (*first.images.images, *moved), ())
        blocks = {n: np.concatenate([b, other.features.blocks[n]]) for n, b in first.features.blocks.items()}
        labels = [part.folders[label] for part in (first, other) for label in part.labels.tolist()]
        numbers = np.array([folders.index(label) for label in labels], np.intp)
        features = Features(blocks, first.features.backbone)
        first = LabelledSet(images, features, folders, numbers, np.arange(len(numbers)))
    return first


def keep(trained: Trained | Loaded, path: Path) -> Work:
    """The job that writes a classifier, and beside it the report on its training."""

    def work(reporter: JobReporter) -> Kept:
        from defect_workbench.storage.model.model_file import save_model
        from defect_workbench.workflows.training_info import write_trained

        reporter.stage("Writing the classifier", None)
        if isinstance(trained, Loaded):
            save_model(path, trained.model)
            return Kept(path, None)
        report = path.with_name(path.name + ".html")
        write_trained(trained.outcome, path, report)
        return Kept(path, report)

    return work


def load(path: Path) -> Work:
    """The job that reads a classifier."""

    def work(reporter: JobReporter) -> Loaded:
        from defect_workbench.storage.model.model_file import load_model

        reporter.stage("Reading the classifier", None)
        return Loaded(load_model(path), path)

    return work


def classify(model: Classifier, root: Path, places: Places, *, offline: bool) -> Work:
    """The job that sorts a folder by a classifier, for a person to go through."""

    def work(reporter: JobReporter) -> Classified:
        from defect_workbench.engine.backbone.pretrained import WeightsLibrary
        from defect_workbench.engine.classifier.apply_model import precision_of, sort_images
        from defect_workbench.engine.features.identity import processing_of
        from defect_workbench.engine.input.scan import scan
        from defect_workbench.storage.vectors.feature_store import FeatureStore

        found = _extract(
            scan(root, reporter), processing_of(model), places, reporter, offline, precision_of(model)
        )
        if not len(found.images):
            raise InputError(f"there is no usable image in {root}")
        store, library = FeatureStore(places.store), WeightsLibrary(places.weights)
        project, said = sort_images(model, found.images, found.features, store, library, reporter)
        return Classified(prepare(project), int((~said.known).sum()))

    return work


def vary(project: Project, image: int, count: int, seed: int) -> Work:
    """The job that changes a picture as augmentation does."""

    def work(reporter: JobReporter) -> Varied:
        from defect_workbench.engine.classifier.data.augmentation import examples
        from defect_workbench.engine.classifier.data.augmented_features import read_pixels

        record = project.images.images[image]
        pixels = read_pixels(project.images, image)
        pixels = pixels[: pixels.shape[0] - record.info_bar]
        return Varied(record.path, (pixels, *examples(pixels, record.sha256, count, seed)))

    return work
