"""The options for a Dask cluster, and the output about its workers."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from defect_workbench.core.errors import InputError

if TYPE_CHECKING:
    from defect_workbench.workflows.distributed.cluster_extraction import ClusterChoice, ClusterExtraction
    from defect_workbench.workflows.distributed.roster import ClusterWorker


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Add the options for a cluster."""
    group = parser.add_argument_group("on a Dask cluster")
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="compute on the workers of a running Dask cluster, which see FOLDER and DIR at the same paths; "
        "the address of its scheduler: tcp://HOST:PORT, tls://HOST:PORT or HOST:PORT",
    )
    group.add_argument(
        "--allow-mixed-workers",
        action="store_true",
        help="also use workers with another processor, precision or version of a package than this computer: "
        "their vectors may differ in the last bits",
    )


def cluster_of(args: argparse.Namespace) -> ClusterChoice | None:
    """Return the cluster that the command line names; None without one.

    Raises
    ------
    InputError
        If workers are allowed without a cluster.
    """
    from defect_workbench.workflows.distributed.cluster_extraction import ClusterChoice

    if args.scheduler is None:
        if args.allow_mixed_workers:
            raise InputError("--allow-mixed-workers needs a cluster: give --scheduler ADDRESS")
        return None
    return ClusterChoice(args.scheduler, args.allow_mixed_workers)


def workers_json(extraction: ClusterExtraction) -> list[dict[str, object]]:
    """Return the workers for the JSON output."""
    return [
        {
            "worker": worker.address,
            "host": None if worker.report is None else worker.report.host,
            "threads": worker.threads,
            "state": worker.state.value,
            "why": worker.why,
            "images": worker.images,
            **_identity_json(worker),
        }
        for worker in extraction.workers
    ]


def _identity_json(worker: ClusterWorker) -> dict[str, object]:
    """Return what the bits of a worker's vectors depend on, apart from what the feature store records."""
    if worker.report is None:
        return {"processor": None, "kernels": None, "device": None, "precision": None, "versions": None}
    identity = asdict(worker.report.identity)
    del identity["features"]
    return identity
