"""Tables of the report on clusters."""

from __future__ import annotations

from collections import Counter

from defect_workbench.core.clustering.clustering_result import NO_GROUP
from defect_workbench.core.project.outlier_decisions import outlier_decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.table_columns import ColumnKind
from defect_workbench.core.text import and_more, counted
from defect_workbench.storage.report.report_content import ReportTable

_LISTED = 20
_MOST_REJECTED = 500
_MOST_OUTLIERS = 300
_MOST_NOTED = 100


def cut_table(project: Project) -> list[ReportTable]:
    """Return the table of suggested cuts."""
    suggestions = project.analysis.suggestions
    if not suggestions:
        return []
    rows = tuple((str(s.clusters), str(s.singletons), f"{s.height:.4g}", s.why) for s in suggestions)
    numbers = frozenset({0, 1, 2})
    return [ReportTable("Suggested cuts", ("Branches", "Singletons", "Height", "Why"), rows, "", numbers)]


def side_tables(project: Project) -> list[ReportTable]:
    """Return the table of side data columns, with a note on rows and images that did not match."""
    side = project.side
    if side is None:
        return []
    without = side.without_row(project.images)
    joined = sum(side.joined)
    note = (
        f"{side.source}, joined by its column {side.name_column}: {joined:,} of {len(project.images):,} "
        f"images have a row. SHA-256 of the file: {side.sha256}."
    )
    rows = []
    for column in side.columns:
        values = [cell for cell in column.cells if cell is not None]
        distinct = len(set(values))
        if column.kind is ColumnKind.NUMBER and values:
            numbers = sorted(float(v) for v in values)
            words = f"{numbers[0]:.6g} to {numbers[-1]:.6g}, median {numbers[len(numbers) // 2]:.6g}"
        else:
            counted = Counter(str(value) for value in values)
            commonest = sorted(counted, key=lambda v: (-counted[v], v))[:5]
            words = ", ".join(v[:40] for v in commonest) + (" …" if distinct > len(commonest) else "")
        rows.append((column.name, str(column.kind), f"{len(values):,}", f"{distinct:,}", words))
    lines = []
    if side.without_image:
        lines.append(
            f"Rows without an image ({len(side.without_image):,}): {and_more(side.without_image, _LISTED)}."
        )
    if without:
        lines.append(f"Images without a row ({len(without):,}): {and_more(without, _LISTED)}.")
    lines += [f"{remark}." for remark in side.remarks]
    header = ("Column", "Kind", "Images with a value", "Values", "")
    return [ReportTable("Side data", header, tuple(rows), note, frozenset({2, 3}), " ".join(lines))]


def outlier_tables(project: Project) -> list[ReportTable]:
    """Return the table of flagged images with the decision about each."""
    outliers = outlier_decisions(project)
    if not outliers:
        return []
    images = project.images.images
    rows: tuple[tuple[str, ...], ...] = tuple(
        (
            images[f.image].path,
            f"{f.score:.3g}",
            f.decision,
            f.label or "—",
            "—" if f.group == NO_GROUP else str(f.group + 1),
        )
        for f in outliers[:_MOST_OUTLIERS]
    )
    has_groups = any(f.group != NO_GROUP for f in outliers)
    columns = ("Image", "Score", "Decision", "Now in", "Outlier group")[: 5 if has_groups else 4]
    rows = tuple(row[: len(columns)] for row in rows)
    decided = sum(bool(f.label) for f in outliers)
    note = (
        f"{counted(len(outliers), project.images.noun)} flagged at this cut: {decided:,} assigned to "
        f"clusters, {counted(len(outliers) - decided, 'outlier')} left."
    )
    after = (
        f"The other {len(outliers) - len(rows):,} are in the session." if len(outliers) > len(rows) else ""
    )
    return [ReportTable("Outliers and what was decided", columns, rows, note, frozenset({1, 4}), after)]


def file_tables(project: Project) -> list[ReportTable]:
    """Return tables of files that were not used and of files that were read with a remark."""
    rejected = project.images.rejected
    noted = [image for image in project.images.images if image.note]
    tables = []
    if rejected:
        rows = tuple((r.path, r.reason) for r in rejected[:_MOST_REJECTED])
        after = "All of them are in rejected.csv." if len(rejected) > _MOST_REJECTED else ""
        tables.append(ReportTable(f"Files not used ({len(rejected):,})", ("File", "Why"), rows, after=after))
    if noted:
        rows = tuple((image.path, image.note) for image in noted[:_MOST_NOTED])
        after = f"and {len(noted) - _MOST_NOTED:,} more." if len(noted) > _MOST_NOTED else ""
        title = f"Read with a remark ({len(noted):,})"
        tables.append(ReportTable(title, ("File", "Remark"), rows, after=after))
    return tables
