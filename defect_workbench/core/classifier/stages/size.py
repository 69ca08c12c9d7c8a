"""A stage that measures: whether the largest defect is small or large."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Flags, Floats
from defect_workbench.core.classifier.stage import SIZE, Stage
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

UNKNOWN, SMALL, LARGE = "unknown", "small", "large"


class Size(StageKind):
    """Large from a limit of the equivalent diameter on; unknown where there is no defect or no scale."""

    name = SIZE
    summary = "measures the diameter of the largest defect, with a limit that is given or learned"
    settings = (StageSetting("unit", ("px", "nm"), "px"), StageSetting("limit"))
    fixed_outcomes = (UNKNOWN, SMALL, LARGE)

    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        """The limit as given; or learned from the labels; or where the sizes fall into two groups."""
        limit, why = self._limit(stage, images)
        parameters = {} if limit is None else {"limit": limit}
        return FittedStage(TrainedStage(stage.name, parameters=parameters, notes={"why": why}))

    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        """Compare diameters with the limit; without one no defect is large."""
        measures = images.measures()
        size = diameters(stage, measures)
        limit = trained.parameters.get("limit", np.inf)
        found = np.where(np.isnan(size), UNKNOWN, np.where(size >= limit, LARGE, SMALL))
        return Decision(certain(stage, found.tolist()), size_features(measures))

    def _limit(self, stage: Stage, images: TrainingImages) -> tuple[float | None, str]:
        if "limit" in stage.settings:
            return float(stage.settings["limit"]), "given"
        size, wanted = diameters(stage, images.measures()), images.wanted
        names = [outcome.name for outcome in stage.outcomes]
        small, large = (names.index(n) if n in names else -2 for n in (SMALL, LARGE))
        there = ~np.isnan(size)
        labelled = there & ((wanted == small) | (wanted == large))
        if (wanted[labelled] == small).any() and (wanted[labelled] == large).any():
            return best_split(size[labelled], wanted[labelled] == large), "learned from the labels"
        middle = otsu(np.log(size[there & (size > 0)])) if there.any() else None
        why = "the sizes fall best into two groups there"
        return (None if middle is None else float(np.exp(middle))), why


def diameters(stage: Stage, measures: Floats) -> Floats:
    """(n,) equivalent diameter in the stage's unit; NaN where there is no defect or no pixel size."""
    values = measure(measures, "diameter")
    there = measure(measures, "defects") > 0
    if stage.settings.get("unit") == "nm":
        size = measure(measures, "pixel_size_nm")
        there = there & (size > 0)
        values = values * size
    return np.where(there, values, np.nan)


def size_features(measures: Floats) -> Floats:
    """(n, 6) for later stages: log of diameter and total area, aspect, contrast, number, any."""
    parts = [
        np.log1p(measure(measures, "diameter")),
        np.log1p(measure(measures, "total_area")),
        np.log1p(measure(measures, "aspect")),
        measure(measures, "contrast"),
        np.log1p(measure(measures, "defects")),
        (measure(measures, "defects") > 0).astype(np.float64),
    ]
    return np.stack(parts, axis=1)


def best_split(values: Floats, above: Flags) -> float:
    """The limit of highest balanced accuracy; the middle of the widest gap where several are.

    Parameters
    ----------
    values : (n,) float64
        At least two.
    above : (n,) bool
        Whether each value should lie above the limit.
    """
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
    """The limit that leaves least variance within two groups (N. Otsu, IEEE Trans. SMC 9, 1979).

    Parameters
    ----------
    values : (n,) float64

    Returns
    -------
    float or None
        None if there are fewer than two different values.
    """
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


ENTRY = Size()
