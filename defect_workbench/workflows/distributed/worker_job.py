"""What a worker gets and returns: records that Dask sends over the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.images.image_records import FileStamp, Rejection
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.extraction.machine_identity import MachineIdentity
from defect_workbench.engine.features.identity import NetworkInUse
from defect_workbench.engine.input.scan import FoundFile


@dataclass(frozen=True)
class WorkerJob:
    """What all tasks of a run have in common.

    Attributes
    ----------
    run : str
        Names the run, and the mark in the feature store.
    started_ns : int
        When the run began, for the names of the parts.
    root, store, weights : Path
        Folders of the images, of the feature store, and of the weights of the user who began the run.
    network : NetworkInUse or None
        None for texture only.
    measure_version : str
        How defects are measured.
    """

    run: str
    started_ns: int
    root: Path
    store: Path
    weights: Path
    processing: Preprocessing
    network: NetworkInUse | None
    measure_version: str


@dataclass(frozen=True)
class WorkerReport:
    """What a worker is, and what it lacks.

    Attributes
    ----------
    host, pid
        Name of the machine, and the process.
    lacking : tuple of str
        What it cannot do, in phrases such as "cannot see the folder /data".
    """

    host: str
    pid: int
    lacking: tuple[str, ...]
    identity: MachineIdentity


@dataclass(frozen=True)
class Share:
    """A part of the work, done by one task.

    Attributes
    ----------
    number : int
        Among the shares of the run.
    files : tuple of FoundFile
    stamps : tuple of (FileStamp or None)
        Of each file, if its content is known.
    """

    number: int
    files: tuple[FoundFile, ...]
    stamps: tuple[FileStamp | None, ...] = ()


@dataclass(frozen=True)
class Contents:
    """The content hash of each file of a share; None for a file that cannot be read."""

    sha256s: tuple[str | None, ...]


@dataclass(frozen=True)
class Described:
    """A finished share: its vectors are in the store.

    Attributes
    ----------
    contents : mapping of str to str
        The content hashes of the accepted files, by path.
    computed : int
        Images that were not in the store.
    """

    host: str
    pid: int
    contents: Mapping[str, str]
    rejected: tuple[Rejection, ...]
    computed: int
