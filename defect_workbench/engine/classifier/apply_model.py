"""Apply a trained classifier to the images of a folder."""

from __future__ import annotations

from dataclasses import replace

from defect_workbench.core.classifier.trained_classifier import Classifier, Prediction
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import (
    WITHOUT_BACKGROUND,
    Features,
    foreground_version_of,
)
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.measurements import measure_version_of
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.folder_source import FolderSource
from defect_workbench.engine.classifier.data.residual_features import with_residuals
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.fine_tuning import tuned_features
from defect_workbench.engine.classifier.predict import predict
from defect_workbench.engine.classifier.proposed_clusters import proposed
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.engine.extraction.stored_vectors import VectorStore
from defect_workbench.engine.features.identity import (
    check_fit,
    column_counts,
    feature_identity,
    needs_network,
    network_of,
    processing_of,
    without_block,
)
from defect_workbench.engine.measurement import defects


def precision_of(model: Classifier) -> str | None:
    """Return the precision in which to compute a model's features; None if any precision will do.

    A model trained in half precision accepts any, as that needs a GPU, which this machine may not have.
    """
    network = network_of(model.identity)
    return None if network is None or network.precision == "fp16" else network.precision


def predict_labels(
    model: Classifier,
    images: ImageSet,
    features: Features,
    store: VectorStore,
    library: WeightsLibrary,
    reporter: Reporter,
) -> tuple[Prediction, Features]:
    """Predict the labels of images.

    Parameters
    ----------
    features : Features
        As `extract` computes them with the model's preprocessing.
    store, library
        Supply what stages need beyond the features: denoised images, measurements, the network's last block.

    Returns
    -------
    Prediction
        The predictions for the images.
    Features
        The features used: those of the model's fine-tuned network if it has one, else the given ones.

    Raises
    ------
    WorkbenchError
        If the features differ from those of the model's training; the message states the difference.
    """
    processing = processing_of(model)
    version = measure_version_of(features.identity, defects.IDENTITY)
    foreground = foreground_version_of(model.identity)
    further = [block for block in WITHOUT_BACKGROUND if block in column_counts(model.identity)]
    if further:
        # Whether the rest fits is known before these blocks are computed.
        rest = model.identity
        for block in further:
            rest = without_block(rest, block)
        given = feature_identity(features.blocks, features.backbone, processing, version)
        check_fit(replace(model, identity=rest), given)
    for block in further:
        features = with_residuals(images, features, processing, store, library, reporter, block, foreground)
    if not needs_network(model.identity):
        reporter.warn(
            "this model was trained without network weights: it uses only texture and Zernike features"
        )
    identity = feature_identity(features.blocks, features.backbone, processing, version, foreground)
    for warning in check_fit(model, identity):
        reporter.warn(warning)
    source = FolderSource(images, features, processing, store, library, reporter)
    used = features
    if model.tuned:
        used = tuned_features(model.tuned, images, features, processing, library, reporter)
    reporter.stage("Classifying", None)
    return predict(model, StageInputs(used, source)), used


def classify_images(
    model: Classifier,
    images: ImageSet,
    features: Features,
    store: VectorStore,
    library: WeightsLibrary,
    reporter: Reporter,
    *,
    seed: int = 0,
) -> tuple[Project, Prediction]:
    """Predict labels; return a project with the labels as proposed clusters and unknown images as outliers.

    The tree is built from the extracted features even if the model has a fine-tuned network, as a session
    records the network of its features, and `replay` must compute the same ones.

    Raises
    ------
    WorkbenchError
        As `predict_labels` does.
    """
    prediction, used = predict_labels(model, images, features, store, library, reporter)
    settings = replace(Settings(seed=seed), processing=processing_of(model))
    analysis = analyse(features, settings, reporter)
    return proposed(images, used, analysis, model, prediction), prediction
