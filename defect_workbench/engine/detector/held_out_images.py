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

# Held-out images share their layouts with those trained on, so they only show whether repetition does harm:
# what it gains on other layouts was measured (docs/adr/0046).
_REPETITION, _MOST_LOSS = 4.0, 0.01


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

    def judged(
        self,
        network: nn.Module,
        variant: Variant,
        device: torch.device,
        *,
        turned: bool = False,
        repetition: float = 0.0,
    ) -> list[Judged]:
        """Return the possible defects of each image, found as by `predict`, beside its boxes."""
        found = []
        for index, image in enumerate(self._images):
            planes = self._planes[index]
            prediction = predict(network, variant, planes, device, turned=turned, repetition=repetition)
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
    """Return a detector with the search and threshold that suit the held-out images, and its figures on them.

    Without references, images are searched in two positions, and repetition reduces scores unless the average
    precision falls, as where all particles are alike. The figures are slightly optimistic, as the same images
    chose the threshold.
    """
    device = default_device()
    settings = replace(detector.settings, turned=not detector.settings.with_references)
    variant = Variant(settings.variant)
    network = load_detector(variant, len(settings.labels), detector.tensors).to(device)
    judged = held_out.judged(network, variant, device, turned=settings.turned)
    ap50 = average_precisions(judged, by_label=True)["ap50"]
    if not settings.with_references:
        weighted = held_out.judged(network, variant, device, turned=settings.turned, repetition=_REPETITION)
        weighted_ap50 = average_precisions(weighted, by_label=True)["ap50"]
        if (weighted_ap50 or 0.0) >= (ap50 or 0.0) - _MOST_LOSS:
            settings, judged, ap50 = replace(settings, repetition=_REPETITION), weighted, weighted_ap50
    threshold = round(best_threshold(judged), 4)
    shipped = [
        replace(each, detections=tuple(d for d in each.detections if d.score >= threshold)) for each in judged
    ]
    values = figures_of(shipped, by_label=True).values
    figures = {"ap50": ap50} | {
        name: values[name] for name in ("recall", "precision", "count_mae", "count_exact")
    }
    facts = replace(detector.facts, figures={k: round(v, 4) for k, v in figures.items() if v is not None})
    return TrainedDetector(replace(settings, threshold=threshold), facts, detector.tensors)
