"""A cache of analyses: building the tree of ten thousand images takes longer than reading it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.session.session_file import load_session, save_session

_CAPACITY = 12


class AnalysisCache:
    """A folder with the most recent analyses as session files, named by a hash of what they depend on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, images: ImageSet, identity: Mapping[str, Any], settings: Settings) -> Path:
        dependencies = {
            "images": [image.sha256 for image in images.images],
            "made": identity,
            "settings": asdict(settings),
        }
        name = hashlib.sha256(json.dumps(dependencies, sort_keys=True).encode()).hexdigest()[:32]
        return self._folder / f"{name}.dwb"

    def get(self, images: ImageSet, identity: Mapping[str, Any], settings: Settings) -> Analysis | None:
        """Return the cached analysis of these images in this order; None if there is no valid one.

        Parameters
        ----------
        identity : mapping of str to Any
            What the result depends on apart from images and settings, as JSON values: the identity of the
            features and the version of the clustering.
        """
        try:
            analysis = load_session(self._path(images, identity, settings)).analysis
        except WorkbenchError:
            return None
        return analysis if len(analysis) == len(images) else None

    def put(self, images: ImageSet, identity: Mapping[str, Any], analysis: Analysis) -> None:
        """Store an analysis and remove the oldest ones; write errors are ignored."""
        path = self._path(images, identity, analysis.settings)
        try:
            save_session(path, Project(images, analysis, 1, Decisions.none(len(images))))
            cached = sorted(self._folder.glob("*.dwb"), key=lambda item: item.stat().st_mtime)
            for old in cached[:-_CAPACITY]:
                old.unlink(missing_ok=True)
        except (OSError, WorkbenchError):
            return
