"""Pretrained weights: their sources, verification and storage."""

from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.pretrained.checkpoint_files import read_checkpoint
from defect_workbench.engine.backbone.pretrained.library import WeightsInfo, WeightsLibrary

__all__ = ["Checkpoint", "Variant", "WeightsInfo", "WeightsLibrary", "read_checkpoint"]
