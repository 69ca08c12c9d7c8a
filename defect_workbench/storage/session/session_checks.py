"""Checks of the content of a session file, before anything relies on it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.clustering.clustering_result import Flat
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.safe_reading import is_inside

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def check_project(project: Project) -> None:
    """Check numbers, ranges and paths of a project that was read from a file.

    Raises
    ------
    InputError
        If it names files outside its folder.
    ValueError
        If it is damaged.
    """
    analysis, decisions, count = project.analysis, project.decisions, len(project.images)
    _check_images(project.images.images)
    rows: list[NDArray[np.generic]] = [analysis.vectors, analysis.outlier_scores]
    rows += [decisions.held, decisions.follows, analysis.outlier_groups, *analysis.blocks.values()]
    pictures = analysis.picture_scores
    if pictures is not None and (
        pictures.shape != (count,) or pictures.dtype.kind != "f" or np.isnan(pictures).any()
    ):
        raise ValueError("the outlier scores of whole pictures do not match the images")
    if any(len(array) != count for array in rows):
        raise ValueError("arrays and images differ in number")
    if not count:
        raise ValueError("there are no images")
    flat = (analysis.outlier_scores, analysis.outlier_groups, decisions.held, decisions.follows)
    if any(array.ndim != 1 for array in flat) or any(
        array.ndim != 2 or array.dtype.kind != "f" for array in (analysis.vectors, *analysis.blocks.values())
    ):
        raise ValueError("an array has the wrong shape or type")
    if any(array.dtype.kind != "i" for array in (decisions.held, decisions.follows)):
        raise ValueError("a decision is not a whole number")
    groups = analysis.outlier_groups
    if groups.dtype.kind != "i" or not -1 <= int(groups.min()) <= int(groups.max()) < count:
        raise ValueError("an outlier group has no valid number")
    if not np.isfinite(analysis.vectors).all() or np.isnan(analysis.outlier_scores).any():
        raise ValueError("a number is not finite")
    if not -1 <= int(decisions.follows.min()) <= int(decisions.follows.max()) < count:
        raise ValueError("an image follows one that does not exist")
    if not set(np.unique(decisions.held).tolist()) <= {-1, *decisions.groups}:
        raise ValueError("a group is missing")
    if any(number < 0 for number in decisions.groups):
        raise ValueError("a group number is negative")
    _check_parameters(analysis.settings.parameters)
    if isinstance(analysis.result, Tree):
        _check_tree(analysis.result, count)
    else:
        _check_flat(analysis.result, count)


def _check_images(images: Sequence[ImageRecord]) -> None:
    paths = set()
    for image in images:
        if not is_inside(image.path):
            raise InputError(f"it names a file outside its folder: {image.path[:80]!r}")
        if not _SHA256.match(image.sha256) or image.width < 0 or image.height < 0:
            raise ValueError("an image has no valid hash or size")
        paths.add(image.path)
    if len(paths) != len(images):
        raise ValueError("an image is listed twice")


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    for value in parameters.values():
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise ValueError("a parameter of the clustering method is neither text nor a number")
        if isinstance(value, int | float) and not math.isfinite(value):
            raise ValueError("a parameter of the clustering method is not finite")


def _check_flat(flat: Flat, count: int) -> None:
    representatives, labels = flat.representatives, flat.labels
    if len(labels) != count or not len(representatives) or labels.ndim != 1 or representatives.ndim != 1:
        raise ValueError("there is neither a tree nor a cluster for each image")
    if not 0 <= int(labels.min()) <= int(labels.max()) < len(representatives):
        raise ValueError("an image is in a cluster that does not exist")
    if not 0 <= int(representatives.min()) <= int(representatives.max()) < count:
        raise ValueError("a cluster is represented by an image that does not exist")
    if flat.tree_of_representatives is not None:
        _check_tree(flat.tree_of_representatives, len(representatives))


def _check_tree(tree: Tree, leaves: int) -> None:
    merges = tree.merges
    if merges.ndim != 2 or merges.shape[1] != 4 or merges.dtype.kind != "f" or tree.leaves != leaves:
        raise ValueError("tree and images differ in number")
    if not 0 <= tree.micro_clusters <= leaves:
        raise ValueError("a tree has no valid number of micro-clusters")
    if not len(merges):
        return
    if not np.isfinite(merges).all() or (np.diff(tree.heights) < 0).any() or tree.heights[0] < 0:
        raise ValueError("the tree is not monotone")
    # Checked before the conversion to whole numbers, as a damaged file may contain any number.
    nodes = merges[:, :2]
    if (nodes < 0).any() or (nodes >= leaves + np.arange(len(merges))[:, None]).any():
        raise ValueError("a merge joins a node that does not exist")
    children = tree.children
    if not np.array_equal(children, nodes):
        raise ValueError("a node number is not a whole number")
    if len(np.unique(children)) != children.size:
        raise ValueError("a branch is merged twice")
    sizes = np.concatenate([np.ones(leaves), merges[:, 3]])
    if not np.array_equal(sizes[children].sum(axis=1), merges[:, 3]):
        raise ValueError("a merge has the wrong size")
