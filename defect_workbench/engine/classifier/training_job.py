"""Train and evaluate a classifier on labelled images."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.classifier.conformal import FALSE_ALARMS
from defect_workbench.core.classifier.held_out import DoubtfulLabel, HeldOutImages
from defect_workbench.core.classifier.taxonomy import Taxonomy, default_taxonomy
from defect_workbench.core.classifier.taxonomy_fitting import fit_taxonomy
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.classifier.trained_stage import TrainedStage
from defect_workbench.core.classifier.training_facts import StageFacts, TrainingFacts
from defect_workbench.core.classifier.unknown_kinds import UnknownKinds
from defect_workbench.core.clustering.feature_blocks import WITHOUT_BACKGROUND
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.classifier.cross_validation import (
    CrossValidation,
    cross_validate,
)
from defect_workbench.engine.classifier.data.augmentation import training_augmentations
from defect_workbench.engine.classifier.data.dataset import LabelledSet, class_counts
from defect_workbench.engine.classifier.data.folder_source import FolderSource
from defect_workbench.engine.classifier.data.prepared_images import PreparedImages, prepared_images
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.fine_tuning import FineTuning
from defect_workbench.engine.classifier.heads.head import Watcher
from defect_workbench.engine.classifier.label_check import doubtful_labels
from defect_workbench.engine.classifier.left_out_classes import leave_classes_out
from defect_workbench.engine.classifier.novelty import (
    calibration_notes,
    check_false_alarms,
    with_calibration,
)
from defect_workbench.engine.classifier.training import Options, train
from defect_workbench.engine.features.identity import without_block

MOST_DRAWS = 50


@dataclass(frozen=True)
class TrainingChoices:
    """Options of a training that the user can set.

    Attributes
    ----------
    taxonomy : Taxonomy or None
        None for the default taxonomy.
    folds : int
        Number of folds of the cross-validation, 2 to 20.
    augment : bool
        Learn from augmented images, too: rotated and mirrored, and `draws` times changed at random in
        position, scale, brightness, contrast, noise and focus.
    fine_tune : bool
        Fine-tune the network's last block.
    leave_one_out : bool
        Measure how well unknown kinds are recognised.
    ablation : bool
        Evaluate subsets of the feature blocks, too.
    false_alarms : float
        Share of known images that may be called unknown, above 0 and at most 0.5.
    """

    taxonomy: Taxonomy | None = None
    folds: int = 5
    seed: int = 0
    augment: bool = False
    fine_tune: bool = False
    leave_one_out: bool = False
    ablation: bool = True
    draws: int = 0
    false_alarms: float = FALSE_ALARMS


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained classifier and its evaluation.

    Attributes
    ----------
    facts : TrainingFacts
        The facts stored in the model.
    data : LabelledSet
        The images it was trained on, without contradictions; near-duplicates share a group.
    seconds : mapping of str to float
        Duration of each step, in s.
    """

    model: Classifier
    facts: TrainingFacts
    data: LabelledSet
    crossval: CrossValidation
    seconds: Mapping[str, float]


def check_choices(choices: TrainingChoices) -> None:
    """Check the options of a training before it starts.

    Raises
    ------
    InputError
        If a number is out of range, or options exclude each other.
    """
    if not 2 <= choices.folds <= 20:
        raise InputError(
            f"the number of folds must be from 2 to 20, not {choices.folds:,}", Remedy.OTHER_FOLDS
        )
    check_false_alarms(choices.false_alarms)
    if not 0 <= choices.draws <= MOST_DRAWS:
        raise InputError(
            f"the number of random augmentations per image must be from 0 to {MOST_DRAWS}, not "
            f"{choices.draws:,}",
            Remedy.OTHER_DRAWS,
        )
    if choices.fine_tune and choices.augment:
        raise InputError("fine-tuning already rotates and mirrors images", Remedy.NO_AUGMENTATION)


