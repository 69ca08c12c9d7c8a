"""Run images through the stages of a taxonomy."""

from __future__ import annotations

from typing import Any

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.stage import Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.trained_stage import UPSTREAM, TrainedStage
from defect_workbench.engine.classifier.data.stage_inputs import Blocks, StageInputs


class StageRunner:
    """Runs images through the stages of a taxonomy, in training as in prediction.

    Parameters
    ----------
    chosen : (n,) intp
        The images, as rows of the inputs.
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
        """Let a stage decide about the images; stages are run in the order of the taxonomy."""
        found = STAGE_KINDS[stage.kind].decide(stage, trained, self)
        self.probabilities[stage.name], self._upstream[stage.name] = found.probabilities, found.upstream
        if found.denoised is not None:
            self._denoised, self._denoise = found.denoised, stage.denoise

    def replace_upstream(self, stage: Stage, rows: Integers, values: Floats) -> None:
        """Let later stages see other findings of a stage about some images.

        Parameters
        ----------
        rows : (m,) intp
            Positions among the images.
        values : (m, k) float64
        """
        if len(rows):
            self._upstream[stage.name][rows] = values

    def measures(self) -> Floats:
        """(n, measures) measurements of the images; see `MEASURES`."""
        return self.inputs.measures(self.chosen)

    def blocks(self, stage: Stage) -> Blocks:
        """Features of the images as the stage wants its pictures, and what earlier stages found."""
        found = self.pictures(stage.denoise, stage.background)
        upstream = [self._upstream[name] for name in stage.inputs if name in self._upstream]
        if upstream:
            found[UPSTREAM] = np.concatenate(upstream, axis=1)
        return found

    def pictures(self, denoise: str = "none", background: str = "none") -> dict[str, Any]:
        """(n, d) feature blocks of the images; of those found noisy, denoised."""
        found = dict(self.inputs.blocks(self.chosen, denoise, background))
        if self._denoised.any() and self._denoise != "none":
            rows = np.flatnonzero(self._denoised)
            quiet = self.inputs.blocks(self.chosen[rows], self._denoise, background)
            for name, block in quiet.items():
                found[name] = found[name].copy()
                found[name][rows] = block
        return found

    def label_probabilities(self) -> Floats:
        """(n, labels) probability of each label: the product along a path, summed over all paths to it."""
        return self._reach()[self.taxonomy.stages[0].name]

    def _reach(self) -> dict[str, Floats]:
        names = self.taxonomy.labels
        reach: dict[str, Floats] = {}
        for stage in reversed(self.taxonomy.stages):
            total = np.zeros((len(self.chosen), len(names)))
            for column, outcome in enumerate(stage.outcomes):
                share = self.probabilities[stage.name][:, column]
                if outcome.next:
                    total += share[:, None] * reach[outcome.next]
                else:
                    total[:, names.index(self.taxonomy.label(stage, outcome))] += share
            reach[stage.name] = total
        return reach

    def paths(self, labels: Integers) -> tuple[str, ...]:
        """The likeliest path of each image to its label, outcomes joined by ' > '.

        Parameters
        ----------
        labels : (n,) intp
            Indices into the labels of the taxonomy.
        """
        names, reach = self.taxonomy.labels, self._reach()
        stages = {stage.name: stage for stage in self.taxonomy.stages}
        found = []
        for row, label in enumerate(labels.tolist()):
            steps: list[str] = []
            stage: Stage | None = self.taxonomy.stages[0]
            while stage is not None:
                odds = [
                    self.probabilities[stage.name][row, column]
                    * (reach[o.next][row, label] if o.next else self.taxonomy.label(stage, o) == names[label])
                    for column, o in enumerate(stage.outcomes)
                ]
                best = stage.outcomes[int(np.argmax(odds))]
                steps.append(best.name if best.next else self.taxonomy.label(stage, best))
                stage = stages[best.next] if best.next else None
            found.append(" > ".join(steps))
        return tuple(found)
