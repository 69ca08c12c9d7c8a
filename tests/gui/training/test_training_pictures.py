"""Pictures of what a training leads to; see `test_pictures`."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.gui.classifier.evaluation_tabs import CONFUSION, LABELS
from defect_workbench.gui.classifier.taxonomy_dialog import CLASSES, TaxonomyDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.test_pictures import EVERY_LOOK, Camera, camera_for, settle, wait_for


@pytest.fixture(params=EVERY_LOOK, ids="-".join)
def camera(request: pytest.FixtureRequest, qtbot: QtBot, window: MainWindow) -> Iterator[Camera]:
    yield from camera_for(request, window)


def test_figures_lead_to_images_and_doubtful_labels(opened: MainWindow, qtbot: QtBot, camera: Camera) -> None:
    document = opened.document
    assert document.partition is not None
    for cluster, name in zip(
        document.partition.clusters[:4], ("lines", "specks", "particles", "films"), strict=False
    ):
        document.rename(cluster, name)
    # What a tired hand does.
    specks, particles = document.partition.clusters[1:3]
    document.move(specks.members[:2], particles)
    document.confirm([c for c in document.partition.clusters if c.group is not None])
    opened.tabs.setCurrentWidget(opened.classify_panel)
    opened.classify_panel.folds.setValue(2)
    with qtbot.waitSignal(opened.jobs.done, timeout=180_000):
        opened.classifier.train()
    opened.notice.hide()
    settle(opened, qtbot)
    evaluation = opened.classify_panel.evaluation
    model = opened.classifier.model
    assert model is not None
    assert model.model.facts is not None
    labels = model.model.facts.overall.confusion.labels
    evaluation.setCurrentIndex(CONFUSION)
    evaluation.matrix.setFocus()
    evaluation.matrix.setCurrentCell(labels.index("particles"), labels.index("specks"))
    for line in evaluation.cell.list.lines.lines:
        wait_for(qtbot, opened.thumbnails, line.file)
    assert evaluation.cell.list.lines.lines
    camera.keep(opened, "confusion", opened)
    evaluation.setCurrentIndex(LABELS)
    for line in evaluation.labels.list.lines.lines:
        wait_for(qtbot, opened.thumbnails, line.file)
    assert {label.split("\n")[0] for _, label, *_ in (x.cells for x in evaluation.labels.list.lines.lines)}
    camera.keep(opened, "labels", opened)
    opened.classifier.edit_stages()
    stages = opened.findChild(TaxonomyDialog)
    assert stages is not None
    stages.tabs.setCurrentIndex(CLASSES)
    camera.keep(stages, "stages-classes", opened)
    stages.close()
