"""Train a classifier on confirmed clusters, on class folders, or on both, and evaluate it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.classifier.conformal import FALSE_ALARMS
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.taxonomy_toml import read_taxonomy
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.classifier.training_origin import (
    TrainingOrigin,
    counted_sources,
    rows_besides,
    sources,
)
from defect_workbench.core.clustering.feature_blocks import WITHOUT_BACKGROUND
from defect_workbench.core.errors import InputError, concerning
from defect_workbench.core.images.measurements import measure_version_of
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.safe_reading import read_regular
from defect_workbench.engine.backbone.torch_import import load_torch
from defect_workbench.engine.classifier.data.dataset import LabelledSet, labelled_set, lot_of, scan_labels
from defect_workbench.engine.input.scan import listing_of
from defect_workbench.workflows.extract import FeatureOptions, extract_listing
from defect_workbench.workflows.map_defects import backgrounds_are_modelled
from defect_workbench.workflows.training_sources import (
    confirmed_images,
    earlier_images,
    joined_sets,
    learnable_clusters,
)

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.heads.head import Watcher
    from defect_workbench.engine.classifier.training_job import TrainingChoices, TrainingResult
    from defect_workbench.engine.extraction.extractor import Extraction

MAX_TAXONOMY_BYTES = 1 << 20


@dataclass(frozen=True)
class TrainRequest:
    """What a classifier is trained on, and how.

    Attributes
    ----------
    confirmed : bool
        Train on the confirmed clusters of the project.
    folder : Path or None
        Train on a folder with one subfolder per class.
    taxonomy : Taxonomy or None
        None for the default taxonomy.
    folds : int
        Number of folds of the cross-validation.
    augment : bool
        Also train on rotated and mirrored images, and on `draws` random variations of each image.
    fine_tune : bool
        Also train the last block of the network.
    leave_one_out : bool
        Measure how well unknown classes are detected, leaving out each class in turn.
    group_by : str or None
        How the lot, which no fold divides, follows from a path: "parent" or a regular expression.
    false_alarms : float
        Share of known images that may be called unknown, above 0 and at most 0.5.
    before : TrainingFacts or None
        Of the classifier that the new one replaces.
    with_before : bool
        Also train on its images, except those that are in the project or the folder.
    renamed : mapping of str to str
        What its class folders are called now, where that differs.
    """

    confirmed: bool = False
    folder: Path | None = None
    taxonomy: Taxonomy | None = None
    folds: int = 5
    seed: int = 0
    augment: bool = False
    draws: int = 0
    fine_tune: bool = False
    leave_one_out: bool = False
    group_by: str | None = None
    false_alarms: float = FALSE_ALARMS
    before: TrainingFacts | None = None
    with_before: bool = True
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained classifier with its evaluation, and the features that it was trained on.

    Attributes
    ----------
    extractions : tuple of Extraction
        One per source, without that of the classifier that it replaces.
    """

    outcome: TrainingResult
    extractions: tuple[Extraction, ...]
    origin: TrainingOrigin

    @property
    def model(self) -> Classifier:
        """The classifier."""
        return self.outcome.model


def read_taxonomy_file(path: Path) -> Taxonomy:
    """Return the taxonomy in a TOML file.

    Raises
    ------
    InputError
        If it cannot be read or is not a taxonomy.
    """
    try:
        with concerning(path):
            return read_taxonomy(read_regular(path, MAX_TAXONOMY_BYTES).decode("utf-8"), str(path))
    except OSError as error:
        raise InputError(f"the taxonomy {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the taxonomy {path} is not UTF-8 text") from error


def check_train_request(request: TrainRequest) -> None:
    """Check the request before the work.

    Raises
    ------
    InputError
        If a value is out of range, or the taxonomy or the rule for lots is not valid.
    """
    from defect_workbench.engine.classifier.training_job import check_choices

    check_choices(_choices(request))
    if request.group_by is not None:
        lot_of(request.group_by)


