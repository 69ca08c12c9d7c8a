"""What every format of annotation files keeps to, and that a new one needs no other change."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.runner import JobRunner
from defect_workbench.cli import build_parser
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.splits import SPLITS
from defect_workbench.core.result_files import ALL
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.gui.dialogs.export_dialog import ExportDialog
from defect_workbench.storage.files.safe_names import is_safe_name
from defect_workbench.storage.report.project_report import ReportInputs
from defect_workbench.storage.result.annotation_formats.annotation import Annotation, AnnotationFormat
from defect_workbench.storage.result.annotation_formats.registry import ANNOTATION_FORMATS
from defect_workbench.storage.result.export_options import ExportOptions, Mode
from defect_workbench.storage.result.receipt import read_receipt
from defect_workbench.storage.result.reserved_names import reserved_names
from defect_workbench.storage.result.result_folder import export
from defect_workbench.user_dirs import UserDirs
from tests.builders import made_project

FOUND = tuple(
    Annotation(f"{split}pit/{split[:2]}{i}=ü.png", "=pit, large", split[:-1], 40, 30, f"{i:064d}", f"{i}.png")
    for split in ("", *(f"{name}/" for name in SPLITS))
    for i in range(3)
)
LATER = tuple(
    Annotation(f"ring/new-{i:02d}.png", "ring", "", 9, 9, f"{i + 90:064d}", f"{i + 50}.png") for i in range(3)
)


@pytest.fixture(params=ANNOTATION_FORMATS, ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> AnnotationFormat:
    found: AnnotationFormat = request.param
    return found


def written(entry: AnnotationFormat, folder: Path, *found: Annotation, earlier: Path | None = None) -> str:
    """Write the files into a folder; all of their text."""
    for name, text in entry.write(found, earlier).items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()))


def test_only_files_it_names_are_written(entry: AnnotationFormat) -> None:
    assert entry.label
    assert entry.files
    assert set(entry.write(FOUND, None)) <= set(entry.files)


def test_names_of_its_files_are_safe_reserved_and_its_own(entry: AnnotationFormat) -> None:
    others = {name for other in ANNOTATION_FORMATS if other is not entry for name in other.files}
    assert all(is_safe_name(name) for name in entry.files)
    assert not set(entry.files) & ({*ALL} | others)
    assert set(entry.files) <= set(reserved_names())


def test_a_result_without_labelled_images_is_no_error(entry: AnnotationFormat) -> None:
    assert set(entry.write((), None)) <= set(entry.files)


def test_every_image_and_label_is_in_it(entry: AnnotationFormat, tmp_path: Path) -> None:
    text = written(entry, tmp_path, *FOUND)
    for item in FOUND:
        assert item.file in text
        assert item.label in text


def test_it_writes_the_same_bytes_again(entry: AnnotationFormat) -> None:
    assert entry.write(FOUND, None) == entry.write(FOUND, None)


def test_earlier_files_are_continued(entry: AnnotationFormat, tmp_path: Path) -> None:
    written(entry, tmp_path, *FOUND)
    text = written(entry, tmp_path, *LATER, earlier=tmp_path)
    for item in (*FOUND, *LATER):
        assert text.count(json.dumps(item.file, ensure_ascii=False)[1:-1]) == 1
    assert {path.name for path in tmp_path.iterdir()} <= set(entry.files)


def lines(found: Sequence[Annotation], earlier: Path | None) -> dict[str, str]:
    return {"dummy.txt": "".join(f"{item.file}\n" for item in found)}


DUMMY = AnnotationFormat("dummy", "Dummy lines", ("dummy.txt",), lines)


@pytest.fixture
def dummy() -> Iterator[AnnotationFormat]:
    with ANNOTATION_FORMATS.including(DUMMY):
        yield DUMMY


@pytest.mark.parametrize("command", ["cluster", "export"])
def test_new_format_is_a_choice_of_the_command_line(
    command: str, dummy: AnnotationFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser(UserDirs.of_user()).parse_args([command, "--help"])
    assert ",".join(ANNOTATION_FORMATS.names) in capsys.readouterr().out
    assert ANNOTATION_FORMATS.names[-1] == dummy.name


def test_new_format_is_a_check_box_of_the_export_dialog(
    dummy: AnnotationFormat, qtbot: QtBot, tmp_path: Path
) -> None:
    planner = JobRunner()
    dialog = ExportDialog(made_project(tmp_path / "lot"), tmp_path / "out", planner)
    qtbot.addWidget(dialog)
    boxes = {box.text(): box for box in dialog.findChildren(QCheckBox)}
    boxes[dummy.label].setChecked(True)
    assert dialog.request().options.formats == (dummy.name,)
    planner.close()


def test_new_format_is_written_reserved_and_kept_in_the_receipt(
    dummy: AnnotationFormat, tmp_path: Path
) -> None:
    project = made_project(tmp_path / "lot")
    out, profile = tmp_path / "out", ExportOptions(formats=(dummy.name,))
    export(project, out, Mode.COPY, ReportInputs({}, thumbnail), SilentReporter(), profile=profile)
    listed = (out / "dummy.txt").read_text(encoding="utf-8").splitlines()
    assert len(listed) == len(project.images)
    assert all((out / line).is_file() for line in listed)
    assert read_receipt(out).profile == profile
    assert "dummy.txt" in read_receipt(out).files
    assert "dummy.txt" in reserved_names()
