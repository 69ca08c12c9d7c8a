"""Reads an image, finds its defects, and cuts each of them out."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import pi, sqrt

import numpy as np

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.clustering.feature_blocks import CHANGE
from defect_workbench.core.images.defect_items import DefectOrigin, item_path
from defect_workbench.core.images.image_locations import Rectangle
from defect_workbench.core.images.image_records import FileStamp, Rejection
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.defect_map.references import References
from defect_workbench.engine.detection.finder import FoundDefect, find_described
from defect_workbench.engine.detection.folder_images import content_of, other_size
from defect_workbench.engine.extraction.image_reader import ReadImage
from defect_workbench.engine.features.block import Input
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.decode import DecodedImage, decode
from defect_workbench.engine.input.file_reading import content_sha256
from defect_workbench.engine.input.formats.image_format import NotNow, Undecodable
from defect_workbench.engine.input.pixel_hash import pixel_hash
from defect_workbench.engine.input.scan import FoundFile, Listing
from defect_workbench.engine.items.item_crops import cut_out, item_key, parent_key, window_of
from defect_workbench.engine.items.item_store import ItemBlocks, ItemFacts, ParentFacts
from defect_workbench.engine.measurement.defects import ellipse_of
from defect_workbench.engine.preprocessing.background import grey_of, noise_of
from defect_workbench.engine.preprocessing.feature_input import Preprocessed, preprocessed
from defect_workbench.engine.preprocessing.info_bar import found_rows, rows_to_leave_out

log = logging.getLogger(__name__)

# The store keeps what preprocessing is recommended by; nothing is recommended for crops.
_NO_HINTS = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class ReadItem:
    """A defect whose features are not all in the store.

    Attributes
    ----------
    image : ReadImage
        Without the inputs that `with_inputs` adds.
    crop : Preprocessed
        The part of the image.
    """

    image: ReadImage
    crop: Preprocessed

    def with_inputs(self) -> ReadImage:
        """Return the defect with the inputs of the features that are computed in batches.

        They are 20 times as large as the crop, so they are not made before.
        """
        resized = self.crop.resized()
        return replace(self.image, inputs={Input.GREY: resized.grey, Input.NETWORK: resized.rgb})


@dataclass(frozen=True)
class ReadParent:
    """An image whose defects were searched.

    Attributes
    ----------
    stamp : FileStamp
    reference : FoundFile or None
        The file of its golden reference, and its state.
    key : str
        Under which the store keeps it.
    facts : ParentFacts or None
        None if the store has them.
    items : sequence of ReadItem
        Those whose features are not all in the store.
    missing_reference : str
        Why no golden reference was used although there are some; empty otherwise.
    """

    path: str
    stamp: FileStamp
    reference: tuple[str, FileStamp] | None
    key: str
    facts: ParentFacts | None = None
    items: Sequence[ReadItem] = ()
    missing_reference: str = ""


class ParentReader:
    """Finds and cuts out the defects of the images of a folder; thread-safe.

    Parameters
    ----------
    listing : Listing
        The images.
    references : Listing or None
        The golden references.
    processing : Preprocessing
        Neither a background nor another scale: the finder subtracts the background, and crops keep their
        scale.
    blocks : ItemBlocks
        What the store has.
    known : mapping of str to str
        The content hash of each image that has not changed since it was last read; `known_references` of
        references.
    """

    def __init__(
        self,
        listing: Listing,
        references: Listing | None,
        processing: Preprocessing,
        blocks: ItemBlocks,
        known: Mapping[str, str],
        known_references: Mapping[str, str],
    ) -> None:
        self._listing, self._references = listing, references
        self._processing, self._blocks = processing, blocks
        self._known, self._known_references = known, known_references
        self._matcher = None if references is None else References(references)
        self._reference_files = {} if references is None else {file.path: file for file in references.files}

    def known_key(self, path: str) -> str | None:
        """Return the key of an image if neither it nor its reference has changed; else None."""
        sha256, name = self._known.get(path), self._reference_name(path)
        reference = "" if name is None else self._known_references.get(name)
        return None if sha256 is None or reference is None else parent_key(sha256, reference)

    def read(self, file: FoundFile) -> ReadParent | Rejection:
        """Find the defects of an image, and describe those that the store lacks as far as threads can."""
        key, name = self.known_key(file.path), self._reference_name(file.path)
        if key is not None and self._blocks.complete(key):
            reference = None
            if name is not None:
                known = self._known_references[name]
                reference = name, self._reference_files[name].stamp(known)
            missing = "" if self._references is None or name is not None else "it has none"
            stamp = file.stamp(self._known[file.path])
            return ReadParent(file.path, stamp, reference, key, missing_reference=missing)
        try:
            return self._searched(file, name)
        except Exception as error:  # a bug that affects one image must not stop the others
            log.exception("the defects of %s cannot be searched", file.path)
            reason = "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
            return Rejection(file.path, f"its defects cannot be searched ({reason}); the log has details")

    def _reference_name(self, path: str) -> str | None:
        return None if self._matcher is None else self._matcher.of(path)

    def _searched(self, file: FoundFile, name: str | None) -> ReadParent | Rejection:
        content = content_of(self._listing, file)
        if isinstance(content, Rejection):
            return content
        sha256 = content_sha256(file, content)
        stamp = file.stamp(sha256)
        try:
            image = decode(content, file.path)
        except NotNow as error:
            return Rejection(file.path, str(error))
        except Undecodable as error:
            facts = ParentFacts(0, 0, "", "", str(error), "")
            return ReadParent(file.path, stamp, None, parent_key(sha256, ""), facts)
        del content
        rows = rows_to_leave_out(image.height, found_rows(image.pixels, image.tool), self._processing)
        pixels = image.pixels[: image.height - rows]
        reference, used, missing = self._reference(name, image)
        key = parent_key(sha256, "" if used is None else used[1].sha256)
        golden = None if reference is None else reference[: image.height - rows]
        found = find_described(pixels, golden)
        tool = json.dumps(image.tool.as_json(), sort_keys=True) if image.tool else ""
        noise = noise_of(grey_of(pixels)) if found else 0.0
        items, described = [], []
        for number, each in enumerate(found, start=1):
            origin = _origin(number, each, pixels)
            stored = image.pixels if image.values is None else image.values
            items.append(ItemFacts(origin, pixel_hash(cut_out(stored, origin.window))))
            item = self._described(file.path, key, origin, each, pixels, noise)
            if item is not None:
                described.append(item)
        facts = ParentFacts(image.width, image.height, image.format, image.note, "", tool, tuple(items))
        return ReadParent(file.path, stamp, used, key, facts, described, missing)

    def _reference(
        self, name: str | None, image: DecodedImage
    ) -> tuple[Pixels | None, tuple[str, FileStamp] | None, str]:
        """Return the pixels of a golden reference and its file, or None and the reason."""
        if self._references is None:
            return None, None, ""
        if name is None:
            return None, None, "it has none"
        content = content_of(self._references, self._reference_files[name])
        if isinstance(content, Rejection):
            return None, None, content.reason
        try:
            golden = decode(content, name)
        except (NotNow, Undecodable) as error:
            return None, None, str(error)
        if problem := other_size(golden, image.width, image.height):
            return None, None, problem
        sha256 = content_sha256(self._reference_files[name], content)
        return golden.pixels, (name, self._reference_files[name].stamp(sha256)), ""

    def _described(
        self, path: str, key: str, origin: DefectOrigin, found: FoundDefect, pixels: Pixels, noise: float
    ) -> ReadItem | None:
        """Return a defect with the features that need no batch; None if the store has all of them."""
        own = item_key(key, origin.number)
        features = self._blocks.features
        if features.complete(own, own):
            return None
        part = cut_out(pixels, origin.window)
        crop = preprocessed(part, self._processing, bar_rows=0, pixel_size_nm=None)
        inputs = {Input.GREY: crop.resized().grey, Input.MASK: found.mask}
        missing = features.missing(own, own)
        vectors = {
            name: BLOCKS[name].vectors([inputs[BLOCKS[name].input]])[0]
            for name in missing
            if BLOCKS[name].input in inputs and not BLOCKS[name].batched
        }
        if CHANGE in missing:
            vectors[CHANGE] = found.change
        measured = (*_measured(found, noise).numbers(), *_NO_HINTS)
        if not all(np.isfinite(values).all() for values in (*vectors.values(), measured)):
            raise ValueError("a feature is not a finite number")
        facts = (part.shape[1], part.shape[0], "", "", "", "", 0)
        name = item_path(path, origin.number)
        return ReadItem(ReadImage(name, own, own, facts, measured, missing, vectors), crop)


def _origin(number: int, found: FoundDefect, pixels: Pixels) -> DefectOrigin:
    box = found.detection.box
    corners: Rectangle = (round(box.x1), round(box.y1), round(box.x2), round(box.y2))
    return DefectOrigin("", number, corners, window_of(box, pixels.shape[1], pixels.shape[0]))


def _measured(found: FoundDefect, noise: float) -> Measurements:
    """Return the measurements of a single defect, in pixels."""
    area = float(found.detection.area)
    aspect, orientation = ellipse_of(found.mask)
    return Measurements(1, area, area, 2 * sqrt(area / pi), aspect, orientation, found.contrast, noise)
