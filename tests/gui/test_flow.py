"""The whole way through the window, by mouse and keys, and what is exported in the end."""

import csv
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.item_models import Role
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.result.manifest import manifest_text, rows
from defect_workbench.workflows.export import ExportRequest
from tests.gui.conftest import Answers
from tests.gui.gestures import drag_cut, drop_images


def shown(window: MainWindow) -> str:
    """What the window shows, as a manifest."""
    assert window.document.project is not None
    return manifest_text(rows(window.document.project))


def choose(window: MainWindow, *numbers: int) -> None:
    """Choose clusters in the list."""
    window.cluster_list.clearSelection()
    for number in numbers:
        window.cluster_list.choose(window.cluster_model.index(number).data(Role.CLUSTER).key, toggle=True)


def test_open_drag_snap_refine_move_merge_rename_confirm_queue_undo_redo_export_close_and_reopen(
    opened: MainWindow, qtbot: QtBot, answers: Answers, tmp_path: Path
) -> None:
    window, document = opened, opened.document
    project = document.project
    assert project is not None
    steps = [shown(window)]

    def done(count: int = 1) -> None:
        for _ in range(count):
            assert document.undo_stack.index() == len(steps)
            steps.append(shown(window))

    # Drag and snap.
    other = project.analysis.suggestions[1].clusters
    drag_cut(window, qtbot, window.dendrogram.y_of_clusters(other) - 3)
    assert document.clusters_at_cut == other
    done()
    # Refine.
    choose(window, 0)
    with qtbot.waitSignal(window.jobs.done, timeout=20_000):
        qtbot.keyClick(window.cluster_list, Qt.Key.Key_R)
    assert window.refinement.dialog is not None
    qtbot.keyClick(window.refinement.dialog, Qt.Key.Key_Return)
    done()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    # Move by dragging.
    assert document.partition is not None
    source, target = document.partition.clusters[2], document.partition.clusters[1]
    model = window.image_model
    moving = [model.index(model.row_of(int(image))) for image in source.members[-2:]]
    row = window.cluster_model.row_of_key(target.key)
    place = window.cluster_list.visualRect(window.cluster_model.index(row)).center()
    drop_images(window.cluster_list, model.mimeData(moving), place)
    done()
    # Merge, rename, confirm by keys.
    choose(window, 3, 4)
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_M)
    done()
    choose(window, 0)
    answers.text = "residue / film"
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_F2)
    done()
    choose(window, 1)
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_C)
    done()
    # The queue to zero.
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_Q)
    queue = window.outlier_queue
    qtbot.waitUntil(queue.hasFocus)
    for key in [Qt.Key.Key_1, Qt.Key.Key_N, Qt.Key.Key_X] * 30:
        if queue.current is None:
            break
        qtbot.keyClick(queue, key)
        done()
    assert queue.remaining == 0

    # Undo all, redo all.
    for expected in reversed(steps[:-1]):
        qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert shown(window) == expected
    for expected in steps[1:]:
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        qtbot.keyClick(window, Qt.Key.Key_Z, both)
        assert shown(window) == expected

    # Export, and compare with what the window shows.
    with qtbot.waitSignal(window.jobs.done, timeout=30_000):
        window.outputs.export_to(ExportRequest(tmp_path / "out"))
    assert (tmp_path / "out" / "manifest.csv").read_text(encoding="utf-8") == steps[-1]
    with (tmp_path / "out" / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    labels = {row["label"] for row in table}
    assert "residue _ film" in labels
    assert {section.title.replace("/", "_") for section in model.sections} == labels
    assert sum(section.count for section in model.sections) == len(table)
    # The dendrogram as files.
    for name in ("tree.svg", "tree.png"):
        with qtbot.waitSignal(window.jobs.done, timeout=20_000):
            window.outputs.draw_to(tmp_path / name)
    assert (tmp_path / "tree.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert (tmp_path / "tree.png").read_bytes().startswith(b"\x89PNG")
    # Close and reopen what was exported.
    with qtbot.waitSignal(window.jobs.done, timeout=20_000):
        window.outputs.save_to(tmp_path / "mine.dwb")
    with qtbot.waitSignal(window.jobs.done, timeout=20_000):
        window.open_path(tmp_path / "out" / "session.dwb")
    assert shown(window) == steps[-1]
