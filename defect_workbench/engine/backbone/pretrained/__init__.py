"""ResNet-50 weights: where they come from, how they are checked, and where they are kept."""

from defect_workbench.engine.backbone.pretrained.checkpoint_files import Checkpoint, Variant, read_checkpoint
from defect_workbench.engine.backbone.pretrained.library import WeightsInfo, WeightsLibrary

__all__ = ["Checkpoint", "Variant", "WeightsInfo", "WeightsLibrary", "read_checkpoint"]
