"""The measures of novelty: which blocks they use, and what they recognise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.arrays import Floats, Vectors
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.clustering.feature_blocks import DEEP, FOREGROUND, RESIDUAL
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.left_out_classes import leave_classes_out
from defect_workbench.engine.classifier.novelty import fit_novelty
from defect_workbench.engine.classifier.predict import predict
from defect_workbench.engine.classifier.training import Options
from defect_workbench.engine.classifier.training_job import TrainingChoices, train_and_evaluate
from defect_workbench.engine.features.identity import feature_identity
from defect_workbench.storage.model.model_file import load_model, model_bytes, save_model
from tests.builders import flat_taxonomy
from tests.unit.classifier.test_classify import made_set, trained_on


def with_random_block(data: LabelledSet, block: str, columns: int = 32) -> LabelledSet:
    """Add a block that says nothing about the labels."""
    values = np.random.default_rng(5).standard_normal((len(data), columns)).astype(np.float32)
    return replace(data, features=replace(data.features, blocks={**data.features.blocks, block: values}))


def with_foreground_by_label(data: LabelledSet, strength: float) -> LabelledSet:
    """Add a foreground that differs between the labels."""
    noisy = with_random_block(data, FOREGROUND)
    blocks = dict(noisy.features.blocks)
    blocks[FOREGROUND] = blocks[FOREGROUND] + strength * np.eye(3, 32, dtype=np.float32)[data.labels]
    return replace(noisy, features=replace(noisy.features, blocks=blocks))


def test_novelty_is_measured_in_the_foreground_where_the_set_has_it() -> None:
    data = made_set()
    assert {scale.block for scale in trained_on(data).novelty.scales} == {DEEP, "haralick", "zernike"}
    with_it = trained_on(with_random_block(data, FOREGROUND)).novelty
    assert FOREGROUND in {scale.block for scale in with_it.scales}
    with_noise = trained_on(with_random_block(data, RESIDUAL)).novelty
    assert RESIDUAL not in {scale.block for scale in with_noise.scales}


def test_a_class_that_only_the_foreground_shows_is_recognised_as_unknown() -> None:
    alike = made_set(spread=8.0, sizes=(60, 60, 60))
    recall = {
        strength: leave_classes_out(
            with_foreground_by_label(alike, strength), Options(), SilentReporter()
        ).recall
        for strength in (0.0, 20.0)
    }
    assert recall[0.0] is not None
    assert recall[20.0] is not None
    assert recall[0.0] < 0.3 < 0.9 < recall[20.0]


def test_a_model_without_the_foreground_keeps_its_scores_when_images_have_it() -> None:
    data = made_set()
    model = trained_on(data)
    before = predict(model, StageInputs(data.features))
    after = predict(model, StageInputs(with_random_block(data, FOREGROUND).features))
    np.testing.assert_array_equal(after.novelty_scores, before.novelty_scores)


@pytest.mark.parametrize(("block", "asked"), [(FOREGROUND, True), (RESIDUAL, False)])
def test_a_model_asks_for_the_foreground_even_if_no_head_uses_it(block: str, asked: bool) -> None:
    data = with_random_block(made_set(), block)
    identity = feature_identity(data.features.blocks, data.features.backbone, Preprocessing())
    choices = TrainingChoices(taxonomy=flat_taxonomy(), folds=2, ablation=False)
    model = train_and_evaluate(data, None, identity, choices, SilentReporter()).model
    heads = [stage.head for stage in model.stages.values() if stage.head is not None]
    assert block not in {scale.block for head in heads for scale in head.scales}
    assert (block in model.identity["columns"]) == asked
    assert (block in model.identity["extractors"]) == asked


def tight_and_loose(columns: int = 6) -> Vectors:
    """Forty images close together, and forty that vary five times as much."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((80, columns)) * np.repeat([0.2, 1.0], 40)[:, None]
    rows[40:, 0] += 20
    return np.asarray(rows, np.float32)


def test_a_distance_counts_for_more_where_known_images_are_close_together() -> None:
    rows = tight_and_loose()
    novelty = fit_novelty({"zernike": rows}, np.repeat([0, 1], 40), np.arange(80), 2, 0)
    step = np.zeros((1, rows.shape[1]), np.float32)
    step[0, 1] = 1.2
    centres = np.stack([rows[:40].mean(axis=0), rows[40:].mean(axis=0)])
    beside_tight, beside_loose = novelty.measures({"zernike": centres + step})
    assert beside_tight[1] < beside_loose[1]
    assert beside_tight[2] > 2 > 1.2 > beside_loose[2]


def test_identical_images_do_not_make_others_infinitely_novel() -> None:
    rows = tight_and_loose()
    rows[:10] = rows[0]
    novelty = fit_novelty({"zernike": rows}, np.repeat([0, 1], 40), np.arange(80), 2, 0)
    assert novelty.reach is not None
    assert novelty.reach.min() >= 0.1 * np.median(novelty.reach)
    all_alike = fit_novelty({"zernike": rows[:10]}, np.zeros(10, np.intp), np.zeros(10, np.intp), 1, 0)
    assert np.isfinite(all_alike.scores(all_alike.measures({"zernike": rows}))).all()


def test_models_of_format_3_keep_their_two_measures(tmp_path: Path) -> None:
    data = made_set()
    model = trained_on(data)
    novelty = replace(
        model.novelty, reach=None, centre=model.novelty.centre[:2], spread=model.novelty.spread[:2]
    )
    former = tmp_path / "former.dwm"
    save_model(former, replace(model, novelty=novelty))
    measures = model.novelty.measures(data.features.blocks)
    scaled = (measures - model.novelty.centre) / model.novelty.spread
    for read, count in ((load_model(former), 2), (saved_and_loaded(model, tmp_path), 3)):
        scores = predict(read, StageInputs(data.features)).novelty_scores
        assert np.allclose(scores, scaled[:, :count].sum(axis=1), atol=1e-6)


def saved_and_loaded(model: Classifier, folder: Path) -> Classifier:
    save_model(folder / "saved.dwm", model)
    return load_model(folder / "saved.dwm")


@pytest.mark.parametrize("reach", [np.zeros(3), np.full(94, np.nan), np.zeros(94)])
def test_an_impossible_reach_is_refused(reach: Floats, tmp_path: Path) -> None:
    model = trained_on(made_set())
    damaged = replace(model, novelty=replace(model.novelty, reach=reach))
    (tmp_path / "model.dwm").write_bytes(model_bytes(damaged))
    with pytest.raises(WorkbenchError, match="damaged"):
        load_model(tmp_path / "model.dwm")
