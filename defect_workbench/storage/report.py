"""The report: one self-contained HTML file."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from defect_workbench.core.palette import NEUTRAL, cluster_colour, node_colours
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project import Project
from defect_workbench.storage.manifest import Row

Thumbnail = Callable[[Path, int], NDArray[np.uint8] | None]

THUMBNAIL = 96
_COLUMNS = 10
_SHEET_IMAGES = 40

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
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.drawing { background: #fff; border-radius: 6px; padding: .5rem; } .drawing svg { width: 100%; height: auto; }
img.sheet { max-width: 100%; border-radius: 4px; display: block; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .5em; }
code { font-size: .9em; overflow-wrap: anywhere; }
"""


def report_html(
    project: Project,
    manifest: Sequence[Row],
    facts: Mapping[str, str],
    thumbnail: Thumbnail,
    reporter: Reporter,
) -> str:
    """The whole report.

    Parameters
    ----------
    facts : mapping of str to str
        Parameters and versions to list, in order.
    thumbnail : callable
        Gives grey or RGB pixels of an image file no larger than the given side, or None.
    """
    partition, analysis = project.partition, project.analysis
    counts = [f"{len(project.images):,} images", f"{len(partition.clusters)} clusters"]
    counts.append(f"{len(partition.outliers)} outliers")
    if project.images.rejected:
        counts.append(f"{len(project.images.rejected)} files not used")
    name = escape(project.images.root.name)
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        f"<title>{name}: defect clusters</title><style>{_STYLE}</style></head><body>",
        f"<h1>{name}</h1><p class=soft>{' · '.join(counts)}</p>",
    ]
    if analysis.backbone is None:
        parts.append(
            "<p class=warn>No ResNet-50 weights were available: the images were grouped by texture and shape "
            "features alone, which tells defect types apart far less well.</p>"
        )
    parts += _dendrogram(project)
    parts += _suggestions(project)
    parts += _clusters(project, manifest, thumbnail, reporter)
    parts += _rejected(project)
    parts.append("<h2>How this was made</h2><table>")
    parts += [f"<tr><th>{escape(k)}</th><td><code>{escape(v)}</code></td></tr>" for k, v in facts.items()]
    parts.append("</table></body></html>\n")
    return "\n".join(parts)


def _dendrogram(project: Project) -> list[str]:
    from defect_workbench.storage.figures import dendrogram_svg

    analysis = project.analysis
    if analysis.tree is not None and analysis.tree.leaves > 1:
        drawing = dendrogram_svg(analysis.tree, project.clusters, f"{len(project.images):,} images")
        caption = (
            f"Cut at height {project.cut_height:.4g} into {project.clusters} clusters, "
            "before outliers are set apart."
        )
    elif analysis.exemplar_tree is not None and analysis.exemplar_tree.leaves > 1:
        drawing = dendrogram_svg(analysis.exemplar_tree, None, f"{len(analysis.exemplars):,} exemplars")
        caption = "Affinity propagation has no tree; this is the tree of its exemplars."
    else:
        return []
    return [
        "<h2>Dendrogram</h2><figure style='margin:0'>",
        f"<div class=drawing>{drawing}</div><figcaption>{caption}</figcaption></figure>",
    ]


def _suggestions(project: Project) -> list[str]:
    if not project.analysis.suggestions:
        return []
    lines = ["<h2>Suggested cuts</h2><table><tr><th>Clusters<th>Singletons<th>Height<th>Why</tr>"]
    lines += [
        f"<tr><td>{s.clusters}<td>{s.singletons}<td>{s.height:.4g}<td>{escape(s.why)}</tr>"
        for s in project.analysis.suggestions
    ]
    return [*lines, "</table>"]


def _clusters(
    project: Project, manifest: Sequence[Row], thumbnail: Thumbnail, reporter: Reporter
) -> list[str]:
    partition = project.partition
    lines: list[str] = []
    groups: list[tuple[str, str, NDArray[np.intp]]] = []
    tree = project.analysis.tree
    nodes = node_colours(tree) if tree is not None else None
    swatches = [cluster_colour(cluster, nodes) for cluster in partition.clusters] + [NEUTRAL]
    for cluster in partition.clusters:
        label = manifest[int(cluster.members[0])].label
        state = ", confirmed" if cluster.group is not None and cluster.group.confirmed else ""
        groups.append(
            (label, f"{len(cluster.members):,} images, spread {cluster.spread:.3f}{state}", cluster.members)
        )
    if len(partition.outliers):
        groups.append(
            (
                "Outliers",
                f"{len(partition.outliers)} images that resemble nothing else, most unusual first",
                partition.outliers,
            )
        )
    reporter.stage("Writing the report", len(groups))
    for (label, words, members), swatch in zip(groups, swatches, strict=False):
        reporter.check()
        shown = members[:_SHEET_IMAGES]
        sheet = _contact_sheet([project.images.absolute(int(i)) for i in shown], thumbnail)
        left = f", the first {len(shown)} shown" if len(shown) < len(members) else ""
        lines.append(
            f"<h2><span class=swatch style='background:{swatch}'></span>{escape(label)}</h2>"
            f"<p class=soft>{words}{left}</p>"
        )
        lines.append(
            f'<img class=sheet alt="contact sheet of {escape(label)}" src="data:image/jpeg;base64,{sheet}">'
        )
        reporter.advance()
    return lines


def _contact_sheet(files: Sequence[Path], thumbnail: Thumbnail) -> str:
    columns = min(_COLUMNS, max(1, len(files)))
    rows = math.ceil(len(files) / columns)
    gap = 4
    step = THUMBNAIL + gap
    sheet = Image.new("RGB", (columns * step - gap, max(1, rows * step - gap)), "#9aa0a8")
    for index, file in enumerate(files):
        pixels = thumbnail(file, THUMBNAIL)
        if pixels is None:
            continue
        image = Image.fromarray(pixels).convert("RGB")
        x = (index % columns) * step + (THUMBNAIL - image.width) // 2
        y = (index // columns) * step + (THUMBNAIL - image.height) // 2
        sheet.paste(image, (x, y))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=82)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _rejected(project: Project) -> list[str]:
    rejected = project.images.rejected
    noted = [image for image in project.images.images if image.note]
    lines: list[str] = []
    if rejected:
        lines.append(f"<h2>Files not used ({len(rejected)})</h2><table><tr><th>File<th>Why</tr>")
        lines += [f"<tr><td><code>{escape(r.path)}</code><td>{escape(r.reason)}</tr>" for r in rejected[:500]]
        lines.append("</table>")
        if len(rejected) > 500:
            lines.append("<p class=soft>All of them are in rejected.csv.</p>")
    if noted:
        lines.append(f"<h2>Read with a remark ({len(noted)})</h2><table><tr><th>File<th>Remark</tr>")
        lines += [f"<tr><td><code>{escape(i.path)}</code><td>{escape(i.note)}</tr>" for i in noted[:100]]
        lines.append("</table>")
        if len(noted) > 100:
            lines.append(f"<p class=soft>and {len(noted) - 100} more.</p>")
    return lines