def train(
    request: TrainRequest,
    project: Project | None,
    options: FeatureOptions,
    reporter: Reporter,
    watch: Watcher | None = None,
) -> TrainedModel:
    """Extract the features of all sources, train a classifier, and evaluate it by cross-validation.

    Parameters
    ----------
    project : Project or None
        The open project; its preprocessing and its description are used for all sources.
    options : FeatureOptions
        How features are computed; the second source uses the precision and the description of the first.
    watch : callable, optional
        Called after each epoch.

    Raises
    ------
    InputError
        If there are no or too few images to train on.
    WorkbenchError
        If the features of the sources were computed differently.
    """
    from defect_workbench.engine.classifier.data.folder_source import FolderSource
    from defect_workbench.engine.classifier.training_job import train_and_evaluate
    from defect_workbench.engine.features.identity import feature_identity

    check_train_request(request)
    parts: list[LabelledSet] = []
    extractions: list[Extraction] = []
    names: list[str] = []
    if request.confirmed and project is not None:
        if project.images.are_defects:
            raise InputError(
                "a classifier cannot be trained on a project of single defects; export it, and train on the "
                "folders of the result"
            )
        clusters = learnable_clusters(project, reporter)
        options = replace(options, processing=project.analysis.settings.processing)
        options = options.as_described_by(project.analysis)
        extraction = extract_listing(listing_of(project.images), options, reporter)
        parts.append(confirmed_images(project, clusters, extraction, reporter))
        extractions.append(extraction)
        names.append(project.name)
        options = _as_extracted(options, extraction)
    if request.folder is not None:
        listing = scan_labels(Path(os.path.abspath(request.folder)), reporter)
        extraction = extract_listing(listing, options, reporter)
        parts.append(labelled_set(extraction.images, extraction.features))
        extractions.append(extraction)
        names.append(listing.root.name)
    if not parts:
        raise InputError("there is nothing to train on: give confirmed clusters or a folder of class folders")
    learnt = _Sources(request, project, parts, names)
    earlier = learnt.earlier(_as_extracted(options, extractions[-1]), reporter)
    data = joined_sets([*parts, earlier] if earlier is not None else parts)
    reporter.stage("Loading PyTorch", None)
    load_torch()
    data = with_useful_residuals(data, options, reporter)
    features = data.features
    source = FolderSource(
        data.images, features, options.processing, options.open_store(), options.library, reporter
    )
    lot = lot_of(request.group_by) if request.group_by else None
    outcome = train_and_evaluate(
        data,
        source,
        feature_identity(
            features.blocks,
            features.backbone,
            options.processing,
            measure_version_of(extractions[0].features.identity),
        ),
        _choices(request),
        reporter,
        lots=[lot(image.path) for image in data.images.images] if lot else None,
        watch=watch,
    )
    outcome, origin = learnt.noted(outcome)
    return TrainedModel(outcome, tuple(extractions), origin)


def _as_extracted(options: FeatureOptions, extraction: Extraction) -> FeatureOptions:
    """Return the options for further sources: their features must be like those of this one."""
    backbone = extraction.features.backbone
    if backbone is None:
        return options
    return replace(options, precision=backbone.precision).as_described_by(extraction.features)


