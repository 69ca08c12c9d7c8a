import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextDocument
from pytestqt.qtbot import QtBot

from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.gui.dialogs.association_dialog import AssociationDialog
from defect_workbench.gui.dialogs.export_dialog import ExportDialog
from defect_workbench.gui.dialogs.preprocessing_dialog import PreprocessingDialog
from defect_workbench.gui.window.actions.action_set import without_mnemonic
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.user_dirs import UserDirs
from tests.builders import part_of_sample
from tests.gui.conftest import Answers, delete_now

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def table(opened: MainWindow, tmp_path: Path) -> Path:
    """A table whose element goes with the largest cluster, and whose lot does not."""
    project, partition = opened.document.project, opened.document.partition
    assert project is not None
    assert partition is not None
    lines = ["file;element;lot;depth"]
    for index, image in enumerate(project.images.images[:-5]):
        element = "N" if partition.cluster_of[index] == 0 else "Al"
        lines.append(f"{image.path};{element};lot {index % 3};{index % 7},5")
    lines.append("gone.png;N;lot 9;1,5")
    path = tmp_path / "edx.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def joined(window: MainWindow, qtbot: QtBot, table: Path) -> None:
    with qtbot.waitSignal(window.jobs.done, timeout=10_000):
        window.tables.join(table)


def test_a_table_is_joined_filtered_coloured_compared_and_undone(
    opened: MainWindow, qtbot: QtBot, table: Path
) -> None:
    joined(opened, qtbot, table)
    assert opened.notice.text.text() == "240 of 245 images have a row in edx.csv, 1 row without an image."
    with qtbot.waitSignal(opened.gallery_bar.changed):
        opened.gallery_bar.text.setText("element=n depth>3")
    project, partition = opened.document.project, opened.document.partition
    assert project is not None
    assert partition is not None
    expected = [i for i in range(240) if partition.cluster_of[i] == 0 and i % 7 >= 3]
    assert opened.image_model.rowCount() == len(expected)
    with qtbot.waitSignal(opened.gallery_bar.changed):
        opened.gallery_bar.text.clear()

    opened.tabs.setCurrentIndex(1)
    plain = opened.map.grab().toImage()
    opened.map_colour.setCurrentText("element")
    assert opened.map.grab().toImage() != plain
    opened.inspector.show_image(0)
    assert "element: " in opened.inspector.fields["Table"].text()

    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    dialog = opened.findChild(AssociationDialog)
    assert dialog is not None
    assert dialog.columns.item(0).text().startswith("element")
    assert "strongly related" in dialog.reading.text()
    assert dialog.table.rowCount() == len(partition.clusters) + 1
    assert [action.text() for action in dialog.table.actions()] == ["Copy picture", "Copy text"]
    dialog.table.actions()[1].trigger()
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert lines[0] == ["", "Al", "N"]
    assert [line[0] for line in lines[1:]] == [*(c.label for c in partition.clusters), "outliers"]
    dialog.table.actions()[0].trigger()
    assert not QGuiApplication.clipboard().image().isNull()
    dialog.close()

    assert without_mnemonic(opened.actions_by_name["actionUndo"].text()) == "Undo Join edx.csv"
    opened.actions_by_name["actionUndo"].trigger()
    assert opened.map_colour.findText("element") < 0
    opened.actions_by_name["actionRedo"].trigger()
    assert opened.map_colour.findText("element") > 0


