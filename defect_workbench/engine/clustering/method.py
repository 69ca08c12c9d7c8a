"""What a clustering method is: a name, parameters and a function from vectors to a grouping."""

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
    """What a method found.

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
        For people.
    parameters : tuple of Parameter
        A name that two methods share means the same parameter. The names "method", "seed", "weights" and
        "processing" are taken by the other settings.
    builds_tree : bool
        Whether the result is always a `Tree`, which can be cut; otherwise it is always `Flat`.
    run : callable
        (vectors (n, d) float64, value of every parameter, seed, reporter) to `Grouping`, for n >= 1. Equal
        rows share a group. It raises `WorkbenchError` where the images cannot be grouped, and `Cancelled`
        if the reporter says so.
    summary : callable or None
        The values of the parameters to a few words that say how images were grouped ("ward linkage");
        None for the label.
    for_one_cluster : callable or None
        The values of the whole set to those with which refining a single cluster begins; None for the same.
    """

    name: str
    label: str
    parameters: tuple[Parameter, ...]
    builds_tree: bool
    run: Callable[[Floats, Mapping[str, Value], int, Reporter], Grouping]
    summary: Callable[[Mapping[str, Value]], str] | None = None
    for_one_cluster: Callable[[Mapping[str, Value]], Mapping[str, Value]] | None = None

    def completed(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """A checked value for each parameter; see `core.parameters.completed`."""
        return completed(self.parameters, given)

    def words(self, given: Mapping[str, Value]) -> str:
        """How images are grouped, in a few words."""
        return self.label.lower() if self.summary is None else self.summary(self.completed(given))
