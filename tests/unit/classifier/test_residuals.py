"""The foreground block of classifiers, which separates small defects on patterns from clean images."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.clustering.feature_blocks import (
    DEEP,
    FOREGROUND,
    FOREGROUND_VERSIONS,
    NEWEST_FOREGROUND,
    RESIDUAL,
    Features,
)
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.apply_model import predict_labels
from defect_workbench.engine.classifier.data.augmentation import ORIGINAL
from defect_workbench.engine.classifier.data.folder_source import FolderSource
from defect_workbench.engine.classifier.data.residual_features import with_residuals
from defect_workbench.engine.classifier.training import block_choices
from defect_workbench.engine.classifier.training_job import TrainingChoices, train_and_evaluate
from defect_workbench.engine.defect_map import residuals
from defect_workbench.engine.defect_map.describe import RESIDUAL_COLUMNS
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.engine.features.identity import feature_identity
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import flat_taxonomy
from tests.processes import Command
from tests.quality.wafers import LOOKS, wafer
from tests.unit.classifier.test_classify import made_set

PER_KIND = 14


def write_lot(folder: Path, seed: int, per_kind: int = PER_KIND) -> Path:
    """Clean images and small pits on two patterns, with much noise."""
    for kind in ("clean", "pit"):
        for number in range(per_kind):
            made = wafer(kind, ("lines", "holes")[number % 2], LOOKS["fine-noisy"], 100 * seed + number)
            path = folder / kind / f"{number:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(made.image).save(path)
    return folder


def test_version_names_what_the_vectors_depend_on() -> None:
    assert BLOCKS[RESIDUAL].version == f"{residuals.IDENTITY}-{RESIDUAL_COLUMNS}"
    assert BLOCKS[FOREGROUND].version == f"{NEWEST_FOREGROUND}-{RESIDUAL_COLUMNS}"


def test_ablation_counts_residuals_neither_as_deep_nor_as_texture() -> None:
    choices = block_choices((DEEP, "haralick", FOREGROUND))
    assert choices == {"deep": (DEEP,), "texture": ("haralick",), "fused": (DEEP, "haralick", FOREGROUND)}


@pytest.mark.parametrize("helps", [False, True])
def test_a_model_asks_for_residuals_only_if_a_head_uses_them(helps: bool) -> None:
    data = made_set(spread=3.0 if helps else 0.5)
    rng = np.random.default_rng(0)
    values = rng.standard_normal((len(data), 32))
    if helps:
        values += 4 * np.eye(3, 32)[data.labels]
    blocks = {**data.features.blocks, RESIDUAL: values.astype(np.float32)}
    data = replace(data, features=replace(data.features, blocks=blocks))
    identity = feature_identity(data.features.blocks, data.features.backbone, Preprocessing())
    assert RESIDUAL in identity["extractors"]
    choices = TrainingChoices(taxonomy=flat_taxonomy(), folds=2, ablation=False)
    model = train_and_evaluate(data, None, identity, choices, SilentReporter()).model
    assert (RESIDUAL in model.identity["columns"]) == helps
    assert (RESIDUAL in model.identity["extractors"]) == helps
    assert DEEP in model.identity["columns"]


@pytest.mark.usefixtures("small_batches")
def test_stages_get_residuals_of_the_images_as_they_prepare_them(with_weights: Path, tmp_path: Path) -> None:
    lot = scan(write_lot(tmp_path / "lot", 0, 5) / "pit", SilentReporter())
    store, library = FeatureStore(tmp_path / "store"), WeightsLibrary(with_weights)
    extraction = extract(lot, store, library, SilentReporter())
    images, plain = extraction.images, extraction.features
    given = (images, Preprocessing(), store, library, SilentReporter())

    def residual_of(features: FolderSource, denoise: str) -> Vectors:
        blocks = features.features(denoise, "none", ORIGINAL, np.array([1, 3]))
        return np.asarray(blocks[FOREGROUND], np.float32)

    features = with_residuals(images, plain, *given[1:], FOREGROUND)
    assert features.blocks[FOREGROUND].shape == (5, RESIDUAL_COLUMNS)
    assert np.allclose(np.linalg.norm(features.blocks[FOREGROUND], axis=1), 1, atol=1e-2)
    # Another time they come from the store, so that the weights are not needed.
    nothing = WeightsLibrary(tmp_path)
    again = with_residuals(images, plain, Preprocessing(), store, nothing, SilentReporter(), FOREGROUND)
    np.testing.assert_array_equal(again.blocks[FOREGROUND], features.blocks[FOREGROUND])
    source = FolderSource(images, features, *given[1:])
    np.testing.assert_array_equal(residual_of(source, "none"), features.blocks[FOREGROUND][[1, 3]])
    denoised = residual_of(source, "median")
    assert not np.array_equal(denoised, features.blocks[FOREGROUND][[1, 3]])
    first = with_residuals(images, plain, *given[1:], FOREGROUND, FOREGROUND_VERSIONS[-1])
    assert not np.array_equal(first.blocks[FOREGROUND], features.blocks[FOREGROUND])
    source = FolderSource(images, first, *given[1:]).subset(np.arange(4))
    np.testing.assert_array_equal(residual_of(source, "none"), first.blocks[FOREGROUND][[1, 3]])
    # Noise and all:
    earlier = with_residuals(images, plain, *given[1:], RESIDUAL).blocks
    assert FOREGROUND not in earlier
    assert not np.allclose(earlier[RESIDUAL], features.blocks[FOREGROUND], atol=0.05)


@pytest.mark.slow
@pytest.mark.usefixtures("with_weights", "small_batches")
def test_small_defects_in_noise_are_distinguished_from_clean_images(tmp_path: Path, command: Command) -> None:
    model = tmp_path / "pits.dwm"
    done = command("train", write_lot(tmp_path / "known", 0), "--out", model, "--folds", "2", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["ablation"]["fused"]["accuracy"] >= result["ablation"]["deep"]["accuracy"]
    weights = result["stages"]["defect or clean"]["weights"]
    assert weights.get("foreground", 0) + weights.get("residual", 0) > 0
    assert {FOREGROUND, RESIDUAL} & set(load_model(model).identity["columns"])
    new = write_lot(tmp_path / "new", 7)
    found = command("classify", new, "--model", model, "--out", tmp_path / "out", "--json")
    assert found.returncode == 0, found.stderr
    with open(tmp_path / "out" / "manifest.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(row["label"] == row["path"].split("/")[0] for row in rows) >= 0.8 * len(rows)


@pytest.mark.parametrize("version", FOREGROUND_VERSIONS)
def test_a_model_that_uses_both_blocks_gets_both_in_its_version(
    version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = made_set()
    rows = np.random.default_rng(0).standard_normal((len(data), 32)).astype(np.float32)
    whole = {**data.features.blocks, FOREGROUND: rows, RESIDUAL: -rows}
    identity = feature_identity(whole, data.features.backbone, Preprocessing(), foreground_version=version)
    assert identity["extractors"][FOREGROUND] == f"{version}-2048"
    both = replace(data, features=replace(data.features, blocks=whole))
    choices = TrainingChoices(taxonomy=flat_taxonomy(), folds=2, ablation=False)
    trained = train_and_evaluate(both, None, identity, choices, SilentReporter()).model
    # Training leaves out what no head uses.
    model = replace(trained, identity=identity)

    def computed(_: object, features: Features, *arguments: object) -> Features:
        block = str(arguments[-2])
        assert arguments[-1] == version
        return replace(features, blocks={**features.blocks, block: whole[block]})

    monkeypatch.setattr("defect_workbench.engine.classifier.apply_model.with_residuals", computed)
    given = (FeatureStore(tmp_path / "store"), WeightsLibrary(tmp_path), SilentReporter())
    prediction, used = predict_labels(model, data.images, data.features, *given)
    assert {FOREGROUND, RESIDUAL} <= set(used.blocks)
    assert len(prediction.labels) == len(data)