def test_column_names_that_look_like_markup_are_shown_as_they_are(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    project = opened.document.project
    assert project is not None
    column = "temp <b>target</b> <limit & unit (K)"
    lines = [f"{image.path},{'high' if i % 2 else 'low'}" for i, image in enumerate(project.images.images)]
    path = tmp_path / "oven.csv"
    path.write_text("\n".join([f"file,{column}", *lines]) + "\n", encoding="utf-8")
    joined(opened, qtbot, path)
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    dialog = opened.findChild(AssociationDialog)
    assert dialog is not None
    item = dialog.columns.item(0)
    assert item.text().startswith(column)
    shown, tip = QTextDocument(), QTextDocument()
    shown.setHtml(dialog.reading.text())
    tip.setHtml(item.toolTip())
    assert column in tip.toPlainText()
    assert shown.toPlainText().startswith(tip.toPlainText())
    assert "p = " in shown.toPlainText()


def test_a_table_that_names_no_image_is_refused(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with qtbot.waitSignal(opened.jobs.failed, timeout=10_000):
        opened.tables.join(tmp_path / "other.csv")
    assert "contains the file names" in answers.messages[0]
    assert opened.document.project is not None
    assert opened.document.project.side is None


def test_export_by_lot_is_planned_written_and_undone_from_the_window(
    opened: MainWindow, qtbot: QtBot, table: Path, tmp_path: Path
) -> None:
    joined(opened, qtbot, table)
    out = tmp_path / "sorted"
    opened.outputs.choose_export()
    dialog = opened.findChild(ExportDialog)
    assert dialog is not None
    planner = opened.outputs.planner
    with qtbot.waitSignal(planner.done, timeout=10_000):
        dialog.folder.setText(str(out))
        dialog.split.setCurrentIndex(dialog.split.findText("By lot", Qt.MatchFlag.MatchStartsWith))
        dialog.formats[next(iter(dialog.formats))].setChecked(True)
    assert dialog.ok_button.isEnabled()
    assert "train/" in dialog.plan_text.text()
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        qtbot.mouseClick(dialog.ok_button, LEFT)
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 245
    assert (out / "measurements.csv").is_file()
    assert (out / "report.pdf").is_file()
    assert any(out.glob("*.json"))
    assert opened.notice.text.text() == f"245 images exported to {out}"
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    assert not out.exists()
    assert "removed" in opened.notice.text.text()


def test_an_export_of_confirmed_clusters_reports_first_that_none_is_confirmed(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    opened.outputs.choose_export()
    dialog = opened.findChild(ExportDialog)
    assert dialog is not None
    with qtbot.waitSignal(opened.outputs.planner.failed, timeout=10_000):
        dialog.folder.setText(str(tmp_path / "sorted"))
        dialog.clusters.setCurrentIndex(1)
    assert "No cluster is confirmed" in dialog.plan_text.text()
    assert not dialog.ok_button.isEnabled()
    dialog.reject()


def test_images_are_preprocessed_differently_after_a_preview_and_decisions_are_kept(
    window: MainWindow, with_sample: None, small_batches: None, qtbot: QtBot, tmp_path: Path
) -> None:
    opened = window
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.open_path(part_of_sample(tmp_path / "lot", 16))
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    opened.actions_by_name["actionConfirm"].trigger()
    (held,) = opened.cluster_list.chosen()
    with qtbot.waitSignal(opened.preprocessing.worker.done, timeout=20_000):
        opened.actions_by_name["actionPrepare"].trigger()
    dialog = opened.findChild(PreprocessingDialog)
    assert dialog is not None
    assert not dialog.ok_button.isEnabled()
    with qtbot.waitSignal(opened.preprocessing.worker.done, timeout=20_000):
        dialog.background.setCurrentIndex(dialog.background.findData("plane"))
        dialog.denoise.setCurrentIndex(dialog.denoise.findData("median"))
    assert "plane subtracted" in dialog.summary_text.text()
    assert dialog.before.grab().toImage() != dialog.after.grab().toImage()
    before = opened.document.project
    with qtbot.waitSignal(opened.document.grouping_changed, timeout=180_000):
        qtbot.mouseClick(dialog.ok_button, LEFT)
    after = opened.document.project
    assert before is not None
    assert after is not None
    assert after.analysis.settings.processing == Preprocessing(denoise="median", background="plane")
    (kept,) = [c for c in after.partition.clusters if c.group is not None]
    assert set(kept.members.tolist()) == set(held.members.tolist())
    assert without_mnemonic(opened.actions_by_name["actionUndo"].text()) == "Undo Preprocess images"
    opened.actions_by_name["actionUndo"].trigger()
    assert opened.document.project is not None
    assert opened.document.project.analysis is before.analysis


def test_second_window_on_a_session_is_read_only_and_saves_elsewhere(
    opened: MainWindow, qtbot: QtBot, places: UserDirs, answers: Answers, tmp_path: Path
) -> None:
    path = tmp_path / "work.dwb"
    with qtbot.waitSignal(opened.jobs.done, timeout=10_000):
        opened.outputs.save_to(path)
    other = MainWindow(places, answers, offline=True)
    try:
        other.show()
        with qtbot.waitSignal(
            other.document.opened, timeout=20_000, check_params_cb=lambda: other.document.project is not None
        ):
            other.open_path(path)
        assert "read-only" in other.windowTitle()
        assert "read-only" in other.notice.text.text()
        stored = path.read_bytes()
        other.cluster_count.setValue(9)
        other.outputs.save_to(path)
        assert "open in another window" in answers.messages[-1]
        assert path.read_bytes() == stored
        with qtbot.waitSignal(other.jobs.done, timeout=10_000):
            other.outputs.save_to(tmp_path / "mine.dwb")
        assert "read-only" not in other.windowTitle()
    finally:
        other.document.undo_stack.setClean()
        other.close()
        delete_now(other)
