"""Train the head of a stage: a linear classifier in closed form, and a small network that corrects it.

The network is trained on the held-out predictions of the linear classifier, so that it starts from a good
classifier and learns only corrections that generalise. It uses dropout, class weights, early stopping on
validation rows, and a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.trained_stage import Head, HeadTraining, scaled, softmax
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.classifier.heads.folds import folds
from defect_workbench.engine.classifier.heads.ridge import (
    class_weights,
    indicators,
    ridge,
    weigh,
)
from defect_workbench.engine.features.pca import leading_axes
from defect_workbench.engine.features.scaling import unit_scale, weighted

HIDDEN = 128
AXES = 256
DROPOUT = 0.5
DECAY = 0.01
RATE = 2e-3
EPOCHS = 60
PATIENCE = 8
INNER_FOLDS = 3
SHARPNESS = 8.0
_FEWEST = 24
_LOW_TEMPERATURE, _HIGH_TEMPERATURE = 0.7, 5.0


@dataclass(frozen=True)
class Epoch:
    """One point of the training curves.

    Attributes
    ----------
    head : str
        The stage and fold that is trained.
    loss, accuracy : float
        On the validation rows.
    """

    head: str
    epoch: int
    loss: float
    accuracy: float


Watcher = Callable[[Epoch], None]


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """The training data of a head: one row per image and per augmented image.

    Attributes
    ----------
    blocks : mapping of str to (m, d) float
        The feature blocks.
    labels : (m,) intp
    source : (m,) intp
        The image that each row shows. The rows of unchanged images come first, one per image.
    groups : (m,) intp
        Near-duplicates and augmented images of one image share a group.
    images : int
        Number of unchanged images.
    """

    blocks: Mapping[str, NDArray[np.floating[Any]]]
    labels: Integers
    source: Integers
    groups: Integers
    images: int


@dataclass(frozen=True, eq=False)
class HeadFit:
    """A head, with held-out predictions for its training images.

    Attributes
    ----------
    held_out : (images, c) float64
        Calibrated log-odds.
    """

    head: Head
    held_out: Floats


def fit_head(
    rows: TrainingRows,
    classes: Sequence[str],
    used: Sequence[str],
    seed: int,
    reporter: Reporter,
    *,
    optional: Sequence[str] = (),
    name: str = "",
    watch: Watcher | None = None,
    calibrate: bool = True,
) -> HeadFit:
    """Train a head.

    Parameters
    ----------
    classes : sequence of str
        Names of the outcomes; labels are indices into it.
    used : sequence of str
        The blocks to use.
    seed : int
        Seed of folds, initial weights, order of rows and dropout.
    optional : sequence of str
        Those of the blocks to use only if they improve held-out predictions.
    watch : callable, optional
        Called with every `Epoch`.
    calibrate : bool
        Whether to calibrate the probabilities; False is faster if only the decisions matter.

    Raises
    ------
    Cancelled
        If the user cancelled; checked before each epoch.
    """
    count = len(classes)
    plain = slice(0, rows.images)
    units = {block: unit_scale(block, rows.blocks[block][plain]) for block in used}
    weights = class_weights(rows.labels, count, rows.source)
    at_unit = {block: units[block].apply(rows.blocks[block][plain]) for block in used}
    plain_weights = class_weights(rows.labels[plain], count, rows.source[plain])
    chosen = weigh(at_unit, rows.labels[plain], plain_weights, rows.groups[plain], count, optional, seed)
    reporter.check()
    scales = tuple(weighted(units[block], share) for block, share in chosen.weights.items() if share > 0)
    vectors = scaled(scales, rows.blocks)
    solved = ridge(vectors, indicators(rows.labels, count), weights, rows.groups, chosen.strength)
    axes = leading_axes(vectors[plain], AXES)
    learner = _Learner(vectors @ axes, solved.held_out, rows, weights, count, seed, reporter)
    inner = folds(rows.labels, rows.groups, INNER_FOLDS, seed)
    raw = SHARPNESS * solved.held_out
    epochs: list[int] = []
    if rows.images >= _FEWEST:
        for fold in range(INNER_FOLDS if calibrate else 1):
            validation = np.flatnonzero((inner == fold) & (np.arange(len(inner)) < rows.images))
            if not len(validation):
                continue
            label = f"{name}, part {fold + 1}" if name else f"part {fold + 1}"
            net, stopped = learner.train(np.flatnonzero(inner != fold), validation, EPOCHS, label, watch)
            epochs.append(stopped)
            raw[validation] = net.logits(learner.vectors[validation], solved.held_out[validation])
    net, _ = learner.train(
        np.arange(len(rows.labels)), None, round(float(np.median(epochs or [0]))), name, None
    )
    temperature = fit_temperature(raw[plain], rows.labels[plain]) if calibrate else 1.0
    head = Head(
        tuple(classes),
        scales,
        solved.linear,
        axes,
        net.hidden,
        net.output,
        net.skip,
        temperature,
        HeadTraining(dict(chosen.weights), chosen.strength, tuple(epochs), chosen.loss),
    )
    return HeadFit(head, raw[plain] / temperature)


def fit_temperature(logits: Floats, labels: Integers) -> float:
    """Return the temperature that minimises the negative log-likelihood.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, ICML 2017.

    Parameters
    ----------
    logits : (m, c) float64
    labels : (m,) intp
    """

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits / np.exp(log_temperature))
        return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)).mean())

    minimum = optimize.minimize_scalar(
        loss, bounds=(np.log(_LOW_TEMPERATURE), np.log(_HIGH_TEMPERATURE)), method="bounded"
    )
    return float(np.exp(minimum.x))


@dataclass(frozen=True, eq=False)
class _Net:
    """The weights of a trained network; see `Head`."""

    hidden: Floats
    output: Floats
    skip: float

    def logits(self, vectors: Floats, linear_scores: Floats) -> Floats:
        inner = np.maximum(vectors @ self.hidden[:-1] + self.hidden[-1], 0.0)
        result: Floats = self.skip * linear_scores + inner @ self.output[:-1] + self.output[-1]
        return result


class _Learner:
    """Trains networks on parts of the same rows."""

    def __init__(
        self,
        vectors: Floats,
        linear_scores: Floats,
        rows: TrainingRows,
        weights: Floats,
        classes: int,
        seed: int,
        reporter: Reporter,
    ) -> None:
        self.vectors, self._linear_scores, self._rows, self._weights = vectors, linear_scores, rows, weights
        self._classes, self._seed, self._reporter = classes, seed, reporter

    def train(
        self, chosen: Integers, validation: Integers | None, epochs: int, name: str, watch: Watcher | None
    ) -> tuple[_Net, int]:
        """Train a network; return the best one on the validation rows, or the last one, and its epoch."""
        import torch
        from torch import nn

        r, count = self.vectors.shape[1], self._classes
        if epochs == 0:
            return _Net(np.zeros((r + 1, 1)), np.zeros((2, count)), SHARPNESS), 0
        rng = np.random.default_rng(self._seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            net = nn.Sequential(
                nn.Dropout(DROPOUT / 2),
                nn.Linear(r, HIDDEN),
                nn.ReLU(),
                nn.Dropout(DROPOUT),
                nn.Linear(HIDDEN, count),
            )
            last = net[4]
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            skip = nn.Parameter(torch.tensor(SHARPNESS))
            optimiser = torch.optim.AdamW(
                [
                    {"params": net.parameters(), "lr": RATE, "weight_decay": DECAY},
                    {"params": [skip], "lr": 0.1, "weight_decay": 0.0},
                ]
            )
            x = torch.from_numpy(self.vectors.astype(np.float32))
            linear = torch.from_numpy(self._linear_scores.astype(np.float32))
            y = torch.from_numpy(self._rows.labels.astype(np.int64))
            w = torch.from_numpy((self._weights / self._weights[chosen].mean()).astype(np.float32))
            size = max(64, len(chosen) // 64)
            best, best_loss, best_epoch = self._numbers(net, skip), np.inf, 0
            for epoch in range(1, epochs + 1):
                self._reporter.check()
                net.train()
                order = torch.from_numpy(rng.permutation(chosen))
                for start in range(0, len(order), size):
                    part = order[start : start + size]
                    losses = nn.functional.cross_entropy(
                        skip * linear[part] + net(x[part]), y[part], reduction="none"
                    )
                    loss = (losses * w[part]).mean()
                    optimiser.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    optimiser.step()
                if validation is None:
                    continue
                now = self._numbers(net, skip)
                logits = now.logits(self.vectors[validation], self._linear_scores[validation])
                labels = self._rows.labels[validation]
                likelihoods = softmax(logits)[np.arange(len(validation)), labels]
                held = float(-np.log(np.maximum(likelihoods, 1e-12)).mean())
                if watch is not None:
                    right = float((logits.argmax(axis=1) == labels).mean())
                    watch(Epoch(name, epoch, held, right))
                if held < best_loss - 1e-4:
                    best, best_loss, best_epoch = now, held, epoch
                elif epoch - best_epoch >= PATIENCE:
                    break
            return (best, best_epoch) if validation is not None else (self._numbers(net, skip), epochs)

    @staticmethod
    def _numbers(net: Any, skip: Any) -> _Net:
        def layer(module: Any) -> Floats:
            weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
            return np.concatenate([weight.T, bias[None, :]]).astype(np.float64)

        return _Net(layer(net[1]), layer(net[4]), float(skip.detach()))
