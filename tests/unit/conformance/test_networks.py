"""What every network must satisfy, and what registering one is enough for."""

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.embedder import Embedder
from defect_workbench.engine.backbone.network import Description, Network, Precision
from defect_workbench.engine.backbone.pretrained import WeightsLibrary, read_checkpoint
from defect_workbench.engine.backbone.registry import NETWORKS
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.engine.features.block import Block, Input
from defect_workbench.engine.features.fusion import normalised_block
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import made_lot

CPU = torch.device("cpu")
networks = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)


@cache
def made_up(network: Network, variant: Variant = Variant.TORCHVISION) -> Checkpoint:
    """Weights without training, with variances that are positive; nothing changes them."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, shape in network.shapes().items():
        values = torch.randn(shape, generator=generator)
        tensors[name] = 1 + 0.1 * values.abs() if len(shape) == 1 else values * (2 / values[0].numel()) ** 0.5
    return Checkpoint("made up", variant, "0" * 64, tensors, network.name)


def pictures(network: Network, count: int) -> Pixels:
    size = network.input_size
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


@networks
def test_descriptions_are_those_that_blocks_name(network: Network) -> None:
    names = [description.name for description in network.descriptions]
    assert len(set(names)) == len(names)
    assert {block.description or names[0] for block in BLOCKS if block.by_network} <= set(names)
    assert all(description.label for description in network.descriptions)


@networks
@pytest.mark.e2e
@pytest.mark.parametrize("variant", Variant)
def test_vectors_have_their_columns_and_do_not_depend_on_the_batch(
    network: Network, variant: Variant, small_batches: None
) -> None:
    embedder = Embedder(made_up(network, variant), Precision.FP32, CPU)
    images = pictures(network, 3)
    found = embedder.embed(images)
    alone = embedder.embed(images[2:])
    assert set(found) == {description.name for description in network.descriptions}
    for description in network.descriptions:
        vectors = found[description.name]
        assert vectors.shape == (3, description.columns)
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()
        np.testing.assert_array_equal(alone[description.name], vectors[2:])


@networks
def test_last_block_continues_from_its_input(network: Network) -> None:
    checkpoint = made_up(network)
    module = network.build(checkpoint)
    assert not any(parameter.requires_grad for parameter in module.parameters())
    images = torch.from_numpy(pictures(network, 2)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        given = network.normalise(checkpoint.variant, images)
        whole = network.activations(module, given, True)
        first = network.activations(module, given, False)
        assert network.last_block not in first
        assert first[network.last_input].shape == (2, *network.last_input_shape)
        again = getattr(module, network.last_block)(first[network.last_input])
    torch.testing.assert_close(again, whole[network.last_block])


@networks
def test_folding_changes_nothing_but_rounding(network: Network) -> None:
    checkpoint = made_up(network)
    images = torch.from_numpy(pictures(network, 1)).permute(0, 3, 1, 2)
    plain, folded = network.build(checkpoint), network.build(checkpoint)
    network.fold(folded)
    with torch.inference_mode():
        given = network.normalise(checkpoint.variant, images)
        first, second = (network.activations(module, given, True) for module in (plain, folded))
    for name in first:
        scale = float(first[name].abs().max())
        torch.testing.assert_close(second[name], first[name], rtol=1e-3, atol=1e-4 * scale)


def test_registries_are_listed_without_torch() -> None:
    code = (
        "import sys, defect_workbench.engine.backbone.registry, defect_workbench.engine.features.registry;"
        "sys.exit(bool({'torch', 'mahotas', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# A new network


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 8, stride=8)
        self.second = nn.Conv2d(4, 6, 3, stride=2, padding=1)


def tiny_shapes() -> Mapping[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in Tiny().state_dict().items()}


def tiny_build(checkpoint: Checkpoint) -> nn.Module:
    module = Tiny()
    module.load_state_dict(checkpoint.tensors)
    return module.eval().requires_grad_(False)


def tiny_activations(module: nn.Module, images: Tensor, last: bool) -> dict[str, Tensor]:
    assert isinstance(module, Tiny)
    first = module.first(images)
    return {"first": first, "second": module.second(first)} if last else {"first": first}


TINY = Network(
    name="tiny",
    label="Tiny",
    file_prefix="tiny",
    input_size=224,
    descriptions=(
        Description("average", 6, lambda found: found["second"].mean((2, 3))),
        Description("largest", 4, lambda found: found["first"].amax((2, 3))),
    ),
    shapes=tiny_shapes,
    build=tiny_build,
    fold=lambda module: None,
    normalise=lambda variant, images: images.float() / 255,
    activations=tiny_activations,
    last_block="second",
    last_input="first",
    last_input_shape=(4, 28, 28),
)


LARGEST = Block(
    "largest", "Largest activations", "Largest", "v1", Input.NETWORK, description="largest", unit_rows=True
)


def test_second_description_of_a_network_stands_next_to_the_first(tmp_path: Path) -> None:
    tensors = {name: torch.rand(shape) for name, shape in tiny_shapes().items()}
    save_file(tensors, tmp_path / "tiny.safetensors")
    with NETWORKS.including(TINY):
        library = WeightsLibrary(tmp_path / "weights")
        library.import_file(tmp_path / "tiny.safetensors")
        lot, store = made_lot(tmp_path / "lot"), FeatureStore(tmp_path / "store")
        before = extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True)
        with BLOCKS.including(LARGEST):
            after = extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True)
            assert after.features.blocks["largest"].shape == (12, 4)
            assert normalised_block("largest", after.features.blocks["largest"]).shape == (12, 4)
        np.testing.assert_array_equal(after.features.blocks["deep"], before.features.blocks["deep"])
        assert len(list((tmp_path / "store").glob("deep-*"))) == 1


def test_new_network_is_recognised_cached_and_used(tmp_path: Path) -> None:
    save_file(
        {name: torch.rand(shape) for name, shape in tiny_shapes().items()}, tmp_path / "tiny.safetensors"
    )
    with pytest.raises(WorkbenchError, match="holds no ResNet-50: the tensor"):
        read_checkpoint(tmp_path / "tiny.safetensors")
    with NETWORKS.including(TINY):
        assert read_checkpoint(tmp_path / "tiny.safetensors").network == "tiny"
        library = WeightsLibrary(tmp_path / "weights")
        info = library.import_file(tmp_path / "tiny.safetensors")
        assert (info.network, info.file[:5]) == ("tiny", "tiny-")
        lot, store = made_lot(tmp_path / "lot"), FeatureStore(tmp_path / "store")
        found = extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True)
        assert found.features.blocks["deep"].shape == (12, 6)
        assert found.features.backbone is not None
        assert found.features.backbone.name == "tiny"
