"""The facts that a report lists, such as settings and versions, and its tables of associations."""

from __future__ import annotations

import datetime
import platform
from typing import TYPE_CHECKING

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.table_columns import ColumnKind
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.picture_choice import reference_words
from defect_workbench.engine.backbone.registry import description_label
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.engine.features.registry import label
from defect_workbench.logs import versions
from defect_workbench.storage.report.report_content import ReportTable
from defect_workbench.user_dirs import login_name

if TYPE_CHECKING:
    from defect_workbench.engine.clustering.association import Association


def report_facts(project: Project) -> dict[str, str]:
    """Return the facts of a project that a report lists, in its order."""
    analysis, settings = project.analysis, project.analysis.settings
    # Only the report, and what a user decided in the window, contain time and user: all other files are the
    # same on every run.
    facts = {
        "Made at": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
        "Made by": f"{login_name()} on {platform.node() or 'an unnamed machine'}",
    }
    facts |= {"Folder": str(project.images.root), "Method": settings.method}
    searched = project.images.searched
    if searched:
        clean = sum(not each.defects for each in searched)
        source = "nothing else"
        if settings.reference:
            source = f"golden references in {reference_words(settings.reference)}"
        facts["Single defects"] = (
            f"{len(project.images):,} in {counted(len(searched), 'image')}, {clean:,} of them without one; "
            f"images compared with {source}"
        )
    facts |= _parameter_facts(settings)
    if analysis.tree is not None:
        facts["Cut"] = f"{counted(project.clusters, 'branch')}, height {project.cut_height:.6g}"
        if analysis.tree.micro_clusters:
            facts["Tree"] = analysis.tree.levels.removeprefix("tree ")
    shares = ", ".join(f"{label(name)} {value:g}" for name, value in analysis.weights.shares.items())
    facts["Block weights"] = f"{shares} ({analysis.weights.why})"
    if analysis.backbone is None:
        facts["Network"] = "none: no network weights were available"
    else:
        backbone = analysis.backbone
        facts["Network"] = f"{backbone.name}, {backbone.weights}, {backbone.precision} on {backbone.device}"
        facts["Description"] = description_label(backbone.name, backbone.description)
        facts["SHA-256 of the weights"] = backbone.sha256
    facts["Preprocessing"] = settings.processing.words_with(_info_bar_words(project))
    if project.side is not None:
        facts["Side data"] = f"{project.side.source}, SHA-256 {project.side.sha256}"
    facts["Seed"] = str(settings.seed)
    facts["Versions"] = ", ".join(f"{name} {value}" for name, value in versions().items())
    return facts


def _info_bar_words(project: Project) -> str:
    """Return what became of info bars where they were detected."""
    images = project.images
    if images.are_defects:
        # What was cropped from their parents is not recorded.
        return "info bar cropped where one was detected"
    cropped = sum(image.info_bar > 0 for image in images.images)
    if not cropped:
        return "no info bar detected"
    return f"info bar detected and cropped in {cropped:,} of {counted(len(images), 'image')}"


def _parameter_facts(settings: Settings) -> dict[str, str]:
    """Return the value of each parameter of the clustering method, by its label."""
    if settings.method not in METHODS:  # the session is from a version with another method
        return {name: str(value) for name, value in settings.parameters.items()}
    method = METHODS[settings.method]
    given = settings.parameters
    return {each.label: each.words(given.get(each.name, each.default)) for each in method.parameters}


def report_tables(project: Project) -> list[ReportTable]:
    """Return the tables of associations between side data and clusters."""
    from defect_workbench.engine.clustering.association import associations

    return [table for association in associations(project) for table in _cross_table(association)]


_MOST_CATEGORIES = 8


def _cross_table(association: Association) -> list[ReportTable]:
    if association.kind is ColumnKind.NUMBER:
        rows = tuple(
            (label, f"{line[0]:.0f}", *("" if value != value else f"{value:.4g}" for value in line[1:]))
            for label, line in zip(association.rows, association.table.tolist(), strict=True)
        )
        header = ("Cluster", *(name.capitalize() for name in association.columns))
    else:
        shown = association.columns[:_MOST_CATEGORIES]
        rest = len(association.columns) - len(shown)
        header = ("Cluster", *(name[:30] for name in shown), *(["others"] if rest else []), "All")
        rows = tuple(
            (
                label,
                *(f"{value:,.0f}" for value in line[: len(shown)]),
                *([f"{sum(line[len(shown) :]):,.0f}"] if rest else []),
                f"{sum(line):,.0f}",
            )
            for label, line in zip(association.rows, association.table.tolist(), strict=True)
        )
    test_result = ""
    if association.test:
        measure = "epsilon squared" if association.kind is ColumnKind.NUMBER else "Cramér's V"
        p_value = "below 0.0001" if association.p_value < 1e-4 else f"{association.p_value:.4f}"
        test_result = (
            f"{association.test}: statistic {association.statistic:.4g}, p {p_value}; "
            f"{measure} {association.effect:.3f}; "
            f"{counted(association.images, 'image')} with a value."
        )
    numbers = frozenset(range(1, len(header)))
    return [
        ReportTable(
            f"{association.column} against clusters", header, rows, association.reading, numbers, test_result
        )
    ]
