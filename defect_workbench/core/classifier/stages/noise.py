"""A stage that measures: whether an image is noisy, so that it goes on denoised."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.classifier.stage import NOISE, Stage
from defect_workbench.core.classifier.stages.stage_kind import (
    Decision,
    FittedStage,
    StageImages,
    StageKind,
    StageSetting,
    TrainingImages,
    certain,
    measure,
)
from defect_workbench.core.classifier.trained_stage import TrainedStage

QUIET, NOISY = "as it is", "denoised"
# A new lot counts as noisy only where it clearly leaves what training has seen.
_LEAST_NOISE = 10.0
_NOISE_MARGIN = 1.5


class Noise(StageKind):
    """Noisy from a threshold in grey levels on."""

    name = NOISE
    summary = "measures the noise, with a threshold that is given or learned; noisy images go on denoised"
    settings = (StageSetting("threshold"),)
    fixed_outcomes = (QUIET, NOISY)
    denoise = "nlm"

    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        """The threshold as given, or above nearly all training images."""
        if "threshold" in stage.settings:
            threshold, why = float(stage.settings["threshold"]), "given"
        else:
            noise = measure(images.measures(), "noise")
            usual = float(np.quantile(noise, 0.99)) if len(noise) else 0.0
            threshold = max(_LEAST_NOISE, _NOISE_MARGIN * usual)
            why = f"{_NOISE_MARGIN:g} times what 99 % of the training images have, at least {_LEAST_NOISE:g}"
        return FittedStage(TrainedStage(stage.name, parameters={"threshold": threshold}, notes={"why": why}))

    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        """Compare the noise with the threshold; without one no image is noisy."""
        noise = measure(images.measures(), "noise")
        noisy = noise >= trained.parameters.get("threshold", np.inf)
        found = np.where(noisy, NOISY, QUIET)
        return Decision(certain(stage, found.tolist()), noise[:, None], noisy)


ENTRY = Noise()
