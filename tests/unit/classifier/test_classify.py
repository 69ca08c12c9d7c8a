"""Heads, folds, stages, unknown kinds, matching: on made-up vectors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.classifier.stages.size import best_split, otsu
from defect_workbench.core.classifier.stages.stage_kind import MEASURES
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.taxonomy_fitting import fit_taxonomy
from defect_workbench.core.classifier.taxonomy_toml import read_taxonomy
from defect_workbench.core.classifier.trained_classifier import Classifier, Prediction
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import Cancelled, InputError, WorkbenchError
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.classifier.active_learning import most_informative
from defect_workbench.engine.classifier.cross_validation import cross_validate
from defect_workbench.engine.classifier.data.augmentation import Augmentation, augmented, examples, turned
from defect_workbench.engine.classifier.data.dataset import LabelledSet, labelled_set, lot_of, merged_groups
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.heads.folds import folds
from defect_workbench.engine.classifier.heads.head import Epoch, fit_temperature
from defect_workbench.engine.classifier.heads.ridge import ridge
from defect_workbench.engine.classifier.left_out_classes import leave_classes_out
from defect_workbench.engine.classifier.novelty import with_calibration
from defect_workbench.engine.classifier.predict import predict
from defect_workbench.engine.classifier.training import Options, train
from defect_workbench.engine.clustering.match_confirmed import NEW, match_new
from defect_workbench.engine.features.identity import check_fit, feature_identity
from defect_workbench.storage.model.model_file import load_model, save_model
from tests.builders import BACKBONE, blobs, flat_taxonomy

SIZES = (40, 30, 24)
NAMES = ("flake", "pit", "scratch")
Numbers = np.ndarray[Any, Any]


def made_set(spread: float = 0.6, seed: int = 0, sizes: tuple[int, ...] = SIZES) -> LabelledSet:
    """Deep and texture vectors of three kinds; texture tells less."""
    deep = blobs(sizes, seed, 40, spread)
    texture = blobs(sizes, seed + 1, 26, 3.0)
    shape = blobs(sizes, seed + 2, 25, 3.0)
    names = [f"{NAMES[k]}/{i:03d}.png" for k, n in enumerate(sizes) for i in range(n)]
    images = ImageSet(
        Path("/nowhere"), tuple(ImageRecord(n, f"{i:064x}", 64, 64) for i, n in enumerate(names)), ()
    )
    return labelled_set(images, Features({"deep": deep, "haralick": texture, "zernike": shape}, BACKBONE))


class Measured:
    """Measurements made up: diameter and noise by image."""

    def __init__(
        self, diameter: np.ndarray[Any, Any], noise: np.ndarray[Any, Any], data: LabelledSet
    ) -> None:
        self.rows = np.zeros((len(diameter), len(MEASURES)))
        self.rows[:, MEASURES.index("diameter")] = diameter
        self.rows[:, MEASURES.index("defects")] = diameter > 0
        self.rows[:, MEASURES.index("noise")] = noise
        self.data = data
        self.asked: list[tuple[str, str, int]] = []

    def measures(self, chosen: Numbers) -> Numbers:
        return self.rows[chosen]

    def features(self, denoise: str, background: str, augmentation: Augmentation, chosen: Numbers) -> Any:
        self.asked.append((denoise, background, len(chosen)))
        return {name: block[chosen] for name, block in self.data.features.blocks.items()}


def flat(data: LabelledSet) -> Taxonomy:
    return fit_taxonomy(flat_taxonomy(), data.folders)[0]


def trained_on(data: LabelledSet) -> Classifier:
    return train(
        data, StageInputs(data.features), flat(data), np.arange(len(data)), Options(), SilentReporter()
    )


@settings(max_examples=15)
@given(st.integers(0, 1000), st.sampled_from([(30, 8), (12, 40)]))
def test_held_out_predictions_are_those_of_refitting(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    m, d = shape
    x, y = rng.standard_normal((m, d)), rng.standard_normal((m, 2))
    w, groups = rng.uniform(0.5, 2, m), rng.integers(0, m // 2, m).astype(np.intp)
    fit = ridge(x, y, w, groups, 0.7)
    for group in np.unique(groups)[:4]:
        out = groups == group
        again = ridge(x[~out], y[~out], w[~out], np.arange((~out).sum()), 0.7)
        assert np.allclose(x[out] @ again.linear[:-1] + again.linear[-1], fit.held_out[out], atol=1e-8)


@given(st.integers(0, 1000))
def test_folds_keep_groups_whole_and_classes_spread(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 60, 150).astype(np.intp)
    labels = (groups % 3).astype(np.intp)
    fold = folds(labels, groups, 5, seed)
    for group in np.unique(groups):
        assert len(np.unique(fold[groups == group])) == 1
    for label in range(3):
        counts = np.bincount(fold[labels == label], minlength=5)
        assert counts.max() - counts.min() <= np.bincount(groups).max()


def test_a_trained_model_knows_its_kinds_and_not_others(tmp_path: Path) -> None:
    data = made_set()
    taxonomy, reporter = flat(data), SilentReporter()
    inputs = StageInputs(data.features)
    epochs: list[Epoch] = []
    judged = cross_validate(data, inputs, taxonomy, 3, Options(), reporter, watch=epochs.append)
    assert judged.overall.accuracy > 0.95
    assert set(judged.ablation) == {"deep", "texture", "fused"}
    interval = judged.ablation["fused"].minus_deep_interval
    assert interval is not None
    assert interval[1] >= 0
    assert epochs
    assert all(0 <= e.accuracy <= 1 for e in epochs)
    model = with_calibration(
        train(data, inputs, taxonomy, np.arange(len(data)), Options(), reporter), judged.calibration
    )
    said = predict(model, inputs)
    assert np.allclose(said.probabilities.sum(axis=1), 1)
    assert (said.labels == data.labels).mean() > 0.97
    assert said.known.mean() > 0.9
    assert said.paths[0] == "flake"
    foreign = {name: block[:20] + 4 for name, block in data.features.blocks.items()}
    strange = predict(model, StageInputs(Features(foreign, BACKBONE)))
    assert not strange.known.any()

    save_model(tmp_path / "m", model)
    again = predict(load_model(tmp_path / "m"), inputs)
    assert np.allclose(again.probabilities, said.probabilities, atol=1e-5)
    assert np.array_equal(again.known, said.known)
    save_model(tmp_path / "n", model)
    assert (tmp_path / "m").read_bytes() == (tmp_path / "n").read_bytes()


def test_training_is_repeatable_and_can_be_cancelled() -> None:
    data = made_set()

    class Impatient(SilentReporter):
        def check(self) -> None:
            raise Cancelled

    once, twice = (
        train(data, StageInputs(data.features), flat(data), np.arange(len(data)), Options(), SilentReporter())
        for _ in range(2)
    )
    first, second = once.stages["kind"].head, twice.stages["kind"].head
    assert first is not None
    assert second is not None
    assert np.array_equal(first.output, second.output)
    assert np.array_equal(first.linear, second.linear)
    with pytest.raises(Cancelled):
        train(data, StageInputs(data.features), flat(data), np.arange(len(data)), Options(), Impatient())


def test_leaving_classes_out_tells_far_ones() -> None:
    data = made_set()
    # The set is too small for a share of 2%.
    found = leave_classes_out(data, Options(), SilentReporter(), 3, false_alarms=0.05)
    assert set(found.classes) == set(NAMES)
    assert found.mean is not None
    assert found.mean > 0.95
    assert found.recall is not None
    assert found.recall > 0.9
    assert found.known_rejected is not None
    assert found.known_rejected < 0.08


STAGES = """
[[stage]]
name = "size"
kind = "size"
next = "noise"
[[stage.outcome]]
name = "small"
folders = ["flake"]
[[stage]]
name = "noise"
kind = "noise"
threshold = 9
next = "kind"
[[stage]]
name = "kind"
rest = true
inputs = ["size"]
"""


def test_sizes_are_learnt_and_noisy_images_are_denoised() -> None:
    data = made_set()
    rng = np.random.default_rng(3)
    diameter = np.where(data.labels == 0, rng.uniform(5, 15, len(data)), rng.uniform(25, 60, len(data)))
    noise = np.where(np.arange(len(data)) % 4 == 0, 20.0, 4.0)
    source = Measured(diameter, noise, data)
    taxonomy, _ = fit_taxonomy(read_taxonomy(STAGES, "stages"), data.folders)
    inputs = StageInputs(data.features, source)
    judged = cross_validate(data, inputs, taxonomy, 3, Options(), SilentReporter(), ablation=False)
    facts = judged.stages["size"]
    assert facts.evaluation is not None
    assert facts.evaluation.accuracy > 0.97
    assert facts.outcomes["small"] == pytest.approx(40, abs=2)
    # Small ones do not get here.
    assert sum(judged.stages["noise"].outcomes.values()) == len(data) - facts.outcomes["small"]
    assert judged.stages["noise"].outcomes["denoised"] == pytest.approx(14, abs=2)
    assert judged.stages["noise"].evaluation is None
    assert judged.overall.accuracy > 0.95
    assert {asked[0] for asked in source.asked} == {"nlm"}
    model = train(data, inputs, taxonomy, np.arange(len(data)), Options(), SilentReporter())
    assert model.stages["size"].parameters["limit"] == pytest.approx(20, abs=5)
    said = predict(model, inputs)
    assert said.paths[0] == "flake"
    assert said.paths[-1] == "large > as it is > scratch"
    with pytest.raises(WorkbenchError, match="needs the image files"):
        predict(model, StageInputs(data.features))


def test_limits_between_groups() -> None:
    values = np.array([1.0, 2.0, 3.0, 10.0, 11.0, 12.0])
    assert 3 < best_split(values, values > 5) < 10
    found = otsu(values)
    assert found is not None
    assert 3 < found < 10
    assert otsu(np.ones(5)) is None


def test_temperature_softens_what_is_too_sure() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 500)
    logits = np.where(np.eye(2)[np.where(rng.random(500) < 0.8, labels, 1 - labels)] > 0, 8.0, 0.0)
    assert fit_temperature(logits, labels.astype(np.intp)) > 3


def test_folders_that_cannot_be_learnt_from_are_refused() -> None:
    data = made_set()
    one = data.subset(np.flatnonzero(data.labels == 0))
    few = data.subset(np.r_[0, np.flatnonzero(data.labels > 0)])
    with pytest.raises(InputError, match="at least two class folders"):
        labelled_set(one.images, one.features)
    with pytest.raises(InputError, match="flake has fewer than 2 usable images"):
        labelled_set(few.images, few.features)
    torn = LabelledSet(data.images, data.features, data.folders, data.labels, np.minimum(data.labels, 1))
    with pytest.raises(InputError, match="cannot be divided into folds"):
        cross_validate(torn, StageInputs(data.features), flat(data), 3, Options(), SilentReporter())


def test_lots_and_near_duplicates_join_groups() -> None:
    groups = merged_groups(np.array([0, 0, 1, 2]), ["a", "b", "b", "c"])
    assert groups[0] == groups[1] == groups[2] != groups[3]
    assert lot_of("parent")("pit/lot7/a.png") == "pit/lot7"
    assert lot_of(r"lot(\d+)")("pit/lot7/a.png") == "7"
    with pytest.raises(InputError, match="regular expression"):
        lot_of("(")


def test_views_keep_the_picture_and_differ() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (48, 64), dtype=np.uint8)
    for turn in range(8):
        seen = turned(pixels, turn)
        assert sorted(seen.ravel()) == sorted(pixels.ravel())
    drawn = examples(pixels, "abc", 3, 0)
    assert all(copy.dtype == np.uint8 for copy in drawn)
    assert np.array_equal(drawn[0], augmented(pixels, Augmentation(draw=1), "abc"))
    assert not np.array_equal(drawn[0], examples(pixels, "abd", 1, 0)[0])
    colour = np.repeat(pixels[:, :, None], 3, axis=2)
    assert examples(colour, "abc", 1, 0)[0].shape[2] == 3


def test_new_images_go_to_confirmed_clusters_or_nowhere() -> None:
    data = made_set()
    rows = np.random.default_rng(0).permutation(len(data))
    old, new = rows[:70], rows[70:]
    confirmed = {n: b[old] for n, b in data.features.blocks.items()}
    fresh = {n: np.concatenate([b[new], b[new[:6]] + 5]) for n, b in data.features.blocks.items()}
    found = match_new(confirmed, data.labels[old], fresh)
    matched = found.cluster[: len(new)]
    assert (matched[matched != NEW] == data.labels[new][matched != NEW]).all()
    assert (matched != NEW).mean() > 0.6
    assert (found.cluster[len(new) :] == NEW).all()
    assert (match_new({}, np.empty(0, np.intp), fresh).cluster == NEW).all()


def test_the_least_certain_images_are_suggested_first_and_are_diverse() -> None:
    data = made_set()
    model = train(
        data, StageInputs(data.features), flat(data), np.arange(len(data)), Options(), SilentReporter()
    )
    said = predict(model, StageInputs(data.features))
    unsure = np.zeros((len(data), 3))
    unsure[:, 0] = 1
    unsure[[5, 50], :] = [0.4, 0.35, 0.25]
    doubtful = Prediction(
        said.names, said.labels, unsure, said.novelty_scores, np.ones(len(data), bool), said.paths, {}
    )
    assert set(most_informative(model, doubtful, data.features.blocks, 2)) == {5, 50}


def test_damaged_newer_and_foreign_models_are_refused_with_a_reason(tmp_path: Path) -> None:
    data = made_set()
    model = train(
        data, StageInputs(data.features), flat(data), np.arange(len(data)), Options(), SilentReporter()
    )
    path = tmp_path / "model"
    save_model(path, model)
    whole = path.read_bytes()
    for cut in (5, 200, len(whole) - 10):
        path.write_bytes(whole[:cut])
        with pytest.raises(WorkbenchError, match="model"):
            load_model(path)
    flipped = bytearray(whole)
    flipped[-100] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(WorkbenchError, match="damaged"):
        load_model(path)
    path.write_bytes(whole.replace(b'\\"format\\": 4, \\"identity', b'\\"format\\": 7, \\"identity'))
    with pytest.raises(WorkbenchError, match="newer version"):
        load_model(path)
    path.write_bytes(b"GIF89a" * 40)
    with pytest.raises(InputError, match="not a model"):
        load_model(path)
    with pytest.raises(InputError, match="does not exist"):
        load_model(tmp_path / "absent")


def test_features_that_do_not_fit_are_refused_with_a_reason() -> None:
    from dataclasses import replace

    data = made_set()
    identity = feature_identity(data.features.blocks, BACKBONE, Preprocessing())
    model = train(
        data, StageInputs(data.features), flat(data), np.arange(len(data)), Options(), SilentReporter()
    )
    model = replace(model, identity=identity)
    assert not check_fit(model, identity)
    with pytest.raises(WorkbenchError, match="there are no network weights"):
        check_fit(model, {**identity, "backbone": None})
    with pytest.raises(WorkbenchError, match="other network weights"):
        check_fit(model, {**identity, "backbone": {**identity["backbone"], "sha256": "1" * 64}})
    with pytest.raises(WorkbenchError, match="preprocessed differently"):
        check_fit(model, {**identity, "processing": {"denoise": "nlm"}})
    with pytest.raises(WorkbenchError, match="expects 40 deep features"):
        check_fit(model, {**identity, "columns": {**identity["columns"], "deep": 12}})


def test_onnx_gives_the_same_probabilities(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    from defect_workbench.storage.model.onnx_export import input_name, onnx_bytes, output_name

    data = made_set()
    model = train(
        data, StageInputs(data.features), flat(data), np.arange(len(data)), Options(), SilentReporter()
    )
    (tmp_path / "heads.onnx").write_bytes(onnx_bytes(model))
    head = model.stages["kind"].head
    assert head is not None
    feeds = {input_name(scale.block): data.features.blocks[scale.block] for scale in head.scales}
    ran = ReferenceEvaluator(onnx.load(tmp_path / "heads.onnx")).run([output_name("kind")], feeds)
    found = np.asarray(list(ran)[0])  # noqa: RUF015
    assert np.allclose(found, head.probabilities(head.vectors(data.features.blocks)), atol=1e-4)


def test_onnx_inputs_keep_their_names_where_a_block_was_renamed() -> None:
    from defect_workbench.storage.model.onnx_export import input_name

    assert [input_name(block) for block in ("deep", "outline", "upstream")] == ["deep", "shape", "earlier"]
