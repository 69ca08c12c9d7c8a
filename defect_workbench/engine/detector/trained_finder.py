"""The trained detector as a finder of defects."""

from __future__ import annotations

import threading

import numpy as np

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.detector.trained_detector import TrainedDetector
from defect_workbench.core.images.detections import Detection, box_of
from defect_workbench.engine.backbone.checkpoint import Variant
from defect_workbench.engine.backbone.embedder import default_device
from defect_workbench.engine.detector.detector_network import load_detector
from defect_workbench.engine.detector.input_planes import planes_of
from defect_workbench.engine.detector.prediction import Prediction, predict
from defect_workbench.engine.detector.threshold import on_scale


class TrainedFinder:
    """Finds the defects of an image with a trained detector. Several threads may call it.

    Parameters
    ----------
    detector : TrainedDetector

    Raises
    ------
    ValueError
        If the tensors are not those of a detector.
    """

    def __init__(self, detector: TrainedDetector) -> None:
        self._settings = detector.settings
        self._variant = Variant(detector.settings.variant)
        self._device = default_device()
        labels = len(detector.settings.labels)
        self._network = load_detector(self._variant, labels, detector.tensors).to(self._device)
        # The network uses all cores by itself.
        self._one_at_a_time = threading.Lock()

    def __call__(self, pixels: Pixels, reference: Pixels | None = None) -> tuple[Detection, ...]:
        """Return the possible defects of an image, those with the highest score first.

        Parameters
        ----------
        pixels : (height, width) or (height, width, 3) uint8
            Without an info bar.
        reference : uint8 array, optional
            The golden reference, used only by a detector that was trained with references.

        Returns
        -------
        tuple of Detection
            A score of 0.5 is that of a defect at the threshold. The area is that of the box.
        """
        settings = self._settings
        planes = planes_of(pixels, reference if settings.with_references else None, settings.scale)
        with self._one_at_a_time:
            prediction = predict(
                self._network,
                self._variant,
                planes,
                self._device,
                turned=settings.turned,
                repetition=settings.repetition,
            )
        return self._in_pixels(prediction, pixels.shape, planes.shape)

    def _in_pixels(
        self, prediction: Prediction, shape: tuple[int, ...], scaled: tuple[int, ...]
    ) -> tuple[Detection, ...]:
        """Return a prediction in whole pixels of the original."""
        height, width = shape[:2]
        factors = np.array([width / scaled[1], height / scaled[0]] * 2)
        corners = np.rint(np.clip(prediction.boxes * factors, 0, [width, height] * 2)).astype(int)
        found = []
        for (x1, y1, x2, y2), label, score in zip(corners, prediction.labels, prediction.scores, strict=True):
            if x2 > x1 and y2 > y1:
                box = box_of((x1, y1, x2, y2), self._settings.labels[label - 1])
                detection = Detection(box, float(score), int((x2 - x1) * (y2 - y1)))
                found.append(on_scale(detection, self._settings.threshold))
        return tuple(found)
