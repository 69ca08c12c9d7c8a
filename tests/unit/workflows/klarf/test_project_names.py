"""What a project of an inspection file is called, in the window and on paper."""

from __future__ import annotations

from pathlib import Path

from defect_workbench.core.pareto.class_counts import Basis
from defect_workbench.core.pareto.project_classes import classed_images
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.report.project_report import project_report
from defect_workbench.workflows.add_folder import add_folder
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import ImageSource
from tests.builders import made_lot
from tests.klarf_lots import made_klarf
from tests.unit.storage.report.test_slides import deck, text_of
from tests.unit.workflows.klarf.test_klarf_projects import opened


def names_of(project: Project) -> list[str]:
    """The name of a project, and as its report and its Pareto chart have it."""
    report = project_report(project, {}, (), ())
    return [project.name, report.title, classed_images(project, Basis.ALL).name]


def test_a_project_is_called_after_its_inspection_file_only_while_all_images_are_from_it(
    tmp_path: Path,
) -> None:
    options = FeatureOptions(tmp_path / "store", tmp_path / "weights", offline=True)
    project = opened(made_klarf(tmp_path / "a", 6), options)
    assert names_of(project) == ["lot.001"] * 3
    assert "lot.001" in text_of(deck(project).slides[0])
    folder = made_lot(tmp_path / "b", 8)
    both = add_folder(project, ImageSource(folder), options, SilentReporter()).project
    assert both.inspection is not None
    assert len(both.inspection.files) == 1
    assert names_of(both) == ["a + b"] * 3
    assert both.beside(".dwb").name == "a + b.dwb"
