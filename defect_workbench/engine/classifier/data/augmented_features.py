"""Features of changed copies of pictures, kept in the feature store like any other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from defect_workbench.core.arrays import Integers, Pixels, Vectors
from defect_workbench.core.clustering.feature_blocks import DEEP, HARALICK, ZERNIKE, BackboneInfo, Features
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Processing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.augmentation import ORIGINAL, View, changed
from defect_workbench.engine.extraction.extractor import BATCH
from defect_workbench.engine.extraction.stored_vectors import VectorBlock, VectorStore, row_key
from defect_workbench.engine.features import haralick, zernike
from defect_workbench.engine.features.identity import deep_identity, hand_made_identity, picture_identity
from defect_workbench.engine.input.decode import Undecodable, decode
from defect_workbench.engine.input.sidecar_files import SideFiles
from defect_workbench.engine.preprocessing import resize
from defect_workbench.engine.preprocessing.pipeline import process

if TYPE_CHECKING:
    from defect_workbench.engine.backbone.resnet50 import Backbone

_WORKERS = 2


@dataclass(frozen=True)
class Looks:
    """How pictures are changed before their features are taken.

    Attributes
    ----------
    processing : Processing
        What is done to the pixels first.
    view : View
        What augmentation does after that.
    """

    processing: Processing
    view: View = ORIGINAL


class ViewExtractor:
    """Features of changed copies.

    Parameters
    ----------
    library : WeightsLibrary
        Must hold the weights that the given features were made with.
    made : Processing
        How the pictures' own features were made.
    """

    def __init__(
        self, store: VectorStore, library: WeightsLibrary, made: Processing, reporter: Reporter
    ) -> None:
        self._store, self._library, self._made, self._reporter = store, library, made, reporter
        self._backbone: Backbone | None = None
        self._telling = False

    def features(
        self, images: ImageSet, own: Features, looks: Looks, chosen: Integers | None = None
    ) -> Features:
        """One row for each image; rows not chosen are those of the pictures themselves.

        Parameters
        ----------
        own : Features
            As `extract` gave them for these images.
        chosen : (m,) intp, optional
            Default: all.
        """
        return self.many(images, own, [looks], chosen)[0]

    def many(
        self,
        images: ImageSet,
        own: Features,
        looks: Sequence[Looks],
        chosen: Integers | None = None,
    ) -> list[Features]:
        """`features` of several changes; every file is read once for all that is missing."""
        which = np.arange(len(images)) if chosen is None else chosen
        opened = [self._blocks(own, each) for each in looks]
        keys = self._keys(images, which, looks)
        missing: dict[int, list[int]] = {}
        for number, blocks in enumerate(opened):
            for i in which.tolist():
                if any(keys[number][i] not in block for block in blocks.values()):
                    missing.setdefault(i, []).append(number)
        # Copies of one picture are computed once.
        unique = {tuple(keys[n][i] for n in wanted): (i, wanted) for i, wanted in missing.items()}
        self._compute(images, list(unique.values()), looks, opened, keys, own.backbone)
        return [self._collect(own, blocks, which, key) for blocks, key in zip(opened, keys, strict=True)]

    def _keys(self, images: ImageSet, which: Integers, looks: Sequence[Looks]) -> list[dict[int, str]]:
        """For each change, under what the rows of the images are kept: as extraction keeps its own."""
        sides = SideFiles(images.root)
        return [
            {
                i: images.images[i].sha256
                if each.processing.rescale_nm is None
                else row_key(
                    images.images[i].sha256, sides.pixel_size(images.images[i].path), each.processing
                )
                for i in which.tolist()
            }
            for each in looks
        ]

    def _blocks(self, own: Features, looks: Looks) -> dict[str, VectorBlock]:
        """The blocks that differ from the picture's own; those of an unchanged view are extraction's."""
        processed = looks.processing != self._made
        if not processed and looks.view == ORIGINAL:
            return {}
        change = {**picture_identity(looks.processing), "view": looks.view.name}
        blocks = {}
        if processed or not looks.view.keeps_texture:
            for name in (HARALICK, ZERNIKE):
                identity = hand_made_identity(name, looks.processing)
                if looks.view != ORIGINAL:
                    identity = {**change, "extractor": identity["extractor"]}
                blocks[name] = self._store.block(name, identity)
        if own.backbone is not None:
            blocks[DEEP] = self._store.block(DEEP, self._deep_identity(own.backbone, looks, change))
        return blocks

    def _deep_identity(self, by: BackboneInfo, looks: Looks, change: dict[str, Any]) -> dict[str, Any]:
        info = self._library.info()
        if looks.view == ORIGINAL and info is not None and info.sha256 == by.sha256:
            variant = str(info.variant)
            return deep_identity(by.weights, by.sha256, variant, by.precision, by.device, looks.processing)
        return {"sha256": by.sha256, "precision": by.precision, "device": by.device, **change}

    def _compute(
        self,
        images: ImageSet,
        jobs: Sequence[tuple[int, list[int]]],
        looks: Sequence[Looks],
        opened: Sequence[dict[str, VectorBlock]],
        keys: Sequence[dict[int, str]],
        backbone: BackboneInfo | None,
    ) -> None:
        if not jobs:
            return
        total = sum(len(wanted) for _, wanted in jobs)
        # A handful is part of whatever is under way, and not worth a stage of its own.
        self._telling = total >= BATCH
        if self._telling:
            self._reporter.stage("Looking at changed copies", total)
        step = max(1, BATCH // max(len(wanted) for _, wanted in jobs))
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="decode") as pool:
            for start in range(0, len(jobs), step):
                self._reporter.check()
                part = jobs[start : start + step]
                made = list(pool.map(lambda job: _pictures(images, job[0], job[1], looks), part))
                self._keep(part, made, opened, keys, backbone)

    def _keep(
        self,
        part: Sequence[tuple[int, list[int]]],
        made: Sequence[list[tuple[Pixels, Pixels]]],
        opened: Sequence[dict[str, VectorBlock]],
        keys: Sequence[dict[int, str]],
        backbone: BackboneInfo | None,
    ) -> None:
        rows = [
            (keys[number][i], number, grey, rgb)
            for (i, wanted), pictures in zip(part, made, strict=True)
            for number, (grey, rgb) in zip(wanted, pictures, strict=True)
        ]
        deep = [row for row in rows if DEEP in opened[row[1]]]
        network = self._network(backbone) if deep and backbone is not None else None
        vectors = [
            network.embed(np.stack([row[3] for row in deep[at : at + BATCH]]))
            for at in range(0, len(deep), BATCH)
            if network is not None
        ]
        found = dict(zip([row[:2] for row in deep], np.concatenate(vectors), strict=True)) if deep else {}
        for number, blocks in enumerate(opened):
            mine = [row for row in rows if row[1] == number]
            for name, block in blocks.items():
                fresh = [row for row in mine if row[0] not in block]
                if not fresh:
                    continue
                if name == DEEP:
                    values = np.stack([found[row[:2]] for row in fresh])
                elif name == HARALICK:
                    values = np.stack([haralick.haralick(row[2]) for row in fresh])
                else:
                    values = zernike.zernike(np.stack([row[2] for row in fresh]))
                block.append_vectors([row[0] for row in fresh], values)
        if self._telling:
            self._reporter.advance(len(rows))

    def _network(self, info: BackboneInfo) -> Backbone:
        if self._backbone is None:
            import torch

            from defect_workbench.engine.backbone.resnet50 import Backbone, Precision

            checkpoint = self._library.load()
            if checkpoint is None or checkpoint.sha256 != info.sha256:
                raise WorkbenchError(
                    "the ResNet-50 weights that these features were made with are missing or damaged",
                    Remedy.FETCH_WEIGHTS,
                )
            self._backbone = Backbone(checkpoint, Precision(info.precision), torch.device(info.device))
        return self._backbone

    @staticmethod
    def _collect(
        own: Features, blocks: dict[str, VectorBlock], which: Integers, keys: dict[int, str]
    ) -> Features:
        found: dict[str, Vectors] = dict(own.blocks)
        for name, block in blocks.items():
            if len(which):
                found[name] = own.blocks[name].copy()
                found[name][which] = block.vectors([keys[i] for i in which.tolist()])
        return Features(found, own.backbone)


def _pictures(
    images: ImageSet, index: int, wanted: Sequence[int], looks: Sequence[Looks]
) -> list[tuple[Pixels, Pixels]]:
    image = images.images[index]
    pixels = read_pixels(images, index)
    size = image.tool.pixel_size_nm if image.tool is not None else None
    processed: dict[Processing, Pixels] = {}
    made = []
    for number in wanted:
        way, view = looks[number].processing, looks[number].view
        if way not in processed:
            processed[way] = process(pixels, way, bar_rows=image.info_bar, pixel_size_nm=size)
        made.append(resize.prepare(changed(processed[way], view, image.sha256)))
    return made


def read_pixels(images: ImageSet, index: int) -> Pixels:
    """An image as it is in its file.

    Raises
    ------
    WorkbenchError
        If it cannot be read any more.
    """
    image = images.images[index]
    try:
        with open_regular(images.absolute(index)) as stream:
            return decode(stream.read(), image.path).pixels
    except OSError as error:
        raise WorkbenchError(f"{image.path} can no longer be read: {error.strerror}") from error
    except Undecodable as error:
        raise WorkbenchError(f"{image.path} changed after it was read: {error}") from error
