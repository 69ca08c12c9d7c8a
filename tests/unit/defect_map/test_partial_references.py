"""Strangeness where only some images have golden references."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.core.clustering.feature_blocks import FOREGROUND, RESIDUAL
from defect_workbench.core.images.defect_maps import MapSource
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.defect_map.references import References
from defect_workbench.engine.defect_map.set_maps import SetMaps
from defect_workbench.engine.defect_map.subjects import find_references
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import BACKBONE
from tests.quality.wafers import LOOKS, wafer
from tests.unit.defect_map.test_standing_out import NoNetwork

KINDS = ("clean", "pit", "residue")


@pytest.fixture
def lot(tmp_path: Path) -> ImageSet:
    """Three wafers, and their references in the folder `references` next to theirs."""
    records = []
    for number, kind in enumerate(KINDS):
        made = wafer(kind, "blank", LOOKS["fine-noisy"], number)
        for folder, pixels in (("images", made.image), ("references", made.reference)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{kind}.png")
        content = (tmp_path / "images" / f"{kind}.png").read_bytes()
        records.append(ImageRecord(f"{kind}.png", hashlib.sha256(content).hexdigest(), 224, 224))
    return ImageSet(tmp_path / "images", tuple(records), ())


def strangeness(lot: ImageSet, tmp_path: Path, source: MapSource, beside: str = FOREGROUND) -> list[float]:
    listing = scan(tmp_path / "references", SilentReporter())
    references, _ = find_references(lot, References(listing), listing)
    store = FeatureStore(tmp_path / "store")
    maps = SetMaps(
        lot, Preprocessing(), NoNetwork(), BACKBONE, store, source, beside,
        reference_root=listing.root, references=references if source is MapSource.REFERENCE else {},
    )  # fmt: skip
    maps.make(SilentReporter())
    return [float(value) for value in maps.maps().strangeness]


def test_all_images_are_judged_by_themselves_if_some_lack_a_reference(lot: ImageSet, tmp_path: Path) -> None:
    itself = strangeness(lot, tmp_path, MapSource.SELF)
    every = strangeness(lot, tmp_path, MapSource.REFERENCE)
    assert min(np.abs(np.array(every) - itself)) > 0.3
    (tmp_path / "references" / "pit.png").unlink()
    some = strangeness(lot, tmp_path, MapSource.REFERENCE)
    assert some == pytest.approx(itself, abs=0.02)
    assert some[0] < min(some[1:])


def test_sets_of_earlier_versions_keep_their_strangeness(lot: ImageSet, tmp_path: Path) -> None:
    every = strangeness(lot, tmp_path, MapSource.REFERENCE, RESIDUAL)
    (tmp_path / "references" / "pit.png").unlink()
    some = strangeness(lot, tmp_path, MapSource.REFERENCE, RESIDUAL)
    assert (some[0], some[2]) == (every[0], every[2])
