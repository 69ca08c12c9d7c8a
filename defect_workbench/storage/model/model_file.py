"""The file of a classifier: its arrays as tensors, everything else as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.classifier.conformal import MOST_FALSE_ALARMS, Calibration
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy_toml import UnknownKindError, from_mapping
from defect_workbench.core.classifier.trained_classifier import Classifier, Novelty
from defect_workbench.core.classifier.trained_stage import (
    BlockScale,
    Head,
    HeadTraining,
    TrainedStage,
    current_block,
)
from defect_workbench.core.classifier.training_facts import read_training_facts
from defect_workbench.core.clustering.feature_blocks import DEEP, identity_with_current_names
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.safe_reading import why_not_written
from defect_workbench.core.typed_json import decode
from defect_workbench.storage.files.atomic import replacing
from defect_workbench.storage.model.tensor_file import Arrays, read_tensor_file, tensor_file_bytes

# Since format 4 novelty scores contain relative distances. Since format 3 unknown images follow from held-out
# scores instead of a threshold. Since format 2 the parameters of a stage are a mapping; format 1 had the two
# keys `_FORMER_PARAMETERS`.
FORMAT = 4
_FORMER_PARAMETERS = ("limit", "threshold")
KIND = "defect-workbench classifier"


def save_model(path: Path, model: Classifier) -> None:
    """Write a model file atomically.

    Raises
    ------
    WorkbenchError
        If it cannot be written; an existing file is then unchanged.
    """
    data = model_bytes(model)
    try:
        with replacing(path) as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise WorkbenchError(f"the model {path} cannot be written: {why_not_written(error)}") from error


def model_bytes(model: Classifier) -> bytes:
    """Return the content of a model file."""
    arrays: Arrays = {}
    state = {
        "kind": KIND,
        "format": FORMAT,
        "taxonomy": model.taxonomy.as_json(),
        "stages": {name: _stage_to_json(name, stage, arrays) for name, stage in model.stages.items()},
        "novelty": {
            "scales": _scales_to_json("novelty", model.novelty.scales, arrays),
            "threshold": model.novelty.threshold if np.isfinite(model.novelty.threshold) else None,
            "false_alarms": model.novelty.false_alarms,
        },
        "identity": dict(model.identity),
        "facts": {} if model.facts is None else model.facts.as_json(),
    }
    arrays["novelty.linear"] = model.novelty.linear
    arrays["novelty.references"] = model.novelty.references
    arrays["novelty.centre"] = model.novelty.centre
    arrays["novelty.spread"] = model.novelty.spread
    if model.novelty.reach is not None:
        arrays["novelty.reach"] = model.novelty.reach
    if model.novelty.calibration is not None:
        arrays["novelty.held_out"] = model.novelty.calibration.scores
        arrays["novelty.held_out_labels"] = model.novelty.calibration.labels.astype(np.int32)
    arrays.update({f"tuned.{name}": array for name, array in model.tuned.items()})
    return tensor_file_bytes(state, arrays)


def _scales_to_json(prefix: str, scales: tuple[BlockScale, ...], arrays: Arrays) -> list[dict[str, Any]]:
    for scale in scales:
        arrays[f"{prefix}.{scale.block}.centre"] = scale.centre
        arrays[f"{prefix}.{scale.block}.divisor"] = scale.divisor
    return [{"block": s.block, "factor": s.factor, "clip": s.clip, "unit_rows": s.unit_rows} for s in scales]


def _stage_to_json(name: str, stage: TrainedStage, arrays: Arrays) -> dict[str, Any]:
    notes = {"why": stage.learnt} if stage.learnt else {}
    result: dict[str, Any] = {"parameters": dict(stage.parameters), "notes": notes}
    head = stage.head
    if head is not None:
        result["notes"] = {**head.training.as_json(), **notes}
        prefix = f"stage.{name}"
        result["head"] = {
            "classes": list(head.classes),
            "scales": _scales_to_json(prefix, head.scales, arrays),
            "skip": head.skip,
            "temperature": head.temperature,
        }
        arrays[f"{prefix}.linear"] = head.linear
        arrays[f"{prefix}.axes"] = head.axes.astype(np.float32)
        arrays[f"{prefix}.hidden"] = head.hidden
        arrays[f"{prefix}.output"] = head.output
    return result


def load_model(path: Path) -> Classifier:
    """Read a model file.

    Raises
    ------
    WorkbenchError
        If it cannot be read, is not a model, is damaged, or was written by a newer version.
    """
    state, arrays = read_tensor_file(path, KIND, FORMAT)
    try:
        return _model(state, arrays, path)
    except UnknownKindError as error:
        raise WorkbenchError(
            f"the model was written by another version ({error}); update the program"
        ) from error
    except WorkbenchError as error:
        raise WorkbenchError(f"the model {path} is damaged ({error}); train it again") from error
    except Exception as error:  # parsers raise all kinds of errors on a damaged file
        raise WorkbenchError(f"the model {path} is damaged; train it again") from error


def _scales_from_json(prefix: str, tables: list[dict[str, Any]], arrays: Arrays) -> tuple[BlockScale, ...]:
    return tuple(
        BlockScale(
            current_block(str(table["block"])),
            arrays[f"{prefix}.{table['block']}.centre"],
            arrays[f"{prefix}.{table['block']}.divisor"],
            float(table["factor"]),
            float(table["clip"]),
            # Missing in format 1, in which only deep vectors had unit norm.
            bool(table.get("unit_rows", table["block"] == DEEP)),
        )
        for table in tables
    )


@dataclass(frozen=True)
class _Notes:
    """The notes of a stage, besides those of the training of its head."""

    why: str = ""


def _stage_from_json(name: str, table: Mapping[str, Any], arrays: Arrays) -> TrainedStage:
    head, notes = None, f"stages.{name}.notes"
    if table.get("head") is not None:
        entry, prefix = table["head"], f"stage.{name}"
        head = Head(
            tuple(str(c) for c in entry["classes"]),
            _scales_from_json(prefix, entry["scales"], arrays),
            arrays[f"{prefix}.linear"],
            arrays[f"{prefix}.axes"].astype(np.float64),
            arrays[f"{prefix}.hidden"],
            arrays[f"{prefix}.output"],
            float(entry["skip"]),
            float(entry["temperature"]),
            decode(HeadTraining, table["notes"], notes),
        )
    parameters = table.get("parameters", {key: table.get(key) for key in _FORMER_PARAMETERS})
    values = {str(key): float(value) for key, value in parameters.items() if value is not None}
    return TrainedStage(name, head, values, decode(_Notes, table["notes"], notes).why)


def _calibration(novelty: Mapping[str, Any], arrays: Arrays, labels: int) -> Calibration | None:
    share = novelty.get("false_alarms")
    if share is None:
        return None
    scores, of = arrays["novelty.held_out"], arrays["novelty.held_out_labels"].astype(np.intp)
    if not 0 < float(share) <= MOST_FALSE_ALARMS:
        raise ValueError("the share of false alarms is impossible")
    if scores.ndim != 1 or scores.shape != of.shape or not np.isfinite(scores).all():
        raise ValueError("the held-out scores are impossible")
    if len(of) and not (of.min() >= 0 and of.max() < labels):
        raise ValueError("a held-out score belongs to no label")
    return Calibration(scores.astype(np.float64), of, labels, float(share))


def _reach(arrays: Arrays) -> Floats | None:
    reach = arrays.get("novelty.reach")
    if reach is None:
        return None
    if reach.shape != arrays["novelty.references"].shape[:1] or not (np.isfinite(reach) & (reach > 0)).all():
        raise ValueError("the reach of the reference images is impossible")
    return reach.astype(np.float64)


def _model(state: Mapping[str, Any], arrays: Arrays, path: Path) -> Classifier:
    taxonomy = from_mapping(state["taxonomy"], str(path))
    stages = {name: _stage_from_json(name, table, arrays) for name, table in state["stages"].items()}
    if set(stages) != {stage.name for stage in taxonomy.stages}:
        raise ValueError("stages are missing")
    for stage in taxonomy.stages:
        STAGE_KINDS[stage.kind].check(stage, stages[stage.name])
    threshold = state["novelty"]["threshold"]
    novelty = Novelty(
        _scales_from_json("novelty", state["novelty"]["scales"], arrays),
        arrays["novelty.linear"],
        arrays["novelty.references"],
        arrays["novelty.centre"],
        arrays["novelty.spread"],
        _reach(arrays),
        np.inf if threshold is None else float(threshold),
        _calibration(state["novelty"], arrays, len(taxonomy.labels)),
    )
    identity = identity_with_current_names(state["identity"])
    tuned = {k.removeprefix("tuned."): v for k, v in arrays.items() if k.startswith("tuned.")}
    outcomes = {stage.name: tuple(o.name for o in stage.outcomes) for stage in taxonomy.stages}
    facts = read_training_facts(state["facts"], outcomes)
    return Classifier(taxonomy, stages, novelty, identity, facts, tuned)
