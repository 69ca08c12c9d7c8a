"""Fit the novelty score, which recognises images of unknown kinds.

It is the score deviation of the linear classifier plus the distance to the nearest training image plus the
relative distance, which compares an image's distance to its neighbours with theirs to each other.
docs/adr/0015-novelty-score.md and docs/adr/0040-novelty-of-the-foreground.md give the reasons and the
alternatives; docs/adr/0020-conformal-unknown.md says from which score an image is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Integers
from defect_workbench.core.classifier.conformal import MOST_FALSE_ALARMS, Calibration
from defect_workbench.core.classifier.trained_classifier import (
    NEIGHBOURS,
    Classifier,
    Novelty,
    relative_distances,
    score_deviation,
)
from defect_workbench.core.classifier.trained_stage import scaled
from defect_workbench.core.clustering.feature_blocks import FOREGROUND
from defect_workbench.core.distances import nearest_rows
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.text import counted
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.heads.ridge import class_weights, indicators, ridge
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.features.scaling import fixed_scales, unit_scale

HANDCRAFTED_WEIGHT = 0.05
STRENGTH = 0.3
MOST_REFERENCES = 4000
# Of the median reach; else an image near a few identical ones would be infinitely novel.
_LEAST_REACH = 0.1


def novelty_blocks(data: LabelledSet, chosen: Integers) -> dict[str, NDArray[Any]]:
    """Return the blocks of some images in which novelty is measured; see `measures_novelty`.

    Parameters
    ----------
    chosen : (m,) intp
        Rows of the set.

    Returns
    -------
    dict of str to (m, d) float32
    """
    blocks = data.features.blocks
    return {b.name: blocks[b.name][chosen] for b in BLOCKS if measures_novelty(b.name) and b.name in blocks}


def measures_novelty(block: str) -> bool:
    """Return whether novelty is measured in a block: those of the whole image, and the foreground."""
    return block == FOREGROUND or (block in BLOCKS and BLOCKS[block].of_whole_image)


def fit_novelty(
    blocks: Mapping[str, NDArray[Any]], labels: Integers, groups: Integers, classes: int, seed: int
) -> Novelty:
    """Fit the measures of novelty to images of known kinds, without a threshold.

    Each measure is scaled by its values for training images that are held out with their group.

    Parameters
    ----------
    blocks : mapping of str to (m, d) float32
        As `novelty_blocks` returns them.
    labels : (m,) intp
        0 to `classes` - 1.
    groups : (m,) intp
        Images that are held out together: near-duplicates, or images of one lot.
    classes : int
        Number of classes.
    seed : int
        Seed of the choice of reference images if there are more than `MOST_REFERENCES`.

    Returns
    -------
    Novelty
        Without a calibration and with an infinite threshold: every image is known.

    Raises
    ------
    ValueError
        If there are no images.
    """
    whole = {name: block for name, block in blocks.items() if name != FOREGROUND}
    scales = fixed_scales(whole, HANDCRAFTED_WEIGHT)
    if FOREGROUND in blocks:
        scales += (unit_scale(FOREGROUND, blocks[FOREGROUND]),)
    vectors = scaled(scales, blocks)
    weights = class_weights(labels, classes, np.arange(len(labels)))
    fit = ridge(vectors, indicators(labels, classes), weights, groups, STRENGTH)
    kept = np.arange(len(vectors))
    if len(kept) > MOST_REFERENCES:
        kept = np.sort(np.random.default_rng(seed).permutation(kept)[:MOST_REFERENCES])
    distances, neighbours = nearest_rows(vectors, vectors[kept], NEIGHBOURS, (groups, groups[kept]))
    # Infinite where there are too few groups.
    finite = np.isfinite(distances)
    distances = np.where(finite, distances, distances[finite].max(initial=0.0))
    reach = distances[kept].mean(axis=1)
    reach = np.maximum(reach, max(_LEAST_REACH * float(np.median(reach)), 1e-6))
    relative = relative_distances(distances, neighbours, reach)
    held = np.stack([score_deviation(fit.held_out), distances[:, 0], relative], axis=1)
    centre = np.quantile(held, 0.5, axis=0)
    spread = np.maximum(np.quantile(held, 0.95, axis=0) - centre, 1e-6)
    return Novelty(scales, fit.linear, vectors[kept].astype(np.float16), centre, spread, reach)


def with_calibration(classifier: Classifier, calibration: Calibration) -> Classifier:
    """Return the classifier with held-out novelty scores, which determine the images that are unknown."""
    return replace(classifier, novelty=replace(classifier.novelty, calibration=calibration))


def check_false_alarms(false_alarms: float) -> None:
    """Check a share of false alarms.

    Raises
    ------
    InputError
        If it is not above 0 and at most 0.5.
    """
    if not 0 < false_alarms <= MOST_FALSE_ALARMS:
        raise InputError(
            f"the share of false alarms must be above 0 and at most {MOST_FALSE_ALARMS}, not "
            f"{false_alarms:g}; 0.02 stands for 2%",
            Remedy.OTHER_FALSE_ALARMS,
        )


def with_false_alarms(classifier: Classifier, false_alarms: float | None) -> Classifier:
    """Return the classifier with another share of false alarms; None leaves it as it is.

    Raises
    ------
    InputError
        If the share is out of range, or the classifier has a threshold instead of a calibration.
    """
    if false_alarms is None:
        return classifier
    check_false_alarms(false_alarms)
    calibration = classifier.novelty.calibration
    if calibration is None:
        raise InputError(
            "this classifier was trained by an earlier version and has a fixed threshold for unknown "
            "images, so the share of false alarms cannot be set; train it again"
        )
    return with_calibration(classifier, replace(calibration, false_alarms=false_alarms))


def calibration_notes(calibration: Calibration, names: Sequence[str]) -> list[str]:
    """Return what the user should know about a calibration: the share, and the labels with too few images."""
    share = calibration.false_alarms
    rate = f"at most {100 * share:.3g}% of known images are to be flagged as unknown"
    pooled = calibration.pooled()
    if not calibration.suffices():
        least = int(np.ceil(1 / share - 1e-9)) - 1
        images = counted(len(calibration.scores), "image")
        note = f"{images} are too few for this share, so no image is flagged; at least {least:,} are needed"
        return [f"{rate}: {note}"]
    if not pooled.any():
        return [rate]
    small = [name for name, few in zip(names, pooled.tolist(), strict=True) if few]
    own = int(pooled[calibration.labels].sum())
    with_others = calibration.references()[int(pooled.argmax())].size > own
    whom = "all images together" if with_others or len(small) == len(names) else "their images together"
    return [f"{rate}; too few images to calibrate alone, so judged by {whom}: {', '.join(small)}"]
