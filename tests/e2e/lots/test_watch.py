"""A folder is watched by the real command, with real weights, until Ctrl-C, and then once more."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.conftest import GOLDEN
from tests.processes import Command, table

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="sends a signal to itself")]


@contextmanager
def ctrl_c_when(holds: Callable[[], bool]) -> Iterator[None]:
    """Press Ctrl-C as soon as something holds, or after two minutes."""
    ended = Event()

    def press() -> None:
        end = time.monotonic() + 120
        while not holds() and time.monotonic() < end:
            if ended.wait(0.05):
                return
        os.kill(os.getpid(), signal.SIGINT)

    thread = Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_watched_folder_is_continued_after_ctrl_c(
    tmp_path: Path, with_weights: Path, small_batches: None, command: Command
) -> None:
    folder, out, model = tmp_path / "tool", tmp_path / "out", GOLDEN / "staged.model"
    # Its own precision is slow on machines without it.
    options = ("--interval", "0.1", "--offline", "--json", "--precision", "fp32")
    arguments = ("classify", folder, "--watch", "--model", model, "--out", out, *options)
    expected = {row["path"]: row["label"] for row in table(GOLDEN / "sorted" / "manifest.csv")}
    shutil.copytree(GOLDEN / "lot" / "pit", folder / "pit")
    pits = len(list((folder / "pit").iterdir()))

    def rows() -> list[dict[str, str]]:
        return table(out / "manifest.csv") if (out / "manifest.csv").exists() else []

    with ctrl_c_when(lambda: len(rows()) == pits):
        done = command(*arguments)
    assert done.returncode == 130
    assert f"{out} has {pits} images; the same command continues" in done.stderr
    first = (out / "manifest.csv").read_bytes()
    shutil.copytree(GOLDEN / "lot", folder, dirs_exist_ok=True)
    with ctrl_c_when(lambda: len(rows()) == len(expected) and bool(table(out / "rejected.csv"))):
        done = command(*arguments)
    assert done.returncode == 130
    assert (out / "manifest.csv").read_bytes().startswith(first)
    assert {row["path"]: row["label"] for row in rows()} == expected
    assert all((out / row["exported_as"]).is_file() for row in rows())
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(line["images"] for line in lines) == len(expected) - pits
    assert lines[-1]["total"] == len(expected)
    assert [row["path"] for row in table(out / "rejected.csv")] == ["cut-short.png"]
    refused = command("classify", folder, "--model", model, "--out", out, "--interval", "1")
    assert (refused.returncode, "only for --watch" in refused.stderr) == (2, True)
    (tmp_path / "other").mkdir()
    refused = command("classify", tmp_path / "other", "--watch", "--model", model, "--out", out)
    assert (refused.returncode, "is the result of watching" in refused.stderr) == (2, True)
