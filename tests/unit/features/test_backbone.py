"""The network computes what it should, with the published weights."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from PIL import Image

from defect_workbench.engine.backbone.embedder import Embedder, multiplies_bf16
from defect_workbench.engine.backbone.fused_resnet import can_fuse
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.engine.backbone.pretrained import (
    Checkpoint,
    Variant,
)
from defect_workbench.engine.backbone.registry import NETWORKS
from defect_workbench.engine.backbone.resnet50 import build_resnet, normalise
from defect_workbench.engine.backbone.torchvision_gate import ResNet50_Weights
from defect_workbench.engine.features.fusion import normalised_block
from defect_workbench.engine.preprocessing.resize import prepare


def test_network_names_the_cat_and_the_coffee(checkpoint: Checkpoint) -> None:
    import skimage.data

    names = ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    network = build_resnet(checkpoint)
    for photo, name, least in (("cat", "Egyptian cat", 0.7), ("coffee", "espresso", 0.97)):
        pixels = np.asarray(getattr(skimage.data, photo)())
        side = min(pixels.shape[:2])
        top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
        square = Image.fromarray(pixels[top : top + side, left : left + side]).resize((224, 224), 2)
        picture = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1)[None].float()
        if checkpoint.variant is Variant.CAFFE:
            prepared = picture.flip(1) - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
        else:
            mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
            prepared = (picture / 255 - mean) / torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        with torch.inference_mode():
            chances = network(prepared).softmax(1)[0]
        assert names[int(chances.argmax())] == name
        assert float(chances.max()) >= least


def test_folded_network_gives_the_vectors_of_the_plain_one(
    checkpoint: Checkpoint, small_batches: None
) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 224, 224, 3), np.uint8)
    backbone = Embedder(checkpoint, Precision.FP32, torch.device("cpu"))
    plain = build_resnet(checkpoint)
    plain.fc = torch.nn.Identity()
    with torch.inference_mode():
        prepared = normalise(checkpoint.variant, torch.from_numpy(images).permute(0, 3, 1, 2))
        expected = plain(prepared).numpy()
    np.testing.assert_allclose(backbone.embed(images)["average"], expected, rtol=1e-3, atol=1e-4)


BF16_KINDS = (Precision.BF16, Precision.BF16_FUSED)

native_bf16 = pytest.mark.skipif(
    not multiplies_bf16(),
    reason="this processor emulates bf16, which takes seven times as long",
)


@pytest.mark.parametrize(
    "precision", [Precision.FP32, *(pytest.param(each, marks=native_bf16) for each in BF16_KINDS)]
)
def test_vector_of_an_image_does_not_depend_on_its_neighbours(
    checkpoint: Checkpoint, precision: Precision, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (8, 224, 224, 3), np.uint8)
    # Two parts of four, where operators are fused.
    monkeypatch.setattr("defect_workbench.engine.backbone.embedder._CACHED", 4)
    backbone = Embedder(checkpoint, precision, torch.device("cpu"))
    together = backbone.embed(images)
    # In other places of the batch, and beside padding instead of images.
    others = [7, 4, 0]
    for description, vectors in backbone.embed(images[others]).items():
        np.testing.assert_array_equal(vectors, together[description][others], err_msg=description)


@native_bf16
@pytest.mark.parametrize("precision", BF16_KINDS)
def test_bf16_points_where_fp32_points(
    checkpoint: Checkpoint, precision: Precision, small_batches: None
) -> None:
    from defect_workbench.sample.synthetic import KINDS, render

    rng = np.random.default_rng(2)
    images = np.stack([prepare(render(paint, rng))[1] for paint in KINDS.values()])
    full = Embedder(checkpoint, Precision.FP32, torch.device("cpu")).embed(images)["average"]
    half = Embedder(checkpoint, precision, torch.device("cpu")).embed(images)["average"]
    cosines = (full * half).sum(1) / np.linalg.norm(full, axis=1) / np.linalg.norm(half, axis=1)
    assert cosines.min() > 0.98
    assert normalised_block("deep", half).shape == (8, 2048)


@pytest.mark.skipif(not can_fuse(), reason="this build of PyTorch lacks the fused operators")
def test_fused_operators_compute_what_the_others_do(checkpoint: Checkpoint, small_batches: None) -> None:
    images = np.random.default_rng(5).integers(0, 256, (4, 224, 224, 3), np.uint8)
    network = NETWORKS[checkpoint.network]
    module = network.build(checkpoint)
    network.fold(module)
    fused = Embedder(checkpoint, Precision.FP32, torch.device("cpu")).activations(images, last=True)
    with torch.inference_mode():
        prepared = network.normalise(checkpoint.variant, torch.from_numpy(images).permute(0, 3, 1, 2))
        plain = network.activations(module, prepared, True)
    assert set(fused) == set(plain)
    for name, values in plain.items():
        torch.testing.assert_close(fused[name], values, rtol=1e-3, atol=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_points_where_the_processor_points(checkpoint: Checkpoint) -> None:
    images = np.random.default_rng(3).integers(0, 256, (4, 224, 224, 3), np.uint8)
    here = Embedder(checkpoint, Precision.FP32, torch.device("cpu")).embed(images)["average"]
    there = Embedder(checkpoint, device=torch.device("cuda")).embed(images)["average"]
    cosines = (here * there).sum(1) / np.linalg.norm(here, axis=1) / np.linalg.norm(there, axis=1)
    assert cosines.min() > 0.99


@pytest.mark.e2e
def test_torchvision_without_its_operators_still_imports() -> None:
    """A finder that fails as a CUDA build does beside a CPU-only torch."""
    code = """
    import sys
    from importlib.abc import MetaPathFinder

    class Broken(MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name == "torchvision._meta_registrations":
                raise RuntimeError("operator torchvision::nms does not exist")

    sys.meta_path.insert(0, Broken())
    try:
        import torchvision
    except RuntimeError:
        pass
    else:
        raise SystemExit("the trap did not spring")
    from defect_workbench.engine.backbone.torchvision_gate import resnet50
    print(sum(p.numel() for p in resnet50().parameters()))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "25557032"
