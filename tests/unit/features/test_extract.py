from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.errors import Cancelled
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.network import BATCH
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.resnet50 import COLUMNS
from defect_workbench.engine.extraction.extractor import Extraction, extract
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import picture


def run(folder: Path, store: Path, weights: Path, reporter: SilentReporter | None = None) -> Extraction:
    quiet = reporter or SilentReporter()
    return extract(scan(folder, quiet), FeatureStore(store), WeightsLibrary(weights), quiet, offline=True)


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    folder = tmp_path / "lot"
    folder.mkdir()
    for index in range(40):
        picture(index).save(folder / f"{index:03d}.png")
    (folder / "copy.png").write_bytes((folder / "000.png").read_bytes())
    (folder / "bad.png").write_bytes(b"")
    (folder / "wrong.jpg").write_bytes((folder / "001.png").read_bytes())
    return folder


def test_texture_only_is_complete_and_reported(lot: Path, tmp_path: Path) -> None:
    reporter = SilentReporter()
    found = run(lot, tmp_path / "s", tmp_path / "none", reporter)
    assert set(found.features.blocks) == {block.name for block in BLOCKS if block.function is not None}
    assert found.features.backbone is None
    assert "only texture and Zernike features" in reporter.warnings[0]
    assert len(found.images) == 42
    assert [(r.path, r.reason) for r in found.images.rejected] == [("bad.png", "the file is empty (0 bytes)")]
    notes = {image.path: image.note for image in found.images.images}
    assert notes["wrong.jpg"] == "PNG content under the extension .jpg"
    assert notes["001.png"] == ""
    assert found.computed == 40


def test_second_run_computes_nothing_and_gives_the_same(lot: Path, tmp_path: Path) -> None:
    first = run(lot, tmp_path / "s", tmp_path / "none")
    second = run(lot, tmp_path / "s", tmp_path / "none")
    assert second.computed == 0
    assert second.images == first.images
    for name, block in first.features.blocks.items():
        np.testing.assert_array_equal(second.features.blocks[name], block)


def test_only_a_changed_image_is_recomputed(lot: Path, tmp_path: Path) -> None:
    run(lot, tmp_path / "s", tmp_path / "none")
    picture(999).save(lot / "005.png")
    assert run(lot, tmp_path / "s", tmp_path / "none").computed == 1


class StopAt(SilentReporter):
    """Cancels after a number of images."""

    def __init__(self, done: int) -> None:
        super().__init__()
        self.left = done
        self.title = ""

    def stage(self, title: str, total: int | None) -> None:
        self.title = title

    def advance(self, steps: int = 1) -> None:
        if self.title == "Extracting features":
            self.left -= steps

    def check(self) -> None:
        if self.left <= 0:
            raise Cancelled


def test_cancelled_run_keeps_what_is_finished(lot: Path, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        run(lot, tmp_path / "s", tmp_path / "none", StopAt(BATCH))
    resumed = run(lot, tmp_path / "s", tmp_path / "none")
    assert 0 < resumed.computed <= 40 - BATCH
    fresh = run(lot, tmp_path / "t", tmp_path / "none")
    for name, block in fresh.features.blocks.items():
        np.testing.assert_array_equal(resumed.features.blocks[name], block)


def test_deep_vectors_are_added_when_weights_arrive(
    lot: Path, tmp_path: Path, weights_folder: Path, small_batches: None
) -> None:
    for index in range(6, 40):
        (lot / f"{index:03d}.png").unlink()
    run(lot, tmp_path / "s", tmp_path / "none")
    found = run(lot, tmp_path / "s", weights_folder)
    assert found.computed == 6
    assert found.features.blocks["deep"].shape == (8, COLUMNS)
    assert found.features.backbone is not None
    again = run(lot, tmp_path / "s", weights_folder)
    assert again.computed == 0
    np.testing.assert_array_equal(again.features.blocks["deep"], found.features.blocks["deep"])
