"""The numbers in the labels of clusters, as sessions store them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from defect_workbench.core.project.project_state import Project

_GROUPS, _ORDINALS = "groups", "ordinals"
_OF_GROUPS, _OF_CLUSTERS, _USED = "of_groups", "of_clusters", "used"


def group_fields(project: Project) -> dict[str, Any]:
    """Return the groups, and the numbers that do not follow from the cut.

    Earlier versions refuse groups with a field that they do not know, so the numbers are stored beside them.
    """
    decisions = project.decisions
    groups = {str(number): asdict(group) for number, group in decisions.groups.items()}
    of_groups = {number: ordinal for number, group in groups.items() if (ordinal := group.pop("ordinal"))}
    of_clusters = {str(key): ordinal for key, ordinal in project.analysis.ordinals.items()}
    ordinals = {_OF_GROUPS: of_groups, _OF_CLUSTERS: of_clusters, _USED: sorted(decisions.ordinals)}
    return {_GROUPS: groups, _ORDINALS: ordinals}


def with_ordinals(project: Project, state: Mapping[str, Any]) -> Project:
    """Return a project with the numbers in a session file.

    In sessions of earlier versions each cluster has the number it was shown with: its place by size.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        If they are damaged.
    """
    if _ORDINALS not in state:
        places = enumerate(project.partition.clusters, start=1)
        earlier = {c.key: place for place, c in places if c.number is None and c.ordinal != place}
        if earlier:
            project = project.changed(analysis=replace(project.analysis, ordinals=earlier))
        if project.decisions.groups:
            project = project.changed(decisions=project.decisions.with_ordinals(project.partition))
        return project
    stored = state[_ORDINALS]
    of_groups, of_clusters = (
        {int(number): ordinal for number, ordinal in stored[name].items()}
        for name in (_OF_GROUPS, _OF_CLUSTERS)
    )
    used, given = stored[_USED], [*of_groups.values(), *of_clusters.values()]
    if any(not isinstance(ordinal, int) or ordinal < 1 for ordinal in [*used, *given]):
        raise ValueError("the number of a cluster is not positive")
    if len(set(given)) < len(given) or not set(of_groups.values()) <= set(used):
        raise ValueError("two clusters have the same number")
    groups = {
        number: replace(group, ordinal=of_groups.get(number, 0))
        for number, group in project.decisions.groups.items()
    }
    decisions = replace(project.decisions, groups=groups, ordinals=frozenset(used))
    if not groups and not used and not of_clusters:
        return project
    return project.changed(
        analysis=replace(project.analysis, ordinals=of_clusters) if of_clusters else project.analysis,
        decisions=decisions,
    )
