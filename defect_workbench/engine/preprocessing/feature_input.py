"""The input of the feature blocks, defined only here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.preprocessing import resize
from defect_workbench.engine.preprocessing.pipeline import process


@dataclass(frozen=True, eq=False)
class FeatureInput:
    """The pixels from which features are computed.

    Attributes
    ----------
    grey : (224, 224) uint8
        Luma.
    rgb : (224, 224, 3) uint8
        Input of the network.
    """

    grey: Pixels
    rgb: Pixels


@dataclass(frozen=True, eq=False)
class Preprocessed:
    """An image after preprocessing, before it is resized.

    Attributes
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Without its info bar.
    """

    pixels: Pixels

    def resized(self, change: Callable[[Pixels], Pixels] | None = None) -> FeatureInput:
        """Resize the image to the input of the feature blocks.

        Parameters
        ----------
        change : callable, optional
            An augmentation, applied to the pixels first.
        """
        return FeatureInput(*resize.prepare(self.pixels if change is None else change(self.pixels)))


def preprocessed(
    pixels: Pixels, processing: Preprocessing, *, bar_rows: int, pixel_size_nm: float | None
) -> Preprocessed:
    """Preprocess an image for its features.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        As decoded.
    bar_rows : int
        Height of the info bar at the bottom, in rows, which is cropped.
    pixel_size_nm : float or None
        None if it is unknown; the image is then not rescaled.
    """
    return Preprocessed(process(pixels, processing, bar_rows=bar_rows, pixel_size_nm=pixel_size_nm))
