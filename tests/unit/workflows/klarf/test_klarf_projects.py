"""Projects of inspection files: from opening to labelled folders and back into the file."""

import csv
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from defect_workbench.app.columns import ColumnCache
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.wafer.inspection import Inspection
from defect_workbench.core.wafer.inspection_words import inspection_words
from defect_workbench.core.wafer.picture_choice import PictureChoice, references_of
from defect_workbench.engine.input.location_reading import read_location
from defect_workbench.engine.input.pixel_hash import pixel_hash
from defect_workbench.storage.klarf.reading import read_klarf
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.workflows.add_folder import add_folder
from defect_workbench.workflows.export import ExportRequest, export
from defect_workbench.workflows.extract import FeatureOptions, extract_folder
from defect_workbench.workflows.klarf.class_export import (
    KlarfRequest,
    WrittenClass,
    plan_klarf,
    write_klarf,
)
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.open_project import OpenRequest, open_again, open_folder, open_project
from defect_workbench.workflows.replay import ReplayRequest, replay
from tests.klarf_lots import made_klarf, made_klarf_of_files, number_of

pytestmark = pytest.mark.usefixtures("small_reports")

LIBRARY = ClassLibrary(
    (
        KnownClass("pit", code="11"),
        KnownClass("scratch", code="12"),
        KnownClass("haze"),
        KnownClass("dust", code="11"),
    )
)


@pytest.fixture
def options(tmp_path: Path) -> FeatureOptions:
    """Without a network: measurements, texture and moments are enough here."""
    return FeatureOptions(tmp_path / "store", tmp_path / "weights", offline=True)


def opened(path: Path, options: FeatureOptions, **fields: object) -> Project:
    request = OpenRequest(path, options, Settings(group_by=GroupBy.PICTURE), 3, **fields)  # type: ignore[arg-type]
    return open_folder(request, SilentReporter()).project


def confirmed(project: Project, classes: dict[str, list[int]]) -> Project:
    """Return the project with images confirmed in named clusters."""
    decisions = project.decisions
    for name, members in classes.items():
        decisions, _ = decisions.hold(np.array(members), Group(name, confirmed=True))
    return replace(project, decisions=decisions)


def defects_of(project: Project) -> list[int]:
    assert project.inspection is not None
    return [int(each) for each in project.inspection.defect_id]


def same(first: Inspection | None, second: Inspection | None) -> bool:
    assert first is not None
    assert second is not None
    arrays = ("file_of", "row", "defect_id")
    places = ("wafer_of", "x_um", "y_um", "die_x", "die_y", "in_die_x_um", "in_die_y_um")
    return (
        (first.files, first.columns, first.choice, first.places.wafers)
        == (second.files, second.columns, second.choice, second.places.wafers)
        and all(np.array_equal(getattr(first, name), getattr(second, name)) for name in arrays)
        and all(
            np.array_equal(getattr(first.places, name), getattr(second.places, name), equal_nan=True)
            for name in places
        )
    )


