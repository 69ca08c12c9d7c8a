"""Whether the backgrounds of a set can be modelled."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import (
    DEEP,
    DEFECT,
    FOREGROUND,
    NEWEST_FOREGROUND,
    RESIDUAL,
    BackboneInfo,
    Features,
)
from defect_workbench.core.clustering.group_by import GroupBy, GroupByChoice
from defect_workbench.core.images.defect_maps import MapSource
from defect_workbench.core.images.preprocessing_steps import Denoise, Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.engine.defect_map.set_maps import modelled_share
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.workflows import map_defects
from defect_workbench.workflows.extract import FeatureOptions, extract_folder
from defect_workbench.workflows.klarf.image_listing import ImageSource


@pytest.fixture
def options(tmp_path: Path) -> FeatureOptions:
    return FeatureOptions(tmp_path / "store", tmp_path / "no-weights", offline=True)


def share(folder: Path, options: FeatureOptions, store: FeatureStore) -> float:
    images = extract_folder(ImageSource(folder), options, SilentReporter()).extraction.images
    return modelled_share(images, Preprocessing(), store, SilentReporter())


def write(folder: Path, plain: int, textured: int) -> Path:
    """Write images of plain and lined ground with noise, and of coarse blocks."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    lines = 90 + 50 * np.sin(2 * np.pi * np.arange(96) / 12)
    for index in range(plain):
        ground = np.tile(lines, (96, 1)) if index % 2 else np.full((96, 96), 110.0)
        noisy = np.clip(ground + rng.normal(0, 6, (96, 96)), 0, 255)
        Image.fromarray(noisy.astype(np.uint8)).save(folder / f"plain-{index}.png")
    for index in range(textured):
        blocks = rng.integers(0, 2, (12, 12)).repeat(8, 0).repeat(8, 1) * 200
        Image.fromarray(blocks.astype(np.uint8)).save(folder / f"texture-{index}.png")
    return folder


def test_share_is_that_of_plain_and_periodic_backgrounds(tmp_path: Path, options: FeatureOptions) -> None:
    folder = write(tmp_path / "lot", plain=6, textured=2)
    assert share(folder, options, options.open_store()) == pytest.approx(0.75)


def test_what_the_store_knows_is_not_tested_again(
    tmp_path: Path, options: FeatureOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "lot", plain=4, textured=4)
    first = share(folder, options, options.open_store())

    def fail(*_: object) -> None:
        raise AssertionError("tested again")

    monkeypatch.setattr("defect_workbench.engine.defect_map.residuals.is_explained", fail)
    assert share(folder, options, options.open_store()) == first


def test_the_reason_names_the_share() -> None:
    defect = map_defects._chosen(MapSource.OTHERS, 0.5, GroupBy.BOTH)
    both = map_defects._chosen(MapSource.OTHERS, 0.07, GroupBy.BOTH)
    earlier = map_defects._chosen(MapSource.OTHERS, 0.07, GroupBy.PICTURE)
    assert (defect.chosen, both.chosen, earlier.chosen) == (GroupBy.DEFECT, GroupBy.BOTH, GroupBy.PICTURE)
    assert "50% of the images" in defect.why
    assert "only 7% of the images" in both.why
    assert "only 7% of the images" in earlier.why
    assert map_defects._chosen(MapSource.OTHERS, 0.001, GroupBy.BOTH).why.startswith("hardly any image has")
    clean = map_defects._chosen(MapSource.CLEAN, 0.07, GroupBy.BOTH)
    assert clean.chosen is GroupBy.DEFECT
    assert clean.why == "clean images distinguish defects from backgrounds"


@pytest.mark.parametrize(
    ("source", "modelled", "block", "earlier"),
    [
        (MapSource.OTHERS, 0.5, FOREGROUND, RESIDUAL),
        (MapSource.OTHERS, 0.2, None, None),
        (MapSource.CLEAN, 0.5, FOREGROUND, RESIDUAL),
        (MapSource.CLEAN, 0.2, None, None),
        (MapSource.REFERENCE, 0.5, FOREGROUND, RESIDUAL),
        (MapSource.REFERENCE, 0.2, RESIDUAL, RESIDUAL),
        (MapSource.SELF, 0.5, FOREGROUND, RESIDUAL),
        (MapSource.SELF, 0.2, RESIDUAL, RESIDUAL),
    ],
)
def test_what_stands_out_is_described_where_backgrounds_can_be_modelled(
    source: MapSource, modelled: float, block: str | None, earlier: str | None, options: FeatureOptions
) -> None:
    assert map_defects._beside(source, modelled, options) == block
    assert map_defects._beside(source, modelled, replace(options, with_foreground=False)) == earlier


