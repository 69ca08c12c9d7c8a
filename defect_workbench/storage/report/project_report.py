"""The content of the report on clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.palette import branch_colours, node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.result_files import REPORT_HTML, REPORT_PDF, of_run
from defect_workbench.core.text import counted
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.storage.report.contact_sheets import contact_sheets
from defect_workbench.storage.report.decision_tables import decision_tables
from defect_workbench.storage.report.defect_count_tables import defect_count_tables
from defect_workbench.storage.report.html_report import html_text
from defect_workbench.storage.report.measurement_table import measurement_tables
from defect_workbench.storage.report.note_tables import note_tables
from defect_workbench.storage.report.pdf_fonts import leave_removed_working_folder
from defect_workbench.storage.report.project_tables import cut_table, file_tables, outlier_tables, side_tables
from defect_workbench.storage.report.report_content import (
    ContactSheet,
    Report,
    ReportFigure,
    ReportFigures,
    ReportTable,
    Section,
    Thumbnail,
)
from defect_workbench.storage.report.wafer.wafer_figures import wafer_figures

NO_WEIGHTS = (
    "No network weights were available: the images were grouped by texture and Zernike features alone, "
    "which distinguish defect types much less well."
)
_DRAWING_POINTS = (503.0, 165.0)


@dataclass(frozen=True, eq=False)
class ReportInputs:
    """What the reports on a project need besides it.

    Attributes
    ----------
    facts : mapping of str to str
        User, time, parameters and versions, in the order of the list.
    thumbnail : callable
        Returns grey or RGB pixels of an image file, at most as large as the given side, or None.
    tables : sequence of Section
        Additional tables and figures, such as associations, after the clusters.
    classes : ClassLibrary or None
        Where the definitions of named clusters are.
    """

    facts: Mapping[str, str]
    thumbnail: Thumbnail
    tables: Sequence[Section] = ()
    classes: ClassLibrary | None = None


def write_reports(
    folder: Path, runs: int, project: Project, inputs: ReportInputs, reporter: Reporter
) -> None:
    """Write `report.html` and `report.pdf`.

    Parameters
    ----------
    runs : int
        Number of exports into the folder, this one included; each has its own reports.
    """
    leave_removed_working_folder()
    from defect_workbench.storage.report.pdf_report import write_pdf

    sheets = contact_sheets(project, inputs.thumbnail, reporter, inputs.classes)
    report = project_report(project, inputs.facts, inputs.tables, sheets)
    write_text(folder / of_run(REPORT_HTML, runs), html_text(report))
    write_pdf(folder / of_run(REPORT_PDF, runs), report, reporter)


def project_report(
    project: Project,
    facts: Mapping[str, str],
    tables: Sequence[Section],
    sheets: Sequence[ContactSheet],
) -> Report:
    """Return the report on a project; see `ReportInputs` for the parameters."""
    figure = dendrogram_figure(project)
    made = " · ".join(facts[key] for key in ("Made at", "Made by") if key in facts)
    return Report(
        title=project.name,
        subject="defect clusters",
        lead=tuple(line for line in (_headline(project), made) if line),
        warnings=(NO_WEIGHTS,) if project.analysis.backbone is None else (),
        sections=(
            *([] if figure is None else [ReportFigures("Dendrogram", (figure,))]),
            *cut_table(project),
            *sheets,
            *wafer_figures(project),
            *tables,
            *defect_count_tables(project),
            *measurement_tables(project),
            *side_tables(project),
            *outlier_tables(project),
            *decision_tables(project),
            *note_tables(project),
            *file_tables(project),
            ReportTable("How this was made", ("", ""), tuple(facts.items())),
        ),
    )


def _headline(project: Project) -> str:
    partition = project.partition
    counts = [
        counted(len(project.images), project.images.noun),
        counted(len(partition.clusters), "cluster"),
        counted(len(partition.outliers), "outlier"),
    ]
    if groups := partition.outlier_group_count:
        counts.append(counted(groups, "outlier group"))
    if project.images.rejected:
        counts.append(f"{counted(len(project.images.rejected), 'file')} not used")
    return " · ".join(counts)


def dendrogram_figure(project: Project) -> ReportFigure | None:
    """Return the drawing of the tree with its caption; None if there is no tree."""
    from defect_workbench.storage.report.figures import dendrogram_file

    analysis = project.analysis
    of_clusters = None if analysis.flat is None else analysis.flat.tree_of_representatives
    if analysis.tree is not None and analysis.tree.leaves > 1:
        words = counted(len(project.images), project.images.noun)
        tree = analysis.tree
        branches = branch_colours(tree, project.clusters, project.partition, node_colours(tree))
        draw = partial(dendrogram_file, tree, project.clusters, words, branches=branches)
        caption = (
            f"Cut at height {project.cut_height:.4g} into {counted(project.clusters, 'branch')}, "
            "before outliers are separated and decisions are applied."
        )
    elif of_clusters is not None and of_clusters.leaves > 1:
        words = f"{of_clusters.leaves:,} representative images"
        draw = partial(dendrogram_file, of_clusters, None, words)
        caption = "This method builds no tree of all images. The tree shown is that of the representatives."
    else:
        return None
    return ReportFigure(caption, draw, _DRAWING_POINTS)
