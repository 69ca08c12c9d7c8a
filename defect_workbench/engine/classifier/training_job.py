"""Train and evaluate a classifier on labelled images."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
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
from defect_workbench.core.clustering.feature_blocks import WITHOUT_BACKGROUND
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.classifier.cross_validation import (
    CrossValidation,
    cross_validate,
)
from defect_workbench.engine.classifier.data.augmentation import training_augmentations
from defect_workbench.engine.classifier.data.dataset import (
    LabelledSet,
    class_counts,
    contradictions,
    merged_groups,
    without,
)
from defect_workbench.engine.classifier.data.folder_source import FolderSource
from defect_workbench.engine.classifier.data.near_duplicates import near_duplicates
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
    notes: list[str] = []
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    dropped = contradictions(data)
    if dropped:
        reporter.warn(
            f"{counted(len(dropped), 'image')} left out of training: identical images are in different class "
            f"folders ({counted(len(data) - len(dropped), 'image')} left)"
        )
        dropped_paths = {item.path for item in dropped}
        kept = [i for i, image in enumerate(data.images.images) if image.path not in dropped_paths]
        lots = [lots[i] for i in kept] if lots is not None else None
        data = without(data, dropped)
        source = source.subset(np.array(kept, np.intp)) if source is not None else None
    groups = near_duplicates(data.images, data.features, reporter)
    joined = len(groups) - len(np.unique(groups))
    if joined:
        shared = int((np.bincount(groups) > 1).sum())
        notes.append(
            f"{counted(shared, 'group')} of near-duplicates found; each is kept in one fold "
            f"({counted(joined + shared, 'image')})"
        )
    else:
        notes.append("no near-duplicates found")
    duplicates = groups
    if lots is not None:
        groups = merged_groups(groups, lots)
        notes.append(f"{len(np.unique(groups)):,} groups of images from one lot or near-duplicates")
    data = replace(data, groups=groups)
    seconds["duplicates"] = time.perf_counter() - started

    taxonomy, left_out = fit_taxonomy(choices.taxonomy or default_taxonomy(), data.folders)
    notes += left_out
    inputs = StageInputs(data.features, source)
    augmentations = training_augmentations(choices.draws, choices.seed) if choices.augment else ()
    started = time.perf_counter()
    if augmentations and source is not None:
        source.prepare(augmentations)
    seconds["augment"] = time.perf_counter() - started
    options = Options(seed=choices.seed, augmentations=augmentations)

    started = time.perf_counter()
    tuning = None
    if choices.fine_tune:
        if source is None:
            raise InputError("fine-tuning needs the image files, which are not available")
        tuning = FineTuning(data, source, source.processing, source.library, choices.seed, reporter, watch)
        seconds["maps"] = time.perf_counter() - started
        started = time.perf_counter()
    crossval = cross_validate(
        data,
        inputs,
        taxonomy,
        choices.folds,
        options,
        reporter,
        watch=watch,
        ablation=choices.ablation,
        tuning=tuning,
        false_alarms=choices.false_alarms,
    )
    # Before the network is tuned on all labels, which would make neighbours agree with wrong ones.
    held_out = held_out_images(data, crossval, duplicates, choices.seed)
    notes += calibration_notes(crossval.calibration, taxonomy.labels)
    seconds["cross_validation"] = time.perf_counter() - started
    unknown = None
    if choices.leave_one_out:
        started = time.perf_counter()
        unknown = leave_classes_out(data, options, reporter, choices.folds, false_alarms=choices.false_alarms)
        seconds["leave_one_out"] = time.perf_counter() - started
    reporter.stage("Training on all images", None)
    started = time.perf_counter()
    all_rows = np.arange(len(data))
    tuned: Mapping[str, Any] = {}
    if tuning is not None:
        data, inputs, tuned = tuning.refit(all_rows, "all images")
        tuning.close()
    model = train(data, inputs, taxonomy, all_rows, options, reporter, name="all images", watch=watch)
    seconds["train"] = time.perf_counter() - started
    model = with_calibration(model, crossval.calibration)
    facts = TrainingFacts(
        classes=class_counts(data),
        images=len(data),
        manifest_sha256=manifest_hash(data),
        seed=choices.seed,
        folds=choices.folds,
        augmented=choices.augment,
        fine_tuned=choices.fine_tune,
        notes=tuple(notes),
        overall=crossval.overall,
        stages={name: stage_facts(facts, model.stages[name]) for name, facts in crossval.stages.items()},
        ablation=crossval.ablation,
        unknown=unknown,
        false_alarms=choices.false_alarms,
        held_out=held_out,
    )
    # Images to be classified then need not be without their backgrounds.
    identity = dict(identity)
    for block in sorted(set(WITHOUT_BACKGROUND) - _used_blocks(model)):
        identity = without_block(identity, block)
    model = replace(model, identity=identity, facts=facts, tuned=tuned)
    return TrainingResult(model, facts, data, crossval, seconds)


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
