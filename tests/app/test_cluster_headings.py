"""The headings of the gallery: what is counted, why images are outliers, and the state of a cluster."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.gallery_sections import sections_of, summary_of
from defect_workbench.app.document.item_models import ClusterModel, Role
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.images.defect_items import SearchedImage
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from tests.builders import made_project

SIZES = (20, 14, 9, 1, 1)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made_project(tmp_path / "lot", SIZES)


@pytest.fixture
def document(project: Project, qtbot: QtBot) -> Document:
    document = Document()
    document.show(prepare(project))
    return document


def details(document: Document) -> dict[str, str]:
    return {section.title: section.detail for section in sections_of(document)[0]}


def with_scores(project: Project, scores: dict[int, float]) -> Project:
    every = np.zeros(len(project.images))
    for image, score in scores.items():
        every[image] = score
    return replace(project, analysis=replace(project.analysis, outlier_scores=every))


def test_single_defects_are_counted_as_defects(project: Project, document: Document) -> None:
    searched = (SearchedImage("board.png", "0" * 64, 400, 300, len(project.images)),)
    document.show(prepare(replace(project, images=replace(project.images, searched=searched))))
    model = ClusterModel(document)
    assert details(document)["cluster-01"].startswith("20 defects  ·")
    assert details(document)["Outliers"].startswith("2 defects ")
    assert model.index(0, 0).data(Role.CLUSTER).label == "cluster-01"
    assert ": 20 defects," in model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert summary_of(document).startswith("45 defects in 1 image  ·")
    assert document.partition is not None
    document.nuisance(document.partition.clusters[0].members[:3])
    assert document.undo_stack.undoText() == "Mark 3 defects as nuisance"


def test_outliers_say_why_they_are_ones(project: Project, document: Document) -> None:
    alone = project.partition.outliers
    first, second, *_ = project.partition.clusters
    project = with_scores(project, {int(first.members[-1]): 1.7})
    document.show(prepare(project))
    assert details(document)["Outliers"] == "3 images: 1 with an outlier score above 1, 2 alone at this cut"
    unknown = np.zeros(len(project.images), bool)
    unknown[second.members[-4:]] = True
    proposal = replace(Proposal.none(len(project.images)), unknown=unknown)
    document.show(prepare(replace(project, proposal=proposal)))
    assert details(document)["Outliers"] == (
        "7 images: 1 with an outlier score above 1, 4 unknown to the classifier, 2 alone at this cut"
    )
    assert document.partition is not None
    assert set(alone.tolist()) < set(document.partition.outliers.tolist())


def test_outliers_of_one_reason_are_counted_once(project: Project, document: Document) -> None:
    document.show(prepare(with_scores(project, {})))
    assert details(document)["Outliers"] == "2 images alone at this cut"


def test_list_and_gallery_agree_on_the_state_of_a_cluster(project: Project, document: Document) -> None:
    first, second, third = project.partition.clusters
    document.rename(first, "pit")
    document.nuisance(third.members)
    document.rename(second, "ash")
    partition = document.partition
    assert partition is not None
    assert document.project is not None
    unreviewed = np.zeros(len(project.images), bool)
    unreviewed[second.members[:2]] = True
    proposal = replace(Proposal.none(len(project.images)), unreviewed=unreviewed)
    document.show(prepare(replace(document.project, proposal=proposal)))
    model = ClusterModel(document)
    indexes = [model.index(row, 0) for row in range(model.rowCount())]
    in_list = {str(index.data()): str(index.data(Role.STATE)) for index in indexes}
    shown = details(document)
    assert in_list == {"pit": "kept", "ash": "proposed", "nuisance": "nuisance"}
    assert {name: shown[name].split("  ·  ")[-1] for name in in_list} == in_list
