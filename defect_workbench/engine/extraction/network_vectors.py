"""Choose the network for an extraction, and load it when the first image needs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Pixels, StorableVectors
from defect_workbench.core.clustering.feature_blocks import DEEP
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.checkpoint import Checkpoint
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.engine.backbone.pretrained import WeightsInfo, WeightsLibrary
from defect_workbench.engine.backbone.registry import NETWORKS, find_description
from defect_workbench.engine.backbone.torch_import import load_torch
from defect_workbench.engine.extraction.image_reader import Task, content_hash
from defect_workbench.engine.extraction.stored_vectors import Blocks, VectorBlock, VectorStore, open_blocks
from defect_workbench.engine.features.identity import NetworkInUse, block_identity
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.scan import FoundFile

if TYPE_CHECKING:
    from torch import Tensor

    from defect_workbench.engine.backbone.embedder import Embedder


class NetworkVectors:
    """A network that is loaded when the first image needs it; `loading_seconds` is the time that took.

    It can be used by several threads at once.

    Parameters
    ----------
    checkpoint : Checkpoint or None
        The weights, if they are already loaded.
    library : WeightsLibrary
        Loads them otherwise.
    precision, device : str
        Precision and device of the computation.
    description : str
        Name of the description in use.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | None,
        library: WeightsLibrary,
        precision: str,
        device: str,
        description: str,
    ) -> None:
        self._checkpoint = checkpoint
        self._library = library
        self._precision, self.device = precision, device
        self._names = {block.name: block.description or description for block in BLOCKS if block.by_network}
        self._embedder: Embedder | None = None
        self._loading = Lock()
        self.loading_seconds = 0.0

    def embed(self, images: Pixels) -> Mapping[str, StorableVectors]:
        """Return the vectors of each block that the network computes.

        Parameters
        ----------
        images : (n, size, size, 3) uint8
            Of the network's input size; n is at most `BATCH`.

        Returns
        -------
        mapping of str to (n, d) float32 or float16
            In half precision if the feature store keeps the description so.

        Raises
        ------
        WorkbenchError
            If the cached weights are damaged.
        """
        embedder = self._loaded()
        vectors = embedder.embed(images)
        network = embedder.network
        return {
            block: vectors[name].astype(np.float16) if network.description(name).half else vectors[name]
            for block, name in self._names.items()
        }

    def patch_activations(self, images: Pixels) -> Mapping[str, Tensor]:
        """Return the activations of all layers but the last, as `Embedder.activations` does.

        Parameters
        ----------
        images : (n, size, size, 3) uint8
            As for `embed`.

        Raises
        ------
        WorkbenchError
            If the cached weights are damaged.
        """
        return self._loaded().activations(images, last=False)

    def load(self) -> None:
        """Load the network, unless it is loaded.

        Raises
        ------
        WorkbenchError
            If the cached weights are damaged.
        """
        self._loaded()

    def _loaded(self) -> Embedder:
        with self._loading:
            return self._embedder or self._load()

    def _load(self) -> Embedder:
        started = time.perf_counter()
        load_torch()
        import torch

        from defect_workbench.engine.backbone.embedder import Embedder

        checkpoint = self._checkpoint or self._library.load()
        if checkpoint is None:
            raise WorkbenchError("the cached network weights are damaged", Remedy.FETCH_WEIGHTS)
        self._embedder = Embedder(
            checkpoint,
            Precision(self._precision),
            torch.device(self.device),
            sorted(set(self._names.values())),
        )
        self._checkpoint = None
        self.loading_seconds += time.perf_counter() - started
        return self._embedder


class Contents:
    """The content hashes of a folder's files; a file unknown to the store is read when it is asked for.

    Parameters
    ----------
    files : sequence of FoundFile
    known : sequence of (str or None)
        The hash of each file that has not changed since the store was written here.
    task : Task
    check : callable
        Called before each file is read; raises `Cancelled` when the user cancelled.
    """

    def __init__(
        self, files: Sequence[FoundFile], known: Sequence[str | None], task: Task, check: Callable[[], None]
    ) -> None:
        self._files, self._known, self._task, self._check = files, known, task, check
        self._read: dict[str, str | None] = {}

    def all_in(self, blocks: Blocks) -> bool:
        """Return whether nothing is left to compute for any file that can be read, of which there is one."""
        readable = 0
        for file, known in zip(self._files, self._known, strict=True):
            sha256 = known or self._hash(file)
            if sha256 is None:
                continue
            if not blocks.complete(sha256, self._task.key(file.path, sha256)):
                return False
            readable += 1
        return readable > 0

    def mostly_in(self, blocks: Blocks) -> bool:
        """Return whether nothing is left to compute for more than half of the files known to the store."""
        known = [
            blocks.complete(sha256, self._task.key(file.path, sha256))
            for file, sha256 in zip(self._files, self._known, strict=True)
            if sha256 is not None
        ]
        return 2 * sum(known) > len(known)

    def mostly_measured(self, measured: VectorBlock) -> bool:
        """Return whether more than half of the files known to the store are in a block of measurements."""
        known = [sha256 in measured for sha256 in self._known if sha256 is not None]
        return 2 * sum(known) > len(known)

    def _hash(self, file: FoundFile) -> str | None:
        if file.path not in self._read:
            self._check()
            self._read[file.path] = content_hash(file, self._task)
        return self._read[file.path]


