"""The report: one self-contained HTML file, and the same on paper as PDF."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.storage.report.contact_sheets import Sheet, Thumbnail, contact_sheets
from defect_workbench.storage.report.measurement_table import measurement_tables
from defect_workbench.storage.report.report_content import (
    NO_WEIGHTS,
    ReportTable,
    cut_table,
    drawing_caption,
    file_tables,
    headline,
    outlier_tables,
    side_tables,
)

__all__ = ["Thumbnail", "report_html", "write_reports"]


_STYLE = """
:root { color-scheme: light dark; --line: #d7dbe0; --soft: #5c6570; --warn: #fff4d6; --warn-text: #5b4300; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a4048; --soft: #a3acb8; --warn: #453710; --warn-text: #ffe9ad; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1060px; margin: 2.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.soft, figcaption { color: var(--soft); }
.warn { background: var(--warn); color: var(--warn-text); padding: .7rem 1rem; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top;
  padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); } th { font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.drawing { background: #fff; border-radius: 6px; padding: .5rem; } .drawing svg { width: 100%; height: auto; }
img.sheet { max-width: 100%; border-radius: 4px; display: block; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .5em; }
td { overflow-wrap: anywhere; } td.number, th.number { overflow-wrap: normal; white-space: nowrap; }
tbody tr:nth-child(even) { background: color-mix(in srgb, var(--line) 25%, transparent); }
section { break-inside: avoid-page; } .wide { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; } }
"""


def write_reports(
    folder: Path,
    tail: str,
    project: Project,
    facts: Mapping[str, str],
    tables: Sequence[ReportTable],
    thumbnail: Thumbnail,
    reporter: Reporter,
) -> None:
    """Write `report.html` and `report.pdf`.

    Parameters
    ----------
    tail : str
        What goes before the dot of their names.
    facts : mapping of str to str
        Who, when, parameters and versions, in the order to list them.
    tables : sequence of ReportTable
        More tables, put after the clusters.
    thumbnail : callable
        Gives grey or RGB pixels of an image file no larger than the given side, or None.
    """
    from defect_workbench.storage.report.pdf_report import write_pdf

    sheets = contact_sheets(project, thumbnail, reporter)
    write_text(folder / f"report{tail}.html", report_html(project, facts, tables, sheets))
    write_pdf(folder / f"report{tail}.pdf", project, facts, tables, sheets, reporter)


def report_html(
    project: Project,
    facts: Mapping[str, str],
    tables: Sequence[ReportTable],
    sheets: Sequence[Sheet],
) -> str:
    """The whole report as one page without anything outside it."""
    name = escape(project.images.root.name)
    who = " · ".join(escape(facts[key]) for key in ("Made at", "Made by") if key in facts)
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        f"<title>{name}: defect clusters</title><style>{_STYLE}</style></head><body>",
        f"<h1>{name}</h1><p class=soft>{headline(project)}<br>{who}</p>",
    ]
    if project.analysis.backbone is None:
        parts.append(f"<p class=warn>{NO_WEIGHTS}</p>")
    parts += _dendrogram(project)
    parts += [_table(table) for table in cut_table(project)]
    parts += [_sheet(sheet) for sheet in sheets]
    more = (*tables, *measurement_tables(project), *side_tables(project))
    for table in (*more, *outlier_tables(project), *file_tables(project)):
        parts.append(_table(table))
    parts.append(_table(ReportTable("How this was made", ("", ""), tuple(facts.items()))))
    parts.append("</body></html>\n")
    return "\n".join(parts)


def _dendrogram(project: Project) -> list[str]:
    from defect_workbench.storage.report.figures import dendrogram_svg

    caption, analysis = drawing_caption(project), project.analysis
    if not caption:
        return []
    if analysis.tree is not None:
        drawing = dendrogram_svg(analysis.tree, project.clusters, f"{len(project.images):,} images")
    elif analysis.exemplar_tree is not None:
        drawing = dendrogram_svg(analysis.exemplar_tree, None, f"{len(analysis.exemplars):,} exemplars")
    return [
        "<h2>Dendrogram</h2><figure style='margin:0'>",
        f"<div class=drawing>{drawing}</div><figcaption>{caption}</figcaption></figure>",
    ]


def _sheet(sheet: Sheet) -> str:
    stream = io.BytesIO()
    sheet.picture.save(stream, "JPEG", quality=82)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    label = escape(sheet.label)
    return (
        f"<section class=cluster><h2><span class=swatch style='background:{sheet.colour}'></span>{label}</h2>"
        f"<p class=soft>{escape(sheet.words)}</p>"
        f'<img class=sheet alt="contact sheet of {label}" src="data:image/jpeg;base64,{data}"></section>'
    )


def _table(table: ReportTable) -> str:
    parts = [f"<section><h2>{escape(table.title)}</h2>"]
    if table.note:
        parts.append(f"<p>{escape(table.note)}</p>")
    if table.rows:
        marks = [" class=number" if i in table.numbers else "" for i in range(len(table.columns))]
        parts.append("<div class=wide><table>")
        if any(table.columns):
            cells = "".join(
                f"<th{mark}>{escape(c)}</th>" for c, mark in zip(table.columns, marks, strict=True)
            )
            parts.append(f"<thead><tr>{cells}</tr></thead>")
        parts.append("<tbody>")
        for row in table.rows:
            cells = "".join(f"<td{mark}>{escape(c)}</td>" for c, mark in zip(row, marks, strict=True))
            parts.append(f"<tr>{cells}</tr>")
        parts.append("</tbody></table></div>")
    if table.after:
        parts.append(f"<p class=soft>{escape(table.after)}</p>")
    return "\n".join([*parts, "</section>"])
