"""Train every stage of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.stage import Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.stages.stage_kind import FittedHead
from defect_workbench.core.classifier.taxonomy import LabelRoutes, Taxonomy, label_routes
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.classifier.trained_stage import UPSTREAM, TrainedStage
from defect_workbench.core.classifier.training_facts import ALL_BLOCKS, DEEP_ONLY, HANDCRAFTED_ONLY
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.classifier.data.augmentation import Augmentation
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.data.stage_inputs import Blocks, StageInputs
from defect_workbench.engine.classifier.heads.head import TrainingRows, Watcher, fit_head
from defect_workbench.engine.classifier.novelty import fit_novelty, measures_novelty
from defect_workbench.engine.classifier.stage_runner import StageRunner
from defect_workbench.engine.features.registry import BLOCKS


@dataclass(frozen=True)
class Options:
    """How to train.

    Attributes
    ----------
    blocks : tuple of str
        The blocks that heads may use; varied by the ablation.
    augmentations : tuple of Augmentation
        Augmented images to learn from in addition to the images.
    calibrate : bool
        Passed to `fit_head`.
    """

    seed: int = 0
    blocks: tuple[str, ...] = field(default_factory=lambda: BLOCKS.names)
    augmentations: tuple[Augmentation, ...] = ()
    calibrate: bool = True


def train(
    data: LabelledSet,
    inputs: StageInputs,
    taxonomy: Taxonomy,
    chosen: Integers,
    options: Options,
    reporter: Reporter,
    *,
    name: str = "",
    watch: Watcher | None = None,
) -> Classifier:
    """Train on some images of a labelled set; no image is unknown until a threshold is set.

    Only one processor core is used, so that sums are added in the same order on every machine and the same
    images give the same model.

    Parameters
    ----------
    taxonomy : Taxonomy
        As `fit_taxonomy` returns it for the set's folders.
    chosen : (m,) intp
        Rows of `data` and `inputs`.
    watch : callable, optional
        Called with every `Epoch`.

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            return _train(data, inputs, taxonomy, chosen, options, reporter, name, watch)
    finally:
        torch.set_num_threads(threads)


def _train(
    data: LabelledSet,
    inputs: StageInputs,
    taxonomy: Taxonomy,
    chosen: Integers,
    options: Options,
    reporter: Reporter,
    name: str,
    watch: Watcher | None,
) -> Classifier:
    routes = label_routes(taxonomy, data.folders)
    runner = StageRunner(taxonomy, inputs, chosen)
    stages: dict[str, TrainedStage] = {}
    for stage in taxonomy.stages:
        reporter.check()
        label = f"{name}, {stage.name}" if name else stage.name
        outcomes = targets(stage, routes, data)[chosen]
        images = _TrainingImages(runner, data, outcomes, options, reporter, label, watch)
        fitted = STAGE_KINDS[stage.kind].fit(stage, images)
        stages[stage.name] = fitted.trained
        runner.decide(stage, fitted.trained)
        # Later stages must learn from held-out results, not from those for images this stage was trained on.
        runner.replace_upstream(stage, fitted.rows, fitted.upstream)
    names = taxonomy.labels
    labels = np.array([names.index(routes.label_of[folder]) for folder in data.folders], np.intp)
    novelty = fit_novelty(
        {n: block for n, block in runner.image_blocks().items() if measures_novelty(n)},
        labels[data.labels[chosen]],
        data.groups[chosen],
        len(names),
        options.seed,
    )
    return Classifier(taxonomy, stages, novelty, {})


def targets(stage: Stage, routes: LabelRoutes, data: LabelledSet) -> Integers:
    """Return the correct outcome of each image at a stage, (n,); -1 if its folder does not determine it."""
    of_folder = routes.outcome_of[stage.name]
    return np.array([of_folder.get(folder, -1) for folder in data.folders], np.intp)[data.labels]


class _TrainingImages:
    """The images that a stage learns from; see `TrainingImages`."""

    def __init__(
        self,
        runner: StageRunner,
        data: LabelledSet,
        targets: Integers,
        options: Options,
        reporter: Reporter,
        name: str,
        watch: Watcher | None,
    ) -> None:
        self._runner, self._data, self.targets = runner, data, targets
        self._options, self._reporter, self._name, self._watch = options, reporter, name, watch

    def __len__(self) -> int:
        return len(self._runner)

    def measures(self) -> Floats:
        return self._runner.measures()

    def blocks(self, stage: Stage) -> Blocks:
        return self._runner.blocks(stage)

    def fit_head(self, stage: Stage) -> FittedHead:
        options, runner = self._options, self._runner
        rows = np.flatnonzero(self.targets >= 0)
        blocks = {n: block[rows] for n, block in self.blocks(stage).items()}
        used = [n for n in blocks if n in options.blocks]
        optional = [b.name for b in BLOCKS if b.optional and b.name in used]
        optional += [UPSTREAM] if UPSTREAM in blocks else []
        used = [n for n in used if n not in optional]
        parts: list[Blocks] = [blocks]
        for each in options.augmentations:
            copies = runner.inputs.blocks(runner.chosen[rows], stage.denoise, stage.background, each)
            parts.append({**copies, **{n: blocks[n] for n in optional}})
        m, repeats = len(rows), len(parts)
        training_rows = TrainingRows(
            {n: np.concatenate([part[n] for part in parts]) for n in [*used, *optional]},
            np.tile(self.targets[rows], repeats),
            np.tile(np.arange(m), repeats),
            np.tile(self._data.groups[runner.chosen[rows]], repeats),
            m,
        )
        # A fold may lack a rare class entirely; that outcome then gets a probability near 0.
        fitted = fit_head(
            training_rows,
            [outcome.name for outcome in stage.outcomes],
            [*used, *optional],
            options.seed,
            self._reporter,
            optional=optional,
            name=self._name,
            watch=self._watch,
            calibrate=options.calibrate,
        )
        return FittedHead(fitted.head, rows, fitted.held_out)


def block_choices(blocks: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the block choices that the ablation compares: deep only, hand-crafted only, and all blocks."""
    deep = tuple(b.name for b in BLOCKS if b.name in blocks and b.by_network)
    handcrafted = tuple(b.name for b in BLOCKS if b.name in blocks and b.in_extraction and not b.by_network)
    if not deep:
        return {HANDCRAFTED_ONLY: handcrafted}
    everything = tuple(b for b in BLOCKS.names if b in blocks)
    return {DEEP_ONLY: deep, HANDCRAFTED_ONLY: handcrafted, ALL_BLOCKS: everything}
