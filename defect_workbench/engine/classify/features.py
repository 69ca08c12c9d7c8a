"""Features of labelled folders, as training begins, and what they depend on."""

from __future__ import annotations

from typing import Any

from defect_workbench.core.processing import Processing
from defect_workbench.engine import prepare, processing
from defect_workbench.engine.features import haralick, shape, zernike

EXTRACTORS = {"haralick": haralick.IDENTITY, "zernike": zernike.IDENTITY, "shape": shape.IDENTITY}


def made_by(wanted: Processing) -> dict[str, Any]:
    """What features depend on beside the network; part of a model's identity."""
    return {
        "prepare": prepare.IDENTITY,
        "extractors": dict(EXTRACTORS),
        "processing": {**wanted.identity(), "version": processing.IDENTITY},
    }


def processing_of(identity: dict[str, Any]) -> Processing:
    """The processing that a model was trained with.

    Raises
    ------
    ValueError
        If it is none that this version knows.
    """
    values = dict(identity.get("processing") or {})
    values.pop("version", None)
    return Processing(**values)
