"""Nothing old is taken for new: what numbers depend on, and which file is which."""

import importlib
import json
import os
import pkgutil
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

import defect_workbench.engine
from defect_workbench.core.arrays import Pixels, StorableVectors
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import (
    DEFECT,
    FOREGROUND,
    FOREGROUND_VERSIONS,
    RESIDUAL,
    foreground_version_of,
)
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.defect_maps import MapSource
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data import augmented_features
from defect_workbench.engine.classifier.data.augmented_features import AugmentationSpec, AugmentedExtractor
from defect_workbench.engine.clustering.group import analyse, analysis_identity
from defect_workbench.engine.defect_map import residuals
from defect_workbench.engine.defect_map.describe import Comparison
from defect_workbench.engine.defect_map.set_maps import SetMaps, bank_of_clean
from defect_workbench.engine.extraction import image_reader
from defect_workbench.engine.extraction.extractor import Extraction, extract
from defect_workbench.engine.features import identity
from defect_workbench.engine.input.formats.image_format import NotNow
from defect_workbench.engine.input.scan import scan
from defect_workbench.engine.measurement import defects
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.vectors.analysis_cache import AnalysisCache
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import BACKBONE, picture


class NoNetwork:
    """The network of maps that are not made."""

    device = "cpu"

    def load(self) -> None:
        raise AssertionError

    def embed(self, images: Pixels) -> dict[str, StorableVectors]:
        raise AssertionError

    def patch_activations(self, images: Pixels) -> dict[str, Tensor]:
        raise AssertionError


NO_NETWORK = NoNetwork()


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    folder = tmp_path / "lot"
    folder.mkdir()
    for index in range(6):
        picture(index).save(folder / f"{index}.bmp")
    return folder


def extracted(
    lot: Path, processing: Preprocessing | None = None, reporter: SilentReporter | None = None
) -> Extraction:
    """By texture alone, with one store for the test."""
    store, library = FeatureStore(lot.parent / "store"), WeightsLibrary(lot.parent / "none")
    reporter = reporter or SilentReporter()
    return extract(scan(lot, reporter), store, library, reporter, offline=True, processing=processing)


# What numbers depend on


def test_every_versioned_part_of_the_engine_is_in_the_identity_of_features() -> None:
    deep = {"deep": np.zeros((1, 4), np.float32)}
    backbone = replace(BACKBONE, description="moments")
    whole = json.dumps(identity.feature_identity(deep, backbone, Preprocessing()))
    versions = {}
    package = defect_workbench.engine
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        version = getattr(importlib.import_module(found.name), "IDENTITY", None)
        # Defect maps and single defects are further steps with identities of their own.
        own = any(f".{step}." in found.name for step in ("defect_map", "items", "detection"))
        if version is not None and not own:
            versions[found.name] = version
    assert len(versions) >= 6
    missing = {
        name.rpartition(".")[2] for name, version in versions.items() if json.dumps(version) not in whole
    }
    # Its version is in the name of every augmentation.
    assert missing == {"augmentation"}
    for value in backbone.__dict__.values():
        assert json.dumps(value) in whole


def test_the_identity_of_maps_has_every_version_of_their_step(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "store")
    images = ImageSet(tmp_path, (), ())
    maps = SetMaps(images, Preprocessing(), NO_NETWORK, BACKBONE, store, MapSource.SELF)
    whole = json.dumps(maps.identity)
    for version in (
        Comparison(MapSource.SELF).identity,
        residuals.IDENTITY,
        BACKBONE.sha256,
        BACKBONE.precision,
    ):
        assert version in whole
    bank = bank_of_clean([], NO_NETWORK)
    made = (images, Preprocessing(), NO_NETWORK, BACKBONE, store)
    clean = SetMaps(*made, MapSource.CLEAN, RESIDUAL, bank)
    foreground = [
        SetMaps(*made, MapSource.SELF, FOREGROUND, foreground_version=version)
        for version in FOREGROUND_VERSIONS
    ]
    assert [foreground_version_of({DEFECT: each.identity}) for each in foreground] == [*FOREGROUND_VERSIONS]
    distinct = {json.dumps(each.identity) for each in (maps, clean, *foreground)}
    assert len(distinct) == 4


def test_a_session_names_what_its_features_depend_on_and_what_differs(lot: Path) -> None:
    found = extracted(lot)
    now = found.features.identity
    assert now == identity.feature_identity(found.features.blocks, None, Preprocessing())
    analysis = analyse(found.features, Settings(), SilentReporter())
    project = Project(found.images, analysis, 1, Decisions.none(len(found.images)))
    save_session(lot.parent / "a.dwb", project)
    kept = load_session(lot.parent / "a.dwb").analysis.identity
    assert kept == now
    assert not identity.differences(kept, now)
    assert not identity.differences({}, now)
    assert not identity.differences(kept, {**now, "extractors": {**now["extractors"], "later": "v1"}})
    changed = {**now, "decoder": "v0", "extractors": {**now["extractors"], "zernike": "v0"}}
    before_and_now = (
        ", ".join(f"{name} {version}" for name, version in each["extractors"].items())
        for each in (changed, now)
    )
    assert identity.differences(changed, now) == (
        f"decoding was v0 and is {now['decoder']}",
        "feature extraction was {} and is {}".format(*before_and_now),
    )