class _Sources:
    """Where the training images and their labels come from."""

    def __init__(
        self, request: TrainRequest, project: Project | None, parts: list[LabelledSet], names: list[str]
    ) -> None:
        self._request, self._names = request, list(names)
        self._source: dict[str, str] = {}
        self._by_cluster: set[str] = set()
        for number, (part, name) in enumerate(zip(parts, names, strict=True)):
            paths = [
                image.path if number == 0 else _absolute(part, image.path) for image in part.images.images
            ]
            self._source |= dict.fromkeys(paths, name)
        clustered = request.confirmed and project is not None
        if clustered:
            self._by_cluster = {image.path for image in parts[0].images.images}
        # The open project decides about its own images, whatever the earlier classifier learned from them.
        contents = {image.sha256 for part in parts for image in part.images.images}
        contents |= {image.sha256 for image in project.images.images} if clustered and project else set()
        held_out = None if request.before is None else request.before.held_out
        self._rows = [] if held_out is None else rows_besides(held_out, contents)
        self._learnt: set[int] = set()
        self._labels = {name for part in parts for name in part.folders}

    def earlier(self, options: FeatureOptions, reporter: Reporter) -> LabelledSet | None:
        """Return the images of the classifier that is replaced; None if there are none to learn from."""
        before = self._request.before
        if before is None or before.held_out is None or not self._rows or not self._request.with_before:
            return None
        renamed = self._request.renamed
        found = earlier_images(before, self._rows, renamed, self._labels, options, reporter)
        if found is None:
            return None
        part, rows = found
        self._learnt = set(rows)
        names, by_cluster = sources(before.held_out), before.held_out.by_cluster
        self._names += before.held_out.source_names or names
        for image, row in zip(part.images.images, rows, strict=True):
            path = _absolute(part, image.path)
            self._source[path] = names[row]
            if by_cluster and by_cluster[row]:
                self._by_cluster.add(path)
        return part

    def noted(self, outcome: TrainingResult) -> tuple[TrainingResult, TrainingOrigin]:
        """Return the result with a record of where its images come from."""
        held_out, before = outcome.facts.held_out, self._request.before
        assert held_out is not None
        names = [self._source[path] for path in held_out.paths]
        counts = Counter(names)
        distinct = tuple(name for name in dict.fromkeys(self._names) if name in counts)
        held_out = replace(
            held_out,
            by_cluster=tuple(path in self._by_cluster for path in held_out.paths) if self._by_cluster else (),
            sources=tuple(map(distinct.index, names)),
            source_names=distinct,
        )
        lost: Mapping[str, int] = {}
        if before is not None and before.held_out is not None:
            lost = counted_sources(before.held_out, [row for row in self._rows if row not in self._learnt])
        wanted = self._request.with_before
        origin = TrainingOrigin(
            {name: counts[name] for name in distinct},
            left_out={} if wanted else lost,
            not_found=lost if wanted else {},
            unlisted=before.images if before is not None and before.held_out is None else 0,
        )
        facts = replace(outcome.facts, held_out=held_out, notes=(*origin.losses, *outcome.facts.notes))
        return replace(outcome, facts=facts, model=replace(outcome.model, facts=facts)), origin


def _absolute(part: LabelledSet, path: str) -> str:
    return str(part.images.root / path)


def with_useful_residuals(data: LabelledSet, options: FeatureOptions, reporter: Reporter) -> LabelledSet:
    """Return the set with the blocks of images without background, if enough can be modelled; else as it is.

    Raises
    ------
    WorkbenchError
        If an image can no longer be read, or the network's weights are missing.
    """
    from defect_workbench.engine.classifier.data.residual_features import with_residuals

    images, processing = data.images, options.processing
    if data.features.backbone is None or not backgrounds_are_modelled(images, processing, options, reporter):
        return data
    store, library = options.open_store(), options.library
    features = data.features
    # Shrinking the noise also takes what is faint, which a head may learn to see in it.
    for block in WITHOUT_BACKGROUND:
        features = with_residuals(images, features, processing, store, library, reporter, block)
    return replace(data, features=features)


def _choices(request: TrainRequest) -> TrainingChoices:
    from defect_workbench.engine.classifier.training_job import TrainingChoices

    return TrainingChoices(
        taxonomy=request.taxonomy,
        folds=request.folds,
        seed=request.seed,
        augment=request.augment,
        fine_tune=request.fine_tune,
        leave_one_out=request.leave_one_out,
        draws=request.draws,
        false_alarms=request.false_alarms,
    )


def augmented(project: Project, image: int, count: int, seed: int) -> tuple[Pixels, ...]:
    """Return an image, grey or RGB, without its info bar, and `count` augmented images of it.

    Raises
    ------
    WorkbenchError
        If the image cannot be read.
    """
    from defect_workbench.engine.classifier.data.augmentation import examples
    from defect_workbench.engine.extraction.reading_again import read_pixels

    record = project.images.images[image]
    pixels = read_pixels(project.images, image)
    pixels = pixels[: pixels.shape[0] - record.info_bar]
    return (pixels, *examples(pixels, record.sha256, count, seed))
