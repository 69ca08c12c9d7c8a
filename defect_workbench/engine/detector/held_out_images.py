"""Images that a training does not see, which say how good the detector is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from defect_workbench.core.detector.trained_detector import TrainedDetector
from defect_workbench.core.images.detections import box_of
from defect_workbench.engine.backbone.checkpoint import Variant
from defect_workbench.engine.backbone.embedder import default_device
from defect_workbench.engine.detection.detection_figures import Judged, average_precisions, figures_of
from defect_workbench.engine.detector.detector_network import load_detector
from defect_workbench.engine.detector.prediction import predict
from defect_workbench.engine.detector.threshold import best_threshold
from defect_workbench.engine.detector.training_crops import KeptPlanes, MarkedImage


class HeldOut:
    """The held-out images.

    Parameters
    ----------
    labels : tuple of str
    images : sequence of MarkedImage
    planes : KeptPlanes
        Of these images.
    """

    def __init__(self, labels: tuple[str, ...], images: Sequence[MarkedImage], planes: KeptPlanes) -> None:
        self._labels = labels
        self._images = images
        self._planes = planes

    def __len__(self) -> int:
        return len(self._images)

    def judged(self, network: nn.Module, variant: Variant, device: torch.device) -> list[Judged]:
        """Return the possible defects of each image with their raw scores, beside its boxes."""
        found = []
        for index, image in enumerate(self._images):
            prediction = predict(network, variant, self._planes[index], device)
            boxes = tuple(
                box_of(box, self._labels[label - 1])
                for box, label in zip(image.boxes, image.labels, strict=True)
            )
            found.append(Judged(image.path, prediction.detections(self._labels), boxes))
        return found

    def ap50(self, network: nn.Module, variant: Variant, device: torch.device) -> float:
        """Return the average precision at an intersection over union of .50; 0 without any box."""
        return average_precisions(self.judged(network, variant, device), by_label=True)["ap50"] or 0.0


def with_threshold(detector: TrainedDetector, held_out: HeldOut) -> TrainedDetector:
    """Return a detector with the threshold that suits the held-out images best, and its figures on them.

    The figures are a little too good, as the same images chose the threshold.
    """
    settings, device = detector.settings, default_device()
    variant = Variant(settings.variant)
    network = load_detector(variant, len(settings.labels), detector.tensors).to(device)
    judged = held_out.judged(network, variant, device)
    threshold = round(best_threshold(judged), 2)
    shipped = [
        replace(each, detections=tuple(d for d in each.detections if d.score >= threshold)) for each in judged
    ]
    values = figures_of(shipped, by_label=True).values
    figures = {"ap50": average_precisions(judged, by_label=True)["ap50"]} | {
        name: values[name] for name in ("recall", "precision", "count_mae", "count_exact")
    }
    facts = replace(detector.facts, figures={k: round(v, 4) for k, v in figures.items() if v is not None})
    return TrainedDetector(replace(settings, threshold=threshold), facts, detector.tensors)
