"""The file of a detector."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from defect_workbench.core.detector.trained_detector import DetectorFacts, DetectorSettings, TrainedDetector
from defect_workbench.storage.model.detector_file import KIND, read_detector, save_detector
from defect_workbench.storage.model.tensor_file import tensor_file_bytes

SETTINGS = DetectorSettings(("pit",), 1.0, False, "caffe", 0.7, turned=True, repetition=3.0)
FACTS = DetectorFacts(85, 15, {"pit": 20}, 1.0, 1.0, 0, "", "")


def test_a_detector_is_read_as_it_was_saved(tmp_path: Path) -> None:
    save_detector(tmp_path / "a.dwd", TrainedDetector(SETTINGS, FACTS, {"a": np.zeros(2, np.float16)}))
    assert read_detector(tmp_path / "a.dwd").settings == SETTINGS


def test_a_detector_of_an_earlier_version_searches_as_before(tmp_path: Path) -> None:
    settings = asdict(SETTINGS)
    del settings["turned"], settings["repetition"]
    state = {"kind": KIND, "format": 1, "settings": settings, "facts": asdict(FACTS)}
    (tmp_path / "a.dwd").write_bytes(tensor_file_bytes(state, {"a": np.zeros(2, np.float16)}))
    assert read_detector(tmp_path / "a.dwd").settings == replace(SETTINGS, turned=False, repetition=0.0)
