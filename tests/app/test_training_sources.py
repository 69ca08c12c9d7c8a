"""Training learns only from what a person has looked at."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.engine.extraction.extractor import Extraction
from defect_workbench.workflows.training_sources import confirmed_images, learnable_clusters
from tests.builders import BACKBONE, made_project


def learnt(document: Document) -> dict[str, str]:
    """The label that training takes for each image it learns from."""
    project = document.project
    assert project is not None
    found = Extraction(project.images, Features(project.analysis.blocks, BACKBONE), 0, 0.0)
    reporter = SilentReporter()
    part = confirmed_images(project, learnable_clusters(project, reporter), found, reporter)
    names = [part.folders[label] for label in part.labels.tolist()]
    return dict(zip((image.path for image in part.images.images), names, strict=True))


def test_unreviewed_images_are_in_the_queue_and_not_learnt_from_whatever_their_cluster_is_called(
    tmp_path: Path, qtbot: QtBot
) -> None:
    document = Document()
    document.show(prepare(made_project(tmp_path / "lot")))
    assert document.partition is not None
    document.confirm(document.partition.clusters)
    pit, scratch, _ = document.partition.clusters
    count = 19
    labels = [""] * count
    for image in pit.members.tolist():
        labels[image] = pit.label
    unseen = np.zeros(count, bool)
    doubtful = np.sort(pit.members[-3:])
    unseen[doubtful] = True
    sure = np.full(count, 0.5, np.float32)
    assert document.project is not None
    proposal = Proposal(tuple(labels), sure, np.zeros(count, bool), unseen, np.empty(0, np.intp))
    document.show(prepare(replace(document.project, proposal=proposal)))

    def paths(images: np.ndarray) -> set[str]:
        assert document.project is not None
        return {document.project.images.images[int(image)].path for image in images}

    def asked() -> set[str]:
        assert document.project is not None
        assert document.project.proposal is not None
        return paths(document.project.proposal.unsure(document.project.partition))

    everything = paths(np.arange(count))
    document.rename(document.partition.clusters[0], "pit")
    assert asked() == paths(doubtful)
    assert set(learnt(document)) == everything - paths(doubtful)
    document.move(doubtful[:1], next(c for c in document.partition.clusters if c.key == scratch.key))
    document.accept_proposals(doubtful[1:2])
    found = learnt(document)
    assert asked() == paths(doubtful[2:])
    assert set(found) == everything - paths(doubtful[2:])
    (moved,), (agreed,) = paths(doubtful[:1]), paths(doubtful[1:2])
    assert found[moved] != "pit"
    assert found[agreed] == "pit"
