"""Write a trained classifier with the report on its training: all files of it, or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.errors import InputError
from defect_workbench.storage.files.publishing import clear_unfinished, publish
from defect_workbench.storage.model.model_file import model_bytes
from defect_workbench.storage.model.onnx_export import check_onnx, onnx_bytes
from defect_workbench.workflows.training_info import report_text

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.training_job import TrainingResult


@dataclass(frozen=True)
class ModelFiles:
    """Where a trained classifier goes.

    Attributes
    ----------
    onnx : Path or None
        For the heads as ONNX.
    replace : bool
        Files of these names may be replaced.
    """

    model: Path
    onnx: Path | None = None
    replace: bool = False

    @property
    def report(self) -> Path:
        """The report on the training, beside the model."""
        return self.model.with_name(self.model.name + ".html")

    def __iter__(self) -> Iterator[Path]:
        yield self.model
        yield self.report
        if self.onnx is not None:
            yield self.onnx


def check_model_files(files: ModelFiles, *, fine_tune: bool) -> None:
    """Refuse early, before a long training, what could not be written after it.

    What a killed run left under these names is removed.

    Raises
    ------
    InputError
        If a file exists already or cannot be made, or the heads cannot be written as ONNX.
    WorkbenchError
        If the package for ONNX is missing.
    """
    if files.onnx is not None:
        taken = [os.path.realpath(path) for path in (files.model, files.report)]
        if os.path.realpath(files.onnx) in taken:
            raise InputError(f"{files.onnx} is where the model or its report goes; name another file")
    _clear_unfinished(files)
    for path in files:
        _check_new(path, files.replace)
    if files.onnx is not None:
        if fine_tune:
            raise InputError(
                "an ONNX file holds only the heads, and those of a fine-tuned classifier would need deep "
                "features of the fine-tuned network; leave out either fine-tuning or the ONNX file"
            )
        check_onnx()


def save_trained(outcome: TrainingResult, files: ModelFiles) -> None:
    """Write a trained classifier, its report and, where wanted, its heads: all of them, or none.

    Raises
    ------
    WorkbenchError
        If one cannot be written; then none is, and files that were to be replaced are as before.
    """
    _clear_unfinished(files)
    contents = {
        files.model: model_bytes(outcome.model),
        files.report: report_text(outcome, files.model).encode("utf-8"),
    }
    if files.onnx is not None:
        contents[files.onnx] = onnx_bytes(outcome.model)
    publish(files.model, contents, replace=files.replace)


def _clear_unfinished(files: ModelFiles) -> None:
    model, *others = files
    clear_unfinished(model, others)


def _check_new(path: Path, replace: bool) -> None:
    if not replace and (path.exists() or path.is_symlink()):
        raise InputError(f"{path} already exists, so nothing was written; name a new file")
    there = Path(os.path.abspath(path)).parent
    while not os.path.lexists(there):
        there = there.parent
    if not os.path.isdir(there) or not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be made: {there} is not a folder that can be written")
