"""The inputs of stages: features, features of augmented images, and measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.stages.stage_kind import MEASURES
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.engine.classifier.data.augmentation import ORIGINAL, Augmentation

Blocks = Mapping[str, NDArray[np.floating[Any]]]


class Source(Protocol):
    """Computes inputs of stages that are not among the features of the image set."""

    def features(self, denoise: str, background: str, augmentation: Augmentation, chosen: Integers) -> Blocks:
        """Return the (m, d) feature blocks of the chosen images with this preprocessing and augmentation."""

    def measures(self, chosen: Integers) -> Floats:
        """Return the (m, measures) float64 measurements of the chosen images; see `MEASURES`."""


@dataclass(frozen=True, eq=False)
class StageInputs:
    """The inputs of stages for the images of a set.

    Attributes
    ----------
    features : Features
        Features of the unchanged images.
    source : Source or None
        None if the image files are not available; stages that need them then raise an error.
    """

    features: Features
    source: Source | None = None
    _measures: dict[int, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.features)

    def blocks(
        self,
        chosen: Integers,
        denoise: str = "none",
        background: str = "none",
        augmentation: Augmentation = ORIGINAL,
    ) -> Blocks:
        """Return feature blocks of some images.

        Parameters
        ----------
        chosen : (m,) intp
        denoise, background : str
            Steps of the preprocessing to replace; "none" keeps those of the features.
        augmentation : Augmentation
            Applied after preprocessing.

        Returns
        -------
        mapping of str to (m, d) float32

        Raises
        ------
        WorkbenchError
            If they must be computed and there is no source.
        """
        if denoise == "none" and background == "none" and augmentation == ORIGINAL:
            return {name: block[chosen] for name, block in self.features.blocks.items()}
        return self._required_source().features(denoise, background, augmentation, chosen)

    def measures(self, chosen: Integers) -> Floats:
        """Return the measurements of some images.

        Parameters
        ----------
        chosen : (m,) intp

        Returns
        -------
        (m, measures) float64
            Columns as in `MEASURES`.

        Raises
        ------
        WorkbenchError
            If they must be measured and there is no source.
        """
        missing = np.array([i for i in chosen.tolist() if i not in self._measures], np.intp)
        if len(missing):
            self._measures.update(
                zip(missing.tolist(), self._required_source().measures(missing), strict=True)
            )
        if not len(chosen):
            return np.empty((0, len(MEASURES)))
        return np.stack([self._measures[i] for i in chosen.tolist()])

    def _required_source(self) -> Source:
        if self.source is None:
            raise WorkbenchError("this classifier also needs the image files, which are not available")
        return self.source