def test_cached_results_depend_on_the_versions_of_features(lot: Path, tmp_path: Path) -> None:
    found = extracted(lot)
    analysis = analyse(found.features, Settings(), SilentReporter())
    cache, made = AnalysisCache(tmp_path / "cache"), analysis_identity(found.features)
    (tmp_path / "cache").mkdir()
    cache.put(found.images, made, analysis)
    assert cache.get(found.images, made, analysis.settings) is not None
    other = replace(found.features, identity={**found.features.identity, "measure": "v0"})
    assert cache.get(found.images, analysis_identity(other), analysis.settings) is None


def test_a_model_of_an_earlier_version_is_warned_of_and_not_refused() -> None:
    from tests.unit.classifier.test_classify import made_set, trained_on

    model = trained_on(made_set())
    now = identity.feature_identity({}, None, Preprocessing())
    known = {key: now[key] for key in ("prepare", "extractors", "processing")}
    (warning,) = identity.check_fit(replace(model, identity=known), now)
    assert "decoding, info bars, measurements" in warning
    assert not identity.check_fit(replace(model, identity=now), now)
    for key, words in (("measure", "measures defects differently"), ("decoder", "decodes image files")):
        with pytest.raises(WorkbenchError, match=words):
            identity.check_fit(replace(model, identity={**now, key: "v0"}), now)


