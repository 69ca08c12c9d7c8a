"""The descriptions of ResNet-50: what they hold, how they are stored, and that files name them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import AVERAGE, BackboneInfo, Features
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.count_sketch import assignment, sketch
from defect_workbench.engine.backbone.registry import NETWORKS, find_description
from defect_workbench.engine.backbone.resnet50 import (
    COLUMNS,
    SKETCH_SEED,
    average,
    channel_statistics,
    moments,
)
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.training import Options, train
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.engine.features.fusion import normalised_block
from defect_workbench.engine.features.identity import (
    NetworkInUse,
    block_identity,
    check_fit,
    description_of,
    differences,
    feature_identity,
    network_of,
)
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import BACKBONE, blobs, made_project
from tests.unit.classifier.test_classify import flat, made_set

MOMENTS = replace(BACKBONE, description="moments")
# The largest standard error of an inner product of unit vectors behind the sketch.
ERROR = (2 / COLUMNS) ** 0.5


def outputs(images: int, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """Made-up activations: many are 0, none is negative."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for name, channels, side in (("layer3", 1024, 14), ("layer4", 2048, 7)):
        levels = torch.randn((images, channels, 1, 1), generator=generator)
        maps = (torch.randn((images, channels, side, side), generator=generator) + levels).relu().to(dtype)
        found[name] = maps.contiguous(memory_format=torch.channels_last)
    return found


def unreduced(maps: dict[str, torch.Tensor]) -> torch.Tensor:
    """The six statistics as torch computes them, each of unit norm."""
    parts = []
    for name in ("layer3", "layer4"):
        values = maps[name].double()
        parts += [values.mean((2, 3)), values.std((2, 3), correction=0), values.amax((2, 3))]
    return torch.cat([part / part.norm(dim=1, keepdim=True) for part in parts], 1)


# What it holds


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("memory", [torch.channels_last, torch.contiguous_format])
def test_statistics_are_those_of_torch(dtype: torch.dtype, memory: torch.memory_format) -> None:
    maps = outputs(7, dtype)["layer4"].contiguous(memory_format=memory)
    wide = maps.double()
    expected = wide.mean((2, 3)), wide.std((2, 3), correction=0), wide.amax((2, 3))
    for found, each in zip(channel_statistics(maps), expected, strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), each, rtol=1e-4, atol=1e-5)


def test_moments_are_the_reduced_statistics_and_average_is_the_mean_of_layer_4() -> None:
    maps = outputs(5)
    expected = sketch(unreduced(maps), COLUMNS, SKETCH_SEED)
    torch.testing.assert_close(moments(maps).double(), expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(average(maps), maps["layer4"].mean((2, 3)))


def test_an_image_without_activations_has_the_vector_0() -> None:
    assert not moments({name: torch.zeros_like(each) for name, each in outputs(2).items()}).any()


def test_moments_have_one_norm_up_to_the_sketch() -> None:
    vectors = moments(outputs(12)).half().float().numpy()
    squares = (vectors.astype(np.float64) ** 2).sum(axis=1)
    assert np.abs(squares / 6 - 1).max() < 5 * ERROR
    assert (normalised_block("deep", vectors) ** 2).sum(axis=1).mean() == pytest.approx(1)


# The sketch


def test_sketch_keeps_inner_products_to_the_stated_error() -> None:
    rows = unreduced(outputs(24)) / 6**0.5
    exact = rows @ rows.T
    errors = []
    for seed in range(5):
        reduced = sketch(rows, COLUMNS, seed)
        assert reduced.shape == (24, COLUMNS)
        errors.append((reduced @ reduced.T - exact).numpy())
    assert 0 < float(np.sqrt(np.mean(np.square(errors)))) < ERROR


def test_sketch_gives_every_column_to_one_sum_and_every_sum_as_many() -> None:
    order, signs = assignment(9, 4, 0)
    reduced = sketch(torch.eye(9), 4, 0)
    assert sorted(order.tolist()) == list(range(9))
    assert reduced.abs().sum(1).tolist() == [1.0] * 9
    assert reduced.abs().sum(0).tolist() == [3.0, 2.0, 2.0, 2.0]
    assert reduced.sum(1)[torch.tensor(order)].tolist() == signs.tolist()


def test_sketch_never_changes() -> None:
    """Stored vectors depend on it."""
    order, signs = assignment(9216, 4096, 11)
    assert order[:6].tolist() == [1605, 2745, 1386, 4642, 1718, 4887]
    assert signs[:12].tolist() == [1, 1, 1, -1, -1, -1, -1, -1, 1, -1, -1, -1]


def test_short_vectors_are_not_reduced() -> None:
    rows = torch.rand(3, 5)
    assert sketch(rows, 5, 0) is rows


# Storage


def test_half_precision_is_stored_as_such_and_read_as_it_was(tmp_path: Path) -> None:
    vectors = moments(outputs(3)).half().numpy()
    FeatureStore(tmp_path / "s").block("deep", {}).append_vectors(["a", "b", "c"], vectors)
    found = FeatureStore(tmp_path / "s").block("deep", {}).vectors(["c", "a"])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, vectors[[2, 0]].astype(np.float32))
    (part,) = (tmp_path / "s").glob("deep-*/part-*")
    assert str(pq.read_schema(part).field("values").type.value_type) == "halffloat"
    assert part.stat().st_size < 3 * 2 * COLUMNS + 4096