def choose_network(
    store: VectorStore,
    info: WeightsInfo,
    precision: Precision | None,
    task: Task,
    contents: Contents,
    description: str | None = None,
) -> tuple[NetworkInUse, Blocks]:
    """Choose precision and device: those for which the store has every image, else this machine's fastest.

    As the store is searched first, torch is not loaded if there are no new images. A store that an earlier
    version filled continues in bfloat16 without fused operators, as only the new images are computed then.

    Parameters
    ----------
    contents : Contents
        Of the images. A file unknown to the store is read only if the store has all those before it.
    description : str, optional
        Name of the description to use; default: the network's first. If the folder does not exist, so that
        nothing can be computed, any other of which the store has every image is used.

    Raises
    ------
    WorkbenchError
        If the network has no description of this name.
    """
    first = find_description(info.network, description).name
    names = [first]
    if description is None and not task.root.is_dir():
        names += [other.name for other in NETWORKS[info.network].descriptions if other.name != first]
    stored = [each for name in names for each in stored_networks(store, info, name, task.processing)]
    for network in stored:
        if precision not in (None, network.precision):
            continue
        blocks = open_blocks(store, task.processing, network, measure_version=task.measure_version)
        if contents.all_in(blocks):
            return network, blocks
    network = for_this_machine(info, precision, first)
    if precision is None and network.precision == Precision.BF16_FUSED:
        earlier = replace(network, precision=str(Precision.BF16))
        blocks = open_blocks(store, task.processing, earlier, measure_version=task.measure_version)
        if earlier in stored and contents.mostly_in(blocks):
            return earlier, blocks
    return network, open_blocks(store, task.processing, network, measure_version=task.measure_version)


def obtain_weights(
    library: WeightsLibrary, reporter: Reporter, offline: bool
) -> tuple[WeightsInfo | None, Checkpoint | None]:
    """Return which weights are in use, fetching them if need be, and the weights if they were read for that.

    Raises
    ------
    WorkbenchError
        If the cached weights are damaged.
    """
    info = library.info()
    if info is not None:
        return info, None
    checkpoint = library.obtain(reporter, offline=offline)
    return (None if checkpoint is None else library.info()), checkpoint


def for_this_machine(info: WeightsInfo, precision: Precision | None, description: str) -> NetworkInUse:
    """Return the network in a precision, by default the fastest of this machine's device."""
    load_torch()
    from defect_workbench.engine.backbone.embedder import default_device, fastest_precision

    device = default_device()
    return in_use(info, str(precision or fastest_precision(device)), device.type, description)


def in_use(info: WeightsInfo, precision: str, device: str, description: str) -> NetworkInUse:
    """Return the network identity of vectors computed with these weights."""
    return NetworkInUse(info.name, info.sha256, str(info.variant), precision, device, description)


@dataclass(frozen=True)
class EarlierVectors:
    """What a store held at the start of an extraction, by the description in use and by others."""

    current: Sequence[VectorBlock]
    others: Sequence[VectorBlock]

    def only_otherwise(self, key: str) -> bool:
        """Return whether an image is stored, in any precision, but not by the description in use."""
        return any(key in block for block in self.others) and not any(key in block for block in self.current)


def earlier_vectors(
    store: VectorStore, info: WeightsInfo, network: NetworkInUse, processing: Preprocessing
) -> EarlierVectors:
    """Return the vectors of the block `deep` that a store has of these weights and this preprocessing."""
    current: list[VectorBlock] = []
    others: list[VectorBlock] = []
    for description in NETWORKS[info.network].descriptions:
        for each in stored_networks(store, info, description.name, processing):
            block = store.block(DEEP, block_identity(BLOCKS[DEEP], processing, each))
            (current if description.name == network.description else others).append(block)
    return EarlierVectors(current, others)


def stored_networks(
    store: VectorStore, info: WeightsInfo, description: str, processing: Preprocessing, view: str = ""
) -> list[NetworkInUse]:
    """Return the precisions and devices for which the store has vectors of these weights.

    Parameters
    ----------
    view : str
        As for `block_identity`.
    """
    first = next(block for block in BLOCKS if block.by_network)
    stored = []
    for identity in store.identities(first.name):
        network = in_use(info, str(identity.get("precision")), str(identity.get("device")), description)
        if block_identity(first, processing, network, view) == identity:
            stored.append(network)
    return stored
