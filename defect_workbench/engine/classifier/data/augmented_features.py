"""Features of augmented or differently preprocessed images, which are kept in the feature store, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from defect_workbench.core.arrays import Integers, StorableVectors, Vectors
from defect_workbench.core.clustering.feature_blocks import BackboneInfo, Features
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.network import BATCH
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.augmentation import ORIGINAL, Augmentation, augmented
from defect_workbench.engine.classifier.data.matching_network import matching_network
from defect_workbench.engine.extraction.network_vectors import NetworkVectors
from defect_workbench.engine.extraction.reading_again import preprocessed_as_extracted, read_pixels
from defect_workbench.engine.extraction.stored_vectors import VectorBlock, VectorStore, image_key
from defect_workbench.engine.features.identity import NetworkInUse, block_identity
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.sidecar_files import SidecarFiles
from defect_workbench.engine.preprocessing.feature_input import FeatureInput, Preprocessed

_WORKERS = 2


@dataclass(frozen=True)
class AugmentationSpec:
    """The changes to images before their features are computed.

    Attributes
    ----------
    processing : Preprocessing
        Applied first.
    augmentation : Augmentation
        Applied after preprocessing.
    """

    processing: Preprocessing
    augmentation: Augmentation = ORIGINAL


class AugmentedExtractor:
    """Computes features of images changed by an `AugmentationSpec`.

    Parameters
    ----------
    library : WeightsLibrary
        Must have the weights that the given features were computed with.
    processing : Preprocessing
        The preprocessing of the unchanged images' features.
    """

    def __init__(
        self, store: VectorStore, library: WeightsLibrary, processing: Preprocessing, reporter: Reporter
    ) -> None:
        self._store, self._library, self._processing, self._reporter = store, library, processing, reporter
        self._backbone: NetworkVectors | None = None
        self._reports = False

    def features(
        self, images: ImageSet, plain: Features, spec: AugmentationSpec, chosen: Integers | None = None
    ) -> Features:
        """Return the features of n images, of which the chosen ones are changed.

        Parameters
        ----------
        plain : Features
            Features of the unchanged images, as `extract` returns them.
        chosen : (m,) intp, optional
            Default: all.

        Returns
        -------
        Features
            Of n images.

        Raises
        ------
        WorkbenchError
            If an image can no longer be read, or the network's weights are missing.
        Cancelled
            If the user cancelled.
        """
        return self.features_for_each(images, plain, [spec], chosen)[0]

    def features_for_each(
        self,
        images: ImageSet,
        plain: Features,
        specs: Sequence[AugmentationSpec],
        chosen: Integers | None = None,
    ) -> list[Features]:
        """Return `features` for several specs; every file is read at most once.

        Parameters
        ----------
        plain : Features
            Features of the unchanged images, as `extract` returns them.
        chosen : (m,) intp, optional
            Default: all.

        Returns
        -------
        list of Features
            One per spec.

        Raises
        ------
        WorkbenchError
            If an image can no longer be read, or the network's weights are missing.
        Cancelled
            If the user cancelled.
        """
        which = np.arange(len(images)) if chosen is None else chosen
        opened = [self._blocks(plain, each) for each in specs]
        keys = self._keys(images, which, specs)
        missing: dict[int, list[int]] = {}
        for number, blocks in enumerate(opened):
            for i in which.tolist():
                if any(keys[number][i] not in block for block in blocks.values()):
                    missing.setdefault(i, []).append(number)
        # Identical images are computed once.
        unique = {tuple(keys[n][i] for n in numbers): (i, numbers) for i, numbers in missing.items()}
        self._compute(images, list(unique.values()), specs, opened, keys, plain.backbone)
        return [self._collect(plain, blocks, which, key) for blocks, key in zip(opened, keys, strict=True)]

    def _keys(
        self, images: ImageSet, which: Integers, specs: Sequence[AugmentationSpec]
    ) -> list[dict[int, str]]:
        """Return the keys of the stored rows by image, for each spec; extraction uses the same keys."""
        sides = SidecarFiles(images.root)
        chosen = {i: images.images[i] for i in which.tolist()}
        return [
            {i: image_key(sides, image.path, image.sha256, each.processing) for i, image in chosen.items()}
            for each in specs
        ]

    def _blocks(self, plain: Features, spec: AugmentationSpec) -> dict[str, VectorBlock]:
        """Return the stored blocks whose features differ from those of the unchanged images."""
        processed = spec.processing != self._processing
        if not processed and spec.augmentation == ORIGINAL:
            return {}
        name = "" if spec.augmentation == ORIGINAL else spec.augmentation.name
        network = None if plain.backbone is None else self._in_use(plain.backbone)
        return {
            block.name: self._store.block(block.name, block_identity(block, spec.processing, network, name))
            for block in BLOCKS
            if block.of_whole_image
            and block.name in plain.blocks
            and (processed or not (spec.augmentation.keeps_texture and block.turn_invariant))
        }

    def _in_use(self, backbone: BackboneInfo) -> NetworkInUse:
        info = self._library.info()
        variant = str(info.variant) if info is not None and info.sha256 == backbone.sha256 else ""
        return NetworkInUse(
            backbone.weights,
            backbone.sha256,
            variant,
            backbone.precision,
            backbone.device,
            backbone.description,
        )

    def _compute(
        self,
        images: ImageSet,
        jobs: Sequence[tuple[int, list[int]]],
        specs: Sequence[AugmentationSpec],
        opened: Sequence[dict[str, VectorBlock]],
        keys: Sequence[dict[int, str]],
        backbone: BackboneInfo | None,
    ) -> None:
        if not jobs:
            return
        total = sum(len(numbers) for _, numbers in jobs)
        # A few images are not worth a separate progress stage.
        self._reports = total >= BATCH
        if self._reports:
            self._reporter.stage("Extracting features of augmented images", total)
        step = max(1, BATCH // max(len(numbers) for _, numbers in jobs))
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="decode") as pool:
            for start in range(0, len(jobs), step):
                self._reporter.check()
                part = jobs[start : start + step]
                inputs = list(pool.map(lambda job: _inputs(images, job[0], job[1], specs), part))
                self._store_rows(part, inputs, opened, keys, backbone)

    def _store_rows(
        self,
        part: Sequence[tuple[int, list[int]]],
        inputs: Sequence[list[FeatureInput]],
        opened: Sequence[dict[str, VectorBlock]],
        keys: Sequence[dict[int, str]],
        backbone: BackboneInfo | None,
    ) -> None:
        rows = [
            (keys[number][i], number, feature_input)
            for (i, numbers), of_image in zip(part, inputs, strict=True)
            for number, feature_input in zip(numbers, of_image, strict=True)
        ]
        embedded = self._embed([row for row in rows if _by_network(opened[row[1]])], backbone)
        for number, blocks in enumerate(opened):
            of_spec = [row for row in rows if row[1] == number]
            for name, block in blocks.items():
                fresh = [row for row in of_spec if row[0] not in block]
                if not fresh:
                    continue
                if BLOCKS[name].by_network:
                    values = np.stack([embedded[row[:2]][name] for row in fresh])
                else:
                    values = BLOCKS[name].vectors([row[2].grey for row in fresh])
                block.append_vectors([row[0] for row in fresh], values)
        if self._reports:
            self._reporter.advance(len(rows))

    def _embed(
        self, rows: Sequence[tuple[str, int, FeatureInput]], backbone: BackboneInfo | None
    ) -> dict[tuple[str, int], dict[str, StorableVectors]]:
        """Return the network's vectors of each row, by block."""
        embedded: dict[tuple[str, int], dict[str, StorableVectors]] = {}
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            if backbone is not None:
                by_block = self._network(backbone).embed(np.stack([row[2].rgb for row in part]))
                for i, row in enumerate(part):
                    embedded[row[:2]] = {name: vectors[i] for name, vectors in by_block.items()}
        return embedded

    def _network(self, info: BackboneInfo) -> NetworkVectors:
        if self._backbone is None:
            self._backbone = matching_network(self._library, info, info.description)
        return self._backbone

    @staticmethod
    def _collect(
        plain: Features, blocks: dict[str, VectorBlock], which: Integers, keys: dict[int, str]
    ) -> Features:
        result: dict[str, Vectors] = dict(plain.blocks)
        for name, block in blocks.items():
            if len(which):
                result[name] = plain.blocks[name].copy()
                result[name][which] = block.vectors([keys[i] for i in which.tolist()])
        return Features(result, plain.backbone)


def _by_network(names: Iterable[str]) -> bool:
    return any(BLOCKS[name].by_network for name in names)


def _inputs(
    images: ImageSet, index: int, numbers: Sequence[int], specs: Sequence[AugmentationSpec]
) -> list[FeatureInput]:
    pixels = read_pixels(images, index)
    processed: dict[Preprocessing, Preprocessed] = {}
    inputs = []
    for number in numbers:
        processing = specs[number].processing
        if processing not in processed:
            processed[processing] = preprocessed_as_extracted(images, index, pixels, processing)
        sha256 = images.images[index].sha256
        augment = partial(augmented, augmentation=specs[number].augmentation, sha256=sha256)
        inputs.append(processed[processing].resized(augment))
    return inputs
