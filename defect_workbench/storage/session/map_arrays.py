"""Defect maps in a session file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.clustering.group_by import GroupBy, GroupByChoice
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.defect_maps import DefectMaps, MapSource

_GRIDS, _STRANGENESS = "map_grids", "strangeness"
SOURCE, GROUP_BY = "map_source", "group_by"


def map_arrays(maps: DefectMaps | None) -> dict[str, NDArray[Any]]:
    """Return the arrays of the maps, by name in the file; none without maps."""
    return {} if maps is None else {_GRIDS: maps.grids, _STRANGENESS: maps.strangeness}


def map_fields(analysis: Analysis, maps: DefectMaps | None) -> dict[str, Any]:
    """Return the JSON fields about maps."""
    choice = analysis.group_by
    return {
        SOURCE: None if maps is None else str(maps.source),
        GROUP_BY: {"chosen": str(choice.chosen), "why": choice.why},
    }


def maps_of(state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], images: int) -> DefectMaps | None:
    """Return the maps in a session of this many images; None if there are none, as in earlier versions.

    Raises
    ------
    InputError
        If they are not maps of these images.
    """
    if state.get(SOURCE) is None:
        return None
    grids, strangeness = arrays[_GRIDS], arrays[_STRANGENESS]
    if grids.ndim != 3 or grids.dtype != np.uint8 or not len(grids) == len(strangeness) == images:
        raise InputError("its defect maps do not match its images")
    if strangeness.ndim != 1 or not np.isfinite(strangeness).all():
        raise InputError("its strangeness values are not numbers")
    return DefectMaps(MapSource(state[SOURCE]), grids, strangeness.astype(np.float32))


def group_by_of(state: Mapping[str, Any]) -> GroupByChoice:
    """Return what the images are grouped by; in sessions of earlier versions, by the whole picture."""
    fields = state.get(GROUP_BY)
    if fields is None:
        return GroupByChoice()
    return GroupByChoice(GroupBy(fields["chosen"]), str(fields["why"]))
