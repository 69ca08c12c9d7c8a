"""Pictures of the class library, similar images and the name of a cluster; see `test_pictures`."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.gui.dialogs.class_library_dialog import ClassLibraryDialog
from defect_workbench.gui.dialogs.message_boxes import MessageBoxes
from defect_workbench.gui.dialogs.name_dialog import NameDialog
from defect_workbench.gui.dialogs.similar_images_dialog import SimilarImagesDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.test_pictures import EVERY_LOOK, Camera, camera_for, settle, wait_for


@pytest.fixture(params=EVERY_LOOK, ids="-".join)
def camera(request: pytest.FixtureRequest, qtbot: QtBot, window: MainWindow) -> Iterator[Camera]:
    yield from camera_for(request, window)


def defined(library: ClassLibrary) -> ClassLibrary:
    known = library.find("pinhole")
    assert known is not None
    words = "A round hole in the film, at least 3 px wide, without a rim. Not the shadow of a particle."
    return library.changed(known, replace(known, definition=words, aliases=("pit", "dimple"), code="17"))


def test_classes_that_last_and_lists_to_review(
    opened: MainWindow, qtbot: QtBot, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = opened.document
    project = document.project
    assert project is not None
    assert document.partition is not None
    settle(opened, qtbot)
    for cluster, name in zip(document.partition.clusters[:3], ("bridge", "pinhole", "residue"), strict=True):
        for image in cluster.members[:5].tolist():
            wait_for(qtbot, opened.thumbnails, str(project.images.absolute(image)))
        document.rename(cluster, name)
    document.confirm([c for c in document.partition.clusters if c.group is not None])
    opened.classes.change(lambda library: defined(library.added("spur").added("missing via")))

    opened.classes.show()
    library = opened.findChild(ClassLibraryDialog, "classLibrary")
    assert library is not None
    library.classes.setCurrentRow(1)
    camera.keep(library, "class-library", opened)
    library.close()

    monkeypatch.setattr(opened.review, "_messages", MessageBoxes(opened))
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(3, 0))
    opened.review.rename()
    naming = opened.findChild(NameDialog, "nameDialog")
    assert naming is not None
    for image in opened.cluster_list.chosen()[0].members[:5].tolist():
        wait_for(qtbot, opened.thumbnails, str(project.images.absolute(image)))
    camera.keep(naming, "name", opened)
    naming.close()

    opened.choose_image(int(document.partition.clusters[0].members[0]))
    opened.controllers.lists.find_similar()
    similar = opened.findChild(SimilarImagesDialog, "similarImages")
    assert similar is not None
    for image in similar.model.order[:60].tolist():
        wait_for(qtbot, opened.thumbnails, str(project.images.absolute(image)))
    camera.keep(similar, "similar", opened)
    similar.close()
