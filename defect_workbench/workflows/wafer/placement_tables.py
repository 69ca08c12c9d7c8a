"""Where the clusters of a project lie on their wafers, as tables of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.core.wafer.placement import PlacementFinding, Repeater, p_words, summary_words
from defect_workbench.core.wafer.project_places import places_of
from defect_workbench.storage.report.report_content import ReportTable

_MOST_REPEATERS = 20
_AFTER = (
    "Each cluster is compared with shuffled labels, so a pattern that all defects share does not count; p is "
    "corrected for the number of clusters and statistics."
)


def placement_of(project: Project, reporter: Reporter) -> tuple[PlacementFinding, ...]:
    """Return how the defects of each cluster lie on the wafers; nothing without places.

    Raises
    ------
    Cancelled
        If the user cancels.
    """
    places = places_of(project)
    if places is None:
        return ()
    from defect_workbench.engine.wafer.placement_findings import placement_findings

    clusters = project.partition.clusters
    numbers = project.partition.cluster_of.astype(np.intp)
    return tuple(placement_findings(places, numbers, [cluster.label for cluster in clusters], reporter))


def placement_tables(
    project: Project, reporter: Reporter, findings: Sequence[PlacementFinding] | None = None
) -> list[ReportTable]:
    """Return the placement of each cluster and the repeaters; none without places.

    Parameters
    ----------
    findings : sequence of PlacementFinding, optional
        What `placement_of` returned, if it was called before.

    Raises
    ------
    Cancelled
        If the user cancels.
    """
    places = places_of(project)
    if places is None:
        return []
    from defect_workbench.engine.wafer.repeaters import find_repeaters

    findings = placement_of(project, reporter) if findings is None else findings
    rows = tuple(
        (
            each.label,
            f"{each.defects:,}",
            sentence_case(each.words),
            each.effect,
            "" if math.isnan(each.p) else p_words(each.p),
        )
        for each in findings
    )
    header = ("Cluster", "Defects", "Placement", "How strong", "p")
    table = ReportTable(
        "Placement against the other defects", header, rows, summary_words(findings), frozenset({1}), _AFTER
    )
    return [table, *_repeater_tables(find_repeaters(places))]


def _repeater_tables(repeaters: tuple[Repeater, ...]) -> list[ReportTable]:
    if not repeaters:
        return []
    rows = tuple(
        (f"{each.x_um:,.0f}", f"{each.y_um:,.0f}", f"{each.dies:,}", f"{len(each.images):,}", p_words(each.p))
        for each in repeaters[:_MOST_REPEATERS]
    )
    header = ("x in the die (µm)", "y in the die (µm)", "Dies", "Defects", "p")
    left = len(repeaters) - len(rows)
    note = f"{counted(left, 'more repeater')} left out." if left else ""
    return [ReportTable("Repeaters", header, rows, note, frozenset(range(4)), part=True)]
