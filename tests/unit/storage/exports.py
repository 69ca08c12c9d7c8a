"""Exports of made-up projects, and what they wrote."""

import csv
from dataclasses import replace
from pathlib import Path

from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.table_columns import Column, ColumnKind
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.report.project_report import ReportInputs
from defect_workbench.storage.result.result_folder import ExportOptions, Mode, Plan, export


def do_export(
    project: Project,
    out: Path,
    profile: ExportOptions | None = None,
    *,
    mode: Mode = Mode.COPY,
    add: bool = False,
) -> Plan:
    return export(project, out, mode, ReportInputs({}, thumbnail), SilentReporter(), profile=profile, add=add)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def with_lots(project: Project, lots: list[str]) -> Project:
    column = Column("lot", ColumnKind.TEXT, tuple(lots))
    side = SideData("s.csv", "0" * 64, "name", (column,), (True,) * len(lots))
    return replace(project, side=side)
