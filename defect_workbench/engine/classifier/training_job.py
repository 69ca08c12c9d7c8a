"""From labelled images to an evaluated and trained classifier."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from defect_workbench.core.classifier.taxonomy import Taxonomy, default_taxonomy
from defect_workbench.core.classifier.taxonomy_fitting import fit_taxonomy
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.classifier.trained_stage import TrainedStage
from defect_workbench.core.classifier.training_facts import StageFacts, TrainingFacts
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.classifier.cross_validation import (
    CrossValidation,
    cross_validate,
    leave_classes_out,
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
from defect_workbench.engine.classifier.novelty import with_threshold
from defect_workbench.engine.classifier.training import Options, train

MOST_DRAWS = 50


@dataclass(frozen=True)
class TrainingChoices:
    """What a person can choose about training.

    Attributes
    ----------
    taxonomy : Taxonomy or None
        None: the default.
    augment : bool
        Also learn from augmented copies: rotated and mirrored, and `draws` times shifted, scaled, brighter
        or darker, noisier and out of focus at random.
    fine_tune : bool
        Also fit the network's last block.
    leave_one_out : bool
        Also measure how well unknown kinds are recognised.
    """

    taxonomy: Taxonomy | None = None
    folds: int = 5
    seed: int = 0
    augment: bool = False
    fine_tune: bool = False
    leave_one_out: bool = False
    ablation: bool = True
    draws: int = 0


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained classifier and how good it is.

    Attributes
    ----------
    facts : TrainingFacts
        Those of the model.
    data : LabelledSet
        What it was trained on: contradictions are left out, near-duplicates share a group.
    seconds : mapping of str to float
        Duration of each part.
    """

    model: Classifier
    facts: TrainingFacts
    data: LabelledSet
    crossval: CrossValidation
    seconds: Mapping[str, float]


def check_request(request: TrainingChoices) -> None:
    """Refuse choices that cannot be trained with, before any work.

    Raises
    ------
    InputError
        If a number is out of range, or choices exclude each other.
    """
    if not 2 <= request.folds <= 20:
        raise InputError("the number of folds must be from 2 to 20")
    if not 0 <= request.draws <= MOST_DRAWS:
        raise InputError(f"the number of random changes of each picture must be from 0 to {MOST_DRAWS}")
    if request.fine_tune and request.augment:
        raise InputError("fine-tuning turns and mirrors pictures itself", Remedy.NO_AUGMENTATION)


def train_and_evaluate(
    data: LabelledSet,
    source: FolderSource | None,
    identity: Mapping[str, Any],
    request: TrainingChoices,
    reporter: Reporter,
    *,
    lots: list[str] | None = None,
    watch: Watcher | None = None,
) -> TrainingResult:
    """Cross-validate, choose the threshold for unknown kinds, and train on everything.

    Parameters
    ----------
    source : FolderSource or None
        Where pictures are read for measurements and augmented copies.
    identity : mapping of str to Any
        Of the features, kept in the model.
    lots : list of str, optional
        The lot of each image; every lot stays in one fold.
    watch : callable, optional
        Called with every `Epoch` of the folds and of the final training.

    Returns
    -------
    TrainingResult
        Its model was trained on all images and has the features' identity, the threshold and the figures.

    Raises
    ------
    InputError
        If the folders, the taxonomy or the choices do not allow it.
    WorkbenchError
        If pictures are needed that cannot be read.
    Cancelled
        If the reporter says so.
    """
    check_request(request)
    notes: list[str] = []
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    dropped = contradictions(data)
    if dropped:
        reporter.warn(
            f"{len(dropped)} files hold images that lie in folders of different kinds; they are not learned "
            f"from ({len(data) - len(dropped):,} images are left)"
        )
        gone = {item.path for item in dropped}
        kept = [i for i, image in enumerate(data.images.images) if image.path not in gone]
        lots = [lots[i] for i in kept] if lots is not None else None
        data = without(data, dropped)
        source = source.subset(np.array(kept, np.intp)) if source is not None else None
    groups = near_duplicates(data.images, data.features, reporter)
    joined = len(groups) - len(np.unique(groups))
    if joined:
        found = int((np.bincount(groups) > 1).sum())
        notes.append(
            f"{found} groups of near-duplicates found; each is kept in one fold ({joined + found} images)"
        )
    else:
        notes.append("no near-duplicates found")
    if lots is not None:
        groups = merged_groups(groups, lots)
        notes.append(f"{len(np.unique(groups)):,} groups by lot and near-duplicate")
    data = replace(data, groups=groups)
    seconds["duplicates"] = time.perf_counter() - started

    taxonomy, left_out = fit_taxonomy(request.taxonomy or default_taxonomy(), data.folders)
    notes += left_out
    inputs = StageInputs(data.features, source)
    augmentations = training_augmentations(request.draws, request.seed) if request.augment else ()
    started = time.perf_counter()
    if augmentations and source is not None:
        source.prepare(augmentations)
    seconds["augment"] = time.perf_counter() - started
    options = Options(seed=request.seed, augmentations=augmentations)

    started = time.perf_counter()
    tuning = None
    if request.fine_tune:
        if source is None:
            raise InputError("fine-tuning needs the pictures themselves, which are not available")
        tuning = FineTuning(data, source, source.processing, source.library, request.seed, reporter, watch)
        seconds["maps"] = time.perf_counter() - started
        started = time.perf_counter()
    judged = cross_validate(
        data,
        inputs,
        taxonomy,
        request.folds,
        options,
        reporter,
        watch=watch,
        ablation=request.ablation,
        tuning=tuning,
    )
    seconds["cross_validation"] = time.perf_counter() - started
    unknown = None
    if request.leave_one_out:
        started = time.perf_counter()
        unknown = leave_classes_out(data, options, reporter, request.folds)
        seconds["leave_one_out"] = time.perf_counter() - started
    reporter.stage("Training on all images", None)
    started = time.perf_counter()
    everything = np.arange(len(data))
    tuned: Mapping[str, Any] = {}
    if tuning is not None:
        data, inputs, tuned = tuning.refit(everything, "all images")
        tuning.close()
    model = train(data, inputs, taxonomy, everything, options, reporter, name="all images", watch=watch)
    seconds["train"] = time.perf_counter() - started
    model = with_threshold(model, judged.threshold)
    facts = TrainingFacts(
        classes=class_counts(data),
        images=len(data),
        manifest_sha256=manifest_hash(data),
        seed=request.seed,
        folds=request.folds,
        augmented=request.augment,
        fine_tuned=request.fine_tune,
        notes=tuple(notes),
        overall=judged.overall,
        stages={name: stage_facts(facts, model.stages[name]) for name, facts in judged.stages.items()},
        ablation=judged.ablation,
        unknown=unknown,
    )
    model = replace(model, identity=dict(identity), facts=facts, tuned=tuned)
    return TrainingResult(model, facts, data, judged, seconds)


def stage_facts(judged: StageFacts, trained: TrainedStage) -> StageFacts:
    """The figures of a stage with what it decides by after training on all images."""
    facts = replace(judged, parameters=trained.parameters, learnt=str(trained.notes.get("why", "")))
    if trained.head is None:
        return facts
    weights = dict(trained.head.notes.get("weights", {}))
    return replace(facts, weights=weights, temperature=trained.head.temperature)


def manifest_hash(data: LabelledSet) -> str:
    """SHA-256 of what a model was trained on: contents and folders, but not the names of files."""
    lines = sorted(
        f"{image.sha256} {data.folders[label]}"
        for image, label in zip(data.images.images, data.labels.tolist(), strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
