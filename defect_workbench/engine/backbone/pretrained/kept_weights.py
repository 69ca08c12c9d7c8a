"""Network weights that are read once and kept in memory, for a job that runs for weeks."""

from __future__ import annotations

from pathlib import Path

from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.checkpoint import Checkpoint
from defect_workbench.engine.backbone.pretrained.library import WeightsInfo, WeightsLibrary


class KeptWeights(WeightsLibrary):
    """The weights that were in use at first, whatever is imported or deleted later.

    Parameters
    ----------
    carried : Path or None
        As for `WeightsLibrary`.
    needed : bool
        False for a classifier without a network: it then has none, and none is fetched.
    """

    def __init__(self, folder: Path, carried: Path | None, *, needed: bool) -> None:
        super().__init__(folder, carried)
        self._needed = needed
        self._info: WeightsInfo | None = None
        self._checkpoint: Checkpoint | None = None

    def info(self) -> WeightsInfo | None:
        """Return the metadata of the weights; None without a network."""
        if self._info is None and self._needed:
            self._info = super().info()
        return self._info

    def load(self) -> Checkpoint | None:
        """Return the verified weights; None if there are none."""
        if self._checkpoint is None and self._needed:
            self._checkpoint = super().load()
        return self._checkpoint

    def obtain(self, reporter: Reporter, *, offline: bool) -> Checkpoint | None:
        """Return the weights, and fetch them if there are none; None without a network."""
        return super().obtain(reporter, offline=offline) if self._needed else None