def test_single_precision_stays_single_precision(tmp_path: Path) -> None:
    # These numbers would fit in half precision, too.
    FeatureStore(tmp_path / "s").block("deep", {}).append_vectors(["a"], np.ones((1, 8), np.float32))
    (part,) = (tmp_path / "s").glob("deep-*/part-*")
    assert str(pq.read_schema(part).field("values").type.value_type) == "float"


# Identities


def in_use(*description: str) -> NetworkInUse:
    return NetworkInUse("made-up weights", "0" * 64, "caffe", "fp32", "cpu", *description)


def test_average_is_not_named_as_earlier_versions_do_not_name_it() -> None:
    earlier = block_identity(BLOCKS["deep"], Preprocessing(), in_use())
    assert "description" not in earlier
    now = block_identity(BLOCKS["deep"], Preprocessing(), in_use("moments"))
    assert now == {**earlier, "description": "moments"}


def test_a_block_that_names_its_description_does_not_depend_on_the_one_in_use() -> None:
    fixed = replace(BLOCKS["deep"], name="fixed", description="average")
    identities = [block_identity(fixed, Preprocessing(), in_use(name)) for name in ("average", "moments")]
    assert identities[0] == identities[1]


def test_difference_of_descriptions_is_described() -> None:
    blocks = {"deep": np.zeros((1, 40), np.float32)}
    before, now, other = (
        feature_identity(blocks, backbone, Preprocessing())
        for backbone in (BACKBONE, MOMENTS, replace(BACKBONE, sha256="1" * 64))
    )
    assert differences(before, now) == (
        "the description was mean of layer 4 and is mean, spread and maximum of layers 3 and 4",
    )
    assert not differences(now, now)
    (phrase,) = differences(other, now)
    assert phrase.startswith("the network was ")


@pytest.mark.parametrize("backbone", [BACKBONE, MOMENTS], ids=["average", "moments"])
def test_session_keeps_the_description(backbone: BackboneInfo, tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    blocks = {"deep": blobs((8, 6, 5))}
    features = Features(blocks, backbone, feature_identity(blocks, backbone, Preprocessing()))
    project = replace(project, analysis=analyse(features, Settings(), SilentReporter()))
    save_session(tmp_path / "a.dwb", project)
    again = load_session(tmp_path / "a.dwb").analysis
    assert again.backbone == backbone
    assert again.identity == features.identity


def test_model_refuses_features_of_another_description() -> None:
    data = made_set()
    rows = np.arange(len(data))
    model = train(data, StageInputs(data.features), flat(data), rows, Options(), SilentReporter())
    earlier = feature_identity(data.features.blocks, BACKBONE, Preprocessing())
    now = feature_identity(data.features.blocks, MOMENTS, Preprocessing())
    for trained, other, words in (
        (earlier, now, "trained on the mean of layer 4, and"),
        (now, earlier, "trained on the mean, spread and maximum of layers 3 and 4, and"),
    ):
        assert not check_fit(replace(model, identity=trained), trained)
        with pytest.raises(WorkbenchError, match=words):
            check_fit(replace(model, identity=trained), other)
    assert description_of(replace(model, identity=earlier)) == AVERAGE
    assert description_of(replace(model, identity=now)) == "moments"
    assert description_of(replace(model, identity={**now, "backbone": None})) is None
    assert network_of(now) == MOMENTS
    assert network_of({**now, "backbone": None}) is None


def test_description_of_a_later_version_is_refused() -> None:
    assert find_description("resnet50", None) == NETWORKS["resnet50"].descriptions[0]
    with pytest.raises(WorkbenchError, match="'attention' of ResNet-50 is not known to this version"):
        find_description("resnet50", "attention")
