"""Every failure is a sentence with the next step, and the right exit code; nothing half-written stays."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from defect_workbench import cli
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.input.decode import decode, scale_to_uint8
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.user_dirs import HOME_VARIABLE, Places
from tests.builders import made_project, picture
from tests.e2e.test_command_line import COMMAND, run
from tests.e2e.test_golden import GOLDEN

ODD = ("Traceback", "did not expect", "Warning:", "site-packages")


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    folder = tmp_path / "lot"
    folder.mkdir()
    for index in range(12):
        picture(index).save(folder / f"{index:02d}.png")
    return folder


def started(arguments: list[str | Path], environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **environment},
        timeout=120,
        check=False,
        capture_output=True,
    )


# Streams


def test_names_that_the_console_cannot_show_are_written_out(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "lot" / folder).mkdir(parents=True)
        picture(ord(folder)).save(tmp_path / "lot" / folder / "欠陥.png")
    done = started(
        ["cluster", tmp_path / "lot", "--out", tmp_path / "out", "--cut", "1", "--offline"],
        {"PYTHONIOENCODING": "cp1252"},
    )
    assert done.returncode == 0, done.stderr
    assert b"\\u6b20\\u9665~2.png" in done.stdout
    assert (tmp_path / "out" / "manifest.csv").is_file()


def test_json_is_sound_in_any_encoding(tmp_path: Path) -> None:
    (tmp_path / "lot").mkdir()
    picture(1).save(tmp_path / "lot" / "a.png")
    arguments: list[str | Path] = [
        "cluster",
        tmp_path / "lot",
        "--out",
        tmp_path / "欠陥",
        "--offline",
        "--json",
    ]
    done = started(arguments, {"PYTHONIOENCODING": "cp1252"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("ascii"))["images"] == 1


@pytest.mark.parametrize("redirection", ["2>&-", ">&-", ">&- 2>&-", "2>&1 >/dev/null | true"])
def test_closed_streams_cost_no_result(redirection: str, lot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = f'"{sys.executable}" -m defect_workbench cluster "{lot}" --out "{out}" --offline {redirection}'
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], timeout=120, check=False, capture_output=True
    )
    assert (out / "manifest.csv").is_file()
    assert done.returncode == 0


@pytest.mark.parametrize("redirection", [">/dev/full", "| true"])
@pytest.mark.parametrize("option", ["", "--json"])
def test_a_result_that_cannot_be_printed_is_said(
    redirection: str, option: str, lot: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = f'"{sys.executable}" -m defect_workbench cluster "{lot}" --out "{out}" --offline'
    line = f"{command} {option} {redirection}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], timeout=120, check=False, capture_output=True, text=True
    )
    assert (out / "manifest.csv").is_file()
    assert done.returncode == 1
    assert "cannot be printed" in done.stderr
    assert "the work itself is done" in done.stderr
    assert not any(word in done.stderr for word in (*ODD, "Exception ignored"))


# Start


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.2, 0.4])
def test_an_early_interrupt_ends_without_a_traceback_of_ours(
    seconds: float, lot: Path, tmp_path: Path
) -> None:
    """Before `main` runs, the interpreter itself is starting; that alone is not ours."""
    code = (
        "import sys; sys.argv = sys.argv[1:]\n"
        "import defect_workbench.__main__ as program\n"
        "print('ready', flush=True)\n"
        "raise SystemExit(program.main())\n"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "defect-workbench",
        "cluster",
        str(lot),
        "--out",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(
        [*command, "--offline"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as p:
        assert p.stdout is not None
        assert p.stdout.readline() == "ready\n"
        time.sleep(seconds)
        p.send_signal(signal.SIGINT)
        _, said = p.communicate(timeout=60)
    assert "Traceback" not in said
    assert p.returncode == 130
    assert "cancelled" in said


@pytest.mark.parametrize("value", ["~nosuchuser/x", "/etc/passwd"])
def test_a_home_that_is_none_is_named(value: str) -> None:
    done = run("weights", "status", **{HOME_VARIABLE: value})
    assert done.returncode == 1
    assert value in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = f'cd "{gone}" && rmdir "{gone}" && "{sys.executable}" -m defect_workbench weights status'
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, HOME_VARIABLE: "relative", "PYTHONPATH": str(root)}
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no longer exists" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME_VARIABLE)

    def none(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", none)
    monkeypatch.setattr("os.path.expanduser", none)
    with pytest.raises(WorkbenchError, match=f"set {HOME_VARIABLE}"):
        Places.of_user()


# Options: what the person gave, and the words and the exit code that come back


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def device(folder: Path) -> Path:
    return Path("/dev/zero")


def deep_toml(folder: Path) -> Path:
    (folder / "deep.toml").write_text("stage = " + "[" * 3000 + "]" * 3000)
    return folder / "deep.toml"


def deep_model(folder: Path) -> Path:
    import struct

    header = b'{"__metadata__": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    (folder / "deep.model").write_bytes(struct.pack("<Q", len(header)) + header)
    return folder / "deep.model"


def a_folder(folder: Path) -> Path:
    return folder


def long_name(folder: Path) -> Path:
    return folder.joinpath(*["x" * 200] * 25)


def absent(folder: Path) -> Path:
    return folder / "absent" / "file"


FILES: list[tuple[list[str], Callable[[Path], Path], int, str]] = [
    (["weights", "import", "FILE"], fifo, 1, "not a regular file"),
    (["weights", "import", "FILE"], a_folder, 1, "not a regular file"),
    (["weights", "import", "FILE"], absent, 1, "cannot read"),
    (["classify", "LOT", "--out", "OUT", "--model", "FILE"], fifo, 2, "not a regular file"),
    (["classify", "LOT", "--out", "OUT", "--model", "FILE"], device, 2, "not a regular file"),
    (["classify", "LOT", "--out", "OUT", "--model", "FILE"], deep_model, 2, "no model of this program"),
    (["classify", "LOT", "--out", "OUT", "--model", "FILE"], absent, 2, "there is no model"),
    (["train", "LOT", "--out", "OUT", "--taxonomy", "FILE"], fifo, 2, "not a regular file"),
    (["train", "LOT", "--out", "OUT", "--taxonomy", "FILE"], device, 2, "not a regular file"),
    (["train", "LOT", "--out", "OUT", "--taxonomy", "FILE"], deep_toml, 2, "nested too deeply"),
    (["train", "LOT", "--out", "OUT", "--taxonomy", "FILE"], absent, 2, "cannot be read"),
    (["train", "LOT", "--out", "FILE"], long_name, 2, "too long"),
    (["cluster", "LOT", "--out", "FILE"], long_name, 2, "too long"),
    (["cluster", "LOT", "--out", "OUT", "--side-data", "FILE"], fifo, 2, "is no file"),
    (["cluster", "LOT", "--out", "OUT", "--side-data", "FILE"], absent, 2, "cannot be read"),
    (["cluster", "LOT", "--out", "OUT", "--store", "FILE"], a_folder, 1, "is not a feature store"),
    (["export", "FILE", "--out", "OUT"], fifo, 1, "is no session file"),
    (["export", "FILE", "--out", "OUT"], absent, 1, "there is no session"),
    (["replay", "FILE", "--out", "OUT"], device, 1, "is no session file"),
    (["compare", "FILE", "LOT"], fifo, 1, "is no session file"),
    (["cluster", "FILE", "--out", "OUT"], absent, 2, "there is no folder"),
    (["cluster", "FILE", "--out", "OUT"], fifo, 2, "is not a folder"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "make", "code", "words"), FILES)
def test_a_file_that_cannot_be_used_is_said(
    arguments: list[str],
    make: Callable[[Path], Path],
    code: int,
    words: str,
    lot: Path,
    tmp_path: Path,
    places: Places,
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = {"FILE": str(make(tmp_path)), "LOT": str(lot), "OUT": str(tmp_path / "out")}
    assert cli.run([known.get(argument, argument) for argument in arguments], places) == code
    said = capsys.readouterr().err
    assert words in said
    assert not any(word in said for word in ODD)
    assert not (tmp_path / "out").exists()


CLUSTER = ["cluster", "LOT", "--out", "OUT", "--offline"]
NUMBERS = [
    ([*CLUSTER, "--method", "affinity", "--preference", "nan"], "finite"),
    ([*CLUSTER, "--method", "affinity", "--preference=-inf"], "finite"),
    ([*CLUSTER, "--method", "affinity", "--damping", "nan"], "--damping"),
    ([*CLUSTER, "--cut", "height:inf"], "--cut"),
    ([*CLUSTER, "--cut", "height:nan"], "--cut"),
    ([*CLUSTER, "--cut", "0"], "--cut"),
    ([*CLUSTER, "--cut", "9" * 30], "--cut"),
    ([*CLUSTER, "--split", "random", "--shares", "1e308/1e308/1e308"], "--shares"),
    ([*CLUSTER, "--split", "random", "--shares", "nan/1/1"], "--shares"),
    ([*CLUSTER, *(f"--weight={n}=0" for n in ("deep", "haralick", "zernike", "shape"))], "weight 0"),
    ([*CLUSTER, "--weight", "deep=1"], "weight 0"),
    ([*CLUSTER, "--weight", "deep=nan"], "--weight"),
    ([*CLUSTER, "--rescale", "nan"], "pixel size must be above 0"),
    ([*CLUSTER, "--rescale", "-1"], "pixel size must be above 0"),
    ([*CLUSTER, "--info-bar", "-5"], "info"),
    ([*CLUSTER, "--seed", "-1"], "--seed"),
    (["cluster", "LOT", "--out", "OUT", "--store", "OUT/store", "--offline"], "lies in --out"),
    (["train", "LOT", "--out", "OUT", "--folds", "1"], "--folds"),
    (["train", "LOT", "--out", "OUT", "--seed", "-1"], "--seed"),
    (["train", "LOT", "--out", "OUT", "--group-by", "("], "group-by"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), NUMBERS)
def test_an_option_that_makes_no_sense_is_said(
    arguments: list[str],
    words: str,
    lot: Path,
    tmp_path: Path,
    places: Places,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    given = [
        a.replace("OUT", str(out)) if a.startswith("OUT") else str(lot) if a == "LOT" else a
        for a in arguments
    ]
    assert cli.run(given, places) == 2
    said = capsys.readouterr().err
    assert words in said
    assert not any(word in said for word in ODD)
    assert not out.exists()


def test_a_taxonomy_of_an_editor_on_windows_is_read(tmp_path: Path) -> None:
    from defect_workbench.commands.train import _taxonomy

    (tmp_path / "bom.toml").write_bytes(
        b'\xef\xbb\xbf[[stage]]\nname = "kind"\nrest = true\noutcome = [{name = "a", folders = ["a"]}]\n'
    )
    found = _taxonomy(tmp_path / "bom.toml")
    assert found is not None
    assert found.stages[0].name == "kind"


# Files


@pytest.mark.parametrize("number", [0, -1])
def test_formats_that_never_were_are_refused(number: int, tmp_path: Path) -> None:
    import zipfile

    from defect_workbench.storage.session.session_file import load_session

    save_session(tmp_path / "s.dwb", made_project(tmp_path / "lot"))
    with zipfile.ZipFile(tmp_path / "s.dwb") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    state = json.loads(members["state.json"])
    for change in ({"format": number}, {"root": "/lot\0"}):
        with zipfile.ZipFile(tmp_path / "t.dwb", "w") as archive:
            for name, data in {**members, "state.json": json.dumps({**state, **change}).encode()}.items():
                archive.writestr(name, data)
        with pytest.raises(WorkbenchError, match="is refused"):
            load_session(tmp_path / "t.dwb")


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": "x"}', b"[" * 5000, b'{"format": 0}'])
def test_a_store_whose_mark_is_damaged_mends_itself(content: bytes, lot: Path, places: Places) -> None:
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.extraction.extractor import extract
    from defect_workbench.engine.input.scan import scan

    def computed() -> int:
        store, library = FeatureStore(places.store), WeightsLibrary(places.weights)
        return extract(scan(lot, SilentReporter()), store, library, SilentReporter(), offline=True).computed

    assert computed() == 12
    (places.store / "store.json").write_bytes(content)
    assert computed() == 0
    assert json.loads((places.store / "store.json").read_text())["format"] == 1


def test_a_damaged_mark_without_a_store_is_said(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(WorkbenchError, match="nothing else of a store in it"):
        FeatureStore(tmp_path)
    with pytest.raises(WorkbenchError, match="is a file or lies in one"):
        FeatureStore(tmp_path / "store.json" / "deeper")


@pytest.mark.parametrize("part", ["model", "report", "onnx"])
def test_a_disk_that_fills_during_training_leaves_neither_model_nor_report(
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    places: Places,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import errno

    if part == "onnx":
        pytest.importorskip("onnx")
    sync = os.fsync
    written: list[str] = []

    def full(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}")
        written.append(name)
        if {"model": ".m.model-", "report": ".m.model.html-", "onnx": ".m.onnx-"}[part] in name:
            raise OSError(errno.ENOSPC, "No space left on device", name)
        sync(handle)

    out = tmp_path / "models"
    out.mkdir()
    monkeypatch.setattr(os, "fsync", full)
    options = ["--folds", "2", "--offline"] + (["--onnx", str(out / "m.onnx")] if part == "onnx" else [])
    assert cli.run(["train", str(GOLDEN / "images"), "--out", str(out / "m.model"), *options], places) == 1
    assert "the disk is full; nothing was written" in capsys.readouterr().err
    assert list(out.iterdir()) == []
    monkeypatch.undo()


def test_whatever_nobody_thought_of_says_what_was_under_way(
    lot: Path,
    tmp_path: Path,
    places: Places,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from defect_workbench.engine.clustering import group

    def failing(*_: object) -> object:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(group, "outlier_scores", failing)
    assert cli.run(["cluster", str(lot), "--out", str(tmp_path / "out"), "--offline"], places) == 1
    said = capsys.readouterr().err
    assert "unexpected fault at the step “Looking for outliers”" in said
    assert "ZeroDivisionError: division by zero" in said
    assert str(places.log) in said
    assert "Traceback" in places.log.read_text()
    assert not (tmp_path / "out").exists()


def test_want_of_memory_is_said_as_such(
    lot: Path,
    tmp_path: Path,
    places: Places,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from defect_workbench.engine.clustering import group

    def full(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(group, "outlier_scores", full)
    assert cli.run(["cluster", str(lot), "--out", str(tmp_path / "out"), "--offline"], places) == 1
    assert "not enough memory" in capsys.readouterr().err


# Numbers


@pytest.mark.parametrize("scale", [1.7e308, 1e200, 1e-310, 5e-324])
def test_pictures_at_the_ends_of_the_number_range_keep_their_detail(scale: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    values = rng.choice([-1.0, 1.0], (32, 32)) * scale
    tifffile.imwrite(tmp_path / "far.tif", values)
    pixels = decode((tmp_path / "far.tif").read_bytes(), "far.tif").pixels
    assert np.array_equal(pixels > 127, values > 0)
    assert set(np.unique(pixels)) == {0, 255}


def test_ordinary_numbers_are_scaled_as_ever() -> None:
    values = np.linspace(-3, 9, 1001)
    low, high = np.percentile(values, (0.1, 99.9))
    expected = np.rint((np.clip(values, low, high) - low) * (255 / (high - low)))
    assert np.array_equal(scale_to_uint8(values), expected)


def test_a_resolution_of_five_micrometres_and_more_is_a_printers(tmp_path: Path) -> None:
    from defect_workbench.engine.input.decode import decode

    for size_um, believed in ((4.9, True), (5.1, False)):
        path = tmp_path / "r.tif"
        per_cm = 1e4 / size_um
        tifffile.imwrite(path, np.zeros((32, 32), np.uint8), resolution=(per_cm, per_cm), resolutionunit=3)
        assert (decode(path.read_bytes(), "r.tif").tool.pixel_size_nm is not None) is believed
