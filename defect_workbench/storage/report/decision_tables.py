"""Tables of the report on who decided what, and when."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.project.decision_history import by_class, utc_words
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.storage.report.report_content import ReportTable

_MOST_LISTED = 300


def decision_tables(project: Project) -> list[ReportTable]:
    """Return the table of classes with the people who decided, and the list of decisions, latest first."""
    history = project.history
    if not history:
        return []
    rows = tuple(
        (each.label, f"{each.images:,}", each.person, utc_words(each.first), utc_words(each.last))
        for each in by_class(history, project.partition)
    )
    numbers = frozenset({1})
    note = (
        "For each class as it is now, the images by who decided last where they belong. "
        "Decisions that were undone are not listed. Times are in UTC."
    )
    columns = ("Class", "Images", "By", "First decision", "Last decision")
    tables = [ReportTable("Decisions", columns, rows, note, numbers, _without_decision(project))]
    listed = tuple(
        (
            utc_words(record.time),
            record.person,
            sentence_case(record.text),
            record.label or "—",
            f"{len(record.images):,}",
        )
        for record in reversed(history[-_MOST_LISTED:])
    )
    earlier = len(history) - len(listed)
    rest = f"The {earlier:,} earlier ones are in the session." if earlier else ""
    title = f"All decisions, latest first ({len(history):,})"
    header = ("When (UTC)", "By", "What", "Class", "Images")
    tables.append(ReportTable(title, header, listed, "", frozenset({4}), rest, part=True, folded=True))
    return tables


def _without_decision(project: Project) -> str:
    """Return how many images are held in clusters without a recorded decision."""
    held = np.asarray(project.decisions.held >= 0)
    concerned = np.zeros(len(held), bool)
    for record in project.history:
        concerned[record.images] = True
    unrecorded = int((held & ~concerned).sum())
    if not unrecorded:
        return ""
    return (
        f"{counted(unrecorded, project.images.noun)} in kept clusters without a recorded decision: proposed "
        "by a classifier or a match and not reviewed, or decided before decisions were recorded."
    )
