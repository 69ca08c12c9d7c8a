"""The stage kind `noise`: measures the noise; noisy images are denoised for later stages."""

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
# A new lot counts as noisy only if it is clearly noisier than the training images.
_LOWEST_THRESHOLD = 10.0
_NOISE_MARGIN = 1.5


class Noise(StageKind):
    """A stage that compares the noise with a threshold in grey levels."""

    name = NOISE
    summary = "measures the noise, with a threshold that is given or learned; noisy images are denoised"
    settings = (StageSetting("threshold", help="noise in grey levels from which an image is denoised"),)
    fixed_outcomes = (QUIET, NOISY)
    denoise = "nlm"

    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        """Use the given threshold, or one above nearly all training images."""
        if "threshold" in stage.settings:
            threshold, why = float(stage.settings["threshold"]), "given"
        else:
            noise = measure(images.measures(), "noise")
            highest = float(np.quantile(noise, 0.99)) if len(noise) else 0.0
            threshold = max(_LOWEST_THRESHOLD, _NOISE_MARGIN * highest)
            why = (
                f"{_NOISE_MARGIN:g} times the 99th percentile of the training images, "
                f"at least {_LOWEST_THRESHOLD:g}"
            )
        return FittedStage(TrainedStage(stage.name, parameters={"threshold": threshold}, learnt=why))

    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        """Compare the noise with the threshold; without a threshold no image is noisy."""
        noise = measure(images.measures(), "noise")
        noisy = noise >= trained.parameters.get("threshold", np.inf)
        outcomes = np.where(noisy, NOISY, QUIET)
        return Decision(certain(stage, outcomes.tolist()), noise[:, None], noisy)


ENTRY = Noise()
