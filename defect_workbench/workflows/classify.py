"""Classify a folder of images by a trained classifier."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.classifier.trained_classifier import Classifier, Prediction
from defect_workbench.core.errors import concerning
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.storage.result.manifest import MoreColumns
from defect_workbench.workflows.extract import FeatureOptions, extract_listing

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction


@dataclass(frozen=True, eq=False)
class ClassifyRequest:
    """A classifier, and the folder of images to classify."""

    model: Classifier
    folder: Path
    seed: int = 0


@dataclass(frozen=True, eq=False)
class ClassifiedFolder:
    """A folder's images under the labels that a classifier gave them; nothing is confirmed."""

    project: Project
    prediction: Prediction
    extraction: Extraction

    @property
    def unknown(self) -> int:
        """How many images resemble no label."""
        return int((~self.prediction.known).sum())

    @property
    def labels(self) -> Mapping[str, int]:
        """Known images for each label of the classifier."""
        found = self.prediction
        counts = Counter(
            found.names[label] for label, known in zip(found.labels, found.known, strict=True) if known
        )
        return {name: counts.get(name, 0) for name in found.names}

    @property
    def columns(self) -> MoreColumns:
        """What the manifest says of each image besides: the way to its label, probability, known or not."""
        found = self.prediction
        cells = {
            image.path: (
                found.paths[row],
                f"{found.probability[row]:.6f}",
                "true" if found.known[row] else "false",
            )
            for row, image in enumerate(self.extraction.images.images)
        }
        return MoreColumns(("stage_path", "probability", "known"), cells)


def open_model(path: Path) -> Classifier:
    """The classifier in a file.

    Raises
    ------
    WorkbenchError
        If there is none, or it is damaged or of a newer version.
    """
    with concerning(path):
        return load_model(path)


def classify(request: ClassifyRequest, options: FeatureOptions, reporter: Reporter) -> ClassifiedFolder:
    """Extract features as the classifier needs them, and sort the images by its findings.

    Parameters
    ----------
    options : FeatureOptions
        `processing` and, where it is None, `precision` are those of the model.

    Raises
    ------
    InputError
        If no image in the folder can be used.
    WorkbenchError
        If the model cannot judge features made by this version or with these weights.
    """
    from defect_workbench.engine.classifier.apply_model import classify_images, precision_of
    from defect_workbench.engine.features.identity import processing_of

    model = request.model
    options = replace(
        options,
        processing=processing_of(model),
        precision=options.precision or precision_of(model),
    )
    listing = scan(Path(os.path.abspath(request.folder)), reporter)
    extraction = extract_listing(listing, options, reporter)
    project, prediction = classify_images(
        model,
        extraction.images,
        extraction.features,
        options.open_store(),
        options.library,
        reporter,
        seed=request.seed,
    )
    return ClassifiedFolder(project, prediction, extraction)
