"""Write a trained classifier and its report: all files, or none."""

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
    """The files that a trained classifier is written to.

    Attributes
    ----------
    onnx : Path or None
        File for the heads as ONNX.
    replace : bool
        Existing files are replaced.
    """

    model: Path
    onnx: Path | None = None
    replace: bool = False

    @property
    def report(self) -> Path:
        """The file of the report, in the folder of the model."""
        return self.model.with_name(self.model.name + ".html")

    def __iter__(self) -> Iterator[Path]:
        yield self.model
        yield self.report
        if self.onnx is not None:
            yield self.onnx


def check_model_files(files: ModelFiles, *, fine_tune: bool) -> None:
    """Check, before a long training, that the files can be written after it.

    Unfinished files of a run that was killed are removed.

    Raises
    ------
    InputError
        If a file already exists or cannot be created, or the heads cannot be written as ONNX.
    WorkbenchError
        If the package onnx is not installed.
    """
    if files.onnx is not None:
        other_files = [os.path.realpath(path) for path in (files.model, files.report)]
        if os.path.realpath(files.onnx) in other_files:
            raise InputError(
                f"{files.onnx} is the file of the model or its report; name another file for ONNX"
            )
    _clear_unfinished(files)
    for path in files:
        check_new_file(path, files.replace)
    if files.onnx is not None:
        if fine_tune:
            raise InputError(
                "an ONNX file holds only the heads, and those of a fine-tuned classifier would need deep "
                "features of the fine-tuned network; leave out either fine-tuning or the ONNX file"
            )
        check_onnx()


def save_trained(outcome: TrainingResult, files: ModelFiles) -> None:
    """Write a trained classifier, its report and, if requested, its heads: all files, or none.

    Raises
    ------
    WorkbenchError
        If a file cannot be written; then none is, and existing files are unchanged.
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


def check_new_file(path: Path, replace: bool = False) -> None:
    """Check, before a long job, that a file can be written after it.

    Raises
    ------
    InputError
        If it already exists and may not be replaced, or its folder is not writable.
    """
    if not replace and (path.exists() or path.is_symlink()):
        raise InputError(f"{path} already exists, so nothing was written; name a new file")
    existing = Path(os.path.abspath(path)).parent
    while not os.path.lexists(existing):
        existing = existing.parent
    if not os.path.isdir(existing) or not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be created: {existing} is not a writable folder")
