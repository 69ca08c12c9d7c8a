"""The network that given features were computed with, for further features of the same images."""

from __future__ import annotations

from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.extraction.network_vectors import NetworkVectors


def matching_network(library: WeightsLibrary, backbone: BackboneInfo, description: str) -> NetworkVectors:
    """Return the network of some features, in their precision and on their device.

    Raises
    ------
    WorkbenchError
        If the library does not have its weights.
    """
    checkpoint = library.load()
    if checkpoint is None or checkpoint.sha256 != backbone.sha256:
        raise WorkbenchError(
            "the network weights that these features were computed with are missing or damaged",
            Remedy.FETCH_WEIGHTS,
        )
    return NetworkVectors(checkpoint, library, backbone.precision, backbone.device, description)