def test_every_image_is_the_page_of_its_defect_through_session_and_export(
    tmp_path: Path, options: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot")
    project = opened(path, options)
    images = project.images
    assert sorted(defects_of(project)) == list(range(1, 13))
    for index, number in enumerate(defects_of(project)):
        pixels = read_location(images.absolute(index)).pixels
        assert number_of(pixels) == number
        assert images.images[index].sha256 == pixel_hash(pixels)
    columns = ColumnCache().of(project, {})
    assert columns["wafer"].text_of(0) in ("W1", "W2")
    assert columns["defect_id"].text_of(0) == str(defects_of(project)[0])
    assert {"lot", "x_um", "die_x", "classnumber"} <= set(columns)
    assert project.inspection is not None
    assert "DSIZE 1 µm, TEST 1" in inspection_words(project.inspection, 0)

    save_session(tmp_path / "a.dwb", project)
    again = load_session(tmp_path / "a.dwb")
    assert again.images == images
    assert same(again.inspection, project.inspection)
    with zipfile.ZipFile(tmp_path / "a.dwb") as archive:
        assert json.loads(archive.read("state.json"))["format"] == 5

    out = tmp_path / "out"
    export(again, ExportRequest(out), SilentReporter())
    with (out / "items.csv").open(newline="") as stream:
        items = {row["path"]: row for row in csv.DictReader(stream)}
    with (out / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(items) == 12
    for row in rows:
        with tifffile.TiffFile(out / row["exported_as"]) as tiff:
            assert len(tiff.pages) == 1
            number = number_of(tiff.pages.first.asarray())
        item = items[row["path"]]
        assert (item["klarf"], item["defect_id"]) == ("lot.001", str(number))
        assert float(item["x_um"]) == pytest.approx(100 * number + 10_000 * float(item["die_x"]) - 5_000)
        assert row["path"] == f"lot.tif#{number}"
    with pytest.raises(InputError, match="no file to link to"):
        export(again, ExportRequest(tmp_path / "links", Mode.SYMLINK), SilentReporter())
    replayed = replay(ReplayRequest(tmp_path / "a.dwb", tmp_path / "replayed"), options, SilentReporter())
    assert same(replayed.project.inspection, project.inspection)


def test_unchanged_pages_are_not_read_again(tmp_path: Path, options: FeatureOptions) -> None:
    path = made_klarf(tmp_path / "lot")
    request = OpenRequest(path, options, Settings(group_by=GroupBy.PICTURE))
    first = open_folder(request, SilentReporter())
    second = open_folder(request, SilentReporter())
    assert first.extraction is not None
    assert second.extraction is not None
    assert (first.extraction.computed, second.extraction.computed) == (12, 0)


def test_references_of_the_file_are_used_to_find_single_defects(
    tmp_path: Path, options: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot", 6, reference_kind="ref", dialect="1.8")
    settings = Settings(items=Items.DEFECTS)
    project = open_folder(OpenRequest(path, options, settings), SilentReporter()).project
    assert project.inspection is not None
    assert project.analysis.settings.reference == references_of(str(path), project.inspection.choice)
    assert project.images.are_defects
    for index, image in enumerate(project.images.images):
        assert image.origin is not None
        parent = int(image.origin.parent.rpartition("#")[2])
        assert parent == 2 * int(project.inspection.defect_id[index]) - 1
        pixels = read_location(project.images.absolute(index)).pixels
        assert pixels.shape == (image.height, image.width)
    save_session(tmp_path / "a.dwb", project)
    assert load_session(tmp_path / "a.dwb").images == project.images
    export(project, ExportRequest(tmp_path / "out"), SilentReporter())
    whole = open_again(
        project, OpenRequest(path, options, Settings(group_by=GroupBy.PICTURE)), SilentReporter()
    )
    assert sorted(defects_of(whole.project)) == [1, 2, 3, 4, 5, 6]


def test_a_second_lot_is_added_with_its_records(tmp_path: Path, options: FeatureOptions) -> None:
    first = opened(made_klarf(tmp_path / "a", 8), options)
    other = made_klarf(tmp_path / "b", 5, name="next", dialect="1.8", wafers=1)
    both = add_folder(first, ImageSource(other), options, SilentReporter()).project
    inspection = both.inspection
    assert inspection is not None
    assert [file.path for file in inspection.files] == ["a/lot.001", "b/next.001"]
    assert len(inspection.places.wafers) == 3
    for index, image in enumerate(both.images.images):
        file = inspection.files[int(inspection.file_of[index])].path
        assert image.path.startswith(file[:2])
        assert number_of(read_location(both.images.absolute(index)).pixels) == int(
            inspection.defect_id[index]
        )
        wafer = inspection.places.wafers[int(inspection.places.wafer_of[index])]
        assert wafer.lot == ("LOT" if file.startswith("a") else "NEXT")
    plan = plan_klarf(both, KlarfRequest(tmp_path / "new", classes=LIBRARY))
    write_klarf(plan)
    for name in ("a/lot.001", "b/next.001"):
        assert (tmp_path / "new" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_other_pictures_of_the_same_defects_are_not_added(tmp_path: Path, options: FeatureOptions) -> None:
    path = made_klarf(tmp_path / "a", 8, reference_kind="Reference", dialect="1.8")
    project = opened(path, options, choice=PictureChoice("Test", "none"))
    with pytest.raises(InputError, match=r"lot\.001 is already part of this project, with other pictures"):
        add_folder(
            project, ImageSource(path, choice=PictureChoice("Reference", "none")), options, SilentReporter()
        )
    copied = Path(shutil.copytree(tmp_path / "a", tmp_path / "b"))
    with pytest.raises(InputError, match="each defect twice"):
        add_folder(project, ImageSource(copied / "lot.001"), options, SilentReporter())


def test_pictures_that_were_missing_are_added_to_the_same_file(
    tmp_path: Path, options: FeatureOptions
) -> None:
    path = made_klarf_of_files(tmp_path / "a", 8)
    late = path.parent / "images" / "D3.png"
    late.rename(tmp_path / "D3.png")
    project = opened(path, options)
    (tmp_path / "D3.png").rename(late)
    project = add_folder(project, ImageSource(path), options, SilentReporter()).project
    inspection = project.inspection
    assert inspection is not None
    assert [file.path for file in inspection.files] == ["review.klarf"]
    assert set(inspection.file_of.tolist()) == {0}
    assert (len(inspection.places.wafers), set(inspection.places.wafer_of.tolist())) == (1, {0})
    assert sorted(defects_of(project)) == list(range(1, 9))
    assert inspection.defect_id[project.images.paths.index("images/D3.png")] == 3


def test_a_store_that_was_filled_from_an_inspection_file_opens_with_its_records(
    tmp_path: Path, options: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot", 8, reference_kind="Reference", dialect="1.8")
    choice = PictureChoice("Reference", "none")
    extract_folder(ImageSource(path, choice=choice), options, SilentReporter())
    assert options.store is not None
    request = OpenRequest(options.store, options, Settings(group_by=GroupBy.PICTURE))
    first, second = (open_project(request, SilentReporter()) for _ in range(2))
    assert first.extraction is not None
    assert first.extraction.computed == 0
    assert first.project.images.paths == tuple(sorted(f"lot.tif#{2 * n}" for n in range(1, 9)))
    assert same(second.project.inspection, first.project.inspection)
    assert first.project.inspection is not None
    assert first.project.inspection.choice == choice
    assert len(list((options.store / "sources").iterdir())) == 1

    # The inspection file is gone: the images stay.
    path.unlink()
    reporter = SilentReporter()
    alone = open_project(request, reporter).project
    assert alone.inspection is None
    assert any("without inspection files" in text for text in reporter.warnings)


def test_a_folder_that_was_extracted_last_opens_as_a_folder(tmp_path: Path, options: FeatureOptions) -> None:
    path = made_klarf_of_files(tmp_path / "lot")
    extract_folder(ImageSource(path), options, SilentReporter())
    extract_folder(ImageSource(path.parent), options, SilentReporter())
    assert options.store is not None
    request = OpenRequest(options.store, options, Settings(group_by=GroupBy.PICTURE))
    assert open_project(request, SilentReporter()).project.inspection is None


@pytest.mark.parametrize("mode", [Mode.HARDLINK, Mode.SYMLINK])
def test_links_to_pages_are_refused_before_features_are_computed(
    tmp_path: Path, options: FeatureOptions, mode: Mode
) -> None:
    path = made_klarf(tmp_path / "lot")
    with pytest.raises(InputError, match="no file to link to"):
        opened(path, options, mode=mode)
    assert options.store is not None
    assert not options.store.exists()
    # Pictures in files can be linked to.
    assert len(opened(made_klarf_of_files(tmp_path / "files"), options, mode=mode).images) == 6


@pytest.mark.parametrize("dialect", ["1.2", "1.8"])
def test_only_confirmed_classes_are_written(tmp_path: Path, options: FeatureOptions, dialect: str) -> None:
    path = made_klarf(tmp_path / "lot", dialect=dialect)
    project = confirmed(opened(path, options), {"pit": [0, 1, 2], "scratch": [5]})
    project = replace(project, decisions=project.decisions.hold(np.array([7]), Group("pit"))[0])
    plan = plan_klarf(project, KlarfRequest(tmp_path / "new.001", classes=LIBRARY))
    assert not (tmp_path / "new.001").exists()
    assert (plan.defects, plan.undecided, plan.unnamed) == (4, 8, 0)
    assert plan.classes == (WrittenClass("pit", 11, 3), WrittenClass("scratch", 12, 1))
    write_klarf(plan)
    written = {column.name: column for column in read_klarf(tmp_path / "new.001").columns}["CLASSNUMBER"]
    codes = dict(zip(read_klarf(tmp_path / "new.001").defect_id.tolist(), written.cells, strict=True))
    defects = defects_of(project)
    expected = {defects[0]: 11, defects[1]: 11, defects[2]: 11, defects[5]: 12}
    assert codes == {number: expected.get(number, 0) for number in range(1, 13)}
    assert read_klarf(tmp_path / "new.001").classes == {0: "Unclassified", 11: "pit", 12: "scratch"}
    before, after = path.read_bytes().splitlines(), (tmp_path / "new.001").read_bytes().splitlines()
    changed = sum(line not in before for line in after)
    # Four records, and the lookup: its length, and the line before the new ones with them.
    assert changed <= 4 + 4
    overlay = plan_klarf(project, KlarfRequest(tmp_path / "small.001", overlay=True, classes=LIBRARY))
    assert len(overlay.files[0].content) < len(plan.files[0].content)
    write_klarf(overlay)
    small = read_klarf(tmp_path / "small.001")
    assert small.classes == {0: "Unclassified", 11: "pit", 12: "scratch"}
    (cells,) = [column.cells for column in small.columns if column.name == "CLASSNUMBER"]
    assert dict(zip(small.defect_id.tolist(), cells, strict=True)) == expected


def test_confirmed_clusters_without_a_name_are_counted_and_not_written(
    tmp_path: Path, options: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot")
    plan = plan_klarf(
        confirmed(opened(path, options), {"": [0, 1, 2]}), KlarfRequest(tmp_path / "new.001", classes=LIBRARY)
    )
    assert (plan.defects, plan.undecided, plan.unnamed) == (0, 12, 3)
    assert plan.files[0].content == path.read_bytes()


def test_codes_that_are_missing_or_shared_are_listed_and_nothing_is_written(
    tmp_path: Path, options: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot")
    project = confirmed(opened(path, options), {"haze": [0], "crack": [1], "pit": [2], "dust": [3]})
    problems = "crack has no code; haze has no code; .*dust and pit have the same code 11"
    with pytest.raises(InputError, match=problems):
        plan_klarf(project, KlarfRequest(tmp_path / "new.001", classes=LIBRARY))
    library = ClassLibrary((KnownClass("pit", code="-3"),))
    one = confirmed(opened(path, options), {"pit": [0]})
    with pytest.raises(InputError, match="pit has the code -3, which is not a whole number"):
        plan_klarf(one, KlarfRequest(tmp_path / "new.001", classes=library))
    library = ClassLibrary((KnownClass("pit", code="0"),))
    with pytest.raises(InputError, match="0 is Unclassified there, and pit in the class library"):
        plan_klarf(one, KlarfRequest(tmp_path / "new.001", classes=library))
    library = ClassLibrary((KnownClass("unclassified", code="4"),))
    other = confirmed(opened(path, options), {"unclassified": [0]})
    with pytest.raises(InputError, match="unclassified has the code 0 there, and 4 in the class library"):
        plan_klarf(other, KlarfRequest(tmp_path / "new.001", classes=library))
    with pytest.raises(InputError, match="no class column HARDBIN; it has CLASSNUMBER"):
        plan_klarf(one, KlarfRequest(tmp_path / "new.001", "HARDBIN", classes=LIBRARY))
    overlay = plan_klarf(one, KlarfRequest(tmp_path / "new.001", "HARDBIN", overlay=True, classes=LIBRARY))
    assert b"DefectRecordSpec 2 DEFECTID HARDBIN;" in overlay.files[0].content
    with pytest.raises(InputError, match="'HARD BIN' cannot be the name of a column"):
        plan_klarf(one, KlarfRequest(tmp_path / "new.001", "HARD BIN", overlay=True, classes=LIBRARY))


def test_a_changed_source_and_an_existing_target_are_refused(tmp_path: Path, options: FeatureOptions) -> None:
    path = made_klarf(tmp_path / "lot")
    project = opened(path, options)
    with pytest.raises(InputError, match="already exists"):
        plan_klarf(project, KlarfRequest(path, classes=LIBRARY))
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(InputError, match="has changed since its images were opened"):
        plan_klarf(project, KlarfRequest(tmp_path / "new.001", classes=LIBRARY))


def test_projects_of_folders_have_no_file_to_write(tmp_path: Path, options: FeatureOptions) -> None:
    project = replace(opened(made_klarf(tmp_path / "lot"), options), inspection=None)
    with pytest.raises(InputError, match="not opened from an inspection file"):
        plan_klarf(project, KlarfRequest(tmp_path / "new.001"))
