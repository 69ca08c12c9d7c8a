"""Train every stage of a classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.classifier.taxonomy import LARGE, SMALL, Kind, Stage, Taxonomy, Ways, ways
from defect_workbench.core.classifier.trained_classifier import (
    EARLIER,
    Classifier,
    Novelty,
    TrainedStage,
    belief_gap,
    scaled,
)
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.classifier.data.augmentation import View
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.data.stage_inputs import COLUMNS, Material, diameters
from defect_workbench.engine.classifier.heads.head import Fitted, Rows, Watcher, fit_head
from defect_workbench.engine.classifier.heads.ridge import class_weights, indicators, ridge
from defect_workbench.engine.classifier.predict import Walk, centred
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.features.scaling import plain_scales

HAND_WEIGHT = 0.05
NOVELTY_STRENGTH = 0.3
MOST_REFERENCES = 4000
# A new lot counts as noisy only where it clearly leaves what training has seen.
_LEAST_NOISE = 10.0
_NOISE_MARGIN = 1.5


@dataclass(frozen=True)
class Options:
    """How to train.

    Attributes
    ----------
    blocks : tuple of str
        Which blocks the heads may take; for the ablation.
    views : tuple of View
        Changed copies to learn from besides the pictures.
    calibrate : bool
        As of `fit_head`.
    """

    seed: int = 0
    blocks: tuple[str, ...] = field(default_factory=lambda: BLOCKS.names)
    views: tuple[View, ...] = ()
    calibrate: bool = True


def train(
    data: LabelledSet,
    material: Material,
    taxonomy: Taxonomy,
    chosen: Integers,
    options: Options,
    reporter: Reporter,
    *,
    name: str = "",
    watch: Watcher | None = None,
) -> Classifier:
    """Train on some images of a labelled set; nothing is called unknown until a threshold is set.

    One processor core is used, whatever there are: the sums are then added in the same order
    everywhere, so that the same images give the same model.

    Parameters
    ----------
    taxonomy : Taxonomy
        As `fit_taxonomy` made it for the set's folders.
    chosen : (m,) intp
        Rows of `data` and `material`.
    watch : callable, optional
        Told of every epoch.

    Raises
    ------
    Cancelled
        If the reporter says so.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            return _train(data, material, taxonomy, chosen, options, reporter, name, watch)
    finally:
        torch.set_num_threads(threads)


def _train(
    data: LabelledSet,
    material: Material,
    taxonomy: Taxonomy,
    chosen: Integers,
    options: Options,
    reporter: Reporter,
    name: str,
    watch: Watcher | None,
) -> Classifier:
    way = ways(taxonomy, data.folders)
    walk = Walk(taxonomy, material, chosen)
    stages: dict[str, TrainedStage] = {}
    for stage in taxonomy.stages:
        reporter.check()
        wanted = targets(stage, way, data)[chosen]
        if stage.kind is Kind.CLASSES:
            label = f"{name}, {stage.name}" if name else stage.name
            trained, fitted, rows = _train_classes(stage, walk, data, wanted, options, reporter, label, watch)
            stages[stage.name] = trained
            walk.decided(stage, trained)
            if fitted is not None:
                # Later stages must learn from what this one says of images it has not seen.
                walk.findings[stage.name][rows] = centred(fitted.held_out)
        else:
            stages[stage.name] = _train_measured(stage, material.measures(chosen), wanted)
            walk.measured(stage, stages[stage.name])
    names = taxonomy.labels
    labels = np.array([names.index(way.label_of[folder]) for folder in data.folders], np.intp)
    novelty = fit_novelty(
        {n: block for n, block in walk.pictures().items() if n in BLOCKS and BLOCKS[n].whole_picture},
        labels[data.labels[chosen]],
        data.groups[chosen],
        len(names),
        options.seed,
    )
    return Classifier(taxonomy, stages, novelty, {})


def targets(stage: Stage, way: Ways, data: LabelledSet) -> Integers:
    """(n,) the outcome each image should have at a stage; -1 where its folder says nothing about it."""
    of_folder = way.outcome_of[stage.name]
    return np.array([of_folder.get(folder, -1) for folder in data.folders], np.intp)[data.labels]


def _train_classes(
    stage: Stage,
    walk: Walk,
    data: LabelledSet,
    wanted: Integers,
    options: Options,
    reporter: Reporter,
    name: str,
    watch: Watcher | None,
) -> tuple[TrainedStage, Fitted | None, Integers]:
    if len(stage.outcomes) < 2:
        return TrainedStage(stage.name), None, np.empty(0, np.intp)
    rows = np.flatnonzero(wanted >= 0)
    blocks = {n: block[rows] for n, block in walk.blocks(stage).items()}
    used = [n for n in blocks if n in options.blocks]
    optional = [b.name for b in BLOCKS if b.optional and b.name in used]
    optional += [EARLIER] if EARLIER in blocks else []
    used = [n for n in used if n not in optional]
    parts: list[Mapping[str, NDArray[Any]]] = [blocks]
    for view in options.views:
        changed = dict(walk.material.blocks(walk.chosen[rows], stage.denoise, stage.background, view))
        parts.append({**changed, **{n: blocks[n] for n in optional}})
    m, copies = len(rows), len(parts)
    material = Rows(
        {n: np.concatenate([part[n] for part in parts]) for n in [*used, *optional]},
        np.tile(wanted[rows], copies),
        np.tile(np.arange(m), copies),
        np.tile(data.groups[walk.chosen[rows]], copies),
        m,
    )
    classes = [outcome.name for outcome in stage.outcomes]
    # A fold may lack a rare class altogether: its outcome then gets no probability to speak of.
    fitted = fit_head(
        material,
        classes,
        [*used, *optional],
        options.seed,
        reporter,
        optional=optional,
        name=name,
        watch=watch,
        calibrate=options.calibrate,
    )
    return TrainedStage(stage.name, head=fitted.head, notes=fitted.head.notes), fitted, rows


