"""The blocks of single images without their own background, for classifiers.

They need no other images, so that a classifier sees small defects on patterns wherever it is applied.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from defect_workbench.core.arrays import Integers, Pixels, Vectors
from defect_workbench.core.clustering.feature_blocks import (
    FOREGROUND,
    NEWEST_FOREGROUND,
    BackboneInfo,
    Features,
)
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.ordered_threads import in_order
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.network import BATCH
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.registry import find_description
from defect_workbench.engine.classifier.data.matching_network import matching_network
from defect_workbench.engine.defect_map.describe import residual_vectors, without_own_background
from defect_workbench.engine.extraction.network_vectors import NetworkVectors
from defect_workbench.engine.extraction.reading_again import preprocessed_as_extracted, read_pixels
from defect_workbench.engine.extraction.stored_vectors import (
    FLUSH_SECONDS,
    VectorBlock,
    VectorStore,
    image_key,
)
from defect_workbench.engine.features.blocks.foreground import extractor_of
from defect_workbench.engine.features.identity import pixel_identity
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.sidecar_files import SidecarFiles


class ResidualFeatures:
    """Computes such a block for images, and keeps it in the feature store.

    Parameters
    ----------
    block : str
        `FOREGROUND` or `RESIDUAL`.
    backbone : BackboneInfo
        The network of the images' other features; the library must have its weights.
    foreground_version : str
        One of `FOREGROUND_VERSIONS`; it matters for that block.
    """

    def __init__(
        self,
        block: str,
        store: VectorStore,
        library: WeightsLibrary,
        backbone: BackboneInfo,
        reporter: Reporter,
        foreground_version: str = NEWEST_FOREGROUND,
    ) -> None:
        self._name, self._foreground_version = block, foreground_version
        self._store, self._library, self._backbone = store, library, backbone
        self._reporter = reporter
        self._network: NetworkVectors | None = None

    @property
    def extractor(self) -> str:
        """The version of the block, as identities of features name it."""
        if self._name == FOREGROUND:
            return extractor_of(self._foreground_version)
        return BLOCKS[self._name].version

    def vectors(self, images: ImageSet, processing: Preprocessing, chosen: Integers) -> Vectors:
        """Return the block for some images.

        Parameters
        ----------
        chosen : (m,) intp

        Returns
        -------
        (m, d) float32

        Raises
        ------
        WorkbenchError
            If an image can no longer be read, or the network's weights are missing.
        Cancelled
            If the user cancelled; what is finished is in the store.
        """
        block = self._block(processing)
        sides = SidecarFiles(images.root)
        records = [images.images[i] for i in chosen.tolist()]
        keys = [image_key(sides, image.path, image.sha256, processing) for image in records]
        missing = {key: i for key, i in zip(keys, chosen.tolist(), strict=True) if key not in block}
        if missing:
            self._compute(images, processing, missing, block)
        return block.vectors(keys)

    def _block(self, processing: Preprocessing) -> VectorBlock:
        identity = {
            **pixel_identity(processing),
            "sha256": self._backbone.sha256,
            "precision": self._backbone.precision,
            "device": self._backbone.device,
            "description": self._description,
            "extractor": self.extractor,
        }
        return self._store.block(self._name, identity)

    @property
    def _description(self) -> str:
        """The network's first description, whatever the other features have: residuals are always in it."""
        return find_description(self._backbone.name, None).name

    def _compute(
        self, images: ImageSet, processing: Preprocessing, missing: dict[str, int], block: VectorBlock
    ) -> None:
        def read(index: int) -> Pixels:
            pixels = read_pixels(images, index)
            seen = preprocessed_as_extracted(images, index, pixels, processing).pixels
            return without_own_background(seen, self._name, self._foreground_version)

        if self._network is None:
            self._network = matching_network(self._library, self._backbone, self._description)
        # A few images are not worth a separate progress stage.
        reports = len(missing) >= BATCH
        if reports:
            self._reporter.stage("Describing images without their backgrounds", len(missing))
        keys, pending = list(missing), list[tuple[str, Pixels]]()
        since = time.monotonic()
        ready: list[tuple[str, Vectors]] = []
        try:
            for key, picture in zip(keys, in_order(read, missing.values()), strict=True):
                self._reporter.check()
                pending.append((key, picture))
                if len(pending) == BATCH or key == keys[-1]:
                    described = residual_vectors([each for _, each in pending], self._network)
                    ready += zip((name for name, _ in pending), described, strict=True)
                    if reports:
                        self._reporter.advance(len(pending))
                    pending.clear()
                if time.monotonic() - since > FLUSH_SECONDS:
                    _flush(block, ready)
                    since = time.monotonic()
        finally:
            _flush(block, ready)


def _flush(block: VectorBlock, ready: list[tuple[str, Vectors]]) -> None:
    if ready:
        vectors = np.stack([vector for _, vector in ready]).astype(np.float16)
        block.append_vectors([key for key, _ in ready], vectors)
        ready.clear()


def with_residuals(
    images: ImageSet,
    features: Features,
    processing: Preprocessing,
    store: VectorStore,
    library: WeightsLibrary,
    reporter: Reporter,
    block: str,
    foreground_version: str = NEWEST_FOREGROUND,
) -> Features:
    """Return the features of images with a block about them without their own background.

    Their identity then names its version. Without a network, they are returned as they are.

    Parameters
    ----------
    block : str
        `FOREGROUND` or `RESIDUAL`.
    foreground_version : str
        One of `FOREGROUND_VERSIONS`; it matters for that block.

    Raises
    ------
    WorkbenchError
        If an image can no longer be read, or the network's weights are missing.
    Cancelled
        If the user cancelled.
    """
    if features.backbone is None:
        return features
    computed = ResidualFeatures(block, store, library, features.backbone, reporter, foreground_version)
    vectors = computed.vectors(images, processing, np.arange(len(images)))
    extractors = {**features.identity.get("extractors", {}), block: computed.extractor}
    identity = {**features.identity, "extractors": extractors}
    return replace(features, blocks={**features.blocks, block: vectors}, identity=identity)
