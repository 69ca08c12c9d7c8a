"""Detectors are trained and evaluated on the pages that an inspection file names."""

from __future__ import annotations

from pathlib import Path

import pytest
import tifffile

from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.wafer.picture_choice import FIRST, NONE, PictureChoice
from defect_workbench.sample.klarf_writer import KlarfLot, LotDefect, LotPicture, LotWafer, klarf_bytes
from defect_workbench.storage.boxes.box_folder import BoxFolder
from defect_workbench.workflows.detection.compare_with_boxes import EvaluateRequest, evaluate_detector
from defect_workbench.workflows.detection.marked_sources import FolderSource
from defect_workbench.workflows.klarf.image_listing import ImageSource
from tests.unit.detection.boards import board

PLACES = ([(40, 60)], [(130, 150), (200, 90)], [(60, 200)])


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inspection file of three boards with their references, and a box file for each page."""
    folder = tmp_path_factory.mktemp("lot")
    defects = []
    with tifffile.TiffWriter(folder / "lot.tif") as writer:
        for number, places in enumerate(PLACES, start=1):
            made = board(places, seed=number, shift=(0.6, -1.2))
            for pixels in (made.image, made.reference):
                writer.write(pixels, photometric="minisblack", metadata=None)
            pictures = (LotPicture(2 * number - 1, "Test"), LotPicture(2 * number, "Reference"))
            defects.append(LotDefect(number, (0, 0), (10.0, 10.0), pictures=pictures))
            lines = [f"{b.x1} {b.y1} {b.x2} {b.y2} bump" for b in made.boxes]
            (folder / "boxes").mkdir(exist_ok=True)
            (folder / "boxes" / f"lot.tif#{2 * number - 1}.txt").write_text("\n".join(lines))
    path = folder / "lot.001"
    path.write_bytes(klarf_bytes(KlarfLot("LOT", (LotWafer("W1", 1, ((0, 0),), tuple(defects)),)), "1.8"))
    return path


def test_a_detector_is_evaluated_on_the_pages_and_references_of_a_file(lot: Path) -> None:
    request = EvaluateRequest(ImageSource(lot), lot.parent / "boxes")
    done = evaluate_detector(request, SilentReporter())
    assert (done.figures.images, done.figures.boxes, done.without_boxes) == (3, 4, 0)
    assert done.problems == ()
    assert done.figures.values["recall"] == 1.0
    assert done.figures.values["precision"] == 1.0


@pytest.mark.parametrize("with_references", [True, False])
def test_a_detector_is_trained_on_the_pages_of_a_file(lot: Path, with_references: bool) -> None:
    choice = PictureChoice() if with_references else PictureChoice("Test", NONE)
    reporter = SilentReporter()
    source = FolderSource(ImageSource(lot, choice=choice), None, BoxFolder(lot.parent / "boxes"), reporter)
    assert source.paths == ("lot.tif#1", "lot.tif#3", "lot.tif#5")
    assert source.with_references is with_references
    sizes = {}
    for path in source.paths:
        read = source.read(path)
        assert not isinstance(read, Rejection)
        assert (read.reference is not None) is with_references
        sizes[path] = (read.whole.shape[1], read.whole.shape[0])
    boxes, problems = source.boxes(sizes, reporter)
    assert [len(boxes[path]) for path in source.paths] == [1, 2, 1]
    assert problems == ()


def test_a_box_file_of_another_page_is_not_used(lot: Path) -> None:
    only = BoxFolder(lot.parent / "boxes" / "lot.tif#1.txt")
    source = FolderSource(ImageSource(lot, choice=PictureChoice(FIRST, NONE)), None, only, SilentReporter())
    boxes, _ = source.boxes({"lot.tif#3": (256, 256)}, SilentReporter())
    assert boxes == {}