def train_and_evaluate(
    data: LabelledSet,
    source: FolderSource | None,
    identity: Mapping[str, Any],
    choices: TrainingChoices,
    reporter: Reporter,
    *,
    lots: list[str] | None = None,
    watch: Watcher | None = None,
) -> TrainingResult:
    """Cross-validate, calibrate the recognition of unknown images, and train on all images.

    Parameters
    ----------
    source : FolderSource or None
        Reads images for measurements and augmentation.
    identity : mapping of str to Any
        Identity of the features, stored in the model.
    lots : list of str, optional
        The lot of each image; all images of a lot are in one fold.
    watch : callable, optional
        Called with every `Epoch` of the folds and of the final training.

    Returns
    -------
    TrainingResult
        With a model trained on all images, which contains the identity, the calibration and the facts.

    Raises
    ------
    InputError
        If the folders, the taxonomy or the options do not allow training.
    WorkbenchError
        If an image file that is needed cannot be read.
    Cancelled
        If the user cancelled.
    """
    check_choices(choices)
    seconds: dict[str, float] = {}
    with _timed(seconds, "duplicates"):
        prepared = prepared_images(data, source, lots, reporter)
    taxonomy, left_out = fit_taxonomy(choices.taxonomy or default_taxonomy(), prepared.data.folders)
    augmentations = training_augmentations(choices.draws, choices.seed) if choices.augment else ()
    with _timed(seconds, "augment"):
        if augmentations and prepared.source is not None:
            prepared.source.prepare(augmentations)
    options = Options(seed=choices.seed, augmentations=augmentations)
    inputs = StageInputs(prepared.data.features, prepared.source)
    job = _TrainingJob(prepared, inputs, taxonomy, choices, options, reporter, watch)
    tuning = None
    if choices.fine_tune:
        with _timed(seconds, "maps"):
            tuning = job.fine_tuning()
    evaluated = job.evaluated(tuning, seconds)
    with _timed(seconds, "train"):
        model, learnt = job.final_model(tuning)
    model = with_calibration(model, evaluated.crossval.calibration)
    facts = job.facts(model, evaluated, (*prepared.notes, *left_out))
    model = replace(model, identity=_needed_identity(identity, model), facts=facts)
    return TrainingResult(model, facts, learnt, evaluated.crossval, seconds)


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Store the duration of a step."""
    started = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - started


@dataclass(frozen=True, eq=False)
class _Evaluated:
    """The evaluation on images that a model had not seen.

    Attributes
    ----------
    unknown : UnknownKinds or None
        None if not requested.
    """

    crossval: CrossValidation
    held_out: HeldOutImages
    unknown: UnknownKinds | None


@dataclass(frozen=True, eq=False)
class _TrainingJob:
    """The steps of a training on prepared images."""

    prepared: PreparedImages
    inputs: StageInputs
    taxonomy: Taxonomy
    choices: TrainingChoices
    options: Options
    reporter: Reporter
    watch: Watcher | None

    def fine_tuning(self) -> FineTuning:
        """Compute what the network's last block is fine-tuned from."""
        source = self.prepared.source
        if source is None:
            raise InputError("fine-tuning needs the image files, which are not available")
        return FineTuning(
            self.prepared.data,
            source,
            source.processing,
            source.library,
            self.choices.seed,
            self.reporter,
            self.watch,
        )

    def evaluated(self, tuning: FineTuning | None, seconds: dict[str, float]) -> _Evaluated:
        """Cross-validate, and measure how well unknown kinds are recognised if requested."""
        data, choices = self.prepared.data, self.choices
        with _timed(seconds, "cross_validation"):
            crossval = cross_validate(
                data,
                self.inputs,
                self.taxonomy,
                choices.folds,
                self.options,
                self.reporter,
                watch=self.watch,
                ablation=choices.ablation,
                tuning=tuning,
                false_alarms=choices.false_alarms,
            )
            # Before the network is tuned on all labels, which would make neighbours agree with wrong ones.
            held_out = held_out_images(data, crossval, self.prepared.duplicates, choices.seed)
        unknown = None
        if choices.leave_one_out:
            with _timed(seconds, "leave_one_out"):
                unknown = leave_classes_out(
                    data, self.options, self.reporter, choices.folds, false_alarms=choices.false_alarms
                )
        return _Evaluated(crossval, held_out, unknown)

    def final_model(self, tuning: FineTuning | None) -> tuple[Classifier, LabelledSet]:
        """Train on all images; return the model and the images with the features that it learned from."""
        self.reporter.stage("Training on all images", None)
        data, inputs = self.prepared.data, self.inputs
        rows = np.arange(len(data))
        tuned: Mapping[str, Any] = {}
        if tuning is not None:
            data, inputs, tuned = tuning.refit(rows, "all images")
            tuning.close()
        model = train(
            data,
            inputs,
            self.taxonomy,
            rows,
            self.options,
            self.reporter,
            name="all images",
            watch=self.watch,
        )
        return replace(model, tuned=tuned), data

    def facts(self, model: Classifier, evaluated: _Evaluated, notes: tuple[str, ...]) -> TrainingFacts:
        """Return the facts stored in the model."""
        data, choices, crossval = self.prepared.data, self.choices, evaluated.crossval
        return TrainingFacts(
            classes=class_counts(data),
            images=len(data),
            manifest_sha256=manifest_hash(data),
            seed=choices.seed,
            folds=choices.folds,
            augmented=choices.augment,
            fine_tuned=choices.fine_tune,
            notes=(*notes, *calibration_notes(crossval.calibration, self.taxonomy.labels)),
            overall=crossval.overall,
            stages={name: stage_facts(facts, model.stages[name]) for name, facts in crossval.stages.items()},
            ablation=crossval.ablation,
            unknown=evaluated.unknown,
            false_alarms=choices.false_alarms,
            held_out=evaluated.held_out,
        )


