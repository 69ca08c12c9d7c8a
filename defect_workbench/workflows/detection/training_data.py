"""The images and boxes that a detector is trained on, ready for the network."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.storage.boxes.box_folder import BoxFolder, BoxProblem
from defect_workbench.workflows.detection.search_folder import no_usable_image, open_images

if TYPE_CHECKING:
    from defect_workbench.core.arrays import Pixels
    from defect_workbench.engine.detection.folder_images import FolderImages, ReadImage
    from defect_workbench.engine.detector.held_out_images import HeldOut
    from defect_workbench.engine.detector.training_crops import KeptPlanes, MarkedImage
    from defect_workbench.engine.detector.training_plan import TrainingPlan

_FEWEST_IMAGES, _FEWEST_WITH_BOXES, _FEW_BOXES = 4, 2, 10


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the images, with their planes."""

    images: Sequence[MarkedImage]
    planes: KeptPlanes


@dataclass(frozen=True, eq=False)
class TrainingData:
    """All that a training begins with.

    Attributes
    ----------
    labels : tuple of str
    numbers : mapping of str to int
        Boxes of each label.
    plan : TrainingPlan
    trained : Part
        The images to train on.
    held_out : HeldOut
    content : str
        A hash of all images and boxes.
    problems : tuple of BoxProblem
    rejected, without_boxes : int
        Files that are not images, and images that nobody marked.
    """

    labels: tuple[str, ...]
    numbers: Mapping[str, int]
    plan: TrainingPlan
    trained: Part
    held_out: HeldOut
    content: str
    problems: tuple[BoxProblem, ...]
    rejected: int
    without_boxes: int

    def fingerprint(self, weights: str) -> str:
        """Return a hash of all that the result of the training depends on."""
        text = json.dumps([asdict(self.plan), self.labels, self.content, weights], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def prepare(
    folder: Path,
    reference: Path | None,
    box_folder: BoxFolder,
    epochs: int | None,
    seed: int,
    reporter: Reporter,
) -> TrainingData:
    """Read images and boxes, decide on the plan, and compute what the network will see.

    Raises
    ------
    InputError
        If there are too few marked images, or a folder cannot be used.
    """
    from defect_workbench.engine.backbone.embedder import default_device
    from defect_workbench.engine.detector import training_plan
    from defect_workbench.engine.detector.held_out_images import HeldOut
    from defect_workbench.engine.detector.training_crops import crop_starts

    images = open_images(folder, reference, reporter)
    checked = _check_images(images, reference is not None, reporter)
    if not checked.sizes:
        raise no_usable_image(images.listing, len(checked.rejected), next(iter(checked.rejected), None))
    marked = box_folder.read(checked.sizes, reporter)
    paths = list(marked.boxes)
    numbers = Counter(box.label for boxes in marked.boxes.values() for box in boxes)
    if len(paths) < _FEWEST_IMAGES or sum(map(bool, marked.boxes.values())) < _FEWEST_WITH_BOXES:
        raise InputError(
            f"{len(paths):,} of the images have box files in {box_folder.root}; training needs at least "
            f"{_FEWEST_IMAGES}, {_FEWEST_WITH_BOXES} of them with at least one box"
        )
    for label, number in sorted(numbers.items()):
        if number < _FEW_BOXES:
            reporter.warn(f"only {number} boxes of {label}: too few to learn this kind reliably")
    sides = [(b.x2 - b.x1, b.y2 - b.y1) for boxes in marked.boxes.values() for b in boxes]
    scale = training_plan.scale_for(sides, [checked.sizes[path] for path in paths])
    crop = training_plan.crop_side(sides, scale)
    labels = tuple(sorted(numbers))
    kept_back = training_plan.held_out(paths, [bool(marked.boxes[p]) for p in paths], seed)
    parts = []
    for wanted in (False, True):
        chosen = [path for path, out in zip(paths, kept_back, strict=True) if out is wanted]
        parts.append(_part(images, chosen, marked.boxes, labels, scale, checked, reporter))
    per_epoch = len(crop_starts(parts[0].images, crop))
    steps, planned = training_plan.steps_for(per_epoch, epochs, default_device().type == "cuda")
    content = [
        [path, checked.digests[path], [asdict(b) for b in marked.boxes[path]]] for path in sorted(paths)
    ]
    return TrainingData(
        labels,
        numbers,
        training_plan.TrainingPlan(scale, crop, steps, planned, seed),
        parts[0],
        HeldOut(labels, parts[1].images, parts[1].planes),
        hashlib.sha256(json.dumps(content).encode()).hexdigest(),
        marked.problems,
        len(checked.rejected),
        len(checked.sizes) - len(paths),
    )


@dataclass(frozen=True, eq=False)
class _Checked:
    """The images that can be used: width and height, and a hash of what the network sees of each."""

    sizes: dict[str, tuple[int, int]]
    digests: dict[str, str]
    rejected: list[Rejection]


def _check_images(images: FolderImages, with_references: bool, reporter: Reporter) -> _Checked:
    from defect_workbench.engine.defect_map.subjects import in_order
    from defect_workbench.engine.detection.folder_detections import no_reference

    checked = _Checked({}, {}, list(images.listing.rejected))
    reporter.stage("Reading images", len(images.listing.files))
    for read in in_order(lambda file: _facts(images.read(file)), images.listing.files, 8):
        reporter.check()
        reporter.advance()
        if isinstance(read, Rejection):
            checked.rejected.append(read)
        elif with_references and read.missing_reference:
            checked.rejected.append(Rejection(read.path, no_reference(read.missing_reference)))
        else:
            checked.sizes[read.path], checked.digests[read.path] = read.size, read.digest
    return checked


@dataclass(frozen=True)
class _Facts:
    path: str
    size: tuple[int, int]
    digest: str
    missing_reference: str


def _facts(read: ReadImage | Rejection) -> _Facts | Rejection:
    if isinstance(read, Rejection):
        return read
    digest = hashlib.sha256(np.ascontiguousarray(read.pixels).tobytes())
    if read.reference is not None:
        digest.update(np.ascontiguousarray(read.reference).tobytes())
    height, width = read.whole.shape[:2]
    return _Facts(read.path, (width, height), digest.hexdigest(), read.missing_reference)


def _part(
    images: FolderImages,
    paths: Sequence[str],
    boxes: Mapping[str, tuple[Box, ...]],
    labels: tuple[str, ...],
    scale: float,
    checked: _Checked,
    reporter: Reporter,
) -> Part:
    """Return some images for the training, with their planes computed as far as memory allows."""
    from defect_workbench.engine.defect_map.subjects import in_order
    from defect_workbench.engine.detector.input_planes import planes_of
    from defect_workbench.engine.detector.training_crops import KeptPlanes, MarkedImage

    files = {file.path: file for file in images.listing.files}

    def planes(index: int) -> Pixels:
        read = images.read(files[paths[index]])
        if isinstance(read, Rejection):
            raise WorkbenchError(f"{read.path} can no longer be read: {read.reason}")
        return planes_of(read.pixels, read.reference, scale)

    kept = KeptPlanes(planes)
    marked = []
    reporter.stage("Preparing images", len(paths))
    for index, made in enumerate(in_order(planes, range(len(paths)), 8)):
        reporter.check()
        reporter.advance()
        kept.keep(index, made)
        path = paths[index]
        width, _ = checked.sizes[path]
        factor = made.shape[1] / width
        corners = np.array([(b.x1, b.y1, b.x2, b.y2) for b in boxes[path]], float).reshape(-1, 4) * factor
        numbers = np.array([labels.index(b.label) + 1 for b in boxes[path]], np.intp)
        marked.append(MarkedImage(path, corners, numbers, made.shape[:2]))
    return Part(marked, kept)
