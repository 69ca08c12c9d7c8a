"""The stage kind `size`: measures whether the largest defect is small or large."""

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
    """A stage that compares the equivalent diameter with a limit; unknown without a defect or pixel size."""

    name = SIZE
    summary = "measures the diameter of the largest defect, with a limit that is given or learned"
    settings = (
        StageSetting("unit", ("px", "nm"), "px", help="unit of the limit; nm needs the pixel size"),
        StageSetting("limit", help="equivalent diameter from which a defect is large"),
    )
    fixed_outcomes = (UNKNOWN, SMALL, LARGE)

    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        """Use the given limit, or learn one from the labels, or split the sizes into two groups."""
        limit, why = self._limit(stage, images)
        parameters = {} if limit is None else {"limit": limit}
        return FittedStage(TrainedStage(stage.name, parameters=parameters, learnt=why))

    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        """Compare the diameters with the limit; without a limit no defect is large."""
        measures = images.measures()
        size = diameters(stage, measures)
        limit = trained.parameters.get("limit", np.inf)
        outcomes = np.where(np.isnan(size), UNKNOWN, np.where(size >= limit, LARGE, SMALL))
        return Decision(certain(stage, outcomes.tolist()), size_features(measures))

    def _limit(self, stage: Stage, images: TrainingImages) -> tuple[float | None, str]:
        if "limit" in stage.settings:
            return float(stage.settings["limit"]), "given"
        size, targets = diameters(stage, images.measures()), images.targets
        names = [outcome.name for outcome in stage.outcomes]
        small, large = (names.index(n) if n in names else -2 for n in (SMALL, LARGE))
        measured = ~np.isnan(size)
        labelled = measured & ((targets == small) | (targets == large))
        if (targets[labelled] == small).any() and (targets[labelled] == large).any():
            return best_split(size[labelled], targets[labelled] == large), "learned from the labels"
        middle = otsu(np.log(size[measured & (size > 0)])) if measured.any() else None
        why = "best split of the sizes into two groups"
        return (None if middle is None else float(np.exp(middle))), why


def diameters(stage: Stage, measures: Floats) -> Floats:
    """Return equivalent diameters in the unit of the stage, (n,); NaN without a defect or pixel size."""
    values = measure(measures, "diameter")
    valid = measure(measures, "defects") > 0
    if stage.settings.get("unit") == "nm":
        size = measure(measures, "pixel_size_nm")
        valid = valid & (size > 0)
        values = values * size
    return np.where(valid, values, np.nan)


def size_features(measures: Floats) -> Floats:
    """Return features for later stages, (n, 6).

    log(1 + x) of diameter, total area and aspect ratio; contrast; log(1 + number of defects); 1 if any.
    """
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
    """Return the limit with the highest balanced accuracy; if several, the middle of the widest gap.

    Parameters
    ----------
    values : (n,) float64
        At least two.
    above : (n,) bool
        Whether each value should be above the limit.
    """
    order = np.argsort(values, kind="stable")
    ascending, large = values[order], above[order]
    below = np.cumsum(~large)[:-1] / max(1, (~large).sum())
    beyond = 1 - np.cumsum(large)[:-1] / max(1, large.sum())
    gaps = np.diff(ascending)
    score = np.where(gaps > 0, below + beyond, -1.0)
    best = np.flatnonzero(score >= score.max() - 1e-12)
    at = int(best[gaps[best].argmax()])
    return float((ascending[at] + ascending[at + 1]) / 2)


def otsu(values: Floats) -> float | None:
    """Return the limit with the least variance within the two groups (N. Otsu, IEEE Trans. SMC 9, 1979).

    Parameters
    ----------
    values : (n,) float64

    Returns
    -------
    float or None
        None if there are fewer than two different values.
    """
    ascending = np.sort(values)
    n = len(ascending)
    if n < 2 or ascending[0] == ascending[-1]:
        return None
    count = np.arange(1, n)
    sums = np.cumsum(ascending)[:-1]
    means = sums / count, (ascending.sum() - sums) / (n - count)
    between = count * (n - count) * (means[0] - means[1]) ** 2
    between = np.where(np.diff(ascending) > 0, between, -1.0)
    at = int(between.argmax())
    return float((ascending[at] + ascending[at + 1]) / 2)


ENTRY = Size()
