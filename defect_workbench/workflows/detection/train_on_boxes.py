"""Train a detector on marked images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.detector.trained_detector import (
    CurvePoint,
    DetectorFacts,
    DetectorSettings,
    TrainedDetector,
)
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.logs import versions
from defect_workbench.storage.boxes.box_folder import AUTO, BoxFolder, BoxProblem
from defect_workbench.storage.model.detector_file import (
    read_unfinished,
    save_detector,
    save_unfinished,
    unfinished_file,
)
from defect_workbench.workflows.detection.marked_sources import FolderSource, MarkedSource, ProjectSource
from defect_workbench.workflows.detection.training_data import prepare
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.save_model import check_new_file

if TYPE_CHECKING:
    from defect_workbench.core.detector.training_state import TrainingState
    from defect_workbench.engine.backbone.pretrained.library import WeightsLibrary
    from defect_workbench.engine.detector.detector_training import DetectorTraining


@dataclass(frozen=True)
class TrainingOptions:
    """How a detector is trained, and where it is written.

    Attributes
    ----------
    out : Path
        New file for the detector.
    reference : Path or None
        Folder of golden references; without one, those that inspection files name.
    epochs : int or None
        How often each image is seen; by default as often as fits into half an hour or so.
    resume : bool
        Whether to continue an interrupted training.
    begin_again : bool
        Whether a new training may replace the state of an interrupted one.
    """

    out: Path
    reference: Path | None = None
    epochs: int | None = None
    seed: int = 0
    resume: bool = False
    begin_again: bool = False


@dataclass(frozen=True)
class TrainDetectorRequest:
    """What to train a detector on.

    Attributes
    ----------
    boxes : Path
        Folder of box files, or one file.
    format : str
        Format of the boxes: a name of `BOX_FORMATS`, or auto.
    """

    source: ImageSource
    boxes: Path
    options: TrainingOptions
    format: str = AUTO


@dataclass(frozen=True, eq=False)
class TrainedOnBoxes:
    """A trained detector, and what was not used.

    Attributes
    ----------
    problems : tuple of BoxProblem
    rejected, without_boxes : int
        Files that are not images, and images without a box file.
    resumed_at : int
        Steps that an interrupted training had already done.
    """

    detector: TrainedDetector
    problems: tuple[BoxProblem, ...]
    rejected: int
    without_boxes: int
    resumed_at: int


def check_train_detector(options: TrainingOptions) -> None:
    """Check, before a long training, what can be checked without reading images.

    Raises
    ------
    InputError
        If the file of the model exists or cannot be created, or an unfinished training is in the way.
    """
    check_new_file(options.out)
    unfinished = unfinished_file(options.out)
    if unfinished.exists() and not (options.resume or options.begin_again):
        raise InputError(f"{unfinished} holds an unfinished training of this model", Remedy.CONTINUE_TRAINING)
    if options.epochs is not None and options.epochs < 1:
        words = f"each image cannot be seen {options.epochs} times: give a whole number above 0"
        raise InputError(words)


def train_detector(
    request: TrainDetectorRequest, library: WeightsLibrary, reporter: Reporter, *, offline: bool = False
) -> TrainedOnBoxes:
    """Train a detector on images with box files, and write it.

    Raises
    ------
    InputError
        If there are too few marked images, or an unfinished training is one of other images or options.
    WorkbenchError
        If there are no network weights, or the model cannot be written.
    Cancelled
        If the user cancels; the state of the training is then beside the model.
    """
    check_train_detector(request.options)
    boxes = BoxFolder(request.boxes, request.format)
    source = FolderSource(request.source, request.options.reference, boxes, reporter)
    return _train(source, request.options, library, reporter, offline)


def train_on_project(
    images: ImageSet,
    found: FoundDefects,
    options: TrainingOptions,
    library: WeightsLibrary,
    reporter: Reporter,
    *,
    offline: bool = False,
    watch: Callable[[CurvePoint], None] | None = None,
) -> TrainedOnBoxes:
    """Train a detector on the images of a project whose boxes the user has checked, and write it.

    Parameters
    ----------
    watch : callable, optional
        Called with each point of the curves during the training, and with more points of the loss; their
        average precision is NaN.

    Raises
    ------
    InputError, WorkbenchError, Cancelled
        As `train_detector`.
    """
    check_train_detector(options)
    source = ProjectSource(images, found, options.reference, reporter)
    return _train(source, options, library, reporter, offline, watch)


def _train(
    source: MarkedSource,
    options: TrainingOptions,
    library: WeightsLibrary,
    reporter: Reporter,
    offline: bool,
    watch: Callable[[CurvePoint], None] | None = None,
) -> TrainedOnBoxes:
    from defect_workbench.engine.detector.detector_training import DetectorTraining
    from defect_workbench.engine.detector.held_out_images import with_threshold

    data = prepare(source, options.epochs, options.seed, reporter)
    checkpoint = library.obtain(reporter, offline=offline)
    if checkpoint is None:
        raise WorkbenchError("a detector needs network weights", Remedy.FETCH_WEIGHTS)
    training = DetectorTraining(
        checkpoint,
        data.plan,
        data.labels,
        data.trained.images,
        data.trained.planes,
        data.held_out,
        coloured=source.with_references,
    )
    keeper = _Keeper(unfinished_file(options.out), data.fingerprint(checkpoint.sha256), reporter)
    resumed_at = keeper.restore(training) if options.resume else 0
    tensors, state, epochs = training.run(reporter, keeper.keep, watch)
    settings = DetectorSettings(
        data.labels, data.plan.scale, source.with_references, checkpoint.variant.value
    )
    facts = DetectorFacts(
        len(data.trained.images),
        len(data.held_out),
        dict(data.numbers),
        epochs,
        round(state.seconds, 1),
        options.seed,
        f"{checkpoint.name}, sha256 {checkpoint.sha256}",
        versions()["defect-workbench"],
        curve=state.curve,
    )
    reporter.stage("Choosing the threshold", None)
    detector = with_threshold(TrainedDetector(settings, facts, tensors), data.held_out)
    reporter.stage("Writing the detector", None)
    save_detector(options.out, detector)
    keeper.file.unlink(missing_ok=True)
    return TrainedOnBoxes(detector, data.problems, data.rejected, data.without_boxes, resumed_at)


class _Keeper:
    """Keeps the state of a training beside the file of the model."""

    def __init__(self, file: Path, fingerprint: str, reporter: Reporter) -> None:
        self.file = file
        self._fingerprint = fingerprint
        self._reporter = reporter
        self._warned = False

    def restore(self, training: DetectorTraining) -> int:
        """Continue the training that was kept; return the number of steps that were done.

        Raises
        ------
        InputError
            If it was one of other images, boxes or options.
        WorkbenchError
            If the file is damaged.
        """
        if not self.file.exists():
            self._reporter.warn(
                f"there is no unfinished training {self.file}; the training starts from the beginning"
            )
            return 0
        fingerprint, state = read_unfinished(self.file)
        if fingerprint != self._fingerprint:
            raise InputError(
                f"{self.file} is a training of other images, boxes, weights or options",
                Remedy.BEGIN_TRAINING_AGAIN,
            )
        try:
            training.restore(state)
        except ValueError as error:
            raise WorkbenchError(f"{self.file} is damaged ({error})", Remedy.BEGIN_TRAINING_AGAIN) from error
        return state.step

    def keep(self, state: TrainingState) -> None:
        """Keep the state; if it cannot be written, the training continues all the same."""
        try:
            save_unfinished(self.file, self._fingerprint, state)
        except WorkbenchError as error:
            if not self._warned:
                self._reporter.warn(f"if the training is interrupted, it cannot be continued: {error}")
            self._warned = True
