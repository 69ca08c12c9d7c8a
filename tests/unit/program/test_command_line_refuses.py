"""Every command and option with values no one should give: a sentence, the right exit code, no trace."""

from __future__ import annotations

import json
import logging
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from defect_workbench import cli
from defect_workbench.user_dirs import HOME_VARIABLE, UserDirs
from tests.builders import picture

posix = pytest.mark.skipif(os.name != "posix", reason="pipes and devices")


@pytest.fixture(autouse=True)
def quiet_logging() -> Iterator[None]:
    yield
    logging.captureWarnings(False)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands are given: sound things, and what is not what it should be."""
    base = tmp_path_factory.mktemp("refuses")
    for number, name in enumerate(("lot", "sorted/a", "sorted/b")):
        (base / name).mkdir(parents=True)
        for index in range(4):
            picture(index + 10 * number).save(base / name / f"{index}.png")
    (base / "none").mkdir()
    (base / "empty").write_bytes(b"")
    (base / "text").write_text("x = 1\n")
    os.mkfifo(base / "pipe")
    (base / "sparse").write_bytes(b"")
    os.truncate(base / "sparse", 1 << 40)
    (base / "loop").symlink_to("loop")
    (base / "dangling").symlink_to("nowhere")
    (base / "deep.toml").write_text("x = " + "[" * 3000)
    (base / "deep.json").write_text("[" * 100_000)
    header = b'{"__metadata__":' + b'{"a":' * 100_000
    (base / "deep.model").write_bytes(struct.pack("<Q", len(header)) + header)
    entry = json.dumps({"__metadata__": {"defect-workbench": f"0 {'[' * 100_000}"}}).encode()
    (base / "deeper.model").write_bytes(struct.pack("<Q", len(entry)) + entry)
    with zipfile.ZipFile(base / "deep.dwb", "w") as archive:
        archive.writestr("state.json", "[" * 100_000)
    (base / "bom.toml").write_bytes(b"\xef\xbb\xbf" + b"format = 0\n[[stage]]\nname='x'\n")
    (base / "utf16.toml").write_text("format = 1", encoding="utf-16")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(base / "home"))
        done = ["cluster", str(base / "lot"), "--out", str(base / "done"), "--offline", "--cut", "2"]
        assert cli.run(done, UserDirs.of_user()) == 0
    return base


LONG = "/".join(["a" * 200] * 25)
CLUSTER = ["cluster", "{lot}", "--out", "{new}", "--offline"]
TRAIN = ["train", "{sorted}", "--out", "{new}", "--offline"]
CLASSIFY = ["classify", "{lot}", "--out", "{new}", "--offline", "--model"]
NO_NUMBERS = ["nan", "inf", "-inf", "1e999", "-1", "x"]

SESSION = ["{done}/session.dwb", "--out", "{new}"]

TABLE: list[tuple[list[str], int, str]] = [
    # Paths that are something else
    *[
        (["cluster", path, "--out", "{new}", "--offline"], 2, words)
        for path, words in (
            ("{text}", "is not a folder"),
            ("{pipe}", "is not a folder"),
            ("/dev/zero", "is not a folder"),
            ("{loop}", "no folder"),
            ("{dangling}", "no folder"),
            ("{none}", "no image"),
            ("{text}/x", "no folder"),
            (LONG, "is not a valid path"),
            ("", "an argument is empty"),
        )
    ],
    *[
        (["cluster", "{lot}", "--offline", "--out", path], code, words)
        for path, code, words in (
            ("{text}", 2, "not a folder"),
            ("{pipe}", 2, "not a folder"),
            ("/dev/null", 2, "not a folder"),
            ("{dangling}", 2, "not a folder"),
            ("{loop}", 2, "not a folder"),
            ("{text}/x", 1, "not a writable folder"),
            ("/proc/x/y", 1, "nothing was written"),
            (LONG, 2, "is not a valid path"),
            ("", 2, "an argument is empty"),
            ("{lot}", 2, "not empty"),
        )
    ],
    *[
        ([*CLUSTER, "--store", path], code, words)
        for path, code, words in (
            ("{text}", 1, "not a feature store"),
            ("{text}/x", 1, "not a feature store"),
            ("{pipe}", 1, "not a feature store"),
            ("/dev/null", 1, "not a feature store"),
            ("{lot}", 1, "not a feature store"),
            ("{dangling}/x", 1, "cannot be written"),
            ("/proc/x", 1, "cannot be written"),
            (LONG, 2, "is not a valid path"),
        )
    ],
    # Numbers
    *[([*CLUSTER, "--method", "affinity", "--preference", n], 2, "--preference") for n in NO_NUMBERS[:4]],
    *[([*CLUSTER, "--method", "affinity", "--damping", n], 2, "--damping") for n in NO_NUMBERS],
    *[([*CLUSTER, "--rescale", n], 2, "") for n in (*NO_NUMBERS, "0", "1e300")],
    *[([*CLUSTER, "--info-bar", n], 2, "info") for n in (*NO_NUMBERS, "0", "9" * 5000)],
    *[([*CLUSTER, "--seed", n], 2, "--seed") for n in (*NO_NUMBERS, "4294967296", "9" * 5000)],
    *[
        ([*CLUSTER, "--cut", n], 2, "--cut")
        for n in (*NO_NUMBERS, "0", "9" * 5000, "height:nan", "height:-1")
    ],
    *[([*CLUSTER, "--weight", f"haralick={n}"], 2, "--weight") for n in (*NO_NUMBERS, "", "1e7")],
    ([*CLUSTER, "--weight", "deep=0"], 2, "all blocks"),
    (
        [*CLUSTER, *[x for b in ("deep", "haralick", "zernike", "shape") for x in ("--weight", f"{b}=0")]],
        2,
        "0",
    ),
    *[
        ([*CLUSTER, "--split", "random", "--shares", s], 2, "--shares")
        for s in (
            "1e308/1e308/1e308",
            "nan/1/1",
            "inf/1/1",
            "-1/1/1",
            "1/0/0",
            "0/1/1",
            "1/1",
            "a/b/c",
            "1//1",
        )
    ],
    *[([*TRAIN, "--folds", n], 2, "folds") for n in (*NO_NUMBERS, "0", "21", "9" * 30)],
    *[([*TRAIN, "--augment", n], 2, "") for n in (*NO_NUMBERS, "1000000")],
    ([*TRAIN, "--seed", "-1"], 2, "--seed"),
    ([*TRAIN, "--seed", "4294967296"], 2, "--seed"),
    ([*TRAIN, "--group-by", "("], 2, "regular expression"),
    # Files
    *[
        ([*TRAIN, "--taxonomy", path], 2, words)
        for path, words in (
            ("{pipe}", "not a regular file"),
            ("/dev/zero", "not a regular file"),
            ("{none}", "not a regular file"),
            ("{sparse}", "larger than"),
            ("{deep.toml}", "nested too deeply"),
            ("{bom.toml}", "format 0"),
            ("{utf16.toml}", "not UTF-8 text"),
            ("{empty}", "no [[stage]]"),
            ("{gone}", "cannot be read"),
            ("{dangling}", "cannot be read"),
        )
    ],
    *[
        (["train", "{sorted}", "--offline", "--out", path], 2, words)
        for path, words in (
            ("{text}", "already exists"),
            ("{none}", "already exists"),
            ("{dangling}", "already exists"),
            ("{text}/x", "cannot be created"),
            (LONG, "is not a valid path"),
        )
    ],
    ([*TRAIN, "--onnx", "{new}"], 2, "name another file"),
    ([*TRAIN, "--onnx", "{new}.html"], 2, "name another file"),
    ([*TRAIN, "--onnx", "{text}/x"], 2, "cannot be created"),
    *[
        ([*CLASSIFY, path], 2, words)
        for path, words in (
            ("{pipe}", "not a regular file"),
            ("/dev/zero", "not a regular file"),
            ("{none}", "not a regular file"),
            ("{sparse}", "larger than"),
            ("{empty}", "not a model"),
            ("{text}", "not a model"),
            ("{deep.model}", "not a model"),
            ("{deeper.model}", "not a model"),
            ("{gone}", "does not exist"),
        )
    ],
    *[
        (["weights", "import", path], 1, words)
        for path, words in (
            ("{pipe}", "cannot read the weights file"),
            ("/dev/zero", "cannot read the weights file"),
            ("{none}", "cannot read the weights file"),
            ("{gone}", "cannot read the weights file"),
            ("{empty}", "no ResNet-50"),
            ("{sparse}", "no ResNet-50"),
            ("{text}", "no ResNet-50"),
            ("{deep.model}", "damaged"),
            ("{deep.dwb}", "damaged"),
        )
    ],
    *[
        ([*job, path, *rest], 1, words)
        for job, rest in (
            (["export"], ["--out", "{new}"]),
            (["replay"], ["--out", "{new}", "--offline"]),
            (["compare"], ["{lot}"]),
        )
        for path, words in (
            ("{pipe}", "not a session file"),
            ("/dev/zero", "not a session file"),
            ("{none}", "not a session file"),
            ("{gone}", "does not exist"),
            ("{empty}", "damaged"),
            ("{text}", "damaged"),
            ("{sparse}", "damaged"),
            ("{deep.dwb}", "damaged"),
        )
    ],
    *[
        ([*CLUSTER, "--side-data", path], 2, "")
        for path in (
            "{pipe}",
            "/dev/zero",
            "{none}",
            "{gone}",
            "{empty}",
            "{sparse}",
            "{deep.json}",
            "{deep.dwb}",
        )
    ],
    *[
        (["export", "--undo", path], 2, "")
        for path in ("{pipe}", "/dev/zero", "{none}", "{gone}", "{lot}", "{text}", "{text}/x", LONG)
    ],
    *[
        ([job, *SESSION, *rest], code, words)
        for job, code in (("export", 2), ("replay", 2))
        for rest, words in (
            (["--folder", "{text}"], "folder"),
            (["--folder", "{pipe}"], "folder"),
            (["--folder", "{gone}"], "no folder"),
            (["--folder", LONG], "is not a valid path"),
        )
    ],
    (
        ["replay", *SESSION, "--offline", "--folder", "{sorted}/a"],
        1,
        "has changed since",
    ),
    (["replay", "{done}/session.dwb", "--out", "{text}", "--offline"], 2, "not a folder"),
    (
        ["replay", *SESSION, "--offline", "--store", "{text}"],
        1,
        "feature store",
    ),
    (["export", *SESSION, "--folder", "{sorted}/a"], 1, "othing was written"),
    (["export", *SESSION, "--seed", "-1"], 2, "--seed"),
    (["export", *SESSION, "--split", "column:x"], 2, "column"),
    (["export", *SESSION, "--confirmed"], 2, "confirmed"),
    (["export", *SESSION, "--side-data", "{pipe}"], 2, "is not a file"),
    *[
        (["compare", "{done}/session.dwb", path], code, "")
        for path, code in (
            ("{pipe}", 1),
            ("/dev/zero", 1),
            ("{gone}", 1),
            ("{none}", 2),
            ("{text}", 1),
            (LONG, 2),
        )
    ],
    *[
        (["extract", "{lot}", "--offline", "--store", path], code, "store")
        for path, code in (("{text}", 1), ("{pipe}", 1), ("/proc/x", 1), ("{lot}", 1))
    ],
    *[([*CLUSTER, "--add"], 2, "")],
    (["cluster", "{lot}", "--offline", "--out", "{lot}", "--add"], 2, "not an export"),
    (["cluster", "{lot}", "--offline", "--out", "{text}", "--add"], 2, ""),
    (["demo", "--offline", "--out", "{text}"], 2, "not a folder"),
    (["demo", "--offline", "--out", "{text}/x"], 1, "not a writable folder"),
]


@posix
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    TABLE,
    ids=lambda value: " ".join(value)[:70] if isinstance(value, list) else "",
)
def test_a_malformed_value_gets_a_sentence(
    workplace: Path,
    tmp_path: Path,
    places: UserDirs,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    names = {"{new}": str(tmp_path / "new"), "{gone}": str(tmp_path / "gone")}
    names |= {f"{{{path.name}}}": str(path) for path in workplace.iterdir()}

    def filled(argument: str) -> str:
        for name, value in names.items():
            argument = argument.replace(name, value)
        return argument

    before = {path: path.lstat().st_mtime_ns for path in workplace.rglob("*")}
    found = cli.run([filled(argument) for argument in arguments], places)
    output, said = capsys.readouterr()
    last = said.strip().splitlines()[-1]
    assert (found, "Traceback" in said, "unexpected error" in said) == (code, False, False), said
    assert last.startswith(("defect-workbench: ", f"defect-workbench {arguments[0]}: error: "))
    assert words in last
    assert output == ""
    assert not (tmp_path / "new").exists()
    assert {path: path.lstat().st_mtime_ns for path in workplace.rglob("*")} == before
