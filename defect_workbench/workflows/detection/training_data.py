"""The images and boxes that a detector is trained on, ready for the network."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.storage.boxes.box_folder import BoxProblem
from defect_workbench.workflows.detection.marked_sources import FEW_BOXES, NEEDED, MarkedSource, enough

if TYPE_CHECKING:
    from defect_workbench.core.arrays import Pixels
    from defect_workbench.engine.detection.folder_images import ReadImage
    from defect_workbench.engine.detector.held_out_images import HeldOut
    from defect_workbench.engine.detector.training_crops import KeptPlanes, MarkedImage
    from defect_workbench.engine.detector.training_plan import TrainingPlan


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
        Files that are not images, and images without a box file.
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


def prepare(source: MarkedSource, epochs: int | None, seed: int, reporter: Reporter) -> TrainingData:
    """Read images and boxes, decide on the plan, and compute what the network will see.

    Raises
    ------
    InputError
        If there are too few marked images.
    """
    from defect_workbench.engine.backbone.embedder import default_device
    from defect_workbench.engine.detector import training_plan
    from defect_workbench.engine.detector.held_out_images import HeldOut
    from defect_workbench.engine.detector.training_crops import crop_starts

    checked = _check_images(source, reporter)
    if not checked.sizes:
        raise source.none_usable(checked.rejected)
    marked, problems = source.boxes(checked.sizes, reporter)
    paths = list(marked)
    numbers = Counter(box.label for boxes in marked.values() for box in boxes)
    if not enough(len(paths), sum(map(bool, marked.values()))):
        raise InputError(f"{source.marked(len(paths))}; {NEEDED}")
    for label, number in sorted(numbers.items()):
        if number < FEW_BOXES:
            reporter.warn(f"only {number} boxes of {label}: too few to learn this kind reliably")
    sides = [(b.x2 - b.x1, b.y2 - b.y1) for boxes in marked.values() for b in boxes]
    scale = training_plan.scale_for(sides, [checked.sizes[path] for path in paths])
    crop = training_plan.crop_side(sides, scale)
    labels = tuple(sorted(numbers))
    kept_back = training_plan.held_out(paths, [bool(marked[p]) for p in paths], seed)
    parts = []
    for wanted in (False, True):
        chosen = [path for path, out in zip(paths, kept_back, strict=True) if out is wanted]
        parts.append(_part(source, chosen, marked, labels, scale, checked, reporter))
    per_epoch = len(crop_starts(parts[0].images, crop))
    steps, planned = training_plan.steps_for(per_epoch, epochs, default_device().type == "cuda")
    content = [[path, checked.digests[path], [asdict(b) for b in marked[path]]] for path in sorted(paths)]
    return TrainingData(
        labels,
        numbers,
        training_plan.TrainingPlan(scale, crop, steps, planned, seed),
        parts[0],
        HeldOut(labels, parts[1].images, parts[1].planes),
        hashlib.sha256(json.dumps(content).encode()).hexdigest(),
        problems,
        len(checked.rejected),
        len(checked.sizes) - len(paths),
    )


@dataclass(frozen=True, eq=False)
class _Checked:
    """The images that can be used: width and height, and a hash of what the network sees of each."""

    sizes: dict[str, tuple[int, int]]
    digests: dict[str, str]
    rejected: list[Rejection]


def _check_images(source: MarkedSource, reporter: Reporter) -> _Checked:
    from defect_workbench.core.ordered_threads import in_order
    from defect_workbench.engine.detection.folder_detections import no_reference

    checked = _Checked({}, {}, list(source.rejected))
    reporter.stage("Reading images", len(source.paths))
    for read in in_order(lambda path: _facts(source.read(path)), source.paths, 8):
        reporter.check()
        reporter.advance()
        if isinstance(read, Rejection):
            checked.rejected.append(read)
        elif source.with_references and read.missing_reference:
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
    source: MarkedSource,
    paths: Sequence[str],
    boxes: Mapping[str, tuple[Box, ...]],
    labels: tuple[str, ...],
    scale: float,
    checked: _Checked,
    reporter: Reporter,
) -> Part:
    """Return some images for the training, with their planes computed as far as memory allows."""
    from defect_workbench.core.ordered_threads import in_order
    from defect_workbench.engine.detector.input_planes import planes_of
    from defect_workbench.engine.detector.training_crops import KeptPlanes, MarkedImage

    def planes(index: int) -> Pixels:
        read = source.read(paths[index])
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
