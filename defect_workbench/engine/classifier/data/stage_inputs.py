"""What stages may ask about images: features, features of augmented copies, measurements."""

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
    """Computes what the features of the set do not hold."""

    def features(self, denoise: str, background: str, augmentation: Augmentation, chosen: Integers) -> Blocks:
        """(m, d) feature blocks of the chosen images, preprocessed and augmented so."""

    def measures(self, chosen: Integers) -> Floats:
        """(m, measures) measurements of the chosen images; see `MEASURES`."""


@dataclass(frozen=True, eq=False)
class StageInputs:
    """What stages may ask about the images of a set.

    Attributes
    ----------
    features : Features
        Of the pictures as they are.
    source : Source or None
        None where the pictures are not available; stages that need them then raise an error.
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
        """Feature rows of some images.

        Parameters
        ----------
        chosen : (m,) intp
        denoise, background : str
            How the pictures are preprocessed beforehand; "none" leaves them as the features have them.
        augmentation : Augmentation
            How they are augmented after that.

        Returns
        -------
        mapping of str to (m, d) float32

        Raises
        ------
        WorkbenchError
            If there is no source to compute them.
        """
        if denoise == "none" and background == "none" and augmentation == ORIGINAL:
            return {name: block[chosen] for name, block in self.features.blocks.items()}
        return self._required_source().features(denoise, background, augmentation, chosen)

    def measures(self, chosen: Integers) -> Floats:
        """(m, measures) float64 measurements of some images; see `MEASURES`.

        Raises
        ------
        WorkbenchError
            If there is no source to measure them.
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
            raise WorkbenchError(
                "this classifier also looks at the pictures themselves, which are not available"
            )
        return self.source
