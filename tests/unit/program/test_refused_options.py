"""Options and files that cannot be used: the message and the exit code."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from defect_workbench import cli
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.train import read_taxonomy_file
from tests.builders import made_lot

ODD = ("Traceback", "did not expect", "Warning:", "site-packages")


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    return made_lot(tmp_path / "lot")


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


def zeros(folder: Path) -> Path:
    (folder / "table.csv").write_bytes(bytes(100))
    return folder / "table.csv"


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
    (["classify", "LOT", "--out", "OUT", "--model", "FILE"], deep_model, 2, "not a model of this program"),
    (["classify", "LOT", "--out", "OUT", "--model", "FILE"], absent, 2, "does not exist"),
    (["train", "LOT", "--out", "OUT", "--taxonomy", "FILE"], fifo, 2, "not a regular file"),
    (["train", "LOT", "--out", "OUT", "--taxonomy", "FILE"], device, 2, "not a regular file"),
    (["train", "LOT", "--out", "OUT", "--taxonomy", "FILE"], deep_toml, 2, "nested too deeply"),
    (["train", "LOT", "--out", "OUT", "--taxonomy", "FILE"], absent, 2, "cannot be read"),
    (["train", "LOT", "--out", "FILE"], long_name, 2, "too long"),
    (["cluster", "LOT", "--out", "FILE"], long_name, 2, "too long"),
    (["cluster", "LOT", "--out", "OUT", "--side-data", "FILE"], fifo, 2, "is not a file"),
    (["cluster", "LOT", "--out", "OUT", "--side-data", "FILE"], absent, 2, "cannot be read"),
    (["cluster", "LOT", "--out", "OUT", "--store", "FILE"], a_folder, 1, "is not a feature store"),
    (["cluster", "LOT", "--out", "OUT", "--side-data", "FILE"], zeros, 2, "are neither CSV nor XLSX"),
    (["export", "FILE", "--out", "OUT"], fifo, 1, "is not a session file"),
    (["export", "FILE", "--out", "OUT"], absent, 1, "does not exist"),
    (["replay", "FILE", "--out", "OUT"], device, 1, "is not a session file"),
    (["compare", "FILE", "LOT"], fifo, 1, "is not a session file"),
    (["cluster", "FILE", "--out", "OUT"], absent, 2, "there is no folder"),
    (["cluster", "FILE", "--out", "OUT"], fifo, 2, "is not a folder"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "make", "code", "words"), FILES)
def test_a_file_that_cannot_be_used_is_reported(
    arguments: list[str],
    make: Callable[[Path], Path],
    code: int,
    words: str,
    lot: Path,
    tmp_path: Path,
    places: UserDirs,
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
    ([*CLUSTER, "--cut", "9" * 30], "smaller number with --cut"),
    ([*CLUSTER, "--split", "random", "--shares", "1e308/1e308/1e308"], "--shares"),
    ([*CLUSTER, "--split", "random", "--shares", "nan/1/1"], "--shares"),
    ([*CLUSTER, "--split", "column:lot"], "needs side data with that column; give a table with --side-data"),
    ([*CLUSTER, *(f"--weight={n}=0" for n in ("deep", "haralick", "zernike", "shape"))], "weight 0"),
    ([*CLUSTER, "--weight", "deep=1"], "weight 0"),
    ([*CLUSTER, "--weight", "deep=nan"], "--weight"),
    ([*CLUSTER, "--rescale", "nan"], "--rescale: the common pixel size must be above 0"),
    ([*CLUSTER, "--rescale", "-1"], "pixel size must be above 0"),
    ([*CLUSTER, "--info-bar", "-5"], "--info-bar: the info bar must be"),
    ([*CLUSTER, "--info-bar", "100000"], "from 1 to 99,999 rows"),
    ([*CLUSTER, "--seed", "-1"], "--seed"),
    (["cluster", "LOT", "--out", "OUT", "--store", "OUT/store", "--offline"], "is inside the result folder"),
    (["train", "LOT", "--out", "OUT", "--folds", "1"], "not 1; give another number with --folds"),
    (["train", "LOT", "--out", "OUT", "--augment", "-2"], "not -2; give another number with --augment"),
    (["train", "LOT", "--out", "OUT", "--seed", "-1"], "--seed"),
    (["train", "LOT", "--out", "OUT", "--group-by", "("], "another expression with --group-by"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), NUMBERS)
def test_an_option_that_makes_no_sense_is_refused(
    arguments: list[str],
    words: str,
    lot: Path,
    tmp_path: Path,
    places: UserDirs,
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
    (tmp_path / "bom.toml").write_bytes(
        b'\xef\xbb\xbf[[stage]]\nname = "kind"\nrest = true\noutcome = [{name = "a", folders = ["a"]}]\n'
    )
    found = read_taxonomy_file(tmp_path / "bom.toml")
    assert found.stages[0].name == "kind"
