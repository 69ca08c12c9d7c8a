"""ResNet-50 weights: where they come from, how they are checked, and where they are kept."""

from defect_workbench.engine.weights.formats import Checkpoint, Variant, read_checkpoint
from defect_workbench.engine.weights.library import WeightsInfo, WeightsLibrary

__all__ = ["Checkpoint", "Variant", "WeightsInfo", "WeightsLibrary", "read_checkpoint"]
