"""Classify a folder of images with a trained classifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.classifier.trained_classifier import Classifier, Prediction
from defect_workbench.core.errors import concerning
from defect_workbench.core.images.measurements import measure_version_of
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.result.image_placing import check_mode_of_pages
from defect_workbench.storage.result.manifest import MoreColumns
from defect_workbench.workflows.extract import FeatureOptions, extract_listing
from defect_workbench.workflows.klarf.image_listing import ImageSource, list_images

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction


@dataclass(frozen=True, eq=False)
class ClassifyRequest:
    """A classifier, and the images to classify.

    Attributes
    ----------
    false_alarms : float or None
        Share of known images that may be called unknown; None for that of the classifier.
    mode : Mode
        How the images will be exported: a way that is not possible is refused before the work.
    """

    model: Classifier
    source: ImageSource
    seed: int = 0
    false_alarms: float | None = None
    mode: Mode = Mode.COPY


@dataclass(frozen=True, eq=False)
class ClassifiedFolder:
    """The images of a folder with the labels that a classifier predicted; none is confirmed."""

    project: Project
    prediction: Prediction
    extraction: Extraction
    model: Classifier

    @property
    def unknown(self) -> int:
        """Number of unknown images."""
        return int((~self.prediction.known).sum())

    @property
    def labels(self) -> Mapping[str, int]:
        """Number of known images per label of the classifier."""
        prediction = self.prediction
        counts = Counter(
            prediction.names[label]
            for label, known in zip(prediction.labels, prediction.known, strict=True)
            if known
        )
        return {name: counts.get(name, 0) for name in prediction.names}

    @property
    def columns(self) -> MoreColumns:
        """Extra columns of the manifest: stage path, probability, and whether the image is known."""
        prediction = self.prediction
        cells = {
            image.path: (
                prediction.paths[row],
                f"{prediction.probability[row]:.6f}",
                "true" if prediction.known[row] else "false",
            )
            for row, image in enumerate(self.extraction.images.images)
        }
        return MoreColumns(("stage_path", "probability", "known"), cells)


def open_model(path: Path) -> Classifier:
    """Return the classifier in a file.

    Raises
    ------
    WorkbenchError
        If the file does not exist, is damaged, or was written by a newer version.
    """
    with concerning(path):
        return load_model(path)


def common_threshold(model: Classifier) -> float | None:
    """Return the novelty score above which images are unknown whatever their label; None without one."""
    highest = float(model.novelty.thresholds().max())
    return highest if np.isfinite(highest) else None


def pooled_labels(model: Classifier) -> list[str]:
    """Return the labels with too few images to be calibrated alone."""
    calibration = model.novelty.calibration
    if calibration is None:
        return []
    few = calibration.pooled().tolist()
    return [name for name, pooled in zip(model.labels, few, strict=True) if pooled]


def applied_model(request: ClassifyRequest) -> Classifier:
    """Return the classifier with the share of false alarms that is asked for.

    Raises
    ------
    InputError
        If the share is out of range, or the classifier has a fixed threshold.
    """
    from defect_workbench.engine.classifier.novelty import with_false_alarms

    return with_false_alarms(request.model, request.false_alarms)


def classify(request: ClassifyRequest, options: FeatureOptions, reporter: Reporter) -> ClassifiedFolder:
    """Extract the features that a classifier needs and predict the label of each image.

    Parameters
    ----------
    options : FeatureOptions
        `processing`, `description` and `measure_version` are replaced by those of the model, and so is
        `precision` if it is None.

    Raises
    ------
    InputError
        If the folder has no usable image, or the share of false alarms cannot be set.
    WorkbenchError
        If the model does not fit features computed by this version or with these weights.
    """
    from defect_workbench.engine.classifier.apply_model import classify_images, precision_of
    from defect_workbench.engine.features.identity import description_of, processing_of

    model = applied_model(request)
    options = replace(
        options,
        processing=processing_of(model),
        precision=options.precision or precision_of(model),
        description=description_of(model),
        measure_version=measure_version_of(model.identity),
    )
    listed = list_images(request.source, reporter)
    check_mode_of_pages(listed.has_pages, request.mode)
    extraction = extract_listing(listed.listing, options, reporter)
    project, prediction = classify_images(
        model,
        extraction.images,
        extraction.features,
        options.open_store(),
        options.library,
        reporter,
        seed=request.seed,
    )
    project = replace(project, inspection=listed.inspection(project.images))
    return ClassifiedFolder(project, prediction, extraction, model)
