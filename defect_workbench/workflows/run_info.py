"""Who, when, the parameters and versions that a report lists, and its tables out of the engine."""

from __future__ import annotations

import datetime
import getpass
import platform
from typing import TYPE_CHECKING

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import ColumnKind
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.logs import versions
from defect_workbench.storage.report.report_content import ReportTable

if TYPE_CHECKING:
    from defect_workbench.engine.clustering.association import Association


def report_facts(project: Project) -> dict[str, str]:
    """What was done, with what, in the order a reader asks."""
    analysis, settings = project.analysis, project.analysis.settings
    # The report alone says who and when: the tables are the same on every run.
    facts = {"Made at": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"), "Made by": _who()}
    facts |= {"Folder": str(project.images.root), "Method": settings.method}
    facts |= _parameter_facts(settings)
    if analysis.tree is not None:
        facts["Cut"] = f"{project.clusters} clusters, height {project.cut_height:.6g}"
    shares = ", ".join(f"{name} {value:g}" for name, value in analysis.weights.shares.items())
    facts["Weights of the blocks"] = f"{shares} ({analysis.weights.why})"
    if analysis.backbone is None:
        facts["Network"] = "none: no ResNet-50 weights were available"
    else:
        backbone = analysis.backbone
        facts["Network"] = f"{backbone.name}, {backbone.weights}, {backbone.precision} on {backbone.device}"
        facts["SHA-256 of the weights"] = backbone.sha256
    facts["Pictures"] = settings.processing.words
    if project.side is not None:
        facts["Side data"] = f"{project.side.source}, SHA-256 {project.side.sha256}"
    facts["Seed"] = str(settings.seed)
    facts["Versions"] = ", ".join(f"{name} {value}" for name, value in versions().items())
    return facts


def _parameter_facts(settings: Settings) -> dict[str, str]:
    """The value of each parameter of the clustering method, by its label."""
    if settings.method not in METHODS:  # a session of a version with more methods
        return {name: str(value) for name, value in settings.parameters.items()}
    method = METHODS[settings.method]
    given = settings.parameters
    return {each.label: each.words(given.get(each.name, each.default)) for each in method.parameters}


def _who() -> str:
    """The person at the machine, as the system names them."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # no such name in the system, as in some containers
        name = "unknown"
    return f"{name} on {platform.node() or 'an unnamed machine'}"


def report_tables(project: Project) -> list[ReportTable]:
    """The tables of the report that need the engine: side data against clusters."""
    from defect_workbench.engine.clustering.association import associations

    return [table for found in associations(project) for table in _cross_table(found)]


_CATEGORIES = 8


def _cross_table(found: Association) -> list[ReportTable]:
    if found.kind is ColumnKind.NUMBER:
        rows = tuple(
            (label, f"{line[0]:.0f}", *("" if value != value else f"{value:.4g}" for value in line[1:]))
            for label, line in zip(found.rows, found.table.tolist(), strict=True)
        )
        header = ("Cluster", *(name.capitalize() for name in found.columns))
    else:
        shown = found.columns[:_CATEGORIES]
        rest = len(found.columns) - len(shown)
        header = ("Cluster", *(name[:30] for name in shown), *(["others"] if rest else []), "All")
        rows = tuple(
            (
                label,
                *(f"{value:,.0f}" for value in line[: len(shown)]),
                *([f"{sum(line[len(shown) :]):,.0f}"] if rest else []),
                f"{sum(line):,.0f}",
            )
            for label, line in zip(found.rows, found.table.tolist(), strict=True)
        )
    after = ""
    if found.test:
        measure = "epsilon squared" if found.kind is ColumnKind.NUMBER else "Cramér's V"
        p_value = "below 0.0001" if found.p_value < 1e-4 else f"{found.p_value:.4f}"
        after = (
            f"{found.test}: statistic {found.statistic:.4g}, p {p_value}; {measure} {found.effect:.3f}; "
            f"{found.images:,} images have a value."
        )
    numbers = frozenset(range(1, len(header)))
    return [ReportTable(f"{found.column} against clusters", header, rows, found.reading, numbers, after)]