def test_a_stage_that_denoises_finds_what_extraction_with_denoising_kept(
    lot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Preprocessing(denoise="median")
    before = extracted(lot, wanted)
    plain = extracted(lot)

    def nothing(*_: object) -> object:
        raise AssertionError("computed again")

    monkeypatch.setattr(augmented_features, "_inputs", nothing)
    store, library = FeatureStore(lot.parent / "store"), WeightsLibrary(lot.parent / "none")
    extractor = AugmentedExtractor(store, library, Preprocessing(), SilentReporter())
    found = extractor.features(plain.images, plain.features, AugmentationSpec(wanted))
    assert np.array_equal(found.blocks["haralick"], before.features.blocks["haralick"])
    assert np.array_equal(found.blocks["zernike"], before.features.blocks["zernike"])
    assert not np.array_equal(found.blocks["haralick"], plain.features.blocks["haralick"])


def test_copies_of_one_picture_at_two_scales_have_features_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "lot"
    folder.mkdir()
    for name, size in (("a", 2.0), ("b", 8.0)):
        picture(1, (300, 300)).save(folder / f"{name}.bmp")
        (folder / f"{name}.txt").write_text(f"[SemImageFile]\nPixelSize={size}\n")
    wanted = Preprocessing(rescale_nm=4.0)
    own = extracted(folder, wanted)
    assert [i.tool.pixel_size_nm for i in own.images.images if i.tool] == [2.0, 8.0]
    denoised = AugmentationSpec(replace(wanted, denoise="median"))
    store, library = FeatureStore(tmp_path / "store"), WeightsLibrary(tmp_path / "none")
    found = AugmentedExtractor(store, library, wanted, SilentReporter()).features(
        own.images, own.features, denoised
    )
    assert not np.array_equal(*found.blocks["haralick"])
    again = extracted(folder, denoised.processing)
    assert np.array_equal(found.blocks["haralick"], again.features.blocks["haralick"])


# Which file is which


def swap(first: Path, second: Path) -> None:
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def test_files_that_swap_names_are_read_again(lot: Path) -> None:
    """BMP files of one shape have one size, and what unpacks or scans them gives them one time."""
    for path in lot.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    before = {image.path: image.sha256 for image in extracted(lot).images.images}
    swap(lot / "0.bmp", lot / "1.bmp")
    after = {image.path: image.sha256 for image in extracted(lot).images.images}
    assert (after["0.bmp"], after["1.bmp"]) == (before["1.bmp"], before["0.bmp"])
    assert extracted(lot).computed == 0


def test_files_that_swap_names_while_the_folder_is_read_are_refused(lot: Path) -> None:
    for path in lot.iterdir():
        os.utime(path, ns=(10**18, 10**18))

    class Swap(SilentReporter):
        def stage(self, title: str, total: int | None) -> None:
            if title == "Extracting features":
                swap(lot / "0.bmp", lot / "1.bmp")

    reporter = Swap()
    found = extracted(lot, reporter=reporter)
    assert {r.path for r in found.images.rejected} == {"0.bmp", "1.bmp"}
    assert "changed while" in found.images.rejected[0].reason
    assert not extracted(lot).images.rejected


def test_a_store_of_an_earlier_version_is_searched_by_content(lot: Path) -> None:
    import pyarrow.parquet as pq

    extracted(lot)
    for part in (lot.parent / "store" / "files").glob("*.parquet"):
        table = pq.read_table(part).drop_columns(["changed_ns", "inode"])
        pq.write_table(table, part)
    found = extracted(lot)
    assert found.computed == 0
    assert len(found.images) == 6


# One bad file


def test_an_image_that_cannot_be_measured_is_listed_and_the_others_are_measured(
    lot: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find, calls = defects.find, []

    def failing(pixels: object, version: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise ZeroDivisionError("division by zero")
        return find(pixels, version)  # type: ignore[arg-type]

    monkeypatch.setattr(defects, "find", failing)
    found = extracted(lot)
    assert len(found.images) == 5
    (rejection,) = found.images.rejected
    assert "ZeroDivisionError: division by zero" in rejection.reason
    assert rejection.path in caplog.text
    monkeypatch.undo()
    # The fault may be mended in the next version: it is not kept as a property of the picture.
    assert not extracted(lot).images.rejected


def test_want_of_memory_is_not_kept_as_a_property_of_the_picture(
    lot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> object:
        raise NotNow("not enough memory to decode it")

    monkeypatch.setattr(image_reader, "decode", full)
    picture(7).save(lot / "7.bmp")
    store, library = FeatureStore(lot.parent / "store"), WeightsLibrary(lot.parent / "none")
    found = extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True)
    assert {r.reason for r in found.images.rejected} == {"not enough memory to decode it"}
    monkeypatch.undo()
    assert len(extracted(lot).images) == 7


def test_vectors_that_are_not_finite_are_never_kept(
    lot: Path, weights_folder: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from defect_workbench.engine.backbone.embedder import Embedder

    embed = Embedder.embed

    def overflowing(self: Embedder, images: object) -> object:
        vectors = embed(self, images)  # type: ignore[arg-type]
        for of_description in vectors.values():
            of_description[1, 7] = np.inf
        return vectors

    monkeypatch.setattr(Embedder, "embed", overflowing)
    store, library = FeatureStore(lot.parent / "store"), WeightsLibrary(weights_folder)
    found = extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True)
    assert [r.path for r in found.images.rejected] == ["1.bmp"]
    assert "not finite numbers" in found.images.rejected[0].reason
    assert np.isfinite(found.features.blocks["deep"]).all()
    monkeypatch.undo()
    found = extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True)
    assert len(found.images) == 6


def test_a_copied_store_keeps_its_precision_on_a_machine_that_would_choose_another(
    lot: Path, weights_folder: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, quiet = WeightsLibrary(weights_folder), SilentReporter()
    extract(scan(lot, quiet), FeatureStore(lot.parent / "store"), library, quiet, precision=Precision.FP32)
    # Copies have a new inode and a new time, so that the store knows none of them by its stamps.
    copied = Path(shutil.copytree(lot, lot.parent / "copied" / "lot", copy_function=shutil.copyfile))
    store = FeatureStore(Path(shutil.copytree(lot.parent / "store", copied.parent / "store")))
    monkeypatch.setattr(
        "defect_workbench.engine.backbone.embedder.fastest_precision", lambda device: Precision.BF16
    )
    found = extract(scan(copied, quiet), store, library, quiet)
    assert found.features.backbone is not None
    assert (found.features.backbone.precision, found.computed) == ("fp32", 0)


@pytest.mark.parametrize(
    ("known", "goes_on", "computed"),
    [pytest.param(4, "bf16", 2, marks=pytest.mark.slow), (2, "bf16-fused", 6)],
)
def test_a_store_of_an_earlier_version_continues_in_its_precision(
    lot: Path,
    weights_folder: Path,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
    known: int,
    goes_on: str,
    computed: int,
) -> None:
    library, quiet = WeightsLibrary(weights_folder), SilentReporter()
    listing, store = scan(lot, quiet), FeatureStore(lot.parent / "store")
    files = listing.files
    extract(replace(listing, files=files[:known]), store, library, quiet, precision=Precision.BF16)
    extract(replace(listing, files=files[known:-1]), store, library, quiet, precision=Precision.FP32)
    monkeypatch.setattr(
        "defect_workbench.engine.backbone.embedder.fastest_precision", lambda device: Precision.BF16_FUSED
    )
    found = extract(listing, store, library, quiet)
    assert found.features.backbone is not None
    assert (found.features.backbone.precision, found.computed) == (goes_on, computed)


@pytest.mark.parametrize("shape", [(5440, 16), (16, 6800), (20, 34000), (16, 16), (17, 641)])
def test_line_scans_and_strips_are_pictures_like_others(lot: Path, shape: tuple[int, int]) -> None:
    picture(9, shape).save(lot / "strip.png")
    found = extracted(lot)
    assert not found.images.rejected
    assert all(np.isfinite(block).all() for block in found.features.blocks.values())
