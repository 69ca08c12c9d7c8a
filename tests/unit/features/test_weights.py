"""Weights files: imported, checked, and known by their content."""

import os
import tarfile
from pathlib import Path

import pytest
import torch

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import (
    Checkpoint,
    Variant,
    WeightsLibrary,
    read_checkpoint,
)
from defect_workbench.engine.backbone.torchvision_gate import resnet50


@pytest.fixture(scope="module")
def torchvision_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as torchvision publishes them, of random weights; read-only."""
    path = tmp_path_factory.mktemp("torchvision") / "mine.pth"
    torch.manual_seed(0)
    torch.save(resnet50(weights=None).state_dict(), path)
    return path


@pytest.mark.e2e
def test_a_torchvision_file_is_imported_checked_and_used(tmp_path: Path, torchvision_file: Path) -> None:
    library = WeightsLibrary(tmp_path / "w")
    assert library.info() is None
    info = library.import_file(torchvision_file)
    assert info.variant is Variant.TORCHVISION
    assert "mine.pth" in info.name
    loaded = library.load()
    assert loaded is not None
    assert loaded.sha256 == info.sha256
    exported = library.folder / info.file
    assert WeightsLibrary(tmp_path / "v").import_file(exported).sha256 == info.sha256


@pytest.mark.e2e
def test_weights_that_the_program_carries_serve_until_others_are_imported(
    tmp_path: Path, torchvision_file: Path
) -> None:
    carried = WeightsLibrary(tmp_path / "carried").import_file(torchvision_file)
    library = WeightsLibrary(tmp_path / "w", tmp_path / "carried")
    assert library.info() == carried
    assert library.file() == tmp_path / "carried" / carried.file
    loaded = library.obtain(SilentReporter(), offline=True)
    assert loaded is not None
    assert loaded.sha256 == carried.sha256
    assert not library.folder.exists(), "nothing is copied"
    other = torch.load(torchvision_file)
    torch.nn.init.ones_(other["conv1.weight"])
    torch.save(other, tmp_path / "other.pth")
    imported = library.import_file(tmp_path / "other.pth")
    assert library.info() == imported != carried
    assert library.file() == library.folder / imported.file
    assert {path.name for path in (tmp_path / "carried").iterdir()} == {"active.json", carried.file}


@pytest.mark.e2e
def test_damaged_cache_is_not_used(tmp_path: Path, torchvision_file: Path) -> None:
    library = WeightsLibrary(tmp_path / "w")
    info = library.import_file(torchvision_file)
    path = library.folder / info.file
    content = bytearray(path.read_bytes())
    content[-5] ^= 255
    path.write_bytes(bytes(content))
    assert library.load() is None


def test_files_that_are_not_weights_are_refused_with_a_reason(tmp_path: Path) -> None:
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
def test_weights_that_do_not_fit_are_reported_and_leave_nothing(
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
    with pytest.raises(WorkbenchError, match=f"the weights cannot be stored in {library.folder}"):
        library.import_file(tmp_path / "x")
    assert list(library.folder.iterdir()) == []


def test_an_error_about_a_file_that_is_not_a_checkpoint_names_the_valid_formats(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789abcdef")
    with pytest.raises(WorkbenchError, match=r"\.safetensors"):
        read_checkpoint(tmp_path / "a")


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
