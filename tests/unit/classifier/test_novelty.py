"""The measures of novelty: which blocks they use, and what they recognise."""

from dataclasses import replace

import numpy as np
import pytest

from defect_workbench.core.classifier.taxonomy import flat_taxonomy
from defect_workbench.core.clustering.feature_blocks import DEEP, FOREGROUND, RESIDUAL
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.left_out_classes import leave_classes_out
from defect_workbench.engine.classifier.predict import predict
from defect_workbench.engine.classifier.training import Options
from defect_workbench.engine.classifier.training_job import TrainingChoices, train_and_evaluate
from defect_workbench.engine.features.identity import feature_identity
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
