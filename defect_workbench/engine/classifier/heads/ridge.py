"""Ridge regression onto class indicators, with held-out predictions.

The held-out predictions need no refitting: with the weighted hat matrix H, the residuals of a held-out group
g are (I - H_gg)^-1 (Y - HY)_g (R. D. Cook, S. Weisberg, Residuals and Influence in Regression, 1982, for one
row; the same algebra holds for several).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.feature_blocks import WITHOUT_BACKGROUND
from defect_workbench.engine.features.registry import network_blocks


@dataclass(frozen=True, eq=False)
class RidgeFit:
    """Coefficients of a ridge regression, and its held-out predictions.

    Attributes
    ----------
    linear : (d + 1, c) float64
        The last row is the intercept.
    held_out : (m, c) float64
        The prediction for each row by a fit without its group.
    """

    linear: Floats
    held_out: Floats


def ridge(
    vectors: Floats,
    targets: Floats,
    weights: Floats,
    groups: Integers,
    strength: float,
    gram: Floats | None = None,
) -> RidgeFit:
    """Fit a weighted ridge regression, and predict every group by a fit without it.

    Parameters
    ----------
    vectors : (m, d) float64
    targets : (m, c) float64
    weights : (m,) float64
        Weights of the rows' squared errors.
    groups : (m,) intp
        Rows that are held out together.
    strength : float
        Weight of the penalty on squared coefficients, intercept included.
    gram : (m, m) float64, optional
        `vectors` times its transpose, if it is already computed.
    """
    m, d = vectors.shape
    if m <= d + 1:
        kernel = (vectors @ vectors.T if gram is None else gram) + 1.0
        kernel[np.diag_indices(m)] += strength / weights
        inverse = linalg.inv(kernel, overwrite_a=True, check_finite=False)
        dual = inverse @ targets
        linear = np.concatenate([vectors.T @ dual, dual.sum(axis=0, keepdims=True)])
        residuals = dual / np.diag(inverse)[:, None]
        for rows in _shared(groups):
            residuals[rows] = linalg.solve(inverse[np.ix_(rows, rows)], dual[rows], assume_a="pos")
        return RidgeFit(linear, targets - residuals)
    rows_ = np.concatenate([vectors, np.ones((m, 1))], axis=1)
    normal = rows_.T @ (rows_ * weights[:, None])
    normal[np.diag_indices(d + 1)] += strength
    inverse = linalg.inv(normal, overwrite_a=True, check_finite=False)
    linear = inverse @ (rows_.T @ (targets * weights[:, None]))
    misses = targets - rows_ @ linear
    spread = rows_ @ inverse
    leverage = np.einsum("ij,ij->i", spread, rows_) * weights
    residuals = misses / np.maximum(1 - leverage, 1e-9)[:, None]
    for rows in _shared(groups):
        hat = spread[rows] @ rows_[rows].T * weights[rows][None, :]
        residuals[rows] = linalg.solve(np.eye(len(rows)) - hat, misses[rows])
    return RidgeFit(linear, targets - residuals)


def _shared(groups: Integers) -> list[Integers]:
    """Return the row numbers of each group with more than one row."""
    order = np.argsort(groups, kind="stable")
    _, counts = np.unique(groups, return_counts=True)
    return [part for part in np.split(order, np.cumsum(counts)[:-1]) if len(part) > 1]


def indicators(labels: Integers, classes: int) -> Floats:
    """Return the one-hot encoding of labels.

    Parameters
    ----------
    labels : (m,) intp

    Returns
    -------
    (m, classes) float64
    """
    return np.eye(classes)[labels]


def held_out_loss(scores: Floats, labels: Integers, weights: Floats, sharpness: float = 8.0) -> float:
    """Return the weighted mean negative log-likelihood with scores times `sharpness` as logits.

    Parameters
    ----------
    scores : (m, c) float64
        Scores of the linear classifier.
    labels : (m,) intp
    weights : (m,) float64
        Weights of the rows.
    """
    logits = sharpness * scores
    logits = logits - logits.max(axis=1, keepdims=True)
    log = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float(-(weights * log[np.arange(len(labels)), labels]).sum() / weights.sum())


def class_weights(labels: Integers, classes: int, source: Integers, power: float = 0.5) -> Floats:
    """Return weights of rows that favour rare classes, and count all rows of an image as one.

    With the default power, the weight of a class is the square root of its inverse frequency: a compromise
    between equal images, with which rare classes have more errors, and equal classes, with which common ones
    do.

    Parameters
    ----------
    labels : (m,) intp
    source : (m,) intp
        The image that each row shows.

    Returns
    -------
    (m,) float64
    """
    images = np.bincount(np.unique(np.stack([source, labels]), axis=1)[1], minlength=classes)
    share = (images.mean() / np.maximum(images, 1)) ** power
    _, inverse, counts = np.unique(source, return_inverse=True, return_counts=True)
    result: Floats = share[labels] / counts[inverse]
    return result


@dataclass(frozen=True)
class Weighing:
    """Block weights and strength of the penalty, chosen by held-out loss.

    Attributes
    ----------
    weights : mapping of str to float
        By block name.
    loss : float
        Held-out loss of this choice.
    """

    weights: Mapping[str, float]
    strength: float
    loss: float


HANDCRAFTED_WEIGHTS = (0.05, 0.0, 0.2, 0.6)
_OPTIONAL_WEIGHTS = (0.05, 0.3)
# As the network describes the image without its background, too, it may count as much as the image.
_RESIDUAL_WEIGHTS = (0.3, 1.0)
STRENGTHS = (0.3, 0.1, 1.0, 0.03, 3.0)
_WEIGH_IMAGES = 2500
# A change must improve the loss by more than chance would.
_BETTER = 0.99


def weigh(
    blocks: Mapping[str, Floats],
    labels: Integers,
    weights: Floats,
    groups: Integers,
    classes: int,
    optional: Sequence[str] = (),
    seed: int = 0,
) -> Weighing:
    """Choose block weights and strength of the penalty by held-out loss.

    Parameters
    ----------
    blocks : mapping of str to (m, d) float64
        Each at unit scale. The network's blocks have weight 1 and the hand-crafted ones share a chosen
        weight; without blocks of the network, all have weight 1.
    labels, groups : (m,) intp
    weights : (m,) float64
        Weights of the rows.
    classes : int
        Number of classes.
    optional : sequence of str
        Blocks to use only if they reduce the loss.
    seed : int
        Seed of the sample used if there are many images.
    """
    if len(labels) > _WEIGH_IMAGES:
        kept = np.unique(groups)
        share = _WEIGH_IMAGES / len(labels)
        drawn = np.random.default_rng(seed).permutation(kept)[: max(2, int(share * len(kept)))]
        mask = np.isin(groups, drawn)
        if np.bincount(labels[mask], minlength=classes).min() > 0:
            blocks = {name: block[mask] for name, block in blocks.items()}
            labels, weights, groups = labels[mask], weights[mask], groups[mask]
    grams = {name: block @ block.T for name, block in blocks.items()}
    deep = network_blocks(blocks)
    handcrafted = [name for name in blocks if name not in deep and name not in optional]
    targets = indicators(labels, classes)
    wide = np.zeros((len(labels), len(labels)))  # only its shape is used, to select the kernel form

    def loss(shares: Mapping[str, float], strength: float) -> float:
        gram = sum((share * grams[name] for name, share in shares.items() if share > 0), np.zeros_like(wide))
        fit = ridge(wide, targets, weights, groups, strength, gram)
        return held_out_loss(fit.held_out, labels, weights)

    first = dict.fromkeys(deep, 1.0)
    start = first | dict.fromkeys(handcrafted, HANDCRAFTED_WEIGHTS[0] if first else 1.0)
    best = Weighing(start, STRENGTHS[0], loss(start, STRENGTHS[0]))
    for strength in STRENGTHS[1:]:
        best = _better(best, Weighing(best.weights, strength, loss(best.weights, strength)))
    if first and handcrafted:
        for share in HANDCRAFTED_WEIGHTS[1:]:
            shares = first | dict.fromkeys(handcrafted, share)
            best = _better(best, Weighing(shares, best.strength, loss(shares, best.strength)))
    for name in optional:
        for share in _RESIDUAL_WEIGHTS if name in WITHOUT_BACKGROUND else _OPTIONAL_WEIGHTS:
            shares = {**best.weights, name: share}
            best = _better(best, Weighing(shares, best.strength, loss(shares, best.strength)))
    return best


def _better(best: Weighing, other: Weighing) -> Weighing:
    return other if other.loss < _BETTER * best.loss else best
