"""Extraction on a Dask cluster of real processes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from defect_workbench.core.progress import SilentReporter
from defect_workbench.user_dirs import HOME_VARIABLE
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.open_project import OpenRequest, open_project
from tests.builders import made_lot, part_of_sample
from tests.dask_processes import ClusterProcesses, dask_cluster, stored_rows
from tests.processes import COMMAND, Command, run

pytestmark = pytest.mark.skipif(
    find_spec("distributed") is None, reason="the extra “cluster” is not installed"
)
# A share is a batch of 32 images, as there are few.
IMAGES = 110
ENDINGS = (("CERT", "pem"), ("KEY", "key"))


@pytest.fixture
def cluster(tmp_path: Path, home: Path) -> Iterator[ClusterProcesses]:
    with dask_cluster(tmp_path / "dask", **{HOME_VARIABLE: str(home)}) as processes:
        yield processes


def folder_of_images(folder: Path) -> Path:
    """Images, two of them equal, and one that cannot be read."""
    made_lot(folder, IMAGES)
    (folder / "copy.png").write_bytes((folder / "00.png").read_bytes())
    (folder / "torn.png").write_bytes((folder / "01.png").read_bytes()[:90])
    return folder


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start `extract`, and return when its workers have begun to describe images."""
    process = subprocess.Popen(
        [*COMMAND, "extract", *map(str, arguments), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if line.startswith("Extracting features on"):
            return process
    process.communicate()
    pytest.fail("".join(seen))


@pytest.mark.slow
def test_a_killed_worker_costs_no_vector_and_ctrl_c_leaves_a_store_that_grows_on(
    cluster: ClusterProcesses, command: Command, tmp_path: Path
) -> None:
    lot, store = folder_of_images(tmp_path / "lot"), tmp_path / "store"
    arguments = (lot, "--store", store, "--offline", "--scheduler", cluster.address)
    cluster.add_worker()
    second = cluster.add_worker()

    stopped = started(*arguments)
    assert list(store.glob("growing-*.json"))
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate(timeout=120)
    assert stopped.returncode == 130
    assert said.splitlines()[-1] == "defect-workbench: cancelled"
    assert "Traceback" not in said
    assert not [path.name for path in store.rglob("*") if path.name.startswith((".", "growing"))]

    resumed = started(*arguments)
    cluster.stop(second)
    out, said = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, said
    result = json.loads(out)
    assert [worker["state"] for worker in result["workers"]].count("lost") == 1
    assert "was lost" in said

    alone = json.loads(command("extract", lot, "--store", tmp_path / "alone", "--offline", "--json").stdout)
    assert alone["images"] == IMAGES + 1
    assert {key: result[key] for key in ("images", "rejected", "backbone")} == {
        key: alone[key] for key in ("images", "rejected", "backbone")
    }
    assert stored_rows(store) == stored_rows(tmp_path / "alone")


@pytest.mark.slow
def test_with_the_network_a_cluster_stores_what_one_machine_stores(
    cluster: ClusterProcesses, command: Command, with_weights: Path, tmp_path: Path
) -> None:
    lot, store = part_of_sample(tmp_path / "lot", 160), tmp_path / "store"
    cluster.add_worker()
    second = cluster.add_worker()
    mixed = cluster.add_worker(OPENBLAS_CORETYPE="Nehalem", ATEN_CPU_CAPABILITY="default")
    process = started(lot, "--store", store, "--scheduler", cluster.address)
    cluster.stop(second)
    out, said = process.communicate(timeout=600)
    assert process.returncode == 0, said
    result = json.loads(out)
    assert sorted(worker["state"] for worker in result["workers"]) == ["lost", "refused", "used"]
    assert next(each["why"] for each in result["workers"] if each["state"] == "refused").startswith(
        "it computes"
    )
    assert result["computed"] == result["images"] > 150
    assert command("extract", lot, "--store", tmp_path / "alone").returncode == 0
    assert stored_rows(store) == stored_rows(tmp_path / "alone")
    assert any(name.startswith("deep-") for name in stored_rows(store))

    cluster.stop(mixed)
    other = cluster.add_worker(**{HOME_VARIABLE: str(tmp_path / "other")})
    assert other.poll() is None
    assert part_of_sample(tmp_path / "second", 40).is_dir()
    again = command("extract", tmp_path / "second", "--store", store, "--scheduler", cluster.address)
    assert again.returncode == 0, "the worker finds the weights of who began the run"


@pytest.mark.slow
def test_a_worker_that_differs_is_refused_unless_allowed(
    cluster: ClusterProcesses, command: Command, tmp_path: Path
) -> None:
    lot = made_lot(tmp_path / "lot")
    cluster.add_worker(OPENBLAS_CORETYPE="Nehalem")
    arguments = ("extract", lot, "--store", tmp_path / "store", "--offline", "--scheduler", cluster.address)
    refused = command(*arguments)
    assert refused.returncode == 1
    assert "Nehalem" in refused.stderr.splitlines()[-1]
    assert "--allow-mixed-workers" in refused.stderr.splitlines()[-1]
    allowed = command(*arguments, "--allow-mixed-workers", "--json")
    assert allowed.returncode == 0
    assert "Nehalem" in allowed.stderr
    assert "Nehalem" in json.loads(allowed.stdout)["workers"][0]["kernels"]


@pytest.mark.slow
def test_a_growing_store_opens_with_what_is_complete(
    cluster: ClusterProcesses, command: Command, tmp_path: Path
) -> None:
    lot, store = made_lot(tmp_path / "lot", 600, (400, 300)), tmp_path / "store"
    cluster.add_worker()
    process = started(lot, "--store", store, "--offline", "--scheduler", cluster.address)
    while not list(store.glob("image-*/part-*")):
        assert process.poll() is None
    request = OpenRequest(store, FeatureOptions(store, tmp_path / "none", offline=True))
    reporter = SilentReporter()
    during = len(open_project(request, reporter).project.images)
    assert any("still being computed" in warning for warning in reporter.warnings)
    process.communicate(timeout=300)
    assert process.returncode == 0
    assert 0 < during < len(open_project(request, SilentReporter()).project.images) == 600


def certificates(folder: Path) -> dict[str, str]:
    """Make an authority and a certificate, and return Dask's configuration for them."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes certificates, is not installed")
    new = [openssl, "req", "-newkey", "rsa:2048", "-nodes"]
    made = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    for command in (
        [*new, "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "2"],
        [*new, "-keyout", "node.key", "-out", "node.csr", "-subj", "/CN=node"],
        [openssl, "x509", "-req", "-in", "node.csr", *made, "-out", "node.pem", "-days", "2"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    prefix = "DASK_DISTRIBUTED__COMM__"
    names = {f"{prefix}TLS__CA_FILE": str(folder / "ca.pem"), f"{prefix}REQUIRE_ENCRYPTION": "true"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        names |= {f"{prefix}TLS__{role}__{kind}": str(folder / f"node.{end}") for kind, end in ENDINGS}
    return names


@pytest.mark.slow
def test_tls_is_configured_as_for_dask_itself(home: Path, tmp_path: Path) -> None:
    lot = made_lot(tmp_path / "lot")
    settings = certificates(tmp_path)
    with dask_cluster(tmp_path / "dask", "tls", **settings, **{HOME_VARIABLE: str(home)}) as cluster:
        cluster.add_worker()
        assert cluster.address.startswith("tls://")
        arguments = ("extract", lot, "--store", tmp_path / "store", "--offline", "--scheduler")
        plain = run(*arguments, cluster.address.replace("tls", "tcp"))
        unset = run(*arguments, cluster.address)
        secure = run(*arguments, cluster.address, **settings)
    assert (plain.returncode, unset.returncode, secure.returncode) == (1, 1, 0), secure.stderr
    assert "expects tls:// or tcp://" in plain.stderr.splitlines()[-1]
    assert "TLS is not set up" in unset.stderr.splitlines()[-1]
    assert len(stored_rows(tmp_path / "store")) == 5
