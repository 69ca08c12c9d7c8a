"""The job that finds where clusters lie on their wafers, and what repeats in the dies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.arrays import Integers
from defect_workbench.core.wafer.placement import PlacementFinding, Repeater
from defect_workbench.core.wafer.wafer_places import WaferPlaces


@dataclass(frozen=True, eq=False)
class Placed:
    """What was found about places, and of which clusters."""

    places: WaferPlaces
    cluster_of: Integers
    findings: tuple[PlacementFinding, ...]
    repeaters: tuple[Repeater, ...]


def find_placement(
    places: WaferPlaces,
    cluster_of: Integers,
    labels: Sequence[str],
    repeaters: tuple[Repeater, ...] | None,
) -> Work:
    """Return the job; repeaters that are known already are not searched again."""

    def work(reporter: JobReporter) -> Placed:
        from defect_workbench.engine.wafer.placement_findings import placement_findings
        from defect_workbench.engine.wafer.repeaters import find_repeaters

        repeated = find_repeaters(places) if repeaters is None else repeaters
        reporter.check()
        findings = placement_findings(places, cluster_of, labels, reporter)
        return Placed(places, cluster_of, findings, repeated)

    return work
