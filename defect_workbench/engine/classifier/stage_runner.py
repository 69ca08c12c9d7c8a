"""Run images through the stages of a taxonomy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.stage import Outcome, Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.trained_stage import UPSTREAM, TrainedStage
from defect_workbench.engine.classifier.data.stage_inputs import Blocks, StageInputs

_JOIN = " > "


class StageRunner:
    """Runs images through the stages of a taxonomy, in training as in prediction.

    Parameters
    ----------
    chosen : (n,) intp
        The images, as rows of `inputs`.
    """

    def __init__(self, taxonomy: Taxonomy, inputs: StageInputs, chosen: Integers) -> None:
        self.taxonomy, self.inputs, self.chosen = taxonomy, inputs, chosen
        self.probabilities: dict[str, Floats] = {}
        self._upstream: dict[str, Floats] = {}
        self._denoised = np.zeros(len(chosen), bool)
        self._denoise = "none"

    def __len__(self) -> int:
        return len(self.chosen)

    def decide(self, stage: Stage, trained: TrainedStage) -> None:
        """Run a stage on the images; stages must be run in the order of the taxonomy."""
        decision = STAGE_KINDS[stage.kind].decide(stage, trained, self)
        self.probabilities[stage.name], self._upstream[stage.name] = decision.probabilities, decision.upstream
        if decision.denoised is not None:
            self._denoised, self._denoise = decision.denoised, stage.denoise

    def replace_upstream(self, stage: Stage, rows: Integers, values: Floats) -> None:
        """Replace the results of a stage that later stages use, for some images.

        Parameters
        ----------
        rows : (m,) intp
            Positions among the images.
        values : (m, k) float64
        """
        if len(rows):
            self._upstream[stage.name][rows] = values

    def measures(self) -> Floats:
        """Return the (n, measures) float64 measurements of the images; see `MEASURES`."""
        return self.inputs.measures(self.chosen)

    def blocks(self, stage: Stage) -> Blocks:
        """Return the (n, d) blocks of the images for a stage: features, and results of earlier stages."""
        blocks = self.image_blocks(stage.denoise, stage.background)
        upstream = [self._upstream[name] for name in stage.inputs if name in self._upstream]
        if upstream:
            blocks[UPSTREAM] = np.concatenate(upstream, axis=1)
        return blocks

    def image_blocks(
        self, denoise: str = "none", background: str = "none"
    ) -> dict[str, NDArray[np.floating[Any]]]:
        """Return the (n, d) feature blocks of the images; those that a stage found noisy are denoised."""
        blocks = dict(self.inputs.blocks(self.chosen, denoise, background))
        if self._denoised.any() and self._denoise != "none":
            rows = np.flatnonzero(self._denoised)
            denoised = self.inputs.blocks(self.chosen[rows], self._denoise, background)
            for name, block in denoised.items():
                blocks[name] = blocks[name].copy()
                blocks[name][rows] = block
        return blocks

    def label_probabilities(self) -> Floats:
        """Return the (n, labels) probabilities: products along stage paths, summed for each label."""
        return self._label_probabilities_from()[self.taxonomy.stages[0].name]

    def _label_probabilities_from(self) -> dict[str, Floats]:
        """Return the (n, labels) probabilities of each label for images that reach a stage, by stage."""
        names = self.taxonomy.labels
        from_stage: dict[str, Floats] = {}
        for stage in reversed(self.taxonomy.stages):
            total = np.zeros((len(self.chosen), len(names)))
            for column, outcome in enumerate(stage.outcomes):
                share = self.probabilities[stage.name][:, column]
                if outcome.next:
                    total += share[:, None] * from_stage[outcome.next]
                else:
                    total[:, names.index(self.taxonomy.label(stage, outcome))] += share
            from_stage[stage.name] = total
        return from_stage

    def paths(self, labels: Integers) -> tuple[str, ...]:
        """Return the most likely stage path of each image to its label, outcomes joined by ' > '.

        Parameters
        ----------
        labels : (n,) intp
            Indices into the labels of the taxonomy.
        """
        names, from_stage = self.taxonomy.labels, self._label_probabilities_from()
        stages = {stage.name: stage for stage in self.taxonomy.stages}
        paths = []
        for row, label in enumerate(labels.tolist()):
            steps: list[str] = []
            stage: Stage | None = self.taxonomy.stages[0]
            while stage is not None:
                likelihoods = [
                    self.probabilities[stage.name][row, column]
                    * (
                        from_stage[o.next][row, label]
                        if o.next
                        else self.taxonomy.label(stage, o) == names[label]
                    )
                    for column, o in enumerate(stage.outcomes)
                ]
                best = stage.outcomes[int(np.argmax(likelihoods))]
                steps.append(_step(self.taxonomy, stage, best))
                stage = stages[best.next] if best.next else None
            paths.append(_JOIN.join(steps))
        return tuple(paths)


def _step(taxonomy: Taxonomy, stage: Stage, outcome: Outcome) -> str:
    return outcome.name if outcome.next else taxonomy.label(stage, outcome)


def route(taxonomy: Taxonomy, path: str) -> dict[str, int]:
    """Return the outcome of each stage on a stage path, as an index into the stage's outcomes, by stage.

    Parameters
    ----------
    path : str
        As `StageRunner.paths` returns it.
    """
    outcomes: dict[str, int] = {}
    stages = {stage.name: stage for stage in taxonomy.stages}
    stage: Stage | None = taxonomy.stages[0]
    while stage is not None:
        following: Stage | None = None
        for number, outcome in enumerate(stage.outcomes):
            step = _step(taxonomy, stage, outcome)
            if path == step or (outcome.next and path.startswith(step + _JOIN)):
                outcomes[stage.name] = number
                path, following = path[len(step + _JOIN) :], stages.get(outcome.next)
                break
        stage = following
    return outcomes
