"""Train the detector, step by step, so that an interrupted training ends as an uninterrupted one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from defect_workbench.core.detector.trained_detector import CurvePoint, Tensors
from defect_workbench.core.detector.training_state import TrainingState
from defect_workbench.core.errors import Cancelled, WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.checkpoint import Checkpoint
from defect_workbench.engine.backbone.embedder import default_device
from defect_workbench.engine.detector.detector_network import (
    arrays_of,
    batch_of,
    build_detector,
    fast_arithmetic,
)
from defect_workbench.engine.detector.held_out_images import HeldOut
from defect_workbench.engine.detector.training_crops import (
    KeptPlanes,
    MarkedImage,
    crop_starts,
    random_crop,
)
from defect_workbench.engine.detector.training_plan import BATCH, TrainingPlan

_RATE, _BACKBONE_SHARE, _DECAY = 2e-4, 0.5, 1e-2
_WARM_UP, _LAST_RATE = 100, 1e-3
_LARGEST_GRADIENT = 5.0
# The weights that are kept are an exponential mean over about the last 200 steps.
_MEAN = 0.995
# Early stopping: after this many evaluations without improvement, but not in the first half of the training.
_EVALUATIONS, _PATIENCE, _NOT_BEFORE = 10, 4, 0.5
_LEAST_GAP = 25
_KEEP_SECONDS = 300.0
_MOST_FAILURES = 20


class DetectorTraining:
    """Trains a detector.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of the network in its backbone.
    plan : TrainingPlan
    labels : sequence of str
    images : sequence of MarkedImage
    planes : KeptPlanes
        Of these images.
    held_out : HeldOut
    coloured : bool
        Whether the planes are an image and its deviations from a reference.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        plan: TrainingPlan,
        labels: Sequence[str],
        images: Sequence[MarkedImage],
        planes: KeptPlanes,
        held_out: HeldOut,
        *,
        coloured: bool,
    ) -> None:
        self._plan = plan
        self._images = images
        self._planes = planes
        self._held_out = held_out
        self._coloured = coloured
        self._variant = checkpoint.variant
        self._device = default_device()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            network = build_detector(checkpoint, len(labels))
        self._network: Any = network.to(self._device)
        named = {n: p for n, p in self._network.named_parameters() if p.requires_grad}
        self._trained: Mapping[str, Tensor] = named
        self._mean = {name: each.detach().clone() for name, each in named.items()}
        body = [p for n, p in named.items() if ".body." in n]
        rest = [p for n, p in named.items() if ".body." not in n]
        self._optimiser = torch.optim.AdamW(
            [{"params": body, "share": _BACKBONE_SHARE}, {"params": rest, "share": 1.0}],
            lr=_RATE,
            weight_decay=_DECAY,
            # Each tensor is read and written once per step instead of ten times.
            fused=True,
        )
        self._order = crop_starts(images, plan.crop)
        # The epoch, and the order of its crops.
        self._shuffled = -1, self._order
        self._best: Tensors = {}
        self._state = TrainingState()

    def restore(self, state: TrainingState) -> None:
        """Continue an interrupted training.

        Raises
        ------
        ValueError
            If the state is not one of this training.
        """
        groups: dict[str, dict[str, Any]] = {}
        for name, array in state.tensors.items():
            kind, _, rest = name.partition("/")
            groups.setdefault(kind, {})[rest] = array
        names = set(self._trained)
        if any(set(groups.get(kind, ())) != names for kind in ("parameter", "mean", "first", "second")):
            raise ValueError("its tensors are not those of this training")
        with torch.no_grad():
            for name, parameter in self._trained.items():
                values = {kind: torch.from_numpy(groups[kind][name]) for kind in groups if kind != "best"}
                if values["parameter"].shape != parameter.shape:
                    raise ValueError(f"{name} has another shape")
                parameter.copy_(values["parameter"])
                self._mean[name].copy_(values["mean"])
                self._optimiser.state[parameter] = {
                    "step": torch.tensor(float(state.step), device=parameter.device),
                    "exp_avg": torch.empty_like(parameter).copy_(values["first"]),
                    "exp_avg_sq": torch.empty_like(parameter).copy_(values["second"]),
                }
        self._best = groups.get("best", {})
        self._state = replace(state, tensors={})

    def run(
        self,
        reporter: Reporter,
        keep: Callable[[TrainingState], None],
        watch: Callable[[CurvePoint], None] | None = None,
    ) -> tuple[Tensors, TrainingState, float]:
        """Train to the end.

        Parameters
        ----------
        keep : callable
            Called with the state from time to time, and when the user cancels.
        watch : callable, optional
            Called with each point of the curve, those of an interrupted training first, and with the mean
            loss of every 25 steps between them; there the average precision is NaN.

        Returns
        -------
        tuple of mapping, TrainingState, float
            The tensors of the best network, the last state, and the epochs that were done.

        Raises
        ------
        WorkbenchError
            If the training fails: the loss is not a number for many steps in a row.
        """
        state, plan = self._state, self._plan
        gap = max(_LEAST_GAP, math.ceil(plan.steps / _EVALUATIONS))
        points = set(range(plan.steps, 0, -gap))
        # Only what is left: what was done before an interruption would falsify the time left.
        title = "Continuing the training" if state.step else "Training the detector"
        reporter.stage(title, (plan.steps - state.step) * BATCH)
        recent: list[float] = []
        if watch is not None:
            for point in state.curve:
                watch(point)
        clock = kept = time.perf_counter()
        failures = 0
        while state.step < plan.steps and not (
            state.without_gain >= _PATIENCE and state.step >= plan.steps * _NOT_BEFORE
        ):
            try:
                reporter.check()
            except Cancelled:
                keep(self._snapshot())
                raise
            loss = self._step(state.step)
            failures = 0 if math.isfinite(loss) else failures + 1
            if failures >= _MOST_FAILURES:
                raise WorkbenchError("the training does not converge: the loss is not a number")
            if math.isfinite(loss):
                state.loss, state.losses = state.loss + loss, state.losses + 1
                recent.append(loss)
            state.step += 1
            reporter.advance(BATCH)
            evaluated = state.step in points
            if evaluated:
                self._evaluate()
            if watch is not None and recent and (evaluated or state.step % _LEAST_GAP == 0):
                ap50 = state.curve[-1].ap50 if evaluated else math.nan
                watch(CurvePoint(self._epoch(), round(sum(recent) / len(recent), 4), ap50))
                recent = []
            now = time.perf_counter()
            state.seconds, clock = state.seconds + now - clock, now
            if now - kept > _KEEP_SECONDS:
                keep(self._snapshot())
                kept = clock = time.perf_counter()
        return self._best, state, self._epoch()

    def _epoch(self) -> float:
        return round(self._state.step * BATCH / len(self._order), 2)

    def _step(self, step: int) -> float:
        """Do one step, which depends on nothing but the state and its number; return the loss."""
        network, plan = self._network, self._plan
        for group in self._optimiser.param_groups:
            group["lr"] = _RATE * group["share"] * self._course(step)
        crops = [self._crop(step * BATCH + index) for index in range(BATCH)]
        batch = batch_of(self._variant, [crop.planes for crop in crops], self._device)
        targets = [
            {
                "boxes": torch.from_numpy(crop.boxes).to(self._device),
                "labels": torch.from_numpy(crop.labels).to(self._device),
            }
            for crop in crops
        ]
        network.train()
        with torch.random.fork_rng(devices=[self._device] if self._device.type == "cuda" else []):
            # Anchors and proposals are drawn at random.
            torch.manual_seed(plan.seed * 1_000_003 + step)
            with fast_arithmetic(self._device):
                losses = network(batch, targets)
        loss = sum(losses.values())
        self._optimiser.zero_grad(set_to_none=False)
        loss.backward()
        size = torch.nn.utils.clip_grad_norm_(list(self._trained.values()), _LARGEST_GRADIENT)
        if not torch.isfinite(size):
            self._optimiser.zero_grad(set_to_none=False)
        self._optimiser.step()
        weight = 1 - min(_MEAN, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, parameter in self._trained.items():
                self._mean[name].lerp_(parameter, weight)
        return float(loss.detach())

    def _course(self, step: int) -> float:
        """Return the share of the learning rate at a step: a linear rise, then half a cosine."""
        rise = min(1.0, (step + 1) / min(_WARM_UP, max(1, self._plan.steps // 10)))
        return rise * (0.5 + 0.5 * math.cos(math.pi * step / self._plan.steps)) + _LAST_RATE

    def _crop(self, number: int) -> Any:
        epoch, place = divmod(number, len(self._order))
        if epoch != self._shuffled[0]:
            rng = np.random.default_rng([self._plan.seed, 1, epoch])
            self._shuffled = epoch, rng.permutation(self._order)
        index = int(self._shuffled[1][place])
        rng = np.random.default_rng([self._plan.seed, 2, number])
        return random_crop(self._images[index], self._planes[index], self._plan.crop, self._coloured, rng)

    def _evaluate(self) -> None:
        """Add a point to the curve, and keep the mean network if it is the best one so far."""
        state = self._state
        own = {name: each.detach().clone() for name, each in self._trained.items()}
        with torch.no_grad():
            for name, parameter in self._trained.items():
                parameter.copy_(self._mean[name])
            # Rounded as in the curve, so that an equal value is no gain.
            ap50 = round(self._held_out.ap50(self._network.eval(), self._variant, self._device), 4)
            better = not state.curve or ap50 > max(point.ap50 for point in state.curve)
            if better:
                self._best = arrays_of(self._network)
            for name, parameter in self._trained.items():
                parameter.copy_(own[name])
        state.without_gain = 0 if better else state.without_gain + 1
        loss = round(state.loss / max(1, state.losses), 4)
        state.curve = (*state.curve, CurvePoint(self._epoch(), loss, ap50))
        state.loss, state.losses = 0.0, 0

    def _snapshot(self) -> TrainingState:
        """Return the state with copies of all tensors."""
        tensors: dict[str, Any] = {f"best/{name}": each for name, each in self._best.items()}
        for name, parameter in self._trained.items():
            moments = self._optimiser.state.get(parameter, {})
            zeros = torch.zeros_like(parameter)
            for kind, value in (
                ("parameter", parameter),
                ("mean", self._mean[name]),
                ("first", moments.get("exp_avg", zeros)),
                ("second", moments.get("exp_avg_sq", zeros)),
            ):
                tensors[f"{kind}/{name}"] = value.detach().cpu().contiguous().numpy().copy()
        state = self._state
        return replace(state, tensors=tensors)
