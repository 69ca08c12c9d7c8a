"""Inspection files in the window: opened, looked at, and written back."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.klarf_job import KlarfPlanned
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.dialogs.class_library_dialog import ClassLibraryDialog
from defect_workbench.gui.klarf.klarf_export_dialog import KlarfExportDialog, preview, summary_words
from defect_workbench.gui.klarf.picture_choice_dialog import PictureChoiceDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.klarf.reading import read_klarf
from defect_workbench.workflows.klarf.class_export import (
    KlarfPlan,
    KlarfRequest,
    WrittenClass,
    WrittenKlarf,
)
from tests.gui.classes.test_class_library import choose_cluster
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT, drop
from tests.klarf_lots import made_klarf


def until_open(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.document.project is not None and not window.jobs.busy, timeout=60_000)


@pytest.fixture
def lot(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Path:
    """An inspection file that is open in the window."""
    path = made_klarf(tmp_path / "lot", 14)
    assert drop(window, path)
    until_open(window, qtbot)
    return path


def test_a_dropped_file_opens_with_its_columns_and_is_remembered(
    window: MainWindow, qtbot: QtBot, lot: Path
) -> None:
    project = window.document.project
    assert project is not None
    assert project.inspection is not None
    assert "14 images" in window.summary.text()
    window.choose_image(3)
    words = window.inspector.fields["Inspection"].text()
    assert f"defect {int(project.inspection.defect_id[3])}\nlot LOT, wafer W" in words
    assert "mm from the centre" in words
    window.remembered.remember()
    assert [work.file for work in window.settings.recent()] == [lot]
    # The folder may have the files of other lots, too.
    assert window.windowTitle() == "lot.001[*] — Defect Workbench"
    assert project.beside(".dwb") == lot.parent.with_name("lot.001.dwb")
    # Thumbnails and the full image are those of the page.
    qtbot.waitUntil(lambda: window.thumbnails.get(str(project.images.absolute(3))) is not None)


def test_several_pictures_are_chosen_in_a_dialog(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made_klarf(tmp_path / "lot", 12, reference_kind="Reference", dialect="1.8")
    monkeypatch.setattr(file_dialogs, "ask_klarf", lambda parent, done: done(path))
    window.actions_by_name["actionOpenKlarf"].trigger()
    qtbot.waitUntil(
        lambda: window.findChild(PictureChoiceDialog, "pictureChoice") is not None, timeout=20_000
    )
    dialog = window.findChild(PictureChoiceDialog, "pictureChoice")
    assert dialog is not None
    assert dialog.reference.currentText() == "Reference  (12)"
    dialog.described.setCurrentIndex(dialog.described.findData("Reference"))
    dialog.reference.setCurrentIndex(0)
    qtbot.mouseClick(dialog.ok_button, LEFT)
    until_open(window, qtbot)
    project = window.document.project
    assert project is not None
    assert [image.page % 2 for image in project.images.images] == [0] * 12


@pytest.mark.parametrize("way", ["dropped", "named on the command line"])
def test_pictures_are_chosen_however_a_file_is_opened(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, way: str
) -> None:
    path = made_klarf(tmp_path / "lot", 12, reference_kind="Reference", dialect="1.8")
    if way == "dropped":
        assert drop(window, path)
    else:
        # As `run_window` does with a path of the command line.
        window.open_path(path)
    qtbot.waitUntil(
        lambda: window.findChild(PictureChoiceDialog, "pictureChoice") is not None, timeout=20_000
    )
    dialog = window.findChild(PictureChoiceDialog, "pictureChoice")
    assert dialog is not None
    assert not window.jobs.busy
    assert not window.notice.isVisible()
    dialog.described.setCurrentIndex(dialog.described.findData("Reference"))
    dialog.reference.setCurrentIndex(0)
    qtbot.mouseClick(dialog.ok_button, LEFT)
    until_open(window, qtbot)
    project = window.document.project
    assert project is not None
    assert project.inspection is not None
    assert project.inspection.choice.described == "Reference"


def test_the_next_file_is_added_to_the_open_project(
    window: MainWindow, qtbot: QtBot, lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = made_klarf(tmp_path / "later", 6, reference_kind="Reference", dialect="1.8")
    monkeypatch.setattr(file_dialogs, "ask_klarf", lambda parent, done: done(later))
    window.actions_by_name["actionAddKlarf"].trigger()
    qtbot.waitUntil(
        lambda: window.findChild(PictureChoiceDialog, "pictureChoice") is not None, timeout=20_000
    )
    dialog = window.findChild(PictureChoiceDialog, "pictureChoice")
    assert dialog is not None
    assert not dialog.reference.isVisible()
    qtbot.mouseClick(dialog.ok_button, LEFT)
    qtbot.waitUntil(lambda: "20 images" in window.summary.text(), timeout=60_000)
    project = window.document.project
    assert project is not None
    assert project.inspection is not None
    assert len(project.inspection.files) == 2


def test_a_file_that_is_not_an_inspection_file_is_reported(window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "a.001").write_text("nothing")
    window.controllers.klarf.open(tmp_path / "a.001")
    assert "is not an inspection file" in window.notice.text.text()


def test_confirmed_classes_are_shown_before_they_are_written(
    window: MainWindow, qtbot: QtBot, answers: Answers, lot: Path
) -> None:
    export = window.actions_by_name["actionExportKlarf"]
    assert export.isEnabled()
    choose_cluster(window, 0)
    answers.text = "pit"
    window.actions_by_name["actionRename"].trigger()
    window.actions_by_name["actionConfirm"].trigger()
    export.trigger()
    (dialog,) = window.findChildren(KlarfExportDialog)
    qtbot.waitUntil(lambda: "pit has no code" in dialog.summary.text(), timeout=20_000)
    assert not dialog.ok_button.isEnabled()

    qtbot.mouseClick(dialog.library_button, LEFT)
    (library,) = window.findChildren(ClassLibraryDialog)
    assert library.name.text() == "pit"
    library.code.setText("21")
    library.accept()
    qtbot.waitUntil(lambda: dialog.ok_button.isEnabled(), timeout=20_000)
    assert "pit (21) " in dialog.summary.text()
    assert dialog.summary.textFormat() is Qt.TextFormat.PlainText
    assert dialog.column.currentText() == "CLASSNUMBER"
    assert " 21 " in dialog.changes.toPlainText()

    # A class and its cluster are renamed together, so the plan is made of the project as it is now.
    qtbot.mouseClick(dialog.library_button, LEFT)
    library = window.findChildren(ClassLibraryDialog)[-1]
    library.name.setText("hole")
    library.accept()
    qtbot.waitUntil(
        lambda: "hole (21) " in dialog.summary.text() and dialog.ok_button.isEnabled(), timeout=20_000
    )
    target = Path(dialog.file.text())
    assert target == lot.with_name("lot_classified.001")
    qtbot.mouseClick(dialog.ok_button, LEFT)
    qtbot.waitUntil(target.is_file, timeout=20_000)
    qtbot.waitUntil(lambda: "written to" in window.notice.text.text())
    partition = window.document.partition
    assert partition is not None
    (cells,) = [column.cells for column in read_klarf(target).columns if column.name == "CLASSNUMBER"]
    assert cells.count(21) == len(partition.clusters[0].members)

    export.trigger()
    again = window.findChildren(KlarfExportDialog)[-1]
    assert Path(again.file.text()) == lot.with_name("lot_classified-2.001")


def planned(names: tuple[str, ...], classes: int, unnamed: int) -> KlarfPlanned:
    """A plan for files of these names below a folder, with 501 lines each that differ."""
    lines = [(number, "old", "new") for number in range(501)]
    files = [WrittenKlarf(Path("/lots") / name, Path("/new") / name, b"", 501, lines) for name in names]
    written = [WrittenClass(f"c{number}", number, 1) for number in range(classes)]
    return KlarfPlanned(KlarfRequest(Path("/new")), KlarfPlan(tuple(files), tuple(written), 9, unnamed))


def test_the_words_of_a_preview_fit_one_or_many_files_classes_and_images() -> None:
    one, many = planned(("lot.001",), 2, 1), planned(("a/lot.001", "b/lot.001"), 60, 3)
    words = summary_words("CLASSNUMBER", one.plan)
    assert "c0 (0) 1, c1 (1) 1. " in words
    assert "1 image belongs to a confirmed cluster without a name; name it to write its class. " in words
    assert words.endswith("The file that was opened is not changed.")
    assert preview(one).startswith("Line 0\n- old\n+ new\n")
    assert preview(one).endswith("\nand 1 more line of lot.001")
    words = summary_words("CLASSNUMBER", many.plan)
    assert "c11 (11) 1 and 48 more. " in words
    assert "3 images belong to confirmed clusters without a name" in words
    assert words.endswith("The files that were opened are not changed.")
    assert preview(many).count("a/lot.001, line ") == preview(many).count("b/lot.001, line ") == 500


def test_a_name_that_a_link_to_nothing_has_is_not_free(tmp_path: Path) -> None:
    (tmp_path / "lot.001").symlink_to(tmp_path / "gone")
    assert file_dialogs.free_name(tmp_path, "lot.001") == "lot-2.001"


def test_images_of_a_folder_have_no_file_to_write_to(window: MainWindow) -> None:
    assert not window.actions_by_name["actionExportKlarf"].isEnabled()
