"""What training learns from: two sources made alike, and only what a person has looked at."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs import classifier_jobs
from defect_workbench.app.jobs.classifier_jobs import _confirmed, _joined
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.app.jobs.runner import JobReporter
from defect_workbench.core.clustering.feature_blocks import BackboneInfo, Features
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.user_dirs import Places
from tests.builders import BACKBONE, made_project
from tests.unit.classifier.test_classify import made_set


@pytest.mark.parametrize(
    "other", [replace(BACKBONE, precision="bf16"), replace(BACKBONE, sha256="1" * 64), None]
)
def test_features_of_another_network_or_precision_are_refused(other: BackboneInfo | None) -> None:
    first = made_set()
    same = _joined([first, made_set(seed=1)])
    assert len(same) == 2 * len(first)
    second = replace(first, features=replace(first.features, backbone=other))
    with pytest.raises(WorkbenchError, match="different networks"):
        _joined([first, second])


def test_joined_sources_keep_their_labels() -> None:
    first, second = made_set(), made_set(seed=1)
    joined = _joined([first, second])
    names = [joined.folders[label] for label in joined.labels.tolist()]
    expected = [part.folders[label] for part in (first, second) for label in part.labels.tolist()]
    assert names == expected
    assert np.array_equal(joined.features.blocks["deep"][len(first) :], second.features.blocks["deep"])


def learnt(document: Document, places: Places, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The label that training takes for each image it learns from."""
    project = document.project
    assert project is not None
    found = SimpleNamespace(images=project.images, features=Features(project.analysis.blocks, BACKBONE))
    monkeypatch.setattr(classifier_jobs, "_extract", lambda *_, **__: found)
    reporter = JobReporter(lambda _: None, lambda _: None, lambda _: None)
    part = _confirmed(project, places, reporter, offline=True)
    names = [part.folders[label] for label in part.labels.tolist()]
    return dict(zip((image.path for image in part.images.images), names, strict=True))


def test_what_nobody_has_looked_at_is_in_the_queue_and_not_learnt_from_whatever_its_cluster_is_called(
    tmp_path: Path, places: Places, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
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
    document.apply_proposal(
        Proposal(tuple(labels), sure, np.zeros(count, bool), unseen, np.empty(0, np.intp))
    )

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
    assert set(learnt(document, places, monkeypatch)) == everything - paths(doubtful)
    document.move(doubtful[:1], next(c for c in document.partition.clusters if c.key == scratch.key))
    document.agree(doubtful[1:2])
    found = learnt(document, places, monkeypatch)
    assert asked() == paths(doubtful[2:])
    assert set(found) == everything - paths(doubtful[2:])
    (moved,), (agreed,) = paths(doubtful[:1]), paths(doubtful[1:2])
    assert found[moved] != "pit"
    assert found[agreed] == "pit"