@pytest.mark.parametrize(
    ("blocks", "with_foreground"),
    [((), True), ((DEFECT,), True), ((DEFECT, RESIDUAL), False), ((DEFECT, FOREGROUND), True)],
)
def test_a_project_keeps_the_description_of_its_defects(
    blocks: tuple[str, ...], with_foreground: bool, tmp_path: Path, options: FeatureOptions
) -> None:
    folder = write(tmp_path / "lot", plain=4, textured=2)
    extracted = extract_folder(ImageSource(folder), options, SilentReporter()).extraction
    rows = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
    features = replace(
        extracted.features, blocks={**extracted.features.blocks, **dict.fromkeys(blocks, rows)}
    )
    analysis = analyse(features, Settings(), SilentReporter())
    assert options.as_described_in(analysis).with_foreground == with_foreground


@pytest.mark.parametrize(
    ("identity", "version"),
    [
        ({}, NEWEST_FOREGROUND),
        ({DEFECT: {"extractor": "attention-28-residual-v2-2048-v3"}}, NEWEST_FOREGROUND),
        ({DEFECT: {"extractor": "attention-28-foreground-v1-2048-v5"}}, "foreground-v1"),
        ({DEFECT: {"extractor": "attention-28-foreground-v2-2048-v5"}}, "foreground-v2"),
    ],
)
def test_a_project_keeps_the_version_of_its_foreground(
    identity: dict[str, object], version: str, options: FeatureOptions
) -> None:
    rows = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
    analysis = analyse(Features({DEEP: rows, DEFECT: rows}, None, identity), Settings(), SilentReporter())
    assert options.as_described_in(analysis).foreground_version == version


@pytest.mark.parametrize(
    ("chosen", "asked", "count", "textures_by"),
    [
        (GroupBy.PICTURE, GroupBy.AUTO, 20, GroupBy.PICTURE),
        (GroupBy.PICTURE, GroupBy.AUTO, 19, GroupBy.BOTH),
        (GroupBy.PICTURE, GroupBy.PICTURE, 20, GroupBy.BOTH),
        (GroupBy.DEFECT, GroupBy.AUTO, 20, GroupBy.BOTH),
    ],
)
def test_a_project_that_was_grouped_by_the_whole_picture_stays_so(
    chosen: GroupBy, asked: GroupBy, count: int, textures_by: GroupBy, options: FeatureOptions
) -> None:
    rows = np.random.default_rng(0).standard_normal((count, 8)).astype(np.float32)
    backbone = BackboneInfo("resnet50", "weights", "0" * 64, "fp32", "cpu")
    features = Features({DEEP: rows, DEFECT: rows}, backbone, {})
    made = analyse(features, Settings(group_by=asked), SilentReporter(), GroupByChoice(chosen, "why"))
    assert options.as_described_in(made).textures_by is textures_by
    without = replace(made, backbone=None)
    assert options.as_described_in(without).textures_by is GroupBy.BOTH


@pytest.mark.parametrize(
    ("identity", "by_rarity"),
    [
        ({}, None),
        ({DEFECT: {"source": "self", "residual": False}}, True),
        ({DEFECT: {"source": "self", "residual": True}}, False),
        ({DEFECT: {"source": "others", "residual": False}}, False),
    ],
)
def test_a_project_keeps_what_its_places_are_compared_with(
    identity: dict[str, object], by_rarity: bool | None, options: FeatureOptions
) -> None:
    rows = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
    features = Features({DEEP: rows, DEFECT: rows}, None, identity)
    analysis = analyse(features, Settings(), SilentReporter())
    assert options.as_described_in(analysis).by_rarity is by_rarity


@pytest.mark.parametrize(
    ("denoise", "identity", "maps_denoised"),
    [
        ("none", {DEFECT: {"processing": {"denoise": "none"}}}, False),
        ("nlm", {DEFECT: {"processing": {"denoise": "nlm"}}}, True),
        ("nlm", {DEFECT: {"processing": {"denoise": "none"}}}, False),
        ("nlm", {}, False),
    ],
)
def test_a_project_keeps_maps_of_denoised_images(
    denoise: Denoise, identity: dict[str, object], maps_denoised: bool, options: FeatureOptions
) -> None:
    rows = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
    settings = Settings(processing=Preprocessing(denoise=denoise, background="plane"))
    analysis = analyse(Features({DEEP: rows, DEFECT: rows}, None, identity), settings, SilentReporter())
    kept = options.as_described_in(analysis)
    assert kept.maps_denoised is maps_denoised
    mapped = map_defects.mapped_processing(settings.processing, kept)
    assert mapped == Preprocessing(denoise=denoise if maps_denoised else "none", background="plane")


def test_a_denoised_project_that_was_grouped_by_the_whole_picture_stays_so(options: FeatureOptions) -> None:
    rows = np.random.default_rng(0).standard_normal((20, 8)).astype(np.float32)
    backbone = BackboneInfo("resnet50", "weights", "0" * 64, "fp32", "cpu")
    settings = Settings(processing=Preprocessing(denoise="nlm"))
    chosen = GroupByChoice(GroupBy.PICTURE, "why")
    made = analyse(Features({DEEP: rows}, backbone, {}), settings, SilentReporter(), chosen)
    assert options.as_described_in(made).maps_denoised
