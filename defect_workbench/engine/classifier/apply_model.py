"""Apply a trained classifier to a folder's images: one way, for the command line and the window."""

from __future__ import annotations

from dataclasses import replace

from defect_workbench.core.classifier.trained_classifier import Classifier, Prediction
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.classifier.data.folder_source import FolderSource
from defect_workbench.engine.classifier.data.stage_inputs import StageInputs
from defect_workbench.engine.classifier.fine_tuning import tuned_features
from defect_workbench.engine.classifier.predict import predict
from defect_workbench.engine.classifier.proposed_clusters import proposed
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.engine.extraction.stored_vectors import VectorStore
from defect_workbench.engine.features.identity import check_fit, feature_identity, processing_of


def precision_of(model: Classifier) -> str | None:
    """The precision that a model's images should be extracted in; None where any will do.

    Half precision needs a graphics card, which this machine may not have.
    """
    backbone = model.identity.get("backbone")
    if backbone is None or backbone["precision"] == "fp16":
        return None
    return str(backbone["precision"])


def judge(
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
        As `extract` gives them with the model's processing.
    store, library
        For what the stages look at besides: processed copies, measurements, the network's last block.

    Returns
    -------
    Prediction
        Of the images.
    Features
        What it was made from: those of the model's own network where its last block was fine-tuned.

    Raises
    ------
    WorkbenchError
        If the model cannot judge these features; the message says what differs.
    """
    processing = processing_of(model)
    if model.identity.get("backbone") is None:
        reporter.warn("this model was trained without ResNet-50 weights: only texture and Zernike features")
    for warning in check_fit(model, feature_identity(features.blocks, features.backbone, processing)):
        reporter.warn(warning)
    source = FolderSource(images, features, processing, store, library, reporter)
    seen = features
    if model.tuned:
        seen = tuned_features(model.tuned, images, features, processing, library, reporter)
    reporter.stage("Classifying", None)
    return predict(model, StageInputs(seen, source)), seen


def sort_images(
    model: Classifier,
    images: ImageSet,
    features: Features,
    store: VectorStore,
    library: WeightsLibrary,
    reporter: Reporter,
    *,
    seed: int = 0,
) -> tuple[Project, Prediction]:
    """`judge`, and its findings as a project: labels as held clusters, unknown images as outliers.

    The tree is built from the features as extracted, even if the model has a fine-tuned network: a
    session names the network of its vectors, and `replay` must arrive at the same ones.
    """
    prediction, seen = judge(model, images, features, store, library, reporter)
    settings = replace(Settings(seed=seed), processing=processing_of(model))
    analysis = analyse(features, settings, reporter)
    return proposed(images, seen, analysis, model, prediction), prediction