def _train_measured(stage: Stage, measures: Floats, wanted: Integers) -> TrainedStage:
    if stage.kind is Kind.NOISE:
        if stage.threshold is not None:
            return TrainedStage(stage.name, threshold=stage.threshold, notes={"why": "given"})
        noise = measures[:, COLUMNS.index("noise")]
        usual = float(np.quantile(noise, 0.99)) if len(noise) else 0.0
        threshold = max(_LEAST_NOISE, _NOISE_MARGIN * usual)
        why = f"{_NOISE_MARGIN:g} times what 99 % of the training images have, at least {_LEAST_NOISE:g}"
        return TrainedStage(stage.name, threshold=threshold, notes={"why": why})
    if stage.limit is not None:
        return TrainedStage(stage.name, limit=stage.limit, notes={"why": "given"})
    size = diameters(stage, measures)
    names = [outcome.name for outcome in stage.outcomes]
    small, large = (names.index(n) if n in names else -2 for n in (SMALL, LARGE))
    there = ~np.isnan(size)
    judged = there & ((wanted == small) | (wanted == large))
    if (wanted[judged] == small).any() and (wanted[judged] == large).any():
        limit = best_split(size[judged], wanted[judged] == large)
        return TrainedStage(stage.name, limit=limit, notes={"why": "learnt from the labels"})
    middle = otsu(np.log(size[there & (size > 0)])) if there.any() else None
    limit_found = None if middle is None else float(np.exp(middle))
    why = "the sizes fall best into two groups there"
    return TrainedStage(stage.name, limit=limit_found, notes={"why": why})


def best_split(values: Floats, above: Flags) -> float:
    """The limit of highest balanced accuracy; the middle of the widest gap where several are."""
    order = np.argsort(values, kind="stable")
    rising, large = values[order], above[order]
    below = np.cumsum(~large)[:-1] / max(1, (~large).sum())
    beyond = 1 - np.cumsum(large)[:-1] / max(1, large.sum())
    gaps = np.diff(rising)
    score = np.where(gaps > 0, below + beyond, -1.0)
    best = np.flatnonzero(score >= score.max() - 1e-12)
    at = int(best[gaps[best].argmax()])
    return float((rising[at] + rising[at + 1]) / 2)


def otsu(values: Floats) -> float | None:
    """The limit that leaves least variance within two groups (N. Otsu, IEEE Trans. SMC 9, 1979)."""
    rising = np.sort(values)
    n = len(rising)
    if n < 2 or rising[0] == rising[-1]:
        return None
    count = np.arange(1, n)
    sums = np.cumsum(rising)[:-1]
    means = sums / count, (rising.sum() - sums) / (n - count)
    between = count * (n - count) * (means[0] - means[1]) ** 2
    between = np.where(np.diff(rising) > 0, between, -1.0)
    at = int(between.argmax())
    return float((rising[at] + rising[at + 1]) / 2)


def novelty_blocks(data: LabelledSet, chosen: Integers) -> dict[str, NDArray[Any]]:
    """The blocks in which unknown kinds are told: those of the whole picture."""
    return {
        block.name: data.features.blocks[block.name][chosen]
        for block in BLOCKS
        if block.whole_picture and block.name in data.features.blocks
    }


def fit_novelty(
    blocks: Mapping[str, NDArray[Any]], labels: Integers, groups: Integers, classes: int, seed: int
) -> Novelty:
    """What tells unknown kinds from these images; both measures on the scale of images left out."""
    scales = plain_scales(blocks, HAND_WEIGHT)
    vectors = scaled(scales, blocks)
    weights = class_weights(labels, classes, np.arange(len(labels)))
    fit = ridge(vectors, indicators(labels, classes), weights, groups, NOVELTY_STRENGTH)
    distance = distance_to_others(vectors, groups)
    held = np.stack([belief_gap(fit.held_out), distance], axis=1)
    centre = np.quantile(held, 0.5, axis=0)
    spread = np.maximum(np.quantile(held, 0.95, axis=0) - centre, 1e-6)
    kept = np.arange(len(vectors))
    if len(kept) > MOST_REFERENCES:
        kept = np.sort(np.random.default_rng(seed).permutation(kept)[:MOST_REFERENCES])
    return Novelty(scales, fit.linear, vectors[kept].astype(np.float16), centre, spread)


def distance_to_others(vectors: Floats, groups: Integers) -> Floats:
    """(n,) distance of each row to the nearest of another group."""
    squares = (vectors**2).sum(axis=1)
    found = np.empty(len(vectors))
    for start in range(0, len(vectors), 1024):
        rows = slice(start, start + 1024)
        squared = squares[rows, None] + squares[None, :] - 2 * vectors[rows] @ vectors.T
        squared[groups[rows, None] == groups[None, :]] = np.inf
        found[rows] = np.sqrt(np.maximum(squared.min(axis=1), 0.0))
    finite = np.isfinite(found)
    return np.where(finite, found, found[finite].max() if finite.any() else 0.0)


def with_threshold(classifier: Classifier, threshold: float) -> Classifier:
    """The same, calling images unknown from a doubt on."""
    return replace(classifier, novelty=replace(classifier.novelty, threshold=threshold))


def block_choices(blocks: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which blocks the ablation compares: deep only, hand-made only, both."""
    deep = tuple(b.name for b in BLOCKS if b.name in blocks and b.by_network)
    hand = tuple(b.name for b in BLOCKS if b.name in blocks and not b.by_network)
    return {"deep": deep, "texture": hand, "fused": deep + hand} if deep else {"texture": hand}
