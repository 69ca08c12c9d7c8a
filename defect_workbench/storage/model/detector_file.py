"""The files of a detector, and of a training that was interrupted."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from defect_workbench.core.detector.trained_detector import (
    DetectorFacts,
    DetectorSettings,
    TrainedDetector,
)
from defect_workbench.core.detector.training_state import TrainingState
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.safe_reading import why_not_written
from defect_workbench.core.typed_json import decode
from defect_workbench.storage.files.atomic import replacing
from defect_workbench.storage.model.tensor_file import read_tensor_file, tensor_file_bytes

FORMAT, UNFINISHED_FORMAT = 2, 1
KIND = "defect-workbench detector"
UNFINISHED_KIND = "defect-workbench unfinished training"


def save_detector(path: Path, detector: TrainedDetector) -> None:
    """Write a detector atomically.

    Raises
    ------
    WorkbenchError
        If it cannot be written; an existing file is then unchanged.
    """
    state = {
        "kind": KIND,
        "format": FORMAT,
        "settings": asdict(detector.settings),
        "facts": asdict(detector.facts),
    }
    _write(path, tensor_file_bytes(state, detector.tensors))


def read_detector(path: Path) -> TrainedDetector:
    """Read a detector.

    Raises
    ------
    WorkbenchError
        If it cannot be read, is not a detector, is damaged, or was written by a newer version.
    """
    state, tensors = read_tensor_file(path, KIND, FORMAT)
    try:
        return TrainedDetector(
            decode(DetectorSettings, state["settings"], "settings"),
            decode(DetectorFacts, state["facts"], "facts"),
            tensors,
        )
    except (KeyError, ValueError, WorkbenchError) as error:
        raise WorkbenchError(f"the model {path} is damaged ({error}); train it again") from error


def unfinished_file(model: Path) -> Path:
    """Return the file that holds the state of the training of a model, beside it."""
    return model.with_name(model.name + ".unfinished")


def save_unfinished(path: Path, fingerprint: str, training: TrainingState) -> None:
    """Write the state of a training atomically.

    Parameters
    ----------
    fingerprint : str
        Of the images, boxes and options.

    Raises
    ------
    WorkbenchError
        If it cannot be written; an existing file is then unchanged.
    """
    fields: dict[str, Any] = {k: v for k, v in vars(training).items() if k != "tensors"}
    fields |= {"fingerprint": fingerprint, "curve": [asdict(point) for point in training.curve]}
    state = {"kind": UNFINISHED_KIND, "format": UNFINISHED_FORMAT, "training": fields}
    _write(path, tensor_file_bytes(state, training.tensors))


def read_unfinished(path: Path) -> tuple[str, TrainingState]:
    """Read the fingerprint and the state of a training.

    Raises
    ------
    WorkbenchError
        If it cannot be read, is something else, is damaged, or was written by a newer version.
    """
    state, tensors = read_tensor_file(path, UNFINISHED_KIND, UNFINISHED_FORMAT)
    try:
        training = decode(TrainingState, state["training"], "training")
        return str(state["training"]["fingerprint"]), replace(training, tensors=tensors)
    except (KeyError, TypeError, WorkbenchError) as error:
        raise WorkbenchError(f"{path} is damaged ({error})", Remedy.BEGIN_TRAINING_AGAIN) from error


def _write(path: Path, data: bytes) -> None:
    try:
        with replacing(path) as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise WorkbenchError(f"{path} cannot be written: {why_not_written(error)}") from error
