"""The published weights, loaded."""

from pathlib import Path

import pytest

from defect_workbench.engine.backbone.pretrained import (
    Checkpoint,
    WeightsLibrary,
)


@pytest.fixture(scope="session")
def checkpoint(weights_folder: Path) -> Checkpoint:
    found = WeightsLibrary(weights_folder).load()
    assert found is not None
    return found
