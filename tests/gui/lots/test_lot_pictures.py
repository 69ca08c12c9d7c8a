"""Pictures of a lot of wafers, from its inspection file and back into it; see `test_pictures`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.gui.klarf.klarf_export_dialog import KlarfExportDialog
from defect_workbench.gui.klarf.picture_choice_dialog import PictureChoiceDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.sample.wafer_lot import make_lot
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.gui.test_pictures import EVERY_LOOK, Camera, camera_for, settle
from tests.processes import run

CODES = {"pit": "11", "residue": "12", "large-particle": "21", "small-particle": "22", "bridge": "31"}


@pytest.fixture(params=EVERY_LOOK, ids="-".join)
def camera(request: pytest.FixtureRequest, qtbot: QtBot, window: MainWindow) -> Iterator[Camera]:
    yield from camera_for(request, window)


@pytest.fixture(scope="session")
def sorted_lot(once_per_run: Callable[[str, Callable[[Path], None]], Path], weights_folder: Path) -> Path:
    """The generated lot, grouped: its files in `home/demo-lot`, the result in `out`."""

    def make(folder: Path) -> None:
        home = folder / "home"
        home.mkdir()
        (home / "weights").symlink_to(weights_folder)
        done = run("demo", "--lot", "--out", folder / "out", DEFECT_WORKBENCH_HOME=str(home))
        assert done.returncode == 0, done.stderr

    return once_per_run("sorted-lot", make)


def named(project: Project, root: Path) -> Project:
    """Return the project with clusters named after their kinds; all but one are confirmed."""
    project = replace(project, images=replace(project.images, root=root))
    kinds = [defect.kind for defect in make_lot().defects]
    assert project.inspection is not None
    numbers = project.inspection.defect_id.tolist()
    decisions, clusters = project.decisions, project.partition.clusters
    for place, cluster in enumerate(clusters):
        kind = Counter(kinds[numbers[image] - 1] for image in cluster.members.tolist()).most_common(1)[0][0]
        group = Group(kind, confirmed=place < len(clusters) - 1, colour=place)
        decisions, _ = decisions.hold(cluster.members, group)
    return replace(project, decisions=decisions)


def test_from_the_inspection_file_back_into_it(
    window: MainWindow,
    qtbot: QtBot,
    camera: Camera,
    sorted_lot: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lot = sorted_lot / "home" / "demo-lot" / "demo-lot.001"
    window.controllers.klarf.open(lot)
    qtbot.waitUntil(lambda: bool(window.findChildren(PictureChoiceDialog)), timeout=20_000)
    (choice,) = window.findChildren(PictureChoiceDialog)
    camera.keep(choice, "klarf-open", window)
    choice.reject()

    project = load_session(sorted_lot / "out" / "session.dwb")
    save_session(tmp_path / "demo-lot.dwb", named(project, lot.parent))
    window.open_path(tmp_path / "demo-lot.dwb")
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=60_000)
    settle(window, qtbot)
    partition = window.document.partition
    assert partition is not None
    pit = next(cluster for cluster in partition.clusters if cluster.label == "pit")
    window.actions_by_name["actionWafer"].trigger()
    entries = window.wafer_page.panel.entries
    qtbot.waitUntil(lambda: "along a line" in "".join(_texts(entries)), timeout=120_000)
    window.wafer_page.panel.cluster_wanted.emit(pit.key)
    settle(window, qtbot)
    camera.keep(window, "wafer", window)

    page = window.pareto.page
    window.tabs.setCurrentWidget(page)
    qtbot.waitUntil(lambda: page.column.findText("wafer") >= 0, timeout=60_000)
    page.column.setCurrentIndex(page.column.findText("wafer"))
    qtbot.waitUntil(lambda: window.pareto.up_to_date, timeout=60_000)
    camera.keep(window, "pareto", window)

    for name, code in CODES.items():
        window.classes.change(partial(_with_code, name=name, code=code))
    window.actions_by_name["actionExportKlarf"].trigger()
    (export,) = window.findChildren(KlarfExportDialog)
    # A path without the folder of the test.
    monkeypatch.chdir(tmp_path)
    export.file.setText("demo-lot_classified.001")
    qtbot.waitUntil(export.ok_button.isEnabled, timeout=20_000)
    camera.keep(export, "klarf-export", window)
    export.reject()


def _with_code(library: ClassLibrary, name: str, code: str) -> ClassLibrary:
    """Return a library with the code of a class; the file has other objects than the window."""
    if library.find(name) is None:
        library = library.added(name)
    known = library.find(name)
    assert known is not None
    return library.changed(known, replace(known, code=code))


def _texts(entries: QListWidget) -> list[str]:
    return [entries.item(row).text() for row in range(entries.count())]
