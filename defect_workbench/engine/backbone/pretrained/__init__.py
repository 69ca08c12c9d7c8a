"""Trained weights: where they come from, how they are checked, and where they are stored."""

from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.pretrained.checkpoint_files import read_checkpoint
from defect_workbench.engine.backbone.pretrained.library import WeightsInfo, WeightsLibrary

__all__ = ["Checkpoint", "Variant", "WeightsInfo", "WeightsLibrary", "read_checkpoint"]
