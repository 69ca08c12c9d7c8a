"""Arguments of a clustering and a cut, checked."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.errors import InputError
from defect_workbench.core.parameters import Choice, Number, Value
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.engine.features.registry import BLOCKS, find_block
from defect_workbench.notebook.given_images import PathLike
from defect_workbench.workflows.open_project import clusters_at

GROUP_BY = Choice("group_by", "group_by", "", GroupBy.AUTO, tuple((each, "") for each in GroupBy))
SEED = Number("seed", "the seed", "", 0, low=0, high=2**32 - 1, whole=True)


def clusters_of_cut(analysis: Analysis, clusters: object, height: float | None) -> int:
    """Return the number of clusters of a cut, before outliers are set apart; see `cut`.

    Raises
    ------
    InputError
        If both are given, one is not possible, or there is no tree.
    """
    if clusters is None and height is None:
        return analysis.suggested_cut
    if clusters is not None and height is not None:
        raise InputError("a cut has a number of clusters or a height, not both")
    if analysis.tree is None:
        label = METHODS[analysis.settings.method].label.lower()
        raise InputError(f"{label} has no tree to cut; leave the number of clusters and the height out")
    if height is not None:
        number = float(height)
        if not 0 <= number < math.inf:
            raise InputError(f"the height of a cut must be a number from 0 up, not {height!r}")
        return clusters_at(analysis, number)
    count = int(clusters) if isinstance(clusters, int | np.integer) else 0
    if count < 1 or isinstance(clusters, bool):
        raise InputError(f"the number of clusters must be a whole number from 1 up, not {clusters!r}")
    return clusters_at(analysis, count)


def method_settings(
    name: str, weights: BlockWeights | None, seed: int, given: Mapping[str, Value]
) -> Settings:
    """Return the settings of a clustering.

    Parameters
    ----------
    given : mapping of str to (str, float or None)
        Parameters of the method; None stands for the default.

    Raises
    ------
    InputError
        If the method, a parameter or the seed is not possible.
    """
    method = METHODS[name]
    passed = {parameter: value for parameter, value in given.items() if value is not None}
    for parameter in sorted(passed.keys() - {each.name for each in method.parameters}):
        owners = [each.name for each in METHODS if parameter in (p.name for p in each.parameters)]
        if not owners:
            raise InputError(f"no clustering method has a parameter {parameter}")
        raise InputError(f"{parameter} belongs to the method {' or '.join(owners)}, not to {name}")
    checked_seed = int(SEED.checked(seed) or 0)
    return Settings(method.name, method.completed(passed), weights, checked_seed)


def block_weights_of(given: str | Mapping[str, float]) -> BlockWeights | None:
    """Return block weights that were given; None if they are to be chosen from the data.

    Raises
    ------
    InputError
        If a block does not exist, or a weight is not possible.
    """
    from defect_workbench.engine.clustering.group import manual_weights

    if isinstance(given, str):
        if given != "auto":
            raise InputError(f'block weights are "auto" or a mapping such as {{"deep": 1}}, not {given!r}')
        return None
    try:
        weights = manual_weights({find_block(name).name: float(share) for name, share in given.items()})
    except (ValueError, TypeError) as error:
        raise InputError(f"block weights: {error}") from None
    if not any(weights.shares.values()):
        raise InputError(f"all block weights are 0; raise one of {', '.join(BLOCKS.names)}")
    return weights


def existing_folder(name: str, folder: PathLike | None) -> str:
    """Return the absolute path of a folder, or an empty text for None.

    Raises
    ------
    InputError
        If there is no such folder; the message has the name of the argument.
    """
    if folder is None:
        return ""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise InputError(f"{name}: there is no folder {path}")
    return os.path.abspath(path)