def _needed_identity(identity: Mapping[str, Any], model: Classifier) -> dict[str, Any]:
    """Return the identity of the features without blocks of no use to the model.

    Images to be classified then need not be without their backgrounds.
    """
    needed = dict(identity)
    for block in sorted(set(WITHOUT_BACKGROUND) - _used_blocks(model)):
        needed = without_block(needed, block)
    return needed


def _used_blocks(model: Classifier) -> set[str]:
    """Return the blocks that the heads of a classifier and its novelty score use."""
    heads = [stage.head for stage in model.stages.values() if stage.head is not None]
    scales = [model.novelty.scales, *(head.scales for head in heads)]
    return {scale.block for of_user in scales for scale in of_user}


def held_out_images(
    data: LabelledSet, crossval: CrossValidation, duplicates: Integers, seed: int
) -> HeldOutImages:
    """Return each training image with its label and held-out prediction, and which labels are doubtful.

    Parameters
    ----------
    duplicates : (n,) intp
        The group of each image; near-duplicates share one.
    """
    prediction, images = crossval.prediction, data.images
    doubtful = doubtful_labels(data.features, crossval.labels, prediction.probabilities, duplicates, seed)
    return HeldOutImages(
        root=str(images.root),
        paths=tuple(image.path for image in images.images),
        sha256=tuple(image.sha256 for image in images.images),
        labels=tuple(crossval.labels.tolist()),
        predictions=tuple(prediction.labels.tolist()),
        probabilities=tuple(prediction.probability.round(4).tolist()),
        doubtful=tuple(
            DoubtfulLabel(row, round(share, 4))
            for row, share in zip(doubtful.rows.tolist(), doubtful.disagreeing.tolist(), strict=True)
        ),
        folders=tuple(data.labels.tolist()),
    )


def stage_facts(evaluated: StageFacts, trained: TrainedStage) -> StageFacts:
    """Return the figures of a stage with its parameters after training on all images."""
    facts = replace(evaluated, parameters=trained.parameters, learnt=trained.learnt)
    if trained.head is None:
        return facts
    return replace(facts, weights=dict(trained.head.training.weights), temperature=trained.head.temperature)


def manifest_hash(data: LabelledSet) -> str:
    """Return the SHA-256 of the training images: of their contents and folders, but not their file names."""
    lines = sorted(
        f"{image.sha256} {data.folders[label]}"
        for image, label in zip(data.images.images, data.labels.tolist(), strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
