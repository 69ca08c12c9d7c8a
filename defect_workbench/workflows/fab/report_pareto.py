"""The Pareto charts that reports and slides of a project have."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.pareto.class_counts import Basis, Measure
from defect_workbench.core.pareto.counting import count
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.core.pareto.project_classes import classed_images, has_decided
from defect_workbench.core.project.project_state import Project

if TYPE_CHECKING:
    from defect_workbench.storage.report.report_content import Section
    from defect_workbench.storage.report.slides.slide_deck import Deck

# The columns that are worth a page, the most general one first.
_COLUMNS = ("lot", "step", "wafer")
_MOST_PAGES, _MOST_GROUPS = 2, 500


def report_charts(project: Project) -> list[ParetoChart]:
    """Return the charts by lot, step or wafer of which there are several, else by folder; often none."""
    from defect_workbench.engine.pareto.pareto_analysis import analyse

    basis = Basis.NAMED if has_decided(project.partition) else Basis.ALL
    images = classed_images(project, basis)
    result: list[ParetoChart] = []
    for by in (*_COLUMNS, "folder"):
        if images.column(by) is None or len(result) == _MOST_PAGES or (by == "folder" and result):
            continue
        table = count([images], by, basis).counts
        if not 2 <= int(table.named.sum()) <= _MOST_GROUPS or not table.counts.any():
            continue
        per_wafer = by.casefold() != "wafer" and bool(np.isfinite(table.wafers[table.named]).all())
        result.append(analyse(table, Measure.WAFER if per_wafer else Measure.COUNT))
    return result


def report_pareto(project: Project) -> list[Section]:
    """Return the Pareto pages of a report."""
    from defect_workbench.storage.pareto.pareto_pages import pareto_sections

    return [section for chart in report_charts(project) for section in pareto_sections(chart)]


def pareto_slides(project: Project) -> list[Callable[[Deck], None]]:
    """Return what adds the Pareto slides of a project to a presentation."""
    from defect_workbench.storage.pareto.pareto_slide import add_pareto_slide

    return [partial(add_pareto_slide, chart=chart) for chart in report_charts(project)]
