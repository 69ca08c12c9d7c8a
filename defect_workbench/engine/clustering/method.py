"""The definition of a clustering method: name, parameters, and a function that groups vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.clustering_result import Flat, Suggestion
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.parameters import Parameter, Value, completed
from defect_workbench.core.progress import Reporter


@dataclass(frozen=True, eq=False)
class Grouping:
    """The result of a clustering method.

    Attributes
    ----------
    result : Tree or Flat
    suggestions : tuple of Suggestion
        Cuts of the tree, best first; at least one for a tree, none for flat groups.
    """

    result: Tree | Flat
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True)
class Method:
    """An entry of the registry of clustering methods.

    Attributes
    ----------
    name : str
        Used in sessions and by `--method`; never changes.
    label : str
        Shown to the user.
    parameters : tuple of Parameter
        A name that two methods share means the same parameter. The names "method", "seed", "weights" and
        "processing" are reserved for the other settings.
    builds_tree : bool
        Whether the result is always a `Tree`, which can be cut, or always `Flat`.
    run : callable
        Maps (n, d) float64 vectors, the values of all parameters, a seed and a reporter to a `Grouping`; n >=
        1. Equal rows are in one group. It raises `WorkbenchError` if the images cannot be grouped, and
        `Cancelled` if the user cancelled.
    summary : callable or None
        Describes the grouping in a few words ("ward linkage") from the parameter values; None uses the label.
    for_one_cluster : callable or None
        Maps the parameter values of the whole set to the initial ones for refining a cluster; None keeps
        them.
    """

    name: str
    label: str
    parameters: tuple[Parameter, ...]
    builds_tree: bool
    run: Callable[[Floats, Mapping[str, Value], int, Reporter], Grouping]
    summary: Callable[[Mapping[str, Value]], str] | None = None
    for_one_cluster: Callable[[Mapping[str, Value]], Mapping[str, Value]] | None = None

    def completed(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Return a checked value for each parameter; see `core.parameters.completed`."""
        return completed(self.parameters, given)

    def words(self, given: Mapping[str, Value]) -> str:
        """Describe how images are grouped, in a few words."""
        return self.label.lower() if self.summary is None else self.summary(self.completed(given))
