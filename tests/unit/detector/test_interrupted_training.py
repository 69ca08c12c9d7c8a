"""A training that is interrupted ends as one that is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.detector.trained_detector import CurvePoint
from defect_workbench.core.detector.training_state import TrainingState
from defect_workbench.core.errors import Cancelled, WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.detector import detector_training
from defect_workbench.engine.detector.detector_training import DetectorTraining
from defect_workbench.engine.detector.held_out_images import HeldOut
from defect_workbench.engine.detector.training_crops import KeptPlanes, MarkedImage
from defect_workbench.engine.detector.training_plan import TrainingPlan
from defect_workbench.storage.model.detector_file import (
    read_unfinished,
    save_unfinished,
)
from tests.unit.detector.tiny_network import random_weights, tiny_network

STEPS = 4


class _CancelsAt(SilentReporter):
    def __init__(self, check: int) -> None:
        super().__init__()
        self._left = check

    def check(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Cancelled


def _training() -> DetectorTraining:
    rng = np.random.default_rng(3)
    images = [MarkedImage(str(i), np.array([[8.0, 8, 30, 30]]), np.array([1]), (64, 64)) for i in range(2)]
    pixels = [rng.integers(0, 255, (64, 64, 3), np.uint8) for _ in images]
    planes = KeptPlanes(lambda index: pixels[index])
    plan = TrainingPlan(1.0, 64, STEPS, 8.0, 0)
    checkpoint = Checkpoint("random", Variant.TORCHVISION, "0", random_weights())
    held_out = HeldOut(("pit",), images[:1], planes)
    return DetectorTraining(checkpoint, plan, ("pit",), images, planes, held_out, coloured=False)


@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    real: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector_training, "_LEAST_GAP", 1)
    if not real:
        monkeypatch.setattr(detector_training, "build_detector", tiny_network)
    kept: list[TrainingState] = []
    whole, state, epochs = _training().run(SilentReporter(), kept.append)
    assert (state.step, epochs, kept) == (STEPS, 8.0, [])
    assert len(state.curve) == STEPS

    with pytest.raises(Cancelled):
        _training().run(_CancelsAt(2), kept.append)
    (half,) = kept
    file = tmp_path / "model.unfinished"
    save_unfinished(file, "hash", half)
    fingerprint, read = read_unfinished(file)
    assert (fingerprint, read.step) == ("hash", 2)
    resumed = _training()
    resumed.restore(read)
    watched: list[CurvePoint] = []
    tensors, end, _ = resumed.run(SilentReporter(), kept.append, watched.append)
    assert end.curve == tuple(watched) == state.curve
    assert set(tensors) == set(whole)
    for name, tensor in whole.items():
        assert np.array_equal(tensors[name], tensor), name

    with pytest.raises(ValueError, match="not those of this training"):
        _training().restore(TrainingState(step=1))
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(WorkbenchError, match="damaged"):
        read_unfinished(file)
